"""Whether anything isolates a workload: whether whoever no rule names is shut out, or not."""

from collections.abc import Iterable

from msgspec import Struct

from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.profile import Known
from auditor.analysis.reachability.standing import Action, Bound, Direction, Origin
from auditor.model.addresses import AddressSet
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef

_SHOWN = 5
"""Policies that evidence names before it only counts."""


class Isolation(Struct, frozen=True):
    """One direction of one workload."""

    is_isolated: Known
    hops: tuple[Hop, ...]
    """What isolates it, or that nothing does; never empty."""


def isolation_of(
    reachability: Reachability, ref: ObjectRef, classes: Iterable[int], direction: Direction
) -> Isolation:
    """Tell whether all pods of a workload are isolated in a direction (rules 1, 2, 34).

    A pod is isolated where nothing is let through only for want of a rule: a NetworkPolicy selects
    it, or a tier denies all that it could be about. Administrators' policies cannot speak of
    outside addresses on ingress (rule 40), so there they need not.
    """
    entities = reachability.entities
    others = entities.stranger
    if direction is Direction.EGRESS:
        others |= entities.outside
    found: list[Known] = []
    deciding: dict[Origin, None] = {}
    idle: dict[Origin, None] = {}
    for number in classes:
        bit = entities.bit(number)
        sure, maybe = reachability.undecided(direction, bit, others)
        found.append(Known.NO if sure else Known.UNKNOWN if maybe else Known.YES)
        deciding |= dict.fromkeys(_deciding(reachability, direction, bit, others))
        view = reachability.view(direction, bit, is_source=direction is Direction.EGRESS)
        idle |= dict.fromkeys(item.origin for item in reachability.network_policies.selecting(view))
    worst = next((item for item in (Known.NO, Known.UNKNOWN) if item in found), Known.YES)
    return Isolation(worst, _hops(reachability, ref, direction, (worst, deciding, idle)))


class Leaving(Struct, frozen=True):
    """Which outside addresses a workload may open connections to, on at least one port."""

    sure: AddressSet
    maybe: AddressSet
    """Those that it may be; never fewer."""
    hops: tuple[Hop, ...]


def leaving(reachability: Reachability, ref: ObjectRef, classes: tuple[int, ...]) -> Leaving:
    """Tell where the pods of a workload may go outside of the cluster, and by which rules."""
    entities = reachability.entities
    reached = [0, 0]
    rules: dict[Origin, None] = {}
    for number in classes:
        bit = entities.bit(number)
        for index, bound in enumerate(Bound):
            standing = reachability.standing(Direction.EGRESS, bit, entities.outside, bound)
            for others in standing.allowed().values():
                reached[index] |= others
        view = reachability.view(Direction.EGRESS, bit, is_source=True)
        for layer in reachability.layers:
            for step in layer.steps(view):
                if step.action is Action.ALLOW and step.maybe & entities.outside:
                    rules |= dict.fromkeys(step.origins)
    sure, maybe = (entities.atoms.addresses(mask) for mask in reached)
    hops = isolation_of(reachability, ref, classes, Direction.EGRESS).hops
    if rules and reached[1]:
        hops = (*_listed([(item, "admits outside addresses", "") for item in rules]), *hops)
    return Leaving(sure, maybe, hops)


def _deciding(
    reachability: Reachability, direction: Direction, bit: int, others: int
) -> Iterable[Origin]:
    """Give the rules that deny something to whom no rule names."""
    view = reachability.view(direction, bit, is_source=direction is Direction.EGRESS)
    for layer in reachability.layers:
        for step in layer.steps(view):
            if step.action is Action.DENY and step.maybe & others:
                yield from step.origins


def _hops(
    reachability: Reachability,
    ref: ObjectRef,
    direction: Direction,
    found: tuple[Known, dict[Origin, None], dict[Origin, None]],
) -> tuple[Hop, ...]:
    is_isolated, deciding, selecting = found
    name = reachability.profile.name
    if is_isolated is not Known.NO and deciding:
        doubt = "" if is_isolated is Known.YES else f"whether {name} enforces it is not known"
        value = f"isolates for {direction}"
        return _listed([(item, value, doubt) for item in deciding])
    idle = [item for item in selecting if item not in deciding]
    if idle:
        note = f"declared, not enforced by {name}"
        return _listed([(item, "selects it", note) for item in idle])
    if deciding:
        partly = _listed([(item, "isolates some of its pods only", "") for item in deciding])
        return (*partly, Hop(str(ref), direction, "no policy isolates the others"))
    return (Hop(str(ref), direction, "no policy isolates it"),)


def _listed(items: list[tuple[Origin, str, str]]) -> tuple[Hop, ...]:
    hops = [
        Hop(str(origin.object), origin.field, value, note) for origin, value, note in items[:_SHOWN]
    ]
    if len(items) > _SHOWN:
        hops.append(Hop("NetworkPolicy", "count", f"{len(items) - _SHOWN} more"))
    return tuple(hops)
