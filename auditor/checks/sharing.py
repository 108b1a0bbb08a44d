"""What the sharing checks have in common: a pair that meets fails, the untold is unknown."""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.segments.sharing import Dimension, Meeting, Pair, Sharing, forbidden
from auditor.checks.check import Judgement
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Verdict

_SHOWN = 3
"""Places that the evidence of one pair lists before it only counts."""


def judge_sharing(  # noqa: PLR0913 - what one dimension in one place is made of
    facts: Facts,
    sharing: Sharing,
    dimension: Dimension,
    place: str,
    *,
    allowed: tuple[Pair, ...] = (),
    unplaced: tuple[str, ...] = (),
    field: str = "pods",
) -> Iterator[Judgement]:
    """Judge each pair that meets in a `place` ("cluster", "node"), then the rest of the cluster.

    `unplaced` names what has no place that is known; `field` says what of a place they share.
    Nothing is `pass` while a namespace's segment cannot be told: it counts as unknown
    (`docs/checks/README.md`, `namespace-without-segment`).
    """
    bad = forbidden(sharing.pairs, allowed)
    for pair in bad:
        text = f"{dimension.value}s {pair[0]} and {pair[1]} share a {place}"
        yield Judgement(
            subject=dimension.pair_ref(pair),
            verdict=Verdict.FAIL,
            summary=text,
            evidence=tuple(_hops(facts, dimension, pair, sharing.pairs[pair], field)),
        )
    reasons = []
    if sharing.untold:
        names = _listed(sharing.untold)
        reasons.append(f"the {dimension.value} of {names} cannot be told")
    if unplaced:
        reasons.append(f"on no {place} that is known yet: {_listed(unplaced)}")
    if bad and not reasons:
        return
    told = _listed(sharing.values) if sharing.values else "none"
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=Verdict.UNKNOWN if reasons else Verdict.PASS,
        summary=f"no two {dimension.value}s that must be apart share a {place}"
        if not reasons
        else f"{dimension.value}s may share a {place}",
        evidence=(Hop("Namespace", f"{dimension.value} of all", told),),
        reason="; ".join(reasons) or None,
    )


def _hops(
    facts: Facts, dimension: Dimension, pair: Pair, where: tuple[Meeting, ...], field: str
) -> Iterator[Hop]:
    for meeting in where[:_SHOWN]:
        holders = (meeting.one, meeting.other)
        for value, holder in zip(pair, holders, strict=True):
            if meeting.place:
                yield Hop(meeting.place, field, holder, f"{dimension.value} {value}")
                continue
            yield Hop(f"Namespace/{holder}", dimension.value, value)
            yield from facts.segments.by_namespace[holder].evidence
    if len(where) > _SHOWN:
        kind = where[0].place.partition("/")[0]
        yield Hop(kind, "count", str(len(where)), "places in all")


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
