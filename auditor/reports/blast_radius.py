"""The blast radius of exposed workloads as text, JSON and dot (schema blast-radius/v1)."""

import json
from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.analysis.blast_radius import BlastRadius, NextWorkload, Reachable
from auditor.catalogue.software import SoftwareKind
from auditor.model.exposure import Exposure
from auditor.model.ports import ALL_PORTS
from auditor.reports.reachability import PortsView, ports_view
from auditor.reports.text import safe

BLAST_RADIUS_SCHEMA = "exposure-auditor/blast-radius/v1"
MOST_LISTED = 200
"""Workloads of one radius that JSON lists; the totals count all."""
MOST_DRAWN = 24
"""Workloads of one radius that a graph shows: a page holds no more."""
_MOST_NAMED = 8
"""Things of one sort that a line of text names."""


class WayView(Struct, frozen=True):
    """A way from outside."""

    entry: str
    via: str
    port: int | None
    protocol: str
    audience: str
    verdict: str
    exposure: str
    """The id of the exposure."""


class NextView(Struct, frozen=True):
    """A workload that may be reached in one step."""

    workload: str
    ports: tuple[PortsView, ...]
    all: bool
    sure: bool
    recognised: tuple[str, ...]


class ReachableView(Struct, frozen=True):
    """Something else that may be reached in one step."""

    name: str
    sure: bool


class TotalsView(Struct, frozen=True):
    """How many workloads may be reached, of those that are there."""

    sure: int
    most: int
    eventually_sure: int
    eventually_most: int
    among: int
    followed: bool


class RadiusView(Struct, frozen=True):
    """One exposed workload."""

    workload: str
    ways: tuple[WayView, ...]
    totals: TotalsView
    workloads: tuple[NextView, ...]
    data_stores: tuple[str, ...]
    consoles: tuple[str, ...]
    tenants: dict[str, int]
    node_services: tuple[ReachableView, ...]
    metadata: tuple[ReachableView, ...]
    internet: ReachableView | None
    gap: str | None


class BlastRadiusDocument(Struct, frozen=True):
    """The whole answer."""

    schema: str
    cluster: str
    radiuses: tuple[RadiusView, ...]


def blast_radius_document(cluster_id: str, radiuses: Iterable[BlastRadius]) -> BlastRadiusDocument:
    """Give the answer in the shape of `blast-radius/v1`."""
    return BlastRadiusDocument(
        BLAST_RADIUS_SCHEMA, cluster_id, tuple(_radius_view(item) for item in radiuses)
    )


def _radius_view(item: BlastRadius) -> RadiusView:
    sure = sum(1 for one in item.workloads if one.is_sure)
    return RadiusView(
        workload=str(item.ref),
        ways=tuple(_way_view(way) for way in item.ways),
        totals=TotalsView(
            sure, len(item.workloads), *item.eventually, item.among, item.is_followed
        ),
        workloads=tuple(_next_view(one) for one in item.workloads[:MOST_LISTED]),
        data_stores=_named(item.workloads, SoftwareKind.LEGACY),
        consoles=_named(item.workloads, SoftwareKind.MANAGEMENT),
        tenants=dict(item.tenants),
        node_services=tuple(ReachableView(one.name, one.is_sure) for one in item.node_services),
        metadata=tuple(ReachableView(one.name, one.is_sure) for one in item.metadata),
        internet=ReachableView(item.internet.name, item.internet.is_sure)
        if item.internet
        else None,
        gap=item.gap,
    )


def _way_view(way: Exposure) -> WayView:
    entry = way.entry
    return WayView(
        str(entry.object),
        entry.via.value,
        entry.port,
        entry.protocol.value,
        way.audience.value,
        way.verdict.value,
        way.id,
    )


def _next_view(item: NextWorkload) -> NextView:
    is_all = item.ports == ALL_PORTS
    ports = () if is_all else ports_view(item.ports)
    return NextView(str(item.ref), ports, is_all, item.is_sure, item.software)


def _named(items: Iterable[NextWorkload], kind: SoftwareKind) -> tuple[str, ...]:
    return tuple(str(item.ref) for item in items if kind in item.kinds)


def write_blast_radius(radiuses: Iterable[BlastRadius]) -> str:
    """Write what may be reached from each exposed workload, a paragraph each."""
    blocks = ["\n".join(_paragraph(item)) for item in radiuses]
    return "\n\n".join(blocks) + "\n" if blocks else "no workload that the internet may reach\n"


def _paragraph(item: BlastRadius) -> Iterator[str]:
    yield safe(str(item.ref))
    for way in item.ways[:_MOST_NAMED]:
        entry = way.entry
        port = f" {entry.port}/{entry.protocol}" if entry.port else ""
        door = f"{safe(str(entry.object))} {entry.via}{port}"
        yield f"  from outside   {door}, {way.audience}, {way.verdict}"
    sure = sum(1 for one in item.workloads if one.is_sure)
    perhaps = len(item.workloads) - sure
    also = f", {perhaps} more perhaps" if perhaps else ""
    yield f"  workloads      {sure} of {item.among} next{also}; {_eventually(item)}"
    yield from _line("data stores", _kept(item, SoftwareKind.LEGACY))
    yield from _line("consoles", _kept(item, SoftwareKind.MANAGEMENT))
    yield from _line("tenants", [f"{safe(name)}: {count}" for name, count in item.tenants])
    yield from _line("nodes", [_perhaps(one) for one in item.node_services])
    yield from _line("metadata", [_perhaps(one) for one in item.metadata])
    yield from _line("internet", [_perhaps(item.internet)] if item.internet else [])
    if item.gap:
        yield f"  nothing of it is sure: {safe(item.gap)}"


def _eventually(item: BlastRadius) -> str:
    least, most = item.eventually
    count = str(least) if least == most else f"{least} to {most}"
    more = "" if item.is_followed else " or more"
    return f"{count}{more} by any number of steps"


def _kept(item: BlastRadius, kind: SoftwareKind) -> list[str]:
    return [
        f"{safe(str(one.ref))} ({', '.join(one.software)}{'' if one.is_sure else ', perhaps'})"
        for one in item.workloads
        if kind in one.kinds
    ]


def _perhaps(item: Reachable) -> str:
    return safe(item.name) if item.is_sure else f"{safe(item.name)} (perhaps)"


def _line(what: str, names: list[str]) -> Iterator[str]:
    if names:
        more = len(names) - _MOST_NAMED
        shown = ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield f"  {what:<14} {shown}"


def write_blast_radius_dot(radiuses: Iterable[BlastRadius]) -> str:
    """Write a graph for Graphviz: from the internet through doors to what may be reached next."""
    lines: dict[str, None] = {}
    for item in radiuses:
        lines.update(dict.fromkeys(_edges(item)))
    head = ["digraph blast_radius {", "  rankdir=LR;", "  node [shape=box];"]
    return "\n".join([*head, '  "outside" [shape=ellipse];', *lines, "}", ""])


def _edges(item: BlastRadius) -> Iterator[str]:
    ref = str(item.ref)
    for way in item.ways:
        door = f"{way.entry.object} {way.entry.via}"
        style = "" if way.verdict.value == "exposed" else "dashed"
        yield _edge("outside", door, way.audience.value, style)
        yield _edge(door, ref, str(way.target.port or ""), style)
    for one in item.workloads[:MOST_DRAWN]:
        if one.software:
            label = f"{one.ref}\n{', '.join(one.software)}"
            yield f"  {_quoted(str(one.ref))} [label={_quoted(label)}, style=filled];"
        yield _edge(ref, str(one.ref), "", "" if one.is_sure else "dashed")
    more = len(item.workloads) - MOST_DRAWN
    if more > 0:
        yield _edge(ref, f"{more} more workloads of {item.ref}", "", "")
    others: list[tuple[str, Reachable]] = [
        *((f"metadata {one.name}", one) for one in item.metadata),
        *((f"nodes: {one.name}", one) for one in item.node_services[:_MOST_NAMED]),
    ]
    if item.internet:
        others.append(("the internet", item.internet))
    for name, other in others:
        yield _edge(ref, name, "", "" if other.is_sure else "dashed")


def _edge(source: str, destination: str, label: str, style: str) -> str:
    told = [f"label={_quoted(label)}"] if label else []
    told += [f"style={style}"] if style else []
    extra = f" [{', '.join(told)}]" if told else ""
    return f"  {_quoted(source)} -> {_quoted(destination)}{extra};"


def _quoted(text: str) -> str:
    # A JSON string escapes quotes and backslashes as dot does; a line break is part of a label.
    return json.dumps("\n".join(map(safe, text.split("\n"))), ensure_ascii=False)
