"""What the checks of who can reach across a border share: tenant by tenant, level by level."""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.evidence import explanation_hops
from auditor.analysis.reachability.explaining import explain
from auditor.analysis.segmentation.matrix import Cell
from auditor.analysis.segments.sharing import Dimension
from auditor.checks.check import Judgement
from auditor.checks.segmentation import ISOLATION_NEEDS, ISOLATION_READS
from auditor.kube.resources import NAMESPACES
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.segmentation import Separation
from auditor.model.verdict import Verdict

BORDERS_NEED = ISOLATION_NEEDS | {NAMESPACES}
BORDERS_READ = ISOLATION_READS - {NAMESPACES}


def judge_borders(facts: Facts, dimension: Dimension) -> Iterator[Judgement]:
    """Judge each pair of values that must be apart, both ways together; then the untold."""
    cells = [
        cell
        for cell in facts.segmentation
        if cell.border.dimension == dimension.value and not cell.border.allowed
    ]
    ways: dict[tuple[str, str], list[Cell]] = {}
    untold = []
    for cell in cells:
        source, destination = cell.border.source, cell.border.destination
        if source is None or destination is None:
            untold.append(cell)
        else:
            pair = (source, destination) if source < destination else (destination, source)
            ways.setdefault(pair, []).append(cell)
    for pair, both in ways.items():
        yield _judged(facts, dimension, pair, both)
    crossing = [cell for cell in untold if cell.border.state is not Separation.SEPARATED]
    if crossing:
        yield _untold(facts, dimension, crossing)


def _judged(
    facts: Facts, dimension: Dimension, pair: tuple[str, str], both: list[Cell]
) -> Judgement:
    states = {cell.border.state for cell in both}
    verdict = Verdict.PASS
    if Separation.OPEN in states:
        verdict = Verdict.FAIL
    elif Separation.UNKNOWN in states:
        verdict = Verdict.UNKNOWN
    reasons = (cell.border.reason for cell in both if cell.border.state is Separation.UNKNOWN)
    told = [_told(cell) for cell in both]
    return Judgement(
        subject=dimension.pair_ref(pair),
        verdict=verdict,
        summary=f"{dimension.value}s {pair[0]} and {pair[1]}: {'; '.join(told)}",
        evidence=tuple(hop for cell in both for hop in _hops(facts, dimension, cell)),
        reason="; ".join(dict.fromkeys(filter(None, reasons)))
        if verdict is Verdict.UNKNOWN
        else None,
    )


def _told(cell: Cell) -> str:
    border = cell.border
    ends = _WORDS[border.state].format(border.source, border.destination)
    if border.example is None or border.state in {Separation.SEPARATED, Separation.BY_RULE}:
        return ends
    example = border.example
    return f"{ends}, such as {example.source} to {example.destination} on {example.ports}"


def _hops(facts: Facts, dimension: Dimension, cell: Cell) -> Iterator[Hop]:
    border = cell.border
    ends = f"from {dimension.value} {border.source} to {border.destination}"
    if border.example is None or cell.pair is None:
        is_closed = border.state is Separation.SEPARATED
        shown = "no workload can open a connection" if is_closed else "no two workloads show it"
        yield Hop("Segmentation", ends, border.state.value, shown)
        return
    engine = facts.reachability
    for ref, value in (
        (border.example.source, border.source),
        (border.example.destination, border.destination),
    ):
        yield Hop(f"Namespace/{ref.namespace}", dimension.value, str(value))
    example = border.example
    yield Hop(str(example.source), f"to {example.destination}", example.ports, border.state.value)
    found = explain(engine, cell.pair.source, cell.pair.destination)
    yield from explanation_hops(found, engine.profile.name)


def _untold(facts: Facts, dimension: Dimension, cells: list[Cell]) -> Judgement:
    names = [
        name
        for name, segment in facts.segments.tenant_namespaces().items()
        if not dimension.values_of(segment)
    ]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=Verdict.UNKNOWN,
        summary=f"{dimension.value}s that must be apart may reach each other",
        evidence=tuple(hop for cell in cells[:1] for hop in _hops(facts, dimension, cell)),
        reason=f"the {dimension.value} of {', '.join(names[:_SHOWN])}{more} cannot be told",
    )


_SHOWN = 3
"""Namespaces that one reason names before it only counts."""

_WORDS = {
    Separation.SEPARATED: "{} is kept from {}",
    Separation.BY_RULE: "{} reaches {} by rules that name it alone",
    Separation.UNKNOWN: "{} may reach {}",
    Separation.OPEN: "{} reaches {} without a rule",
}
"""What is said of a source and a destination."""
