"""Who reaches whom, by reading every policy anew for each question.

This is the measure that the real engine is held against, so it is written to be read, from the
field texts of the APIs, and shares no code with the engine. It enforces everything: `endPort`,
host-network pods like other pods, both admin APIs. What an API server would refuse matches nothing
(`tests/reachability/pieces.py`), except that admin policies fail closed, see `_first_action`.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from tests.reachability.pieces import (
    Address,
    End,
    Object,
    admin_peer_fields,
    as_list,
    cnp_protocol_matches,
    in_ip_block,
    network_policy_port_matches,
    parsed_network,
    selects,
    v1alpha1_port_matches,
)

NAME_LABEL = "kubernetes.io/metadata.name"
ACTIONS = {
    "AdminNetworkPolicy": {"Allow", "Deny", "Pass"},
    "BaselineAdminNetworkPolicy": {"Allow", "Deny"},
    "ClusterNetworkPolicy": {"Accept", "Deny", "Pass"},
}


class Naive:
    """Answers one question at a time about a cluster given as plain objects."""

    def __init__(self, objects: Iterable[Object], *, ip_blocks_cover_pods: bool = False) -> None:
        """Sort the objects by kind; `ip_blocks_cover_pods` also lets CIDRs match pods' IPs."""
        self._cover_pods = ip_blocks_cover_pods
        kinds: dict[str, list[Object]] = {}
        for item in objects:
            kinds.setdefault(item["kind"], []).append(item)
        self._namespaces = {_name(item): _labels(item) for item in kinds.get("Namespace", [])}
        self._nodes = kinds.get("Node", [])
        self._pods = {
            f"pod:{_namespace(item)}/{_name(item)}": self._end_of_pod(item)
            for item in kinds.get("Pod", [])
            if (item.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        }
        self._network_policies = kinds.get("NetworkPolicy", [])
        self._admin_tier = _in_order(kinds.get("AdminNetworkPolicy", []) + _of_tier("Admin", kinds))
        # The only baseline of v1alpha1 has no priority: it goes first where both APIs are used.
        self._baseline_tier = [
            item for item in kinds.get("BaselineAdminNetworkPolicy", []) if _name(item) == "default"
        ] + _in_order(_of_tier("Baseline", kinds))

    def allows(self, source: str, destination: str, protocol: str, port: int) -> bool:
        """Whether a connection may be made; an end is `pod:NAMESPACE/NAME` or an IP address.

        Raises:
            KeyError: there is no such pod, or it has finished.
        """
        if source == destination:
            return True
        client, server = self._end(source), self._end(destination)
        # A named port is the destination's in both directions.
        return self._permits("egress", client, server, (server, protocol, port)) and self._permits(
            "ingress", server, client, (server, protocol, port)
        )

    def opens(self, source: str, destination: str, protocol: str, port: int) -> bool:
        """Whether a connection may be made that no rule names.

        Then either end would let a stranger through as well: a pod without labels, in a namespace
        that is not there.
        """
        stranger = End(is_pod=True, namespace="", namespace_labels={NAME_LABEL: ""})
        client, server = self._end(source), self._end(destination)
        return (
            self.allows(source, destination, protocol, port)
            and self._permits("egress", client, stranger, (stranger, protocol, port))
            and self._permits("ingress", server, stranger, (server, protocol, port))
        )

    def pods(self) -> dict[str, str]:
        """Give the pods with a network, each with its namespace."""
        return {name: end.namespace for name, end in self._pods.items()}

    def _permits(
        self, direction: str, subject: End, peer: End, asked: tuple[End, str, int]
    ) -> bool:
        if not subject.is_pod:
            return True
        action = self._first_action(self._admin_tier, direction, subject, peer, asked)
        if action in ("Allow", "Accept", "Deny"):
            return action != "Deny"
        isolating = [
            item
            for item in self._network_policies
            if _isolates(item["spec"], direction, subject) and _namespace(item) == subject.namespace
        ]
        if isolating:
            return any(
                self._rule_matches(rule, direction, _namespace(item), peer, asked)
                for item in isolating
                for rule in as_list(item["spec"], direction)
            )
        return self._first_action(self._baseline_tier, direction, subject, peer, asked) != "Deny"

    def _rule_matches(
        self, rule: Object, direction: str, namespace: str, peer: End, asked: tuple[End, str, int]
    ) -> bool:
        peers = as_list(rule, "from" if direction == "ingress" else "to")
        ports = as_list(rule, "ports")
        return (
            not peers or any(self._policy_peer_matches(item, namespace, peer) for item in peers)
        ) and (not ports or any(network_policy_port_matches(item, *asked) for item in ports))

    def _policy_peer_matches(self, item: Object, namespace: str, peer: End) -> bool:
        pods, namespaces, block = (
            item.get(field) for field in ("podSelector", "namespaceSelector", "ipBlock")
        )
        if block is not None:
            alone = pods is None and namespaces is None
            return alone and self._may_be_in_block(peer) and in_ip_block(block, peer)
        if not peer.is_pod or (pods is None and namespaces is None):
            return False
        if namespaces is None:
            in_namespace = peer.namespace == namespace
        else:
            in_namespace = selects(namespaces, peer.namespace_labels)
        return in_namespace and (pods is None or selects(pods, peer.labels))

    def _first_action(
        self,
        tier: list[Object],
        direction: str,
        subject: End,
        peer: End,
        asked: tuple[End, str, int],
    ) -> str | None:
        """Give the action of the first rule that matches.

        A Deny or a Pass with a peer of no known field is a Deny of every peer (the APIs' "fail
        closed"), on the rule's ports. No ingress rule of an admin policy is about addresses.
        """
        if direction == "ingress" and not peer.is_pod:
            return None
        for policy in tier:
            if not _is_subject(policy["spec"].get("subject") or {}, subject):
                continue
            for rule in as_list(policy["spec"], direction):
                action: str = rule.get("action", "")
                if action not in ACTIONS[policy["kind"]] or not _admin_ports(policy, rule, asked):
                    continue
                peers = as_list(rule, "from" if direction == "ingress" else "to")
                fields = [admin_peer_fields(item, direction) for item in peers]
                if action in ("Deny", "Pass") and {} in fields:
                    return "Deny"
                if any(self._admin_peer_matches(item, peer) for item in fields):
                    return action
        return None

    def _admin_peer_matches(self, fields: Object, peer: End) -> bool:
        match list(fields.items()):
            case [("namespaces" | "pods", _)]:
                return _is_subject(fields, peer)
            case [("networks", cidrs)]:
                networks = [parsed_network(text) for text in cidrs]
                return (
                    self._may_be_in_block(peer)
                    and all(networks)
                    and any(
                        address in network
                        for network in networks
                        if network is not None
                        for address in peer.addresses
                    )
                )
            case [("nodes", selector)]:
                return not peer.is_pod and any(
                    peer.addresses[0] in _node_addresses(node)
                    for node in self._nodes
                    if selects(selector, _labels(node))
                )
            case _:
                # Domain names cannot be told here, and two fields at once are refused.
                return False

    def _may_be_in_block(self, peer: End) -> bool:
        return self._cover_pods or not peer.is_pod

    def _end(self, text: str) -> End:
        if text.startswith("pod:"):
            return self._pods[text]
        return End(is_pod=False, addresses=(ip_address(text),))

    def _end_of_pod(self, pod: Object) -> End:
        namespace = _namespace(pod)
        status = pod.get("status") or {}
        texts = {item.get("ip") for item in as_list(status, "podIPs")} | {status.get("podIP")}
        return End(
            is_pod=True,
            namespace=namespace,
            # It is there also where no Namespace object is.
            namespace_labels={**self._namespaces.get(namespace, {}), NAME_LABEL: namespace},
            labels=_labels(pod),
            addresses=tuple(ip_address(text) for text in texts if text),
            ports=tuple(
                (port["name"], port.get("protocol") or "TCP", port["containerPort"])
                for container in as_list(pod["spec"], "containers")
                for port in as_list(container, "ports")
                if port.get("name")
            ),
        )


def _isolates(spec: Object, direction: str, subject: End) -> bool:
    if not selects(spec.get("podSelector") or {}, subject.labels):
        return False
    if types := as_list(spec, "policyTypes"):
        return direction.capitalize() in types
    return direction == "ingress" or bool(as_list(spec, "egress"))


def _is_subject(fields: Object, end: End) -> bool:
    """Whether `namespaces` or `pods`, of a subject or of a peer, select an end."""
    namespaces, pods = fields.get("namespaces"), fields.get("pods")
    if not end.is_pod or (namespaces is not None and pods is not None):
        return False
    if namespaces is not None:
        return selects(namespaces, end.namespace_labels)
    if pods is None:
        return False
    return selects(pods.get("namespaceSelector") or {}, end.namespace_labels) and selects(
        pods.get("podSelector") or {}, end.labels
    )


def _admin_ports(policy: Object, rule: Object, asked: tuple[End, str, int]) -> bool:
    if policy["kind"] == "ClusterNetworkPolicy":
        items, matches = as_list(rule, "protocols"), cnp_protocol_matches
    else:
        items, matches = as_list(rule, "ports"), v1alpha1_port_matches
    return not items or any(matches(item, *asked) for item in items)


def _of_tier(tier: str, kinds: Mapping[str, list[Object]]) -> list[Object]:
    return [i for i in kinds.get("ClusterNetworkPolicy", []) if i["spec"].get("tier") == tier]


def _in_order(policies: list[Object]) -> list[Object]:
    """Sort by priority; the APIs leave equal ones open, we take the name, then the kind."""
    return sorted(policies, key=lambda i: (i["spec"].get("priority") or 0, _name(i), i["kind"]))


def _node_addresses(node: Object) -> set[Address]:
    found = set()
    for item in as_list(node.get("status") or {}, "addresses"):
        try:
            found.add(ip_address(item.get("address")))
        except ValueError:
            # A node also lists its names.
            continue
    return found


def _name(item: Object) -> str:
    name: str = item["metadata"]["name"]
    return name


def _namespace(item: Object) -> str:
    return item["metadata"].get("namespace") or "default"


def _labels(item: Object) -> dict[str, Any]:
    return item["metadata"].get("labels") or {}
