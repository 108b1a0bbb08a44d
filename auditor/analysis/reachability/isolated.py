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


class _Found(Struct, frozen=True):
    """What holds of some classes, whatever workloads their pods belong to."""

    is_isolated: Known
    deciding: tuple[Origin, ...]
    """Rules that deny something to whom no rule names."""
    selecting: tuple[Origin, ...]
    """Policies that speak to the pods, with or without an effect."""


class Leaving(Struct, frozen=True):
    """Which outside addresses some pods may open connections to, on at least one port."""

    sure: AddressSet
    maybe: AddressSet
    """Those that it may be; never fewer."""
    rules: tuple[Hop, ...]
    """What admits them."""


class Isolations:
    """Answers for workloads; those whose pods are of the same classes are worked out once."""

    def __init__(self, reachability: Reachability) -> None:
        """Ask about the policies of one cluster."""
        self._reachability = reachability
        self._found: dict[tuple[tuple[int, ...], Direction], _Found] = {}
        self._leaving: dict[tuple[int, ...], Leaving] = {}

    def of(self, ref: ObjectRef, classes: tuple[int, ...], direction: Direction) -> Isolation:
        """Tell whether all pods of a workload are isolated in a direction (rules 1, 2, 34).

        A pod is isolated where nothing is let through only for want of a rule: a NetworkPolicy
        selects it, or a tier denies all that it could be about. Administrators' policies cannot
        speak of outside addresses on ingress (rule 40), so there they need not.
        """
        key = (classes, direction)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._work_out(*key)
        return Isolation(found.is_isolated, _hops(self._reachability, ref, direction, found))

    def leaving(self, classes: tuple[int, ...]) -> Leaving:
        """Tell where some pods may go outside of the cluster, and by which rules."""
        found = self._leaving.get(classes)
        if found is None:
            found = self._leaving[classes] = _leaving(self._reachability, classes)
        return found

    def _work_out(self, classes: tuple[int, ...], direction: Direction) -> _Found:
        reachability, entities = self._reachability, self._reachability.entities
        others = entities.stranger
        if direction is Direction.EGRESS:
            others |= entities.outside
        found: list[Known] = []
        deciding: dict[Origin, None] = {}
        selecting: dict[Origin, None] = {}
        for number in classes:
            bit = entities.bit(number)
            sure, maybe = reachability.undecided(direction, bit, others)
            found.append(Known.NO if sure else Known.UNKNOWN if maybe else Known.YES)
            deciding |= dict.fromkeys(_deciding(reachability, direction, bit, others))
            view = reachability.view(direction, bit, is_source=direction is Direction.EGRESS)
            policies = reachability.network_policies.selecting(view)
            selecting |= dict.fromkeys(item.origin for item in policies)
        worst = next((item for item in (Known.NO, Known.UNKNOWN) if item in found), Known.YES)
        return _Found(worst, tuple(deciding), tuple(selecting))


def _leaving(reachability: Reachability, classes: tuple[int, ...]) -> Leaving:
    entities = reachability.entities
    reached = [0, 0]
    rules: dict[Origin, None] = {}
    for number in classes:
        bit = entities.bit(number)
        for index, bound in enumerate(Bound):
            standing = reachability.standing(Direction.EGRESS, bit, entities.outside, bound)
            for others in standing.allowed().values():
                reached[index] |= others
        view = reachability.view(Direction.EGRESS, bit, is_source=True, in_detail=True)
        for layer in reachability.layers:
            for step in layer.steps(view):
                if step.action is Action.ALLOW and step.maybe & entities.outside:
                    rules |= dict.fromkeys(step.origins)
    sure, maybe = (entities.atoms.addresses(mask) for mask in reached)
    hops = _listed([(item, "admits outside addresses", "") for item in rules])
    return Leaving(sure, maybe, hops if reached[1] else ())


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
    reachability: Reachability, ref: ObjectRef, direction: Direction, found: _Found
) -> tuple[Hop, ...]:
    name = reachability.profile.name
    if found.is_isolated is not Known.NO and found.deciding:
        is_sure = found.is_isolated is Known.YES
        doubt = "" if is_sure else f"whether {name} enforces it is not known"
        return _listed([(item, f"isolates for {direction}", doubt) for item in found.deciding])
    idle = [item for item in found.selecting if item not in found.deciding]
    if idle:
        note = f"declared, not enforced by {name}"
        return _listed([(item, "selects it", note) for item in idle])
    if found.deciding:
        partly = _listed([(item, "isolates some of its pods only", "") for item in found.deciding])
        return (*partly, Hop(str(ref), direction, "no policy isolates the others"))
    return (Hop(str(ref), direction, "no policy isolates it"),)


def _listed(items: list[tuple[Origin, str, str]]) -> tuple[Hop, ...]:
    hops = [
        Hop(str(origin.object), origin.field, value, note) for origin, value, note in items[:_SHOWN]
    ]
    if len(items) > _SHOWN:
        hops.append(Hop("NetworkPolicy", "count", f"{len(items) - _SHOWN} more"))
    return tuple(hops)
