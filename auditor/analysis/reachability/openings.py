"""Whether some entities may talk to others on some ports, with what decided it."""

from collections.abc import Iterable

from msgspec import Struct

from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.evidence import side_hops
from auditor.analysis.reachability.explaining import explain
from auditor.analysis.reachability.standing import Direction
from auditor.model.exposure import Hop
from auditor.model.ports import PortSet


class Opening(Struct, frozen=True):
    """What is let through, all pairs taken together."""

    sure: PortSet
    """Ports that are let through for some pair whatever the network plugin does."""
    maybe: PortSet
    """Those that may be; never fewer."""
    hops: tuple[Hop, ...]
    """What decided, for the pair that has most."""


def opening(
    reachability: Reachability,
    pairs: Iterable[tuple[int, int]],
    wanted: PortSet,
    *directions: Direction,
) -> Opening:
    """Tell on which of some ports any of some pairs (source, destination) may talk.

    The evidence is of the directions named: of an end that has no policies there is nothing to say.
    """
    sure = maybe = PortSet()
    widest, rank = None, -1
    for pair in pairs:
        least, most = (ports & wanted for ports in reachability.between(*pair))
        sure, maybe = sure | least, maybe | most
        found = 2 if least else 1 if most else 0
        if found > rank:
            widest, rank = pair, found
    hops: dict[Hop, None] = {}
    if widest is not None:
        explanation = explain(reachability, *widest)
        for side in (explanation.egress, explanation.ingress):
            if side.direction in directions:
                hops |= dict.fromkeys(side_hops(side, reachability.profile.name))
    return Opening(sure, maybe, tuple(hops))
