"""What is let through between pods of different namespaces, and whether a rule names it.

A connection is *named* where a rule at one of its ends admits it that would not admit a stranger: a
pod that nobody thought of, in another namespace, without labels. What a stranger would be let
through to as well, and what would let one's own pods out to a stranger, is open for want of a rule.

All is asked by class: pods that no policy can tell apart are asked about once, and nothing is asked
pair by pair.
"""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.port_sets import NO_PORTS
from auditor.analysis.reachability.rows import alike, alike_alone
from auditor.analysis.reachability.standing import Allowed, Bound, Direction, held_by

MOST_ASKED = 40_000
"""Questions, and port sets in their answers, that are taken together. Ten thousand workloads with
an ordinary policy each need less; a cluster made so that no two pods and no two ports are alike is
followed in part."""


class Seen(Struct, frozen=True):
    """Who may talk to the pods of a group, as bits, in four ways."""

    open: int = 0
    """For sure, on a port that no rule names."""
    maybe_open: int = 0
    through: int = 0
    """For sure."""
    maybe_through: int = 0


class Group(Struct, frozen=True):
    """Classes of pods to which others may talk alike."""

    classes: tuple[int, ...]
    into: Mapping[Bound, int]
    """The ports, by number, on which its policies let a stranger in."""

    @property
    def is_closed(self) -> bool:
        """Whether no stranger is let in, so that who gets in was named."""
        return self.into[Bound.MOST] == NO_PORTS


class Crossings:
    """Answers for groups of classes; each is asked when it is wanted, and once."""

    def __init__(self, reachability: Reachability, among: int) -> None:
        """Group some classes of pods; those that let a stranger in come first."""
        self._engine = reachability
        self._entities = reachability.entities
        self._among = among
        groups = (self._group(classes) for classes in alike(reachability, among, is_source=False))
        self.groups = tuple(sorted(groups, key=lambda group: group.is_closed))
        self._out = self._let_out_to_a_stranger()
        self._seen: dict[int, Seen] = {}
        self._left = MOST_ASKED

    def seen(self, group: Group) -> Seen | None:
        """Tell who may talk to a group; None where too much was asked already."""
        first = group.classes[0]
        found = self._seen.get(first)
        if found is None and self._left > 0:
            found = self._seen[first] = self._ask(group)
        return found

    def _group(self, classes: tuple[int, ...]) -> Group:
        bit = self._entities.bit(classes[0])
        return Group(classes, self._stranger(Direction.INGRESS, bit))

    def _stranger(self, direction: Direction, bit: int) -> Mapping[Bound, int]:
        """Give the ports that a class's own policies let a stranger through on, by number."""
        stranger = self._entities.stranger
        return {
            bound: self._engine.ports.number(self._engine.one_side(direction, bit, stranger, bound))
            for bound in Bound
        }

    def _let_out_to_a_stranger(self) -> Mapping[Bound, Allowed]:
        found: dict[Bound, dict[int, list[int]]] = {bound: defaultdict(list) for bound in Bound}
        for classes in alike_alone(self._engine, self._among, Direction.EGRESS):
            for bound, ports in self._stranger(
                Direction.EGRESS, self._entities.bit(classes[0])
            ).items():
                found[bound][ports] += classes
        return {
            bound: {ports: self._entities.mask(classes) for ports, classes in held.items()}
            for bound, held in found.items()
        }

    def _ask(self, group: Group) -> Seen:
        answer = self._engine.sources_of(self._entities.bit(group.classes[0]), self._among)
        self._left -= 1 + len(answer.least) + len(answer.most)
        return Seen(
            self._open(answer.least, group.into[Bound.LEAST], self._out[Bound.LEAST]),
            self._open(answer.most, group.into[Bound.MOST], self._out[Bound.MOST]),
            held_by(answer.least),
            held_by(answer.most),
        )

    def _open(self, allowed: Allowed, into: int, out: Allowed) -> int:
        """Give those who may talk to a group on a port that no rule names at either end."""
        ports, found = self._engine.ports, 0
        for number, held in allowed.items():
            unnamed = ports.common(number, into)
            if unnamed == NO_PORTS:
                continue
            for leaving, there in out.items():
                if held & there & ~found and ports.common(unnamed, leaving) != NO_PORTS:
                    found |= held & there
        return found
