"""Writing the policies: deny by default, DNS, and one policy for what each workload needs.

A NetworkPolicy only adds to what others admit. So a rule is written only for pods that nothing
isolates yet: for the others it would open what is closed today.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct, convert

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.profile import Known
from auditor.analysis.reachability.standing import Direction
from auditor.analysis.workloads import WorkloadPods
from auditor.audit.recommending.needs import Destination, Need, Source
from auditor.audit.recommending.resolving import NAMESPACE_NAME, Resolvers
from auditor.audit.recommending.selecting import Labels, Selectors, selector
from auditor.kube.meta import Projection, decoding_hook
from auditor.kube.policies import NetworkPolicy
from auditor.model.identity import ObjectRef

_LONGEST_NAME = 55
_DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_HOOK = decoding_hook(Projection())
_TYPES = {Direction.INGRESS: "Ingress", Direction.EGRESS: "Egress"}


class Proposal(Struct, frozen=True):
    """One policy, as it is written."""

    namespace: str
    manifest: Mapping[str, Any]
    policy: NetworkPolicy
    """The same, as it would be read from a server."""
    why: tuple[str, ...]
    """What it is for, in sentences."""


class Proposals:
    """Proposes policies for the namespaces of a cluster."""

    def __init__(self, facts: Facts) -> None:
        """Index the workloads and the policies that are there."""
        self._facts = facts
        self._by_namespace: dict[str, list[WorkloadPods]] = defaultdict(list)
        for workload in facts.workloads:
            self._by_namespace[workload.namespace].append(workload)
        self._selectors = {
            name: Selectors(workloads) for name, workloads in self._by_namespace.items()
        }
        self._policies = facts.inventory.network_policies
        self._taken = {(p.metadata.namespace, p.metadata.name) for p in self._policies}
        self._resolvers = Resolvers(facts)

    def namespaces(self) -> tuple[str, ...]:
        """Give the namespaces that hold pods and whose name an API server takes."""
        return tuple(sorted(name for name in self._by_namespace if _DNS_1123.fullmatch(name)))

    def denials(self, namespace: str) -> Iterator[Proposal]:
        """Propose to deny by default, and to let names be resolved, where nothing does so yet."""
        lacking = [item for item in Direction if not self._denies(namespace, item)]
        if not lacking:
            return
        spec = {"podSelector": {}, "policyTypes": [_TYPES[item] for item in lacking]}
        words = " and ".join(lacking)
        yield self._proposal(namespace, "default-deny", spec, (f"denies {words} by default",))
        if Direction.EGRESS in lacking:
            yield from self._dns(namespace)

    def _denies(self, namespace: str, direction: Direction) -> bool:
        """Whether a policy of the namespace selects every pod for a direction."""
        return any(
            policy.metadata.namespace == namespace
            and policy.spec.pod_selector.matches({})
            and not policy.spec.pod_selector.match_expressions
            and (
                policy.isolates_ingress
                if direction is Direction.INGRESS
                else policy.isolates_egress
            )
            for policy in self._policies
        )

    def _dns(self, namespace: str) -> Iterator[Proposal]:
        """Let names be resolved by those whom nothing isolates yet."""
        workloads = [item.ref for item in self._by_namespace[namespace]]
        loose = [ref for ref in workloads if self._is_loose(ref, Direction.EGRESS)]
        known = self._selectors[namespace]
        subjects: dict[Labels, None] = (
            {(): None}
            if len(loose) == len(workloads)
            else dict.fromkeys(known.of(ref) for ref in loose)
        )
        for labels in subjects:
            spec: dict[str, Any] = {
                "podSelector": selector(labels),
                "policyTypes": [_TYPES[Direction.EGRESS]],
                "egress": [
                    {"to": list(self._resolvers.peers()), "ports": list(self._resolvers.ports())}
                ],
            }
            name = "-".join(["allow-dns", *(ref.name for ref in known.selected(labels)[:1])])
            own = name if labels else "allow-dns"
            yield self._proposal(namespace, own, spec, ("lets names be resolved",))

    def _is_loose(self, ref: ObjectRef, direction: Direction) -> bool:
        """Whether nothing isolates some pod of a workload; one without a network has none."""
        classes = self._facts.owners.classes.get(ref)
        if not classes:
            return True
        found = self._facts.isolations.of(ref, classes, direction)
        return found.is_isolated is Known.NO

    def allowing(self, namespace: str, needs: Iterable[Need]) -> Iterator[Proposal]:
        """Propose one policy for each workload of a namespace that needs something."""
        known = self._selectors[namespace]
        ingress: dict[Labels, list[Need]] = defaultdict(list)
        egress: dict[Labels, list[Need]] = defaultdict(list)
        for need in needs:
            if (ref := self._subject(known, need.destination, Direction.INGRESS)) is not None:
                ingress[known.of(ref)].append(need)
            if (ref := self._subject(known, need.source, Direction.EGRESS)) is not None:
                egress[known.of(ref)].append(need)
        for labels in sorted({*ingress, *egress}):
            arriving, leaving = ingress.get(labels, []), egress.get(labels, [])
            spec: dict[str, Any] = {"podSelector": selector(labels), "policyTypes": []}
            if arriving:
                spec["policyTypes"].append(_TYPES[Direction.INGRESS])
                spec["ingress"] = list(self._rules(namespace, arriving, Direction.INGRESS))
            if leaving:
                spec["policyTypes"].append(_TYPES[Direction.EGRESS])
                spec["egress"] = list(self._rules(namespace, leaving, Direction.EGRESS))
            selected = known.selected(labels)
            name = "-".join(dict.fromkeys(ref.name for ref in selected[:2]))
            why = [need.why for need in (*arriving, *leaving)]
            if len(selected) > 1:
                listed = ", ".join(map(str, selected))
                why.append(f"no labels of one of these select it alone: {listed}")
            yield self._proposal(namespace, f"allow-{name}", spec, tuple(dict.fromkeys(why)))

    def _subject(
        self, known: Selectors, end: Source | Destination, direction: Direction
    ) -> ObjectRef | None:
        """Give the end of a need for which a policy of a namespace has to speak, if it is one."""
        if not isinstance(end, ObjectRef) or end not in known:
            return None
        return end if self._is_loose(end, direction) else None

    def _rules(
        self, namespace: str, needs: Sequence[Need], direction: Direction
    ) -> Iterator[Mapping[str, Any]]:
        """Write one rule for each set of ports: the peers that share it stand in it together."""
        ports: dict[str, set[tuple[int, str]]] = defaultdict(set)
        peers: dict[str, list[Mapping[str, Any]] | None] = {}
        for need in needs:
            other = need.source if direction is Direction.INGRESS else need.destination
            written = self._peers(namespace, other)
            name = repr(written)
            peers[name] = written
            ports[name].add((need.port, need.protocol.value))
        # No peers are all peers (networking.k8s.io/v1, field text of `from`): whoever is admitted
        # with everybody needs no rule of its own.
        for_all = ports.pop(repr(None), set())
        by_ports: dict[tuple[tuple[int, str], ...], list[str]] = defaultdict(list)
        for name, numbers in sorted(ports.items()):
            if left := numbers - for_all:
                by_ports[tuple(sorted(left))].append(name)
        if for_all:
            yield {"ports": _written(sorted(for_all))}
        key = "from" if direction is Direction.INGRESS else "to"
        for shared, names in sorted(by_ports.items()):
            listed = [peer for name in names for peer in peers[name] or ()]
            yield {key: listed, "ports": _written(shared)}

    def _peers(self, namespace: str, other: Source | Destination) -> list[Mapping[str, Any]] | None:
        """Write whom a rule speaks of; None for everybody."""
        if isinstance(other, tuple):
            return [{"ipBlock": {"cidr": cidr}} for cidr in other]
        if not isinstance(other, ObjectRef):
            return None
        there = other.namespace or ""
        peer: dict[str, Any] = {"podSelector": selector(self._selectors[there].of(other))}
        if there != namespace:
            peer["namespaceSelector"] = {"matchLabels": {NAMESPACE_NAME: there}}
        return [peer]

    def _proposal(
        self, namespace: str, name: str, spec: Mapping[str, Any], why: tuple[str, ...]
    ) -> Proposal:
        manifest = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": self._free(namespace, name), "namespace": namespace},
            "spec": spec,
        }
        policy = convert(manifest, NetworkPolicy, dec_hook=_HOOK)
        return Proposal(namespace, manifest, policy, why)

    def _free(self, namespace: str, wanted: str) -> str:
        """Give a name that an API server takes and no policy of the namespace has."""
        clean = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-") or "allow"
        if len(clean) > _LONGEST_NAME:
            digest = sha256(wanted.encode("utf-8", "surrogatepass")).hexdigest()[:6]
            clean = f"{clean[: _LONGEST_NAME - 7].rstrip('-')}-{digest}"
        name, number = clean, 2
        while (namespace, name) in self._taken:
            name, number = f"{clean}-{number}", number + 1
        self._taken.add((namespace, name))
        return name


def _written(ports: Iterable[tuple[int, str]]) -> list[Mapping[str, Any]]:
    return [{"protocol": protocol, "port": number} for number, protocol in ports]
