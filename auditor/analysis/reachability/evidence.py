"""Explanations as evidence: who decided, hop by hop."""

from collections.abc import Iterable

from auditor.analysis.reachability.explaining import Explanation, Side, ports_text
from auditor.model.exposure import Hop

NOBODY_DECIDES = "none"
"""The value of a hop that says that no policy decides a direction."""

_SHOWN = 6
"""Rules of one direction that evidence names before it only counts."""


def explanation_hops(explanation: Explanation, plugin: str) -> tuple[Hop, ...]:
    """Write what decided both directions of a connection; never empty."""
    return tuple(
        dict.fromkeys(
            (*side_hops(explanation.egress, plugin), *side_hops(explanation.ingress, plugin))
        )
    )


def side_hops(side: Side, plugin: str) -> tuple[Hop, ...]:
    """Write what decided one direction; `plugin` is what does not enforce what is only declared."""
    hops = list(_deciding(side, plugin))
    if len(hops) > _SHOWN:
        hops = [*hops[:_SHOWN], Hop("NetworkPolicy", "count", f"{len(hops) - _SHOWN} more")]
    return tuple(hops) or (
        Hop("NetworkPolicy", side.direction, NOBODY_DECIDES, "no policy decides"),
    )


def _deciding(side: Side, plugin: str) -> Iterable[Hop]:
    for decision in side.decisions:
        value = f"{_WORDS[decision.action]} {ports_text(decision.ports)}"
        for origin in decision.origins:
            yield Hop(str(origin.object), origin.field, value, side.direction)
    for origin in side.not_enforced:
        note = f"declared, not enforced by {plugin}"
        yield Hop(str(origin.object), origin.field, "selects the pod", note)
    for origin in side.doubts:
        note = f"it depends on {plugin}"
        yield Hop(str(origin.object), origin.field, "may decide", note)


_WORDS = {"allow": "admits", "deny": "denies", "pass": "leaves to the next tier"}
