"""What an attacker behind a door could reach next: the blast radius of a workload.

One step is what the pods of the workload may talk to as the policies and the plugin decide. All
steps together are what may be reached from there on and on, if each pod on the way were taken over
too. Both have two bounds: what is sure whatever the plugin does, and what may be.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.engine import Answer
from auditor.analysis.reachability.standing import Allowed
from auditor.catalogue.host_services import metadata_endpoints_of, services_on_nodes
from auditor.catalogue.software import SoftwareKind
from auditor.model.audience import Audience
from auditor.model.exposure import Exposure, ExposureVerdict
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet, Protocol

MOST_QUESTIONS = 2_000
"""Kinds of pods that are asked where they may go, over all exposed workloads. In a cluster of
thousands of unlike pods the chains are then followed in part, which the answer says."""
_METADATA = PortSet.of([(Protocol.TCP, 80, 80)])


class NextWorkload(Struct, frozen=True):
    """A workload that may be reached in one step."""

    ref: ObjectRef
    ports: PortSet
    """Those that are let through for sure, or else those that may be."""
    is_sure: bool
    software: tuple[str, ...] = ()
    """Catalogue ids of what it surely is."""
    kinds: frozenset[SoftwareKind] = frozenset()


class Reachable(Struct, frozen=True):
    """Something beside workloads that may be reached in one step."""

    name: str
    is_sure: bool


class BlastRadius(Struct, frozen=True, kw_only=True):
    """What may be reached from one exposed workload."""

    ref: ObjectRef
    ways: tuple[Exposure, ...]
    """The ways from outside that lead to it, the most open first."""
    workloads: tuple[NextWorkload, ...]
    """All that may be reached in one step, what is known by name first."""
    among: int
    """Workloads in the cluster beside it."""
    eventually: tuple[int, int]
    """Workloads that may be reached by any number of steps: for sure, and at most."""
    is_followed: bool
    """Whether all steps were followed; else there may be more."""
    tenants: tuple[tuple[str, int], ...]
    """Other tenants, each with how many of their workloads may be reached in one step."""
    node_services: tuple[Reachable, ...]
    metadata: tuple[Reachable, ...]
    internet: Reachable | None
    """Whether any address of the internet may be reached."""
    gap: str | None
    """Why nothing of it is sure."""


class BlastRadiuses:
    """Works out the blast radius of each workload that the internet reaches, or may reach."""

    def __init__(self, facts: Facts) -> None:
        """Bind the facts of a cluster."""
        self._facts = facts
        self._entities = facts.reachability.entities
        self._masks = {
            ref: self._entities.mask(numbers) for ref, numbers in facts.owners.classes.items()
        }
        self._answers: dict[int, Answer] = {}
        self._left = MOST_QUESTIONS

    def all(self) -> Iterator[BlastRadius]:
        """Give one for each exposed workload, in their order."""
        ways: dict[ObjectRef, list[Exposure]] = {}
        for way in self._facts.exposures:
            ref = way.target.workload
            is_open = way.verdict is not ExposureVerdict.BLOCKED
            if ref in self._masks and is_open and way.audience in _FROM_OUTSIDE:
                ways.setdefault(ref, []).append(way)
        for ref in sorted(ways, key=ObjectRef.sort_key):
            yield self._of(ref, tuple(sorted(ways[ref], key=_openness)))

    def _of(self, ref: ObjectRef, ways: tuple[Exposure, ...]) -> BlastRadius:
        answers = [self._answer(number) for number in self._facts.owners.classes[ref]]
        nexts = tuple(self._workloads(ref, answers))
        reached = [self._closure(ref, sure=sure) for sure in (True, False)]
        return BlastRadius(
            ref=ref,
            ways=ways,
            workloads=nexts,
            among=len(self._masks) - 1,
            eventually=(self._count(ref, reached[0]), self._count(ref, reached[1])),
            is_followed=self._left > 0,
            tenants=self._tenants(ref, nexts),
            node_services=tuple(self._node_services(answers)),
            metadata=tuple(self._metadata(answers)),
            internet=self._internet(answers),
            gap=self._facts.reachability_gap,
        )

    def _answer(self, number: int) -> Answer:
        found = self._answers.get(number)
        if found is None:
            self._left -= 1
            bit = self._entities.bit(number)
            found = self._answers[number] = self._facts.reachability.destinations_of(bit)
        return found

    def _workloads(self, ref: ObjectRef, answers: list[Answer]) -> Iterator[NextWorkload]:
        """Give the workloads that may be reached in one step."""
        found = []
        for other, mask in self._masks.items():
            if other == ref:
                continue
            least = self._ports((answer.least for answer in answers), mask)
            most = least or self._ports((answer.most for answer in answers), mask)
            if most:
                software = [item for item in self._facts.recognised.get(other, ()) if item.is_sure]
                entries = [self._facts.catalogue.software[item.id] for item in software]
                kinds = frozenset(entry.kind for entry in entries)
                ids = tuple(sorted(entry.id for entry in entries))
                sure = bool(least) and self._facts.reachability_gap is None
                found.append(NextWorkload(other, most, sure, ids, kinds))
        yield from sorted(found, key=lambda item: (not item.software, item.ref.sort_key()))

    def _ports(self, allowed: Iterable[Allowed], mask: int) -> PortSet:
        ports = PortSet()
        for one in allowed:
            for number, others in one.items():
                if others & mask:
                    ports |= self._facts.reachability.ports[number]
        return ports

    def _closure(self, ref: ObjectRef, *, sure: bool) -> int:
        """Give all classes that may be reached from a workload, step after step."""
        reached, fresh = 0, self._masks[ref]
        while fresh:
            found = 0
            for number in self._entities.numbers(fresh):
                if number not in self._answers and self._left <= 0:
                    continue
                answer = self._answer(number)
                for others in (answer.least if sure else answer.most).values():
                    found |= others
            reached |= fresh
            fresh = found & self._entities.living & ~reached
        return reached

    def _count(self, ref: ObjectRef, reached: int) -> int:
        return sum(1 for other, mask in self._masks.items() if other != ref and mask & reached)

    def _tenants(
        self, ref: ObjectRef, nexts: tuple[NextWorkload, ...]
    ) -> tuple[tuple[str, int], ...]:
        segments = self._facts.segments
        own = set(segments.of(ref.namespace).tenants)
        counts: dict[str, int] = {}
        for item in nexts:
            for tenant in set(segments.of(item.ref.namespace).tenants) - own:
                counts[tenant] = counts.get(tenant, 0) + 1
        return tuple(sorted(counts.items()))

    def _node_services(self, answers: list[Answer]) -> Iterator[Reachable]:
        """Give the services of nodes that may be reached on some node whose address is known."""
        nodes = self._entities.nodes
        if not nodes or not self._facts.nodes.addresses:
            return
        least = self._ports((answer.least for answer in answers), nodes)
        most = least | self._ports((answer.most for answer in answers), nodes)
        for service in services_on_nodes():
            wanted = PortSet.of([(service.protocol, service.first, service.last)])
            if wanted & most:
                sure = bool(wanted & least) and self._facts.reachability_gap is None
                yield Reachable(service.name, sure)

    def _metadata(self, answers: list[Answer]) -> Iterator[Reachable]:
        for endpoint in metadata_endpoints_of(self._facts.site.cloud):
            piece = self._entities.address(endpoint.address)
            least = self._ports((answer.least for answer in answers), piece) & _METADATA
            most = self._ports((answer.most for answer in answers), piece) & _METADATA
            if least or most:
                sure = bool(least) and self._facts.reachability_gap is None
                yield Reachable(endpoint.address, sure)

    def _internet(self, answers: list[Answer]) -> Reachable | None:
        for is_sure in (True, False):
            pieces = 0
            for answer in answers:
                for others in (answer.least if is_sure else answer.most).values():
                    pieces |= others
            outside = self._entities.atoms.addresses(pieces & self._entities.outside)
            if self._facts.space.audience_of(outside) is Audience.INTERNET:
                return Reachable("any address", is_sure and self._facts.reachability_gap is None)
        return None


_FROM_OUTSIDE = (Audience.INTERNET, Audience.ALLOW_LISTED, Audience.UNKNOWN)
_OPENEST = (ExposureVerdict.EXPOSED, ExposureVerdict.UNKNOWN)


def _openness(way: Exposure) -> tuple[int, int]:
    return _FROM_OUTSIDE.index(way.audience), _OPENEST.index(way.verdict)
