"""Who can talk to whom in one cluster, as an answer: connections with the objects that decided."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.connections import Connection, Connections, Peer
from auditor.analysis.reachability.drafts import PolicyIssue
from auditor.analysis.reachability.explaining import Explanation, explain
from auditor.audit.rules import Rules
from auditor.kube.inventory import Inventory
from auditor.model.addresses import AddressSet
from auditor.model.audit import Cni
from auditor.model.cluster import Cluster
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet

MOST_EXPLAINED = 8
"""Kinds of pods of one pair of workloads that are explained each by itself; the rest are alike."""


class Question(Struct, frozen=True):
    """What is asked: all connections, or those of one end or between two."""

    source: ObjectRef | str | None = None
    """A workload, or an outside address as text."""
    destination: ObjectRef | str | None = None
    internet_only: bool = False
    """Only connections with outside addresses."""
    with_explanations: bool = False


class Answered(Struct, frozen=True):
    """One connection, or that it cannot be told."""

    source: Peer
    destination: Peer
    ports: PortSet
    maybe: PortSet
    """Further ports of which it cannot be told; then `reason` says why."""
    decided_by: tuple[ObjectRef, ...]
    reason: str | None
    explanations: tuple[Explanation, ...] = ()


class Reached(Struct, frozen=True):
    """The answer for one cluster."""

    cluster_id: str
    cni: Cni
    connections: tuple[Answered, ...]
    not_enforced: tuple[ObjectRef, ...]
    """Policies that are declared and have no effect on any pod that they select."""
    issues: tuple[PolicyIssue, ...]
    gap: str | None
    """Why nothing of it is sure; a connection that is not listed may be there too then."""
    denials: tuple[Explanation, ...] = ()
    """Why nothing is let through between two ends, where that was asked."""


class UnknownEndError(ValueError):
    """No workload is called so; the message names those that come near."""


def reach(
    cluster: Cluster,
    inventory: Inventory,
    rules: Rules,
    at: datetime,
    question: Question,
) -> Reached:
    """Answer a question about one cluster.

    Raises:
        UnknownEndError: an end of the question is not in the cluster.
    """
    facts = Facts(cluster, inventory, rules.configuration, at, rules.assume_cni)
    for end in (question.source, question.destination):
        if isinstance(end, ObjectRef) and end not in facts.owners.classes:
            raise UnknownEndError(f"{end} has no pod with a network in {cluster.id}")
    answering = _Answering(facts, question)
    connections = tuple(answering.connections())
    return Reached(
        cluster.id,
        facts.platform.cni,
        connections,
        tuple(facts.reachability.not_enforced()),
        tuple(facts.reachability.issues()),
        facts.reachability_gap,
        () if connections or not question.with_explanations else answering.denials(),
    )


def workload_named(text: str, workloads: Iterable[ObjectRef]) -> ObjectRef:
    """Find a workload by `Kind/namespace/name`, by `namespace/name` or by its name alone.

    Raises:
        UnknownEndError: none is called so, or more than one.
    """
    known = tuple(workloads)
    found = [ref for ref in known if text in {str(ref), f"{ref.namespace}/{ref.name}", ref.name}]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownEndError(f"{text!r} is any of {_listed(found)}: write it out")
    near = [ref for ref in known if text.rpartition("/")[2] in ref.name] or list(known)
    raise UnknownEndError(
        f"no workload is called {text!r}; there are {_listed(near)}"
        if near
        else f"no workload is called {text!r}: the source holds none"
    )


_NAMED = 5


def _listed(refs: list[ObjectRef]) -> str:
    more = f" and {len(refs) - _NAMED} more" if len(refs) > _NAMED else ""
    return ", ".join(map(str, refs[:_NAMED])) + more


class _Answering:
    def __init__(self, facts: Facts, question: Question) -> None:
        self._facts = facts
        self._question = question
        self._reachability = facts.reachability
        self._explained: dict[tuple[int, int], Explanation] = {}

    def connections(self) -> Iterator[Answered]:
        for item in self._found():
            if self._is_wanted(item):
                yield self._answered(item)

    def denials(self) -> tuple[Explanation, ...]:
        """Explain why two ends have no connection at all."""
        sources = self._bits(self._question.source)
        destinations = self._bits(self._question.destination)
        pairs = [(one, other) for one in sources for other in destinations]
        return tuple(self._explain(pair) for pair in pairs[:MOST_EXPLAINED])

    def _found(self) -> Iterator[Connection]:
        connections = Connections(self._reachability, self._facts.owners)
        source, destination = self._question.source, self._question.destination
        workloads = tuple(self._facts.owners.classes)
        if isinstance(source, str):
            targets = workloads if destination is None else (destination,)
            refs = [ref for ref in targets if isinstance(ref, ObjectRef)]
            yield from connections.address(source, refs, is_source=True)
        elif isinstance(destination, str):
            origins = workloads if source is None else (source,)
            yield from connections.address(destination, origins, is_source=False)
        elif source is not None and destination is not None:
            yield from connections.between(source, destination)
        elif source is not None:
            yield from connections.of(source)
        elif destination is not None:
            yield from connections.to(destination)
            routed = self._facts.routed
            if destination in routed:
                yield from connections.from_controller({destination: routed[destination]})
        else:
            yield from connections.all()
            yield from connections.from_controller(self._facts.routed)

    def _is_wanted(self, item: Connection) -> bool:
        ends = (item.source, item.destination)
        return not self._question.internet_only or any(isinstance(end, AddressSet) for end in ends)

    def _answered(self, item: Connection) -> Answered:
        explanations = [self._explain(pair) for pair in item.classes]
        decided = {ref for found in explanations for ref in found.decided_by()}
        reason = self._facts.reachability_gap or (
            self._why_unknown(item, explanations) if item.maybe else None
        )
        shown = explanations[:MOST_EXPLAINED] if self._question.with_explanations else []
        return Answered(
            item.source,
            item.destination,
            item.ports,
            item.maybe,
            tuple(sorted(decided, key=ObjectRef.sort_key)),
            reason,
            tuple(shown),
        )

    def _explain(self, pair: tuple[int, int]) -> Explanation:
        found = self._explained.get(pair)
        if found is None:
            found = self._explained[pair] = explain(self._reachability, *pair)
        return found

    def _why_unknown(self, item: Connection, explanations: list[Explanation]) -> str:
        """Say what an answer depends on that is not known of the plugin."""
        name, entities = self._reachability.profile.name, self._reachability.entities
        reasons: dict[str, None] = {}
        for explanation, (source, destination) in zip(explanations, item.classes, strict=True):
            for side, subject in ((explanation.egress, source), (explanation.ingress, destination)):
                kind = entities.class_at(subject)
                if kind is not None and kind.host_network:
                    reasons[f"it is not known how {name} takes pods on the node's network"] = None
                elif side.doubts:
                    rule = side.doubts[0]
                    where = f"{rule.object} {rule.field}"
                    reasons[f"what {where} does here depends on {name}"] = None
        known = "; ".join(list(reasons)[:_NAMED])
        evidence = self._facts.platform.cni.evidence
        told = f" ({evidence[-1]})" if evidence else ""
        return (known or f"it depends on {name}") + told

    def _bits(self, end: ObjectRef | str | None) -> tuple[int, ...]:
        entities = self._reachability.entities
        if isinstance(end, str):
            return (entities.address(end),)
        numbers = self._facts.owners.classes[end] if end is not None else ()
        return tuple(entities.bit(number) for number in numbers)
