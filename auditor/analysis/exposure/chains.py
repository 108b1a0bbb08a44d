"""A way hop by hop: through the doors of what passes requests on, then from there to the target.

Each hop is judged by the policies there, and the audience is cut down to those who get past all.
Software that passes requests on may have several doors: the widest that policies leave open counts.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.exposure.door import Backend, Door
from auditor.analysis.exposure.last_hop import Judged, LastHop
from auditor.model.addresses import AddressSet
from auditor.model.audience import WIDEST_FIRST, AddressSpace, Audience
from auditor.model.exposure import ExposureVerdict, Hop

OPENEST_FIRST = (ExposureVerdict.EXPOSED, ExposureVerdict.UNKNOWN, ExposureVerdict.BLOCKED)


class Way(Struct, frozen=True):
    """What becomes of whoever dials a door."""

    verdict: ExposureVerdict
    audience: Audience
    sources: tuple[str, ...]
    reason: str | None = None
    first_hops: tuple[Hop, ...] = ()
    """On the way into what passes requests on."""
    last_hops: tuple[Hop, ...] = ()
    """On the way from there."""


class _First(Struct, frozen=True):
    """The way into what passes requests on."""

    judged: Judged
    audience: Audience | None = None
    """Where it is another than that of the door behind."""


_STRAIGHT = _First(Judged(ExposureVerdict.EXPOSED))


class Chains:
    """Follows ways through all their hops."""

    def __init__(self, isolation: LastHop, space: AddressSpace) -> None:
        """Bind the judge of policies, and what counts as private."""
        self._isolation = isolation
        self._space = space
        self._first: dict[int, tuple[_First, tuple[Door, ...]]] = {}

    def follow(self, door: Door, backend: Backend) -> Way:
        """Follow a door to the pods of a backend."""
        first, last = self._into(door), self._isolation.judge(door, backend)
        refusal = door.refusal
        verdicts = [first.judged.verdict, last.verdict]
        reasons = [first.judged.reason, last.reason]
        if refusal is not None:
            refused = ExposureVerdict.BLOCKED if refusal.is_sure else ExposureVerdict.UNKNOWN
            verdicts.insert(0, refused)
            reasons.insert(0, refusal.reason)
        verdict = max(verdicts, key=OPENEST_FIRST.index)
        reason = reasons[verdicts.index(verdict)]
        audience, sources = self._cut(door, first, last.sources)
        if audience is Audience.NONE and door.audience is not Audience.NONE and refusal is None:
            verdict = ExposureVerdict.BLOCKED
            reason = "nobody is admitted by all that stands on the way"
        return Way(verdict, audience, sources, reason, first.judged.hops, last.hops)

    def _cut(
        self, door: Door, first: _First, last: AddressSet | None
    ) -> tuple[Audience, tuple[str, ...]]:
        """Cut the audience of a door down to those whom policies admit at each hop."""
        audience, sources = door.audience, door.sources
        if first.audience is not None:
            audience, sources = first.audience, ()
        cuts = [cut for cut in (first.judged.sources, last) if cut is not None]
        if not cuts or not sources:
            return audience, sources
        left = AddressSet.of(sources)
        for cut in cuts:
            left &= cut
        return self._space.audience_of(left), left.cidrs()

    def _into(self, door: Door) -> _First:
        """Judge the way into what passes requests on, once for all its routes."""
        if not door.fronts:
            return _STRAIGHT
        known = self._first.get(id(door.fronts))
        if known is None:
            known = self._first[id(door.fronts)] = (self._widest(door), door.fronts)
        return known[0]

    def _widest(self, door: Door) -> _First:
        """Take the widest of the doors in front that policies leave open."""
        ways = [
            (front, judged)
            for front in door.fronts
            for judged in self._judged(front, {id(pod) for pod in door.comes_from})
        ]
        if not ways:
            return _STRAIGHT
        front, judged = min(ways, key=_openness)
        widest = min((item.audience for item in door.fronts), key=WIDEST_FIRST.index)
        return _First(judged, None if front.audience is widest else front.audience)

    def _judged(self, front: Door, proxies: set[int]) -> Iterator[Judged]:
        for backend in front.backends.found:
            if not proxies or any(id(pod) in proxies for pod in backend.pods):
                yield self._isolation.judge(front, backend)


def _openness(way: tuple[Door, Judged]) -> tuple[bool, int, int]:
    front, judged = way
    is_blocked = judged.verdict is ExposureVerdict.BLOCKED
    return is_blocked, WIDEST_FIRST.index(front.audience), OPENEST_FIRST.index(judged.verdict)
