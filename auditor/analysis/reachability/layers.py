"""The layers that a connection passes, in the order of the API, each with one interface.

Admin tier, NetworkPolicies, Baseline tier, and what none of them decided is let through (rule 34).
Policies of vendors and of meshes are further layers of this kind.
"""

from collections.abc import Hashable, Iterator
from typing import Protocol

from msgspec import Struct

from auditor.analysis.reachability.drafts import PortTerm
from auditor.analysis.reachability.entities import Entities, NamedPorts
from auditor.analysis.reachability.membership import Members
from auditor.analysis.reachability.port_sets import PortTable
from auditor.analysis.reachability.standing import Action, Direction, Origin, Step


class View(Struct, frozen=True):
    """One end of all connections that a question is about, and the direction that is asked."""

    direction: Direction
    fixed: int
    """The bit of the fixed end."""
    is_source: bool
    """Whether the fixed end is where the connections come from."""
    named: NamedPorts
    """Named ports of the fixed end, which count where it is the destination."""
    in_detail: bool = False
    """Whether each rule is to be a step of its own, so that it can be named."""

    @property
    def fixes_subject(self) -> bool:
        """Whether policies of this direction speak to the fixed end, and of all others."""
        return self.is_source == (self.direction is Direction.EGRESS)


class Layer(Protocol):
    """Something that lets connections through or not, before the next layer is asked."""

    name: str

    @property
    def is_idle(self) -> bool:
        """Whether it does nothing with any connection, so that it need not be asked."""

    def steps(self, view: View) -> Iterator[Step]:
        """Say what it does with the connections of a view, in order."""

    def outlook(self, view: View) -> Hashable:
        """Give what decides about a view: two fixed ends with one outlook get the same steps."""


class Rule(Struct, frozen=True):
    """A rule with the entities that it speaks to and of."""

    subject: Members
    peers: Members
    action: Action
    ports: PortTerm
    origin: Origin


class PortResolver:
    """Gives the ports of a term to the destinations that have them."""

    def __init__(self, entities: Entities, ports: PortTable) -> None:
        """Resolve named ports at the classes of some entities."""
        self._entities = entities
        self._ports = ports
        self._known: dict[tuple[PortTerm, NamedPorts], tuple[int, int]] = {}

    def at(self, term: PortTerm, named: NamedPorts) -> tuple[int, int]:
        """Give the ports at a destination: for sure, and at most."""
        key = (term, named if term.names else ())
        found = self._known.get(key)
        if found is None:
            sure, maybe = term.resolved(key[1])
            found = self._known[key] = (self._ports.number(sure), self._ports.number(maybe))
        return found

    def steps(
        self, view: View, rule: tuple[Action, PortTerm], others: tuple[int, int], *why: Origin
    ) -> Iterator[Step]:
        """Give the steps of one rule: one, or one for each way in which others name their ports."""
        action, term = rule
        sure, maybe = others
        if not maybe:
            return
        if not (view.is_source and term.names):
            yield Step(action, sure, maybe, *self.at(term, view.named), why)
            return
        for named, held in self._entities.by_named_ports.items():
            if maybe & held:
                yield Step(action, sure & held, maybe & held, *self.at(term, named), why)
