"""Whom a route admits: what its front lets through, cut down to the route's own list of sources."""

from msgspec import Struct

from auditor.analysis.exposure.door import Refusal
from auditor.analysis.exposure.fronts import Front
from auditor.model.addresses import ALL_ADDRESSES, AddressSet
from auditor.model.audience import AddressSpace, Audience
from auditor.model.exposure import Hop
from auditor.model.verdict import Confidence, least_confident

_FROM_OUTSIDE = (Audience.INTERNET, Audience.ALLOW_LISTED)


class Admitted(Struct, frozen=True, kw_only=True):
    """Who is admitted, and why that is known."""

    audience: Audience
    sources: tuple[str, ...] = ()
    hops: tuple[Hop, ...] = ()
    confidence: Confidence = Confidence.HIGH
    reason: str | None = None
    admits: AddressSet | None = None
    """The route's own list."""
    refusal: Refusal | None = None
    """Where nobody is admitted by both."""


def as_the_front(front: Front) -> Admitted:
    """Admit whoever can dial the front."""
    return Admitted(
        audience=front.audience,
        sources=_sources(front),
        confidence=front.confidence,
        reason=front.reason,
    )


def left_open(front: Front, hop: Hop) -> Admitted:
    """Say that something which is not read decides who is admitted."""
    if front.audience not in _FROM_OUTSIDE:
        return as_the_front(front)
    return Admitted(
        audience=Audience.UNKNOWN, hops=(hop,), confidence=front.confidence, reason=hop.note
    )


def unsure(front: Front, hop: Hop) -> Admitted:
    """Admit all that the front does, less surely: a list may narrow it, which is not confirmed.

    Nothing that is not confirmed makes a door narrower.
    """
    return Admitted(
        audience=front.audience,
        sources=_sources(front),
        hops=(hop,) if front.audience in _FROM_OUTSIDE else (),
        confidence=Confidence.LOW if front.audience in _FROM_OUTSIDE else front.confidence,
        reason=front.reason,
    )


def listed(
    front: Front, texts: list[str], hop: Hop, space: AddressSpace, *, may_see_nodes: bool
) -> Admitted:
    """Cut a front that admits public sources down to a list; other fronts stay as they are.

    Args:
        front: what stands before the route.
        texts: addresses and CIDRs.
        hop: where they are written.
        space: what counts as private.
        may_see_nodes: whether what reads the list may see its nodes' addresses for clients'. A list
            with private ranges may then admit everyone.
    """
    if front.audience not in _FROM_OUTSIDE:
        return as_the_front(front)
    try:
        own = AddressSet.of(texts)
    except ValueError as error:
        return Admitted(
            audience=Audience.UNKNOWN, hops=(hop,), confidence=Confidence.LOW, reason=str(error)
        )
    both = own & AddressSet.of(_sources(front))
    audience = space.audience_of(both)
    reason = front.reason
    if audience is not Audience.INTERNET and may_see_nodes and own & space.private:
        reason = "the list holds private ranges, and the controller may see its nodes' addresses"
    refusal = None
    if audience is Audience.NONE:
        refusal = Refusal(
            "no source is admitted both by what stands before it and by its own list",
            is_sure=reason is None,
        )
    return Admitted(
        audience=audience,
        sources=both.cidrs(),
        hops=(hop,),
        confidence=least_confident(front.confidence, Confidence.MEDIUM),
        reason=reason,
        admits=own,
        refusal=refusal,
    )


def _sources(front: Front) -> tuple[str, ...]:
    """Give whom the front admits; the internet is everyone, unless it is told more exactly."""
    if front.sources or front.audience is not Audience.INTERNET:
        return front.sources
    return ALL_ADDRESSES.cidrs()
