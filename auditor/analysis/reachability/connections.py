"""Connections between workloads, as people ask for them: the union over the pods of each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from auditor.analysis.reachability.engine import Answer, Reachability
from auditor.analysis.reachability.port_sets import NO_PORTS, PortTable
from auditor.analysis.reachability.rows import rows_from, rows_to
from auditor.analysis.reachability.standing import Allowed
from auditor.analysis.workloads import WorkloadIndex
from auditor.model.addresses import AddressSet
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet

INGRESS_CONTROLLER = "{ingress-controller}"
"""Whoever serves Ingresses and Routes, where its pods are not in the input."""

Peer = ObjectRef | AddressSet | str
"""A workload, addresses outside of the cluster, or `INGRESS_CONTROLLER`."""


class Connection(Struct, frozen=True):
    """Who may talk to whom."""

    source: Peer
    destination: Peer
    ports: PortSet
    """Ports of the destination that are let through whatever the network plugin does."""
    maybe: PortSet
    """Further ones that may be, as far as is known of the plugin."""
    classes: tuple[tuple[int, int], ...]
    """Pairs of entities, as bits, of which each has some of these ports."""


class Owners:
    """Which workloads the pods of a class belong to."""

    def __init__(self, reachability: Reachability, workloads: WorkloadIndex) -> None:
        """Go through the workloads; one without a pod that has a network is not there."""
        self.classes: dict[ObjectRef, tuple[int, ...]] = {}
        owners: dict[int, list[ObjectRef]] = defaultdict(list)
        for workload in workloads:
            numbers = {reachability.entities.number_of(pod) for pod in workload.pods}
            known = tuple(sorted(number for number in numbers if number is not None))
            if known:
                self.classes[workload.ref] = known
            for number in known:
                owners[number].append(workload.ref)
        self.workloads: Mapping[int, tuple[ObjectRef, ...]] = {
            number: tuple(refs) for number, refs in owners.items()
        }


class _Ports(Struct):
    """What was gathered for one pair of workloads."""

    least: int = NO_PORTS
    most: int = NO_PORTS
    classes: tuple[tuple[int, int], ...] = ()


class Connections:
    """Answers about workloads from rows about classes."""

    def __init__(self, reachability: Reachability, owners: Owners) -> None:
        """Bind the engine to the owners of its pods."""
        self._reachability = reachability
        self._entities = reachability.entities
        self._ports = reachability.ports
        self._owners = owners
        self._outside_shown = reachability.outside

    def all(self) -> Iterator[Connection]:
        """Give every connection, by destination and then by source; outside addresses last."""
        rows = {number: row for row in rows_to(self._reachability) for number in row.classes}
        for ref, numbers in self._owners.classes.items():
            yield from self._to(ref, {number: rows[number].answer for number in numbers})
        outward = rows_from(self._reachability, self._outside_shown)
        leaving = {number: row for row in outward for number in row.classes}
        for ref, numbers in self._owners.classes.items():
            answers = {number: leaving[number].answer for number in numbers}
            yield from self._outside(ref, answers, is_source=True)

    def to(self, ref: ObjectRef) -> Iterator[Connection]:
        """Tell who may talk to a workload, without building all pairs."""
        bits = {number: self._entities.bit(number) for number in self._owners.classes[ref]}
        answers = {number: self._reachability.sources_of(bit) for number, bit in bits.items()}
        return self._to(ref, answers)

    def of(self, ref: ObjectRef) -> Iterator[Connection]:
        """Tell whom a workload may talk to, without building all pairs."""
        bits = {number: self._entities.bit(number) for number in self._owners.classes[ref]}
        answers = {number: self._reachability.destinations_of(bit) for number, bit in bits.items()}
        yield from self._inside(ref, answers, is_source=True)
        yield from self._outside(ref, answers, is_source=True)

    def between(self, source: ObjectRef, destination: ObjectRef) -> Iterator[Connection]:
        """Tell whether one workload may talk to another; nothing is given where it may not."""
        pairs = tuple(
            (self._entities.bit(one), self._entities.bit(other))
            for one in self._owners.classes.get(source, ())
            for other in self._owners.classes.get(destination, ())
        )
        yield from self._of_pairs(source, destination, pairs)

    def address(
        self, address: str, workloads: Iterable[ObjectRef], *, is_source: bool
    ) -> Iterator[Connection]:
        """Tell which of some workloads one outside address may talk to, or be talked to by."""
        piece, peer = self._entities.address(address), AddressSet.of([address])
        for ref in workloads:
            bits = tuple(self._entities.bit(item) for item in self._owners.classes.get(ref, ()))
            if is_source:
                yield from self._of_pairs(peer, ref, tuple((piece, bit) for bit in bits))
            else:
                yield from self._of_pairs(ref, peer, tuple((bit, piece) for bit in bits))

    def _of_pairs(
        self, source: Peer, destination: Peer, pairs: tuple[tuple[int, int], ...]
    ) -> Iterator[Connection]:
        sure = most = PortSet()
        kept = []
        for pair in pairs:
            least, maybe = self._reachability.between(*pair)
            if maybe:
                kept.append(pair)
            sure, most = sure | least, most | maybe
        if most:
            yield Connection(source, destination, sure, most - sure, tuple(kept))

    def from_controller(self, routed: Mapping[ObjectRef, PortSet]) -> Iterator[Connection]:
        """Tell what reaches workloads through Ingresses and Routes on the ports that these name."""
        controller = self._entities.controller
        for ref, wanted in routed.items():
            sure = maybe = PortSet()
            pairs = []
            for number in self._owners.classes.get(ref, ()):
                bit = self._entities.bit(number)
                least, most = self._reachability.between(controller, bit)
                sure, maybe = sure | least & wanted, maybe | most & wanted
                pairs.append((controller, bit))
            if sure or maybe:
                more = maybe - sure
                yield Connection(INGRESS_CONTROLLER, ref, sure, more, tuple(pairs))

    def _to(self, ref: ObjectRef, answers: Mapping[int, Answer]) -> Iterator[Connection]:
        yield from self._inside(ref, answers, is_source=False)
        yield from self._outside(ref, answers, is_source=False)

    def _inside(
        self, ref: ObjectRef, answers: Mapping[int, Answer], *, is_source: bool
    ) -> Iterator[Connection]:
        found: dict[ObjectRef, _Ports] = defaultdict(_Ports)
        for number, answer in answers.items():
            own = self._entities.bit(number)
            for held, is_least in ((answer.least, True), (answer.most, False)):
                if not is_least and answer.is_exact:
                    break
                self._gather(found, held, own, is_least=is_least, is_source=is_source)
        for other in sorted(found, key=ObjectRef.sort_key):
            if other == ref:
                continue
            gathered = found[other]
            sure = self._ports[gathered.least]
            maybe = self._ports[self._ports.without(gathered.most, gathered.least)]
            ends = (ref, other) if is_source else (other, ref)
            yield Connection(*ends, sure, maybe, gathered.classes)

    def _gather(
        self,
        found: dict[ObjectRef, _Ports],
        allowed: Allowed,
        own: int,
        *,
        is_least: bool,
        is_source: bool,
    ) -> None:
        for ports, others in allowed.items():
            for number in self._entities.numbers(others):
                bit = self._entities.bit(number)
                pair = (own, bit) if is_source else (bit, own)
                for other in self._owners.workloads.get(number, ()):
                    gathered = found[other]
                    if is_least:
                        gathered.least = self._ports.union(gathered.least, ports)
                    else:
                        gathered.most = self._ports.union(gathered.most, ports)
                    if pair not in gathered.classes:
                        gathered.classes += (pair,)

    def _outside(
        self, ref: ObjectRef, answers: Mapping[int, Answer], *, is_source: bool
    ) -> Iterator[Connection]:
        outside = self._outside_shown
        least = merged((answer.least for answer in answers.values()), outside, self._ports)
        most = merged((answer.most for answer in answers.values()), outside, self._ports)
        for sure, held in sorted(least.items()):
            for maybe, there in sorted(most.items()):
                if both := held & there:
                    yield self._beyond(ref, both, (sure, maybe), answers, is_source=is_source)
        certain = 0
        for held in least.values():
            certain |= held
        for maybe, there in sorted(most.items()):
            if rest := there & ~certain:
                yield self._beyond(ref, rest, (NO_PORTS, maybe), answers, is_source=is_source)

    def _beyond(
        self,
        ref: ObjectRef,
        pieces: int,
        ports: tuple[int, int],
        answers: Mapping[int, Answer],
        *,
        is_source: bool,
    ) -> Connection:
        addresses = self._entities.atoms.addresses(pieces)
        one = pieces & -pieces
        bits = [self._entities.bit(number) for number in answers]
        sure, maybe = self._ports[ports[0]], self._ports[self._ports.without(ports[1], ports[0])]
        if is_source:
            return Connection(ref, addresses, sure, maybe, tuple((bit, one) for bit in bits))
        return Connection(addresses, ref, sure, maybe, tuple((one, bit) for bit in bits))


def merged(found: Iterable[Allowed], among: int, ports: PortTable) -> Allowed:
    """Join what is let through for several, looking only at some others."""
    parts = {NO_PORTS: among}
    for allowed in found:
        for number, others in allowed.items():
            after: dict[int, int] = {}
            for known, held in parts.items():
                if hit := held & others:
                    both = ports.union(known, number)
                    after[both] = after.get(both, 0) | hit
                if rest := held & ~others:
                    after[known] = after.get(known, 0) | rest
            parts = after
    return {number: held for number, held in parts.items() if number != NO_PORTS}
