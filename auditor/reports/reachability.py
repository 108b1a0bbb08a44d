"""`reachability` as text, JSON, CSV and dot (`docs/contract.md`, schema reachability/v1)."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address

from msgspec import Struct, field

from auditor.analysis.reachability.connections import Peer
from auditor.analysis.reachability.explaining import Explanation, Side, ports_text
from auditor.audit.reaching import Answered, Reached
from auditor.model.addresses import AddressSet
from auditor.model.ports import ALL_PORTS, PortSet
from auditor.reports.text import cell, safe

REACHABILITY_SCHEMA = "exposure-auditor/reachability/v1"

_KEPT = 4096
"""Sets of ports whose text is kept: most connections share a few."""


class PortsView(Struct, frozen=True):
    """Ports of one protocol, such as `80,443-444`."""

    protocol: str
    ports: str


class ConnectionView(Struct, frozen=True, omit_defaults=True):
    """Who may talk to whom."""

    source: str = field(name="from")
    destination: str = field(name="to")
    ports: tuple[PortsView, ...] = field()
    all: bool = field()
    """Every protocol and port; `ports` is empty then."""
    decided_by: tuple[str, ...] = field()
    verdict: str | None = None
    """`unknown`, in place of ports; else not there."""
    reason: str | None = None
    unknown_ports: tuple[PortsView, ...] | None = None
    """Ports of which it cannot be told, where that is known; all of them where it is empty."""


class EnforcementView(Struct, frozen=True):
    """What the answer takes for granted."""

    cni: str | None
    enforces: str
    assumed: bool
    evidence: tuple[str, ...]


class IssueView(Struct, frozen=True):
    """Something that is wrong with a policy."""

    object: str
    field: str
    message: str


class ReachabilityDocument(Struct, frozen=True):
    """The answer for one cluster."""

    schema: str
    cluster: str
    enforcement: EnforcementView
    gap: str | None
    """Why nothing of it is sure; what is not listed may be there too then."""
    connections: tuple[ConnectionView, ...]
    not_enforced: tuple[str, ...]
    """Policies that are declared and have no effect on any pod that they select."""
    issues: tuple[IssueView, ...]


def reachability_document(reached: Reached) -> ReachabilityDocument:
    """Give the answer in the shape of `reachability/v1`."""
    cni = reached.cni
    return ReachabilityDocument(
        REACHABILITY_SCHEMA,
        reached.cluster_id,
        EnforcementView(cni.policy_engine or cni.name, cni.enforces, cni.assumed, cni.evidence),
        reached.gap,
        connection_views(reached.connections, reached.gap),
        tuple(map(str, reached.not_enforced)),
        tuple(IssueView(str(item.object), item.field, item.message) for item in reached.issues),
    )


def peer_text(peer: Peer) -> Iterator[str]:
    """Name a peer: a workload by kind, addresses as ranges `a.b.c.d-e.f.g.h`."""
    if isinstance(peer, AddressSet):
        for parts, make in ((peer.ipv4.parts, _ipv4), (peer.ipv6.parts, _ipv6)):
            for low, high in parts:
                yield f"{make(low)}-{make(high)}"
    else:
        yield str(peer)


def write_text(reached: Reached, *, with_explanations: bool) -> str:
    """Write a line a connection, and below it why, where that is asked for."""
    lines: list[str] = []
    for item in _ordered(reached.connections):
        lines += map(connection_line, _views(item, reached.gap))
        if with_explanations:
            for explanation in item.explanations:
                lines += [f"    {line}" for line in story(explanation)]
    for denial in reached.denials:
        lines.append("nothing is let through:")
        lines += [f"    {line}" for line in story(denial)]
    lines += [f"declared, not enforced: {safe(str(ref))}" for ref in reached.not_enforced]
    return "".join(f"{line}\n" for line in lines) or "no connection\n"


def connection_views(
    connections: Iterable[Answered], gap: str | None
) -> tuple[ConnectionView, ...]:
    """Give rows for some connections, in order; under a gap none of them is sure."""
    return tuple(view for item in _ordered(connections) for view in _views(item, gap))


def connection_line(view: ConnectionView) -> str:
    """Write one connection for a terminal."""
    ends = f"{safe(view.source)} => {safe(view.destination)}"
    if view.verdict is not None:
        ports = f" ({_view_text(view.unknown_ports)})" if view.unknown_ports else ""
        return f"{ends} : unknown{ports}: {safe(view.reason or '')}"
    decided = f"  [{', '.join(map(safe, view.decided_by))}]" if view.decided_by else ""
    return f"{ends} : {'all ports' if view.all else _view_text(view.ports)}{decided}"


def write_csv(reached: Reached) -> str:
    """Write a row a connection; what a spreadsheet would take for a formula is quoted."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(["from", "to", "ports", "verdict", "reason", "decided_by"])
    for item in _ordered(reached.connections):
        for view in _views(item, reached.gap):
            ports = "all" if view.all else _view_text(view.ports)
            cells = [view.source, view.destination, ports, view.verdict or "", view.reason or ""]
            writer.writerow([cell(text) for text in (*cells, " ".join(view.decided_by))])
    return held.getvalue()


def write_dot(reached: Reached) -> str:
    """Write a graph for Graphviz: dashed where it cannot be told."""
    lines = ["digraph reachability {", "  rankdir=LR;", "  node [shape=box];"]
    for item in _ordered(reached.connections):
        for view in _views(item, reached.gap):
            label = "unknown" if view.verdict else "all" if view.all else _view_text(view.ports)
            style = ", style=dashed" if view.verdict else ""
            ends = f"{_quoted(view.source)} -> {_quoted(view.destination)}"
            lines.append(f"  {ends} [label={_quoted(label)}{style}];")
    return "\n".join([*lines, "}", ""])


def story(explanation: Explanation) -> Iterator[str]:
    """Tell a connection in both directions, rule by rule."""
    yield from _side(explanation.egress, "source may send")
    yield from _side(explanation.ingress, "destination may receive")
    both = ports_text(explanation.ports)
    yield f"both agree on: {both or 'no port'}"
    if explanation.maybe:
        yield f"and perhaps on: {ports_text(explanation.maybe)}"


def _side(side: Side, what: str) -> Iterator[str]:
    yield f"{side.direction}: {what} {ports_text(side.allowed) or 'nothing'}"
    for decision in side.decisions:
        rules = ", ".join(f"{item.object} {item.field}" for item in decision.origins)
        yield safe(f"  {decision.layer}: {decision.action} {ports_text(decision.ports)}: {rules}")
    for origin in side.not_enforced:
        yield safe(f"  declared, not enforced: {origin.object}")
    for origin in side.doubts:
        yield safe(f"  depends on the network plugin: {origin.object} {origin.field}")
    if not side.decisions:
        yield "  no policy decides: all ports are let through"
    elif side.undecided:
        yield f"  no policy decides {ports_text(side.undecided)}: let through"
    if side.nearest is not None:
        miss = side.nearest
        yield safe(f"  nearest rule: {miss.origin.object} {miss.origin.field} {miss.lacks}")


def _ordered(connections: Iterable[Answered]) -> list[Answered]:
    return sorted(
        connections,
        key=lambda item: (next(peer_text(item.source)), next(peer_text(item.destination))),
    )


def _views(item: Answered, gap: str | None) -> Iterator[ConnectionView]:
    """Give a row for what is sure and one for what is not, for each range of addresses."""
    decided = tuple(str(ref) for ref in item.decided_by)
    for source in peer_text(item.source):
        for destination in peer_text(item.destination):
            sure, unknown = (item.ports, item.maybe) if gap is None else _nothing_sure(item)
            if sure:
                yield ConnectionView(
                    source=source,
                    destination=destination,
                    ports=() if sure == ALL_PORTS else ports_view(sure),
                    all=sure == ALL_PORTS,
                    decided_by=decided,
                )
            if unknown:
                yield ConnectionView(
                    source=source,
                    destination=destination,
                    ports=(),
                    all=False,
                    decided_by=decided,
                    verdict="unknown",
                    reason=gap or item.reason,
                    unknown_ports=() if unknown == ALL_PORTS else ports_view(unknown),
                )


def _nothing_sure(item: Answered) -> tuple[PortSet, PortSet]:
    return PortSet(), item.ports | item.maybe


@lru_cache(maxsize=_KEPT)
def ports_view(ports: PortSet) -> tuple[PortsView, ...]:
    """Give a port set protocol by protocol."""
    return tuple(PortsView(protocol.value, numbers) for protocol, numbers in ports.ranges())


def _view_text(ports: tuple[PortsView, ...]) -> str:
    return ", ".join(f"{item.protocol} {item.ports}" for item in ports)


def _ipv4(number: int) -> str:
    return str(ip_address(number.to_bytes(4, "big")))


def _ipv6(number: int) -> str:
    return str(ip_address(number.to_bytes(16, "big")))


def _quoted(text: str) -> str:
    # A JSON string escapes quotes and backslashes as dot does.
    return json.dumps(safe(text), ensure_ascii=False)
