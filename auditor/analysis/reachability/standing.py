"""What is decided so far between one fixed end and all others.

For every set of ports that some of the others have in common, one bit set of those others: a
cluster has few such sets, however many pods it has, so that a step costs a few operations on large
numbers.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from auditor.analysis.reachability.port_sets import EVERY_PORT, NO_PORTS, PortTable
from auditor.model.identity import ObjectRef


class Direction(StrEnum):
    """Which end of a connection a policy speaks for."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Bound(StrEnum):
    """Which side to err on where it is not known what a plugin does."""

    LEAST = "least"
    """Only what is let through whatever the plugin does."""
    MOST = "most"
    """All that may be let through."""


class Action(StrEnum):
    """What a rule does with a connection that fits it."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"  # noqa: S105 - an action, not a word
    """Leaves it to the next layer, past the rest of this one."""


class Origin(Struct, frozen=True):
    """The rule that decided."""

    object: ObjectRef
    field: str
    """Where in the object, such as `spec.ingress[0]`; with its name where the rule has one."""


class Step(Struct, frozen=True, gc=False):
    """One thing that a layer does, to some of the others and on some ports."""

    action: Action
    sure: int
    """Those that it speaks of whatever the plugin does."""
    maybe: int
    """Those that it may speak of; never fewer."""
    ports: int = EVERY_PORT
    maybe_ports: int = EVERY_PORT
    origins: tuple[Origin, ...] = ()


Allowed = Mapping[int, int]
"""By the number of a port set, the others that have exactly this set."""


def held_by(allowed: Allowed) -> int:
    """Give all the others who have any port."""
    found = 0
    for others in allowed.values():
        found |= others
    return found


_State = tuple[int, int, int]
"""Ports that are allowed, that are open still, and that were passed on to the next layer."""


class Standing:
    """The state of one question under one bound."""

    def __init__(self, others: int, ports: PortTable, bound: Bound) -> None:
        """Begin with every port of all others open."""
        self._ports = ports
        self._bound = bound
        self._parts: dict[_State, int] = (
            {(NO_PORTS, EVERY_PORT, NO_PORTS): others} if others else {}
        )
        self.is_exact = True
        """Whether nothing has depended so far on what is not known of the plugin."""

    def take(self, step: Step) -> None:
        """Let a layer do one thing."""
        if step.sure == step.maybe and step.ports == step.maybe_ports:
            self._move(step.action, step.sure, step.ports)
            return
        if self.depends_on_plugin(step):
            self.is_exact = False
        is_generous = (step.action is Action.DENY) == (self._bound is Bound.LEAST)
        if step.action is not Action.PASS:
            others = step.maybe if is_generous else step.sure
            self._move(step.action, others, step.maybe_ports if is_generous else step.ports)
            return
        # Whether it passes or later rules of this layer decide: one of both is the bound.
        self._move(Action.PASS, step.sure, step.ports)
        doubtful = Action.DENY if self._bound is Bound.LEAST else Action.ALLOW
        self._move(doubtful, step.maybe & ~step.sure, step.maybe_ports)

    def end_layer(self) -> None:
        """Hand what was passed on to the next layer."""
        if any(passed for _, _, passed in self._parts):
            parts: dict[_State, int] = {}
            for (allowed, pending, passed), others in self._parts.items():
                state = (allowed, self._ports.union(pending, passed), NO_PORTS)
                parts[state] = parts.get(state, 0) | others
            self._parts = parts

    def allowed(self) -> Allowed:
        """Give what is let through in the end: what no layer decided is (rule 1)."""
        found: dict[int, int] = {}
        for (allowed, pending, passed), others in self._parts.items():
            number = self._ports.union(self._ports.union(allowed, pending), passed)
            if number != NO_PORTS:
                found[number] = found.get(number, 0) | others
        return found

    def undecided(self) -> int:
        """Give the others of whose ports some are let through only because nothing decided."""
        found = 0
        for (_, pending, passed), others in self._parts.items():
            found |= others if pending or passed else 0
        return found

    def pending(self) -> int:
        """Give the open ports, where there is one other."""
        return next((state[1] for state in self._parts), NO_PORTS)

    def depends_on_plugin(self, step: Step) -> bool:
        """Whether it depends on what is not known of the plugin what a step does here."""
        reach = step.maybe if step.ports != step.maybe_ports else step.sure ^ step.maybe
        return any(state[1] and others & reach for state, others in self._parts.items())

    def _move(self, action: Action, others: int, ports: int) -> None:
        """Take open ports of some others away from what is open, and put them where they belong."""
        if not others:
            return
        table = self._ports
        parts: dict[_State, int] = {}
        for state, held in self._parts.items():
            allowed, pending, passed = state
            hit = held & others
            moved = table.common(pending, ports) if hit and pending else NO_PORTS
            if moved == NO_PORTS:
                parts[state] = parts.get(state, 0) | held
                continue
            if rest := held ^ hit:
                parts[state] = parts.get(state, 0) | rest
            if action is Action.ALLOW:
                allowed = table.union(allowed, moved)
            elif action is Action.PASS:
                passed = table.union(passed, moved)
            after = (allowed, table.without(pending, moved), passed)
            parts[after] = parts.get(after, 0) | hit
        self._parts = parts
