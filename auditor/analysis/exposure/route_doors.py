"""A door of a route, whatever its kind: its front, whom it admits, and where it leads."""

from collections.abc import Iterable, Iterator

from auditor.analysis.exposure.admission import Admitted, as_the_front
from auditor.analysis.exposure.door import Backend, Backends, Door, Refusal
from auditor.analysis.exposure.fronts import Front
from auditor.analysis.exposure.plain_http import PlainAnswer
from auditor.model.exposure import Entry, Hop
from auditor.model.identity import ObjectRef

Led = tuple[tuple[Hop, ...], Backends]
"""Where a reference leads, with the hops to it."""


def route_door(  # noqa: PLR0913 - what a door is made of
    entry: Entry,
    front: Front,
    hops: tuple[Hop, ...],
    backends: Backends,
    *,
    admitted: Admitted | None = None,
    refusal: Refusal | None = None,
    plain: PlainAnswer | None = None,
) -> Door:
    """Make the door of one route; `hops` follow those of the front.

    Without `admitted`, whoever can dial the front is let in.
    """
    who = admitted or as_the_front(front)
    return Door(
        entry=entry,
        subject=entry.object,
        audience=who.audience,
        sources=who.sources,
        confidence=who.confidence,
        hops=(*front.hops, *who.hops, *hops),
        backends=backends,
        reason=who.reason,
        refusal=refusal or who.refusal,
        plain=plain,
        fronts=front.doors,
        comes_from=front.pods,
        admits=who.admits,
    )


def together(led: Iterable[Led]) -> Iterator[Led]:
    """Put together the references that lead somewhere; each of the others stays by itself."""
    hops: dict[Hop, None] = {}
    found: dict[tuple[ObjectRef | None, int | None, tuple[str, ...]], Backend] = {}
    for its_hops, backends in led:
        if not backends.found:
            yield its_hops, backends
            continue
        hops.update(dict.fromkeys(its_hops))
        for one in backends.found:
            found.setdefault((one.workload, one.port, one.addresses), one)
    if found:
        yield tuple(hops), Backends(tuple(found.values()))
