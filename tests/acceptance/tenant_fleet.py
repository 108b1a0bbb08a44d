"""A fleet of tenants by chance, and what its generator knows of it by naive means."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from random import Random
from typing import Any

from msgspec import Struct

from auditor.settings.configuration import (
    DEFAULT_SEGMENTS,
    Configuration,
    RiskLevels,
    SegmentMatch,
    SegmentRule,
)
from tests.kube.manifests import Object, a_pod, an_object
from tests.reachability.naive import Naive
from tests.reachability.segmentation_oracle import matrix

TENANTS = ("ash", "birch", "cedar", "elm", "fir", "oak")
LEVELS = ("low", "medium", "high")
PORTS = (80, 5432)
ALLOWED = frozenset({"low", "medium"})
ENFORCING, NOT_ENFORCING, NOBODY_KNOWS = "antrea", "flannel", "unknown"
_AGENTS = {
    ENFORCING: ("antrea-agent", "antrea/antrea-agent-ubuntu:v2.1.0"),
    NOT_ENFORCING: ("kube-flannel", "ghcr.io/flannel-io/flannel:v0.26.0"),
}
_ADMIN = "policy.networking.k8s.io/v1alpha1"
_NODES = ("n0", "n1", "n2")

CONFIGURATION = Configuration(
    segments=(
        SegmentRule(match=SegmentMatch(cluster="*", namespace="vault"), risk_level="high"),
        SegmentRule(match=SegmentMatch(cluster="*-3", namespace="home-*"), tenant="ash"),
        *DEFAULT_SEGMENTS,
    ),
    risk_levels=RiskLevels(order=LEVELS, may_share_network=(("low", "medium"),)),
)

Expected = set[tuple[str, str, str]]
"""Check, subject and verdict."""


class Told(Struct, frozen=True):
    """Whose a namespace is, worked out by hand."""

    tenants: tuple[str, ...]
    level: str | None


class MadeCluster(Struct, frozen=True, kw_only=True):
    """A cluster as its generator knows it."""

    name: str
    plugin: str
    tags: Mapping[str, str]
    objects: tuple[Object, ...]
    homes: Mapping[str, Told]

    def matrix(self, dimension: str) -> dict[tuple[str | None, str | None], str]:
        """Give the matrix of `tenant` or `risk level`."""
        values = self._values(dimension)
        open_to_all = matrix(Naive(self._without_policies()), values, PORTS)
        if self.plugin == NOT_ENFORCING:
            return open_to_all
        enforced = matrix(Naive(self.objects), values, PORTS)
        if self.plugin == ENFORCING:
            return enforced
        # What is open although all is enforced, or closed although nothing is, is so for sure.
        return {
            cell: state if state in {"open", open_to_all[cell]} else "unknown"
            for cell, state in enforced.items()
        }

    def failures(self) -> Expected:
        """Give what must fail, and what must be unknown of pairs."""
        return {*self._sharing(), *self._reaching()}

    def _values(self, dimension: str) -> dict[str, tuple[str, ...]]:
        return {
            name: told.tenants if dimension == "tenant" else (told.level,) if told.level else ()
            for name, told in self.homes.items()
        }

    def _without_policies(self) -> list[Object]:
        return [item for item in self.objects if not item["kind"].endswith("Policy")]

    def _sharing(self) -> Iterator[tuple[str, str, str]]:
        places = {
            "cluster": [set(self.homes)],
            "node": [
                {p["metadata"]["namespace"] for p in self._pods() if p["spec"]["nodeName"] == node}
                for node in _NODES
            ],
            "load-balancer": self._homes_of_addresses(),
        }
        for (place, met), dimension in (
            (item, dimension) for item in places.items() for dimension in ("tenant", "risk level")
        ):
            if (place, dimension) == ("load-balancer", "risk level"):
                continue
            values = self._values(dimension)
            for homes in met:
                here = sorted({value for home in homes for value in values.get(home, ())})
                for pair in combinations(here, 2):
                    slug = f"{dimension.replace(' ', '-')}s-share-{place}"
                    yield slug, "|".join(pair), "fail"

    def _homes_of_addresses(self) -> list[set[str]]:
        homes: dict[str, set[str]] = {}
        for item in self.objects:
            if item["kind"] == "Service":
                address = item["status"]["loadBalancer"]["ingress"][0]["ip"]
                homes.setdefault(address, set()).add(item["metadata"]["namespace"])
        return list(homes.values())

    def _pods(self) -> Iterator[Object]:
        for item in self.objects:
            if item["kind"] == "Pod" and item["metadata"]["namespace"] in self.homes:
                yield item

    def _reaching(self) -> Iterator[tuple[str, str, str]]:
        for dimension in ("tenant", "risk level"):
            cells = self.matrix(dimension)
            slug = f"{dimension.replace(' ', '-')}s-can-reach-each-other"
            for one, other in combinations(sorted({a for a, _ in cells if a}), 2):
                states = {cells[one, other], cells[other, one]}
                if dimension == "risk level" and {one, other} <= ALLOWED:
                    continue
                if "open" in states:
                    yield slug, f"{one}|{other}", "fail"
                elif "unknown" in states:
                    yield slug, f"{one}|{other}", "unknown"


def made_fleet(random: Random, count: int) -> Iterator[MadeCluster]:
    """Make clusters, one after the other."""
    for number in range(count):
        plugin = (ENFORCING, ENFORCING, NOT_ENFORCING, NOBODY_KNOWS)[number % 4]
        yield _Maker(random, f"c-{number}", plugin).made()


class _Maker:
    def __init__(self, random: Random, name: str, plugin: str) -> None:
        self._random = random
        self._name = name
        self._plugin = plugin
        self._tags = {
            key: random.choice(values)
            for key, values in (("tenant", TENANTS), ("risk-level", LEVELS))
            if random.random() < 0.3
        }

    def made(self) -> MadeCluster:
        names = [*(f"home-{n}" for n in range(self._random.randint(2, 5))), "vault"]
        labels = {name: self._labels() for name in names}
        objects = [an_object("Namespace", n, meta={"labels": labels[n]}) for n in names]
        objects += [an_object("Node", node) for node in _NODES]
        for number in range(self._random.randint(4, 10)):
            objects.append(self._pod(number, self._random.choice(names)))
        objects += self._agents()
        objects += [self._policy(n, self._random.choice(names)) for n in range(len(names) * 2)]
        if self._plugin == ENFORCING:
            objects += [self._admin(n) for n in range(self._random.randint(0, 2))]
            if self._random.random() < 0.5:
                objects.append(self._baseline())
        objects += [self._balancer(name) for name in names if self._random.random() < 0.5]
        # Every server has this namespace; it is empty, and whose it is the cluster's tags say.
        homes = {name: self._told(name, labels.get(name, {})) for name in (*names, "default")}
        return MadeCluster(
            name=self._name,
            plugin=self._plugin,
            tags=self._tags,
            objects=tuple(objects),
            homes=homes,
        )

    def _labels(self) -> dict[str, str]:
        return {
            key: self._random.choice(values)
            for key, values in (("tenant", TENANTS), ("risk-level", LEVELS), ("team", "xy"))
            if self._random.random() < 0.8
        }

    def _told(self, name: str, labels: Mapping[str, str]) -> Told:
        configured = "ash" if self._name.endswith("-3") and name.startswith("home-") else None
        trusted = configured or self._tags.get("tenant")
        tenants = {value for value in (trusted, labels.get("tenant")) if value}
        levels = [
            "high" if name == "vault" else self._tags.get("risk-level"),
            labels.get("risk-level"),
        ]
        known = [level for level in levels if level]
        return Told(tuple(sorted(tenants)), max(known, key=LEVELS.index) if known else None)

    def _pod(self, number: int, home: str) -> Object:
        node = self._random.choice(_NODES)
        labels = {"app": self._random.choice("ab")}
        status = {"phase": "Running", "podIPs": [{"ip": f"10.1.0.{number + 1}"}]}
        return a_pod(f"p{number}", home, labels=labels, spec={"nodeName": node}, status=status)

    def _agents(self) -> Iterator[Object]:
        if self._plugin in _AGENTS:
            name, image = _AGENTS[self._plugin]
            for node in _NODES:
                yield a_pod(
                    f"{name}-{node}",
                    "kube-system",
                    owner=f"DaemonSet/{name}",
                    image=image,
                    spec={"nodeName": node},
                    status={"phase": "Running"},
                )

    def _policy(self, number: int, home: str) -> Object:
        types = self._random.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
        spec: Object = {"podSelector": self._selector("app", "ab"), "policyTypes": types}
        for direction, end in (("ingress", "from"), ("egress", "to")):
            if self._random.random() < 0.7:
                spec[direction] = [self._rule(end) for _ in range(self._random.randint(1, 2))]
        return an_object("NetworkPolicy", f"np{number}", home, spec=spec)

    def _rule(self, end: str) -> Object:
        rule: Object = {}
        if self._random.random() < 0.9:
            rule[end] = [self._peer()]
        if self._random.random() < 0.5:
            rule["ports"] = [{"protocol": "TCP", "port": self._random.choice(PORTS)}]
        return rule

    def _peer(self) -> Object:
        peer: Object = {}
        if self._random.random() < 0.6:
            peer["podSelector"] = self._selector("app", "ab")
        if not peer or self._random.random() < 0.7:
            peer["namespaceSelector"] = self._random.choice(
                (
                    self._selector("team", "xy"),
                    self._selector("tenant", TENANTS),
                    {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]},
                )
            )
        return peer

    def _selector(self, key: str, values: Any) -> Object:
        if self._random.random() < 0.3:
            return {}
        return {"matchLabels": {key: self._random.choice(values)}}

    def _admin(self, number: int) -> Object:
        subject = {"namespaces": self._selector("team", "xy")}
        rules = [self._admin_rule(("Allow", "Deny", "Pass"), "from")]
        spec = {"priority": number, "subject": subject, "ingress": rules}
        return an_object("AdminNetworkPolicy", f"anp{number}", apiVersion=_ADMIN, spec=spec)

    def _baseline(self) -> Object:
        spec = {
            "subject": {"namespaces": self._selector("team", "xy")},
            "egress": [self._admin_rule(("Allow", "Deny"), "to")],
        }
        return an_object("BaselineAdminNetworkPolicy", "default", apiVersion=_ADMIN, spec=spec)

    def _admin_rule(self, actions: tuple[str, ...], end: str) -> Object:
        rule: Object = {
            "action": self._random.choice(actions),
            end: [{"namespaces": self._selector("tenant", TENANTS)}],
        }
        if self._random.random() < 0.5:
            number = self._random.choice(PORTS)
            rule["ports"] = [{"portNumber": {"protocol": "TCP", "port": number}}]
        return rule

    def _balancer(self, home: str) -> Object:
        address = f"203.0.113.{self._random.randint(1, 3)}"
        return an_object(
            "Service",
            "public",
            home,
            spec={"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "a"}},
            status={"loadBalancer": {"ingress": [{"ip": address}]}},
        )
