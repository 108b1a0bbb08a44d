"""Why one entity may talk to another, or not: rule by rule, in both directions.

The layers are asked exactly as for any question, one connection at a time, and each thing that they
did to it is written down.
"""

from msgspec import Struct

from auditor.analysis.reachability.drafts import PortTerm
from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.entities import NamedPorts
from auditor.analysis.reachability.port_sets import NO_PORTS
from auditor.analysis.reachability.standing import Action, Bound, Direction, Origin, Standing
from auditor.model.identity import ObjectRef
from auditor.model.ports import ALL_PORTS, PortSet


class Decision(Struct, frozen=True):
    """What one layer did to a connection."""

    layer: str
    action: Action
    ports: PortSet
    """The ports that it decided."""
    origins: tuple[Origin, ...]
    """The rules, or the policies that isolate; none where it is the nature of nodes."""


class NearMiss(Struct, frozen=True):
    """A rule that would have let something through, and what it lacks."""

    origin: Origin
    lacks: str


class Side(Struct, frozen=True):
    """One direction of a connection."""

    direction: Direction
    decisions: tuple[Decision, ...]
    undecided: PortSet
    """What no rule decided: it is let through."""
    allowed: PortSet
    not_enforced: tuple[Origin, ...]
    """Policies that select the pod and have no effect."""
    doubts: tuple[Origin, ...]
    """Rules of which it depends on the plugin whether they speak of this connection."""
    nearest: NearMiss | None
    """Where nothing is let through, the rule that comes nearest to doing so."""


class Explanation(Struct, frozen=True):
    """Both directions, and the ports on which they agree (rule 3)."""

    egress: Side
    ingress: Side
    ports: PortSet
    """Let through whatever the network plugin does."""
    maybe: PortSet
    """Further ones that may be."""

    def decided_by(self) -> tuple[ObjectRef, ...]:
        """Name the objects whose rules decided, each once; those that only isolate are not."""
        found = [
            origin.object
            for side in (self.egress, self.ingress)
            for decision in side.decisions
            for origin in decision.origins
            if decision.action is not Action.DENY or decision.layer != "NetworkPolicy"
        ]
        return tuple(sorted(dict.fromkeys(found), key=ObjectRef.sort_key))


def explain(reachability: Reachability, source: int, destination: int) -> Explanation:
    """Explain a connection between two entities, given as bits."""
    least, most = reachability.between(source, destination)
    return Explanation(
        egress=_side(reachability, Direction.EGRESS, source, destination),
        ingress=_side(reachability, Direction.INGRESS, destination, source),
        ports=least,
        maybe=most - least,
    )


def _side(reachability: Reachability, direction: Direction, subject: int, other: int) -> Side:
    ports = reachability.ports
    standing = Standing(other, ports, Bound.LEAST)
    decisions: list[Decision] = []
    doubts: list[Origin] = []
    is_source = direction is Direction.EGRESS
    view = reachability.view(direction, subject, is_source=is_source, in_detail=True)
    for layer in reachability.layers:
        for step in layer.steps(view):
            before = standing.pending()
            if standing.depends_on_plugin(step):
                doubts += step.origins
            standing.take(step)
            moved = ports.without(before, standing.pending())
            if moved != NO_PORTS:
                decisions.append(Decision(layer.name, step.action, ports[moved], step.origins))
        standing.end_layer()
    allowed = ports[next(iter(standing.allowed()), NO_PORTS)]
    return Side(
        direction,
        tuple(decisions),
        ports[standing.pending()],
        allowed,
        _not_enforced(reachability, direction, subject),
        tuple(dict.fromkeys(doubts)),
        None if allowed else _nearest(reachability, direction, subject, other),
    )


def _not_enforced(
    reachability: Reachability, direction: Direction, subject: int
) -> tuple[Origin, ...]:
    entities = reachability.entities
    if entities.maybe_subjects.get((False, direction), 0) & subject:
        return ()
    view = reachability.view(direction, subject, is_source=direction is Direction.EGRESS)
    return tuple(policy.origin for policy in reachability.network_policies.selecting(view))


def _nearest(
    reachability: Reachability, direction: Direction, subject: int, other: int
) -> NearMiss | None:
    """Find, among the rules that speak to the pod, one that lacks only the port or the peer."""
    view = reachability.view(direction, subject, is_source=direction is Direction.EGRESS)
    destination = subject if direction is Direction.INGRESS else other
    kind = reachability.entities.class_at(destination)
    named = kind.named if kind else ()
    misses: list[tuple[int, NearMiss]] = []
    for policy in reachability.network_policies.selecting(view):
        for rule in policy.rules:
            ports = _text_of(rule.ports, named)
            if rule.peers.maybe & other:
                lacks = f"speaks of this peer, and of {ports}"
                misses.append((0 if rule.peers.sure & other else 1, NearMiss(rule.origin, lacks)))
            else:
                lacks = f"speaks of {ports}, and not of this peer"
                misses.append((2, NearMiss(rule.origin, lacks)))
    return min(misses, key=lambda item: item[0])[1] if misses else None


def _text_of(term: PortTerm, named: NamedPorts) -> str:
    sure, _ = term.resolved(named)
    written = ports_text(sure)
    unknown = [item.name for item in term.names if item.name not in {name for name, *_ in named}]
    if unknown:
        return f"{written or 'no port'} ({', '.join(unknown)} names no port there)"
    return written or "no port"


def ports_text(ports: PortSet) -> str:
    """Write ports as `TCP 80,443, UDP 53`; all of them as `all ports`."""
    if ports == ALL_PORTS:
        return "all ports"
    return ", ".join(f"{protocol} {numbers}" for protocol, numbers in ports.ranges())
