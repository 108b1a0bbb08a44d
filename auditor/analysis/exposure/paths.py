"""From doors to exposures: each door followed to each of its targets."""

from collections.abc import Iterable, Iterator

from auditor.analysis.exposure.chains import OPENEST_FIRST, Chains
from auditor.analysis.exposure.door import Backend, Door
from auditor.analysis.recognition.software import RecognisedSoftware, ids_behind
from auditor.model.audience import WIDEST_FIRST
from auditor.model.canonical import digest
from auditor.model.exposure import Exposure, ExposureVerdict, Target
from auditor.model.verdict import Confidence

_EXPOSURE_VERSION = 1
"""First element of every exposure id's input; a new scheme gets a new number."""


def follow_doors(
    cluster_id: str,
    doors: Iterable[Door],
    chains: Chains,
    recognised: RecognisedSoftware,
) -> tuple[Exposure, ...]:
    """Give one exposure for each door and target, ordered by entry and target.

    Doors that differ only in the address they listen on are one exposure: that of the widest.
    """
    found: dict[str, Exposure] = {}
    for door in doors:
        for exposure in _exposures(cluster_id, door, chains, recognised):
            twin = found.setdefault(exposure.id, exposure)
            found[exposure.id] = min(twin, exposure, key=_narrowness)
    return tuple(sorted(found.values(), key=_order))


def _narrowness(exposure: Exposure) -> tuple[int, int]:
    return WIDEST_FIRST.index(exposure.audience), OPENEST_FIRST.index(exposure.verdict)


def _exposures(
    cluster_id: str, door: Door, chains: Chains, recognised: RecognisedSoftware
) -> Iterator[Exposure]:
    for backend in door.backends.found:
        yield _exposure(cluster_id, door, backend, chains, recognised)
    if not door.backends.found:
        yield _leading_nowhere(cluster_id, door)


def _exposure(
    cluster_id: str,
    door: Door,
    backend: Backend,
    chains: Chains,
    recognised: RecognisedSoftware,
) -> Exposure:
    way = chains.follow(door, backend)
    target = Target(backend.workload, backend.port)
    return Exposure(
        id=_exposure_id(cluster_id, door, target),
        audience=way.audience,
        sources=way.sources,
        entry=door.entry,
        target=target,
        verdict=way.verdict,
        confidence=door.confidence,
        path=(*door.hops, *way.first_hops, *backend.hops, *way.last_hops),
        reason=way.reason or door.reason,
        recognised=ids_behind(recognised, backend.workload, backend.port),
    )


def _leading_nowhere(cluster_id: str, door: Door) -> Exposure:
    target = Target(None, None)
    blocked, why = _why_nowhere(door)
    return Exposure(
        id=_exposure_id(cluster_id, door, target),
        audience=door.audience,
        sources=door.sources,
        entry=door.entry,
        target=target,
        verdict=ExposureVerdict.BLOCKED if blocked else ExposureVerdict.UNKNOWN,
        confidence=door.confidence if blocked else Confidence.LOW,
        path=door.hops,
        reason=why,
    )


def _why_nowhere(door: Door) -> tuple[bool, str | None]:
    """Tell whether a door that leads to nothing does so for sure, and why."""
    refusals = [item for item in (door.refusal, door.backends.refusal) if item is not None]
    refusals.sort(key=lambda item: not item.is_sure)
    if refusals and refusals[0].is_sure:
        return True, refusals[0].reason
    if door.backends.is_dangling:
        return True, "no endpoint answers behind it"
    return False, refusals[0].reason if refusals else door.backends.reason


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
