"""From doors to exposures: each door followed to each of its targets."""

from collections.abc import Iterable, Iterator

from auditor.analysis.exposure.door import Backend, Door
from auditor.analysis.exposure.last_hop import LastHop
from auditor.analysis.recognition.software import RecognisedSoftware, ids_behind
from auditor.model.audience import Audience
from auditor.model.canonical import digest
from auditor.model.exposure import Exposure, ExposureVerdict, Target
from auditor.model.verdict import Confidence

_EXPOSURE_VERSION = 1
"""First element of every exposure id's input; a new scheme gets a new number."""


def follow_doors(
    cluster_id: str,
    doors: Iterable[Door],
    isolation: LastHop,
    recognised: RecognisedSoftware,
) -> tuple[Exposure, ...]:
    """Give one exposure for each door and target, ordered by entry and target.

    Doors that differ only in the address they listen on are one exposure: that of the widest.
    """
    found: dict[str, Exposure] = {}
    for door in doors:
        for exposure in _exposures(cluster_id, door, isolation, recognised):
            twin = found.setdefault(exposure.id, exposure)
            found[exposure.id] = min(twin, exposure, key=_narrowness)
    return tuple(sorted(found.values(), key=_order))


WIDEST_FIRST = (
    Audience.INTERNET,
    Audience.ALLOW_LISTED,
    Audience.UNKNOWN,
    Audience.PRIVATE_NETWORK,
    Audience.CLUSTER,
    Audience.NONE,
)
"""Audiences from the most to the least alarming; what is not known may be wide."""
_OPENEST_FIRST = (ExposureVerdict.EXPOSED, ExposureVerdict.UNKNOWN, ExposureVerdict.BLOCKED)


def _narrowness(exposure: Exposure) -> tuple[int, int]:
    return WIDEST_FIRST.index(exposure.audience), _OPENEST_FIRST.index(exposure.verdict)


def _exposures(
    cluster_id: str, door: Door, isolation: LastHop, recognised: RecognisedSoftware
) -> Iterator[Exposure]:
    for backend in door.backends.found:
        yield _exposure(cluster_id, door, backend, isolation, recognised)
    if not door.backends.found:
        yield _leading_nowhere(cluster_id, door)


def _exposure(
    cluster_id: str,
    door: Door,
    backend: Backend,
    isolation: LastHop,
    recognised: RecognisedSoftware,
) -> Exposure:
    verdict, hops, reason = isolation.judge(door, backend)
    target = Target(backend.workload, backend.port)
    if door.reason and reason is None:
        reason = door.reason
    return Exposure(
        id=_exposure_id(cluster_id, door, target),
        audience=door.audience,
        sources=door.sources,
        entry=door.entry,
        target=target,
        verdict=verdict,
        confidence=door.confidence,
        path=(*door.hops, *backend.hops, *hops),
        reason=reason,
        recognised=ids_behind(recognised, backend.workload, backend.port),
    )


def _leading_nowhere(cluster_id: str, door: Door) -> Exposure:
    target = Target(None, None)
    blocked = door.backends.is_dangling
    return Exposure(
        id=_exposure_id(cluster_id, door, target),
        audience=door.audience,
        sources=door.sources,
        entry=door.entry,
        target=target,
        verdict=ExposureVerdict.BLOCKED if blocked else ExposureVerdict.UNKNOWN,
        confidence=door.confidence if blocked else Confidence.LOW,
        path=door.hops,
        reason="no endpoint answers behind it" if blocked else door.backends.reason,
    )


def _exposure_id(cluster_id: str, door: Door, target: Target) -> str:
    entry = door.entry
    return digest(
        [
            _EXPOSURE_VERSION,
            cluster_id,
            [entry.object.kind, entry.object.namespace, entry.object.name],
            [entry.via, entry.port, entry.protocol, entry.host, entry.path],
            [str(target.workload) if target.workload else None, target.port],
        ]
    )[:32]


def _order(exposure: Exposure) -> tuple[tuple[str, str, str], str, int, str, str, int]:
    entry, target = exposure.entry, exposure.target
    return (
        entry.object.sort_key(),
        entry.via,
        entry.port or 0,
        entry.protocol,
        str(target.workload or ""),
        target.port or 0,
    )
