"""Random policies with every feature of the APIs.

With `broken`, parts that an API server would refuse come up now and then: a folder of manifests
may hold them.
"""

from collections.abc import Sequence
from functools import partial

from tests.reachability.pieces import Object
from tests.reachability.random_parts import (
    BLOCKS,
    NAME_LABEL,
    NAMESPACE_KEYS,
    NAMESPACES,
    NODE_KEYS,
    NUMBERS,
    POD_KEYS,
    PORT_NAMES,
    RANGES,
    PartWriter,
)


class PolicyWriter(PartWriter):
    """Writes policies by chance."""

    def policy(self, kind: str, name: str) -> Object:
        """Write a policy of a kind; the name of a baseline is always `default`."""
        if kind == "NetworkPolicy":
            return self._network_policy(name)
        if kind == "ClusterNetworkPolicy":
            return self._admin_policy("v1alpha2", kind, name, ("Accept", "Deny", "Pass"))
        if kind == "AdminNetworkPolicy":
            return self._admin_policy("v1alpha1", kind, name, ("Allow", "Deny", "Pass"))
        return self._admin_policy("v1alpha1", kind, "default", ("Allow", "Deny"))

    def _network_policy(self, name: str) -> Object:
        spec: Object = {"podSelector": self.selector(POD_KEYS)}
        if self.chance(0.05):
            del spec["podSelector"]
        for direction, end in (("ingress", "from"), ("egress", "to")):
            if self.chance(0.65):
                spec[direction] = self._rules(end)
        if self.chance(0.7):
            both = ["Ingress", "Egress"]
            spec["policyTypes"] = self._random.choice(
                (None, [], ["Ingress"], ["Egress"], both, both, ["Egress", "Ingress"])
            )
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": self._random.choice(NAMESPACES)},
            "spec": spec,
        }

    def _rules(self, end: str) -> list[Object] | None:
        if self.chance(0.25):
            empty: list[list[Object] | None] = [None, [], [{}]]
            return self._random.choice(empty)
        return self.several(lambda: self._rule(end), 3)

    def _rule(self, end: str) -> Object:
        rule: Object = {}
        self.put(rule, end, self._policy_peer, 0.75)
        self.put(rule, "ports", self._policy_port, 0.6)
        return rule

    def _policy_peer(self) -> Object:
        if self.bad(0.3):
            block = {"cidr": self._random.choice(BLOCKS)}
            return self._random.choice(
                ({}, {"podSelector": None}, {"ipBlock": block, "podSelector": {}}, {"ipBlock": {}})
            )
        if self.chance(0.35):
            return {"ipBlock": self.ip_block()}
        peer: Object = {}
        if self.chance(0.6):
            peer["podSelector"] = self.selector(POD_KEYS)
        if not peer or self.chance(0.4):
            peer["namespaceSelector"] = self.selector((*NAMESPACE_KEYS, NAME_LABEL))
        elif self.chance(0.1):
            peer["namespaceSelector"] = None
        return peer

    def _policy_port(self) -> Object:
        port: Object = {}
        if self.chance(0.7):
            port["protocol"] = self.protocol()
        form = self._random.random()
        if form < 0.25:
            port["port"], port["endPort"] = self._random.choice(RANGES)
        elif form < 0.65:
            port["port"] = self._random.choice(NUMBERS)
        elif form < 0.9:
            port["port"] = self._random.choice(PORT_NAMES)
        if self.bad(0.4):
            port |= self._random.choice(
                (
                    {"port": 90, "endPort": 80},
                    {"port": "http", "endPort": 8080},
                    {"port": None, "endPort": 8080},
                    {"port": 0},
                    {"port": 70000},
                    {"port": 80, "endPort": 70000},
                    {"protocol": "ICMP"},
                )
            )
        return port

    def _admin_policy(self, version: str, kind: str, name: str, actions: Sequence[str]) -> Object:
        spec: Object = {"subject": self._subject()}
        if kind != "BaselineAdminNetworkPolicy":
            # Few numbers, so that some are equal.
            spec["priority"] = self._random.choice((0, 5, 10, 10, 1000))
        if kind == "ClusterNetworkPolicy":
            spec["tier"] = self._random.choice(("Admin", "Admin", "Baseline"))
        for direction, end in (("ingress", "from"), ("egress", "to")):
            write = partial(self._admin_rule, version, end, actions)
            self.put(spec, direction, write, 0.7)
        return {
            "apiVersion": f"policy.networking.k8s.io/{version}",
            "kind": kind,
            "metadata": {"name": name},
            "spec": spec,
        }

    def _subject(self) -> Object:
        if self.bad(0.2):
            return self._random.choice(({}, {"somewhere": {}}, {"namespaces": {}, "pods": {}}))
        return self._pods_or_namespaces()

    def _pods_or_namespaces(self) -> Object:
        namespaces = self.selector((*NAMESPACE_KEYS, NAME_LABEL))
        if self.chance(0.5):
            return {"namespaces": namespaces}
        pods: Object = {"podSelector": self.selector(POD_KEYS), "namespaceSelector": namespaces}
        if self.chance(0.2):
            del pods["namespaceSelector"]
        return {"pods": pods}

    def _admin_rule(self, version: str, end: str, actions: Sequence[str]) -> Object:
        rule: Object = {"action": self._random.choice(actions)}
        if self.chance(0.3):
            rule["name"] = "a-rule"
        if self.bad(0.15):
            rule["action"] = "Log"
        self.put(rule, end, lambda: self._admin_peer(end), 0.95)
        if version == "v1alpha2":
            self.put(rule, "protocols", self._cnp_protocol, 0.6)
        else:
            self.put(rule, "ports", self._v1alpha1_port, 0.6)
        return rule

    def _admin_peer(self, end: str) -> Object:
        if self.bad(0.3):
            return self._random.choice(
                (
                    {},
                    {"somewhere": {}},
                    {"namespaces": None},
                    {"namespaces": {}, "pods": {"podSelector": {}}},
                    {"networks": ["10.0.0.0/33"]},
                    {"networks": ["10.0.0.0/8", "everywhere"]},
                )
            )
        form = self._random.random() if end == "to" else 0.0
        if form < 0.55:
            return self._pods_or_namespaces()
        if form < 0.85:
            return {"networks": [self._random.choice(BLOCKS) for _ in range(2)]}
        if form < 0.95:
            return {"nodes": self.selector(NODE_KEYS)}
        return {"domainNames": ["*.example.org"]}

    def _v1alpha1_port(self) -> Object:
        start, end = self._random.choice(RANGES)
        choices: list[Object] = [
            {"portNumber": {"protocol": self.protocol(), "port": self._random.choice(NUMBERS)}},
            {"portNumber": {"port": self._random.choice(NUMBERS)}},
            {"portRange": {"protocol": self.protocol(), "start": start, "end": end}},
            {"portRange": {"start": start, "end": end}},
            {"namedPort": self._random.choice(PORT_NAMES)},
        ]
        if self.bad(0.4):
            choices = [
                {},
                {"portNumber": {"protocol": "TCP", "port": 0}},
                {"portNumber": {"protocol": "ICMP", "port": 80}},
                {"portRange": {"protocol": "TCP", "start": 90, "end": 80}},
                {"portRange": {"protocol": "TCP", "start": 80, "end": 80}},
                {"namedPort": "http", "portNumber": {"protocol": "TCP", "port": 80}},
            ]
        return self._random.choice(choices)

    def _cnp_protocol(self) -> Object:
        start, end = self._random.choice(RANGES)
        protocol = self.protocol().lower()
        choices: list[Object] = [
            {protocol: {"destinationPort": {"number": self._random.choice(NUMBERS)}}},
            {protocol: {"destinationPort": {"range": {"start": start, "end": end}}}},
            {protocol: {}},
            {"destinationNamedPort": self._random.choice(PORT_NAMES)},
        ]
        if self.bad(0.4):
            choices = [
                {},
                {"icmp": {}},
                {protocol: {"destinationPort": {}}},
                {protocol: {"destinationPort": {"range": {"start": 90, "end": 80}}}},
                {protocol: {"destinationPort": {"range": {"start": 80, "end": 80}}}},
                {protocol: {"destinationPort": {"number": 70000}}},
                {"tcp": {}, "udp": {}},
            ]
        return self._random.choice(choices)
