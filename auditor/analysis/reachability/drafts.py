"""Policies taken apart, before it is known which pods there are."""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.reachability.profile import Known, Profile
from auditor.analysis.reachability.selections import Match, Selection
from auditor.analysis.reachability.standing import Action, Direction, Origin
from auditor.kube.selectors import LabelSelector
from auditor.model.identity import ObjectRef
from auditor.model.ports import ALL_PORTS, PORT_MAX, PortSet, Protocol


class PolicyIssue(Struct, frozen=True):
    """A part of a policy that an API server would refuse, or that cannot have an effect."""

    object: ObjectRef
    field: str
    message: str
    """What is wrong, and what the auditor makes of it."""


class NamedPort(Struct, frozen=True):
    """A port of the destination's containers, by its name; of any protocol where none is given."""

    name: str
    protocol: Protocol | None


class PortTerm(Struct, frozen=True):
    """The ports of a rule."""

    sure: PortSet
    maybe: PortSet
    """Those that it may be about, as the plugin takes ranges."""
    names: tuple[NamedPort, ...] = ()

    def resolved(self, named: tuple[tuple[str, Protocol, int], ...]) -> tuple[PortSet, PortSet]:
        """Give the ports at a destination with some named ports: for sure, and at most."""
        found = PortSet.of(
            (protocol, number, number)
            for name, protocol, number in named
            for wanted in self.names
            if wanted.name == name and wanted.protocol in (None, protocol)
        )
        return self.sure | found, self.maybe | found


EVERY_PORT_TERM = PortTerm(ALL_PORTS, ALL_PORTS)


class DraftRule(Struct, frozen=True):
    """One rule of a policy, in one direction."""

    direction: Direction
    action: Action
    peers: Selection
    ports: PortTerm
    origin: Origin


class Draft(Struct, frozen=True, kw_only=True):
    """One policy."""

    ref: ObjectRef
    subject: Selection
    isolates: tuple[Direction, ...] = ()
    """Directions in which it lets through nothing but what its rules admit."""
    rules: tuple[DraftRule, ...] = ()
    is_admin: bool = False
    is_baseline: bool = False
    priority: int = 0
    issues: tuple[PolicyIssue, ...] = ()

    def selections(self) -> Iterator[Selection]:
        """Give all that it speaks of."""
        yield self.subject
        for rule in self.rules:
            yield rule.peers

    def port_names(self) -> Iterator[str]:
        """Give the named ports that it uses."""
        for rule in self.rules:
            yield from (item.name for item in rule.ports.names)


class Reader:
    """Reads the parts that all kinds of policies have, and notes what is wrong with them."""

    def __init__(self, ref: ObjectRef, profile: Profile) -> None:
        """Read one object."""
        self.ref = ref
        self.profile = profile
        self.issues: list[PolicyIssue] = []

    def note(self, field: str, message: str) -> None:
        """Note what is wrong."""
        self.issues.append(PolicyIssue(self.ref, field, message))

    def match(self, selector: LabelSelector, field: str) -> Match | None:
        """Read a selector; None, and a note, where it can match nothing."""
        problem = selector.problem()
        if problem is None:
            return Match.of(selector)
        self.note(field, f"{problem}: the selector matches nothing")
        return None

    def protocol(self, text: str, field: str) -> Protocol | None:
        """Read the name of a protocol."""
        try:
            return Protocol(text)
        except ValueError:
            self.note(field, f"protocol {text!r} is none of TCP, UDP, SCTP: it matches no port")
            return None

    def port_range(
        self, protocol: Protocol, first: int, last: int | None, field: str, known: Known = Known.YES
    ) -> PortTerm | None:
        """Read a port or a range of ports; `known` says whether the plugin takes a range as one."""
        end = first if last is None else last
        if not 0 < first <= end <= PORT_MAX:
            text = str(first) if last is None else f"{first} to {last}"
            self.note(field, f"{text} is no port or range of ports: it matches no port")
            return None
        one = PortSet.of([(protocol, first, first)])
        all_of_it = PortSet.of([(protocol, first, end)])
        sure = all_of_it if known is Known.YES else one
        return PortTerm(sure, one if known is Known.NO else all_of_it)


def joined(terms: list[PortTerm]) -> PortTerm:
    """Join the terms of one rule; none of them means no port."""
    sure = maybe = PortSet()
    names: list[NamedPort] = []
    for term in terms:
        sure, maybe = sure | term.sure, maybe | term.maybe
        names += term.names
    return PortTerm(sure, maybe, tuple(dict.fromkeys(names)))
