"""What proposals change between workloads: one engine, asked with and without them.

Both states are laid out alike, so that whoever is cut off is a difference of bits.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.connections import Owners, merged
from auditor.analysis.reachability.engine import Answer
from auditor.analysis.reachability.entities import Entities
from auditor.analysis.reachability.rows import rows_from, rows_to
from auditor.analysis.reachability.standing import Allowed, held_by
from auditor.analysis.workloads import documented_ports
from auditor.audit.recommending.needs import Destination, Need, Source
from auditor.kube.policies import NetworkPolicy
from auditor.model.addresses import AddressSet
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet, Protocol


class Others(Struct, frozen=True):
    """Some of those whom a workload talks to, or is talked to by."""

    is_every_other_namespace: bool
    """Whether it is every pod of every namespace but the workload's own."""
    namespaces: tuple[str, ...]
    """Else those of which it is every pod; the workload's own among them."""
    workloads: tuple[ObjectRef, ...]
    """Of further namespaces; some of their pods at least."""
    addresses: AddressSet


class Cut(Struct, frozen=True):
    """What is possible today between workloads and others, or may be, and would not be so."""

    workloads: tuple[ObjectRef, ...]
    """Of one namespace."""
    is_source: bool
    """Whether they would open the connections; else they would be dialled."""
    ports: PortSet
    documented: PortSet | None
    """Those of them that containers document or Services send to; None where nobody documents any,
    or the ports are outside."""
    others: Others


class _State(Struct, frozen=True):
    """Who may talk to whom, by number of a class."""

    arriving: Mapping[int, Answer]
    leaving: Mapping[int, Answer]
    """To outside addresses alone."""


class Comparison:
    """A cluster as it is, and as it would be with some policies more."""

    def __init__(self, facts: Facts, added: Iterable[NetworkPolicy]) -> None:
        """Work out both states."""
        policies = tuple(added)
        self._engine = facts.reachability_with(policies)
        self._entities = self._engine.entities
        self._ports = self._engine.ports
        self._owners = Owners(self._engine, facts.workloads)
        self._documented = documented_by_workload(facts)
        self._after = self._state()
        self._engine.remove_network_policies(
            ObjectRef("NetworkPolicy", policy.metadata.namespace, policy.metadata.name)
            for policy in policies
        )
        self._before = self._state()

    def _state(self) -> _State:
        return _State(
            {n: row.answer for row in rows_to(self._engine) for n in row.classes},
            {
                n: row.answer
                for row in rows_from(self._engine, self._engine.outside)
                for n in row.classes
            },
        )

    # Needs

    def loses(self, need: Need) -> bool:
        """Whether some of what is needed is possible today, or may be, and would not be so."""
        if isinstance(need.destination, ObjectRef):
            others = self._bits(need.source)
            numbers: Iterable[int] = self._owners.classes.get(need.destination, ())
            before, after = self._before.arriving, self._after.arriving
        else:
            others = self._bits(need.destination) & self._engine.outside
            numbers = self._classes(need.source)
            before, after = self._before.leaving, self._after.leaving
        return any(
            self._on(need, had) & others & ~self._on(need, has)
            for number in numbers
            for had, has in _bounds(before[number], after[number])
        )

    def _bits(self, end: Source | Destination) -> int:
        if isinstance(end, ObjectRef):
            return self._entities.mask(self._owners.classes.get(end, ()))
        if isinstance(end, tuple):
            return self._entities.atoms.mask(AddressSet.of(end))
        return self._entities.outside | self._entities.nodes

    def _classes(self, source: Source) -> Iterable[int]:
        return self._owners.classes.get(source, ()) if isinstance(source, ObjectRef) else ()

    def _on(self, need: Need, allowed: Allowed) -> int:
        """Give those who have the port of a need."""
        found = 0
        for number, others in allowed.items():
            if (need.protocol, need.port) in self._ports[number]:
                found |= others
        return found

    # Differences

    def widened(self) -> frozenset[str]:
        """Name the namespaces of pods that more would be let through to or from than today."""
        gained = 0
        classes: set[int] = set()
        for before, after in self._directions():
            for known, answer, numbers in _alike(before, after):
                for had, has in _bounds(known, answer):
                    if more := held_by(self._minus(has, had)):
                        gained |= more
                        classes.update(numbers)
        classes.update(self._entities.numbers(gained))
        return frozenset(self._entities.classes[number].namespace for number in classes)

    def cuts(self) -> tuple[Cut, ...]:
        """Give what would be cut: what arrives at workloads, and what they open to the outside."""
        found: dict[tuple[str, bool, int, int, PortSet | None], list[ObjectRef]]
        found = defaultdict(list)
        naming = Naming(self._entities, self._owners)
        for (before, after), is_source in zip(self._directions(), (False, True), strict=True):
            lost: dict[int, Allowed] = {}
            for known, answer, numbers in _alike(before, after):
                parts = [self._minus(had, has) for had, has in _bounds(known, answer)]
                both = merged(parts, self._entities.everyone, self._ports)
                lost.update(dict.fromkeys(numbers, both))
            for ref, own in self._owners.classes.items():
                joined = merged((lost[number] for number in own), naming.shown, self._ports)
                used = None if is_source else self._documented.get(ref)
                for ports, others in joined.items():
                    shown = None if used is None else used & self._ports[ports]
                    for part_of in naming.parts(others, ref.namespace or ""):
                        found[ref.namespace or "", is_source, ports, part_of, shown].append(ref)
        cuts = [
            Cut(tuple(refs), is_source, self._ports[ports], shown, naming.of(others, namespace))
            for (namespace, is_source, ports, others, shown), refs in found.items()
        ]
        return tuple(sorted(cuts, key=_order))

    def _directions(self) -> Iterator[tuple[Mapping[int, Answer], Mapping[int, Answer]]]:
        yield self._before.arriving, self._after.arriving
        yield self._before.leaving, self._after.leaving

    def _minus(self, one: Allowed, other: Allowed) -> Allowed:
        """Give what the first lets through and the second does not."""
        found: dict[int, int] = {}
        for ports, held in one.items():
            rest = held
            for admitted, there in other.items():
                if hit := rest & there:
                    rest &= ~there
                    if left := self._ports.without(ports, admitted):
                        found[left] = found.get(left, 0) | hit
            if rest:
                found[ports] = found.get(ports, 0) | rest
        return found


def _bounds(before: Answer, after: Answer) -> Iterator[tuple[Allowed, Allowed]]:
    """Give what is let through, without and with proposals: for sure, then at most."""
    yield before.least, after.least
    if not (before.is_exact and after.is_exact):
        yield before.most, after.most


def documented_by_workload(facts: Facts) -> Mapping[ObjectRef, PortSet]:
    """Give the ports that containers document or Services send to; none that has no such port."""
    found: dict[ObjectRef, set[tuple[Protocol, int]]] = defaultdict(set)
    for workload in facts.workloads:
        for pod in workload.pods:
            for port in documented_ports(pod):
                found[workload.ref].add((port.protocol, port.container_port))
    for service in facts.inventory.services:
        for sent in service.spec.ports:
            for backend in facts.backends.find(service, sent).found:
                if backend.workload is not None and backend.port is not None:
                    found[backend.workload].add((sent.protocol, backend.port))
    return {
        ref: PortSet.of((protocol, number, number) for protocol, number in sorted(ports))
        for ref, ports in found.items()
    }


def _order(cut: Cut) -> tuple[object, ...]:
    refs = tuple(map(ObjectRef.sort_key, cut.workloads))
    others = cut.others
    return (
        cut.workloads[0].namespace or "",
        cut.is_source,
        refs,
        cut.ports.ranges(),
        cut.documented.ranges() if cut.documented is not None else (),
        not others.is_every_other_namespace,
        others.namespaces,
        others.addresses.cidrs(),
        tuple(map(ObjectRef.sort_key, others.workloads)),
    )


class Naming:
    """Says who some bits are."""

    def __init__(self, entities: Entities, owners: Owners) -> None:
        """Take the pods that belong to workloads; nodes' addresses are not told apart."""
        self._entities = entities
        self._owners = owners
        numbers: dict[str, list[int]] = defaultdict(list)
        for number in owners.workloads:
            numbers[entities.classes[number].namespace].append(number)
        self._of_namespace = {name: entities.mask(found) for name, found in numbers.items()}
        self.shown = reduce(or_, self._of_namespace.values(), entities.outside)

    def parts(self, others: int, own: str) -> Iterator[int]:
        """Part some bits so that workloads have more in common: pods near, far, and addresses."""
        near = self._of_namespace.get(own, 0)
        outside = self._entities.outside
        yield from filter(None, (others & near, others & ~near & ~outside, others & outside))

    def of(self, others: int, own: str) -> Others:
        """Name some bits, seen from a namespace."""
        near = self._of_namespace.get(own, 0)
        everywhere_else = self.shown & ~near & ~self._entities.outside
        is_all = bool(everywhere_else) and others == everywhere_else
        whole: list[str] = []
        rest: set[ObjectRef] = set()
        for name, mask in sorted(self._of_namespace.items()) if not is_all else ():
            if others & mask == mask:
                whole.append(name)
            elif hit := others & mask:
                for number in self._entities.numbers(hit):
                    rest.update(self._owners.workloads[number])
        addresses = self._entities.atoms.addresses(others & self._entities.outside)
        listed = tuple(sorted(rest, key=ObjectRef.sort_key))
        return Others(is_all, tuple(whole), listed, addresses)


def _alike(
    before: Mapping[int, Answer], after: Mapping[int, Answer]
) -> Iterator[tuple[Answer, Answer, list[int]]]:
    """Give each pair of answers once, with the classes that share it."""
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, answer in before.items():
        groups[id(answer), id(after[number])].append(number)
    for numbers in groups.values():
        yield before[numbers[0]], after[numbers[0]], numbers
