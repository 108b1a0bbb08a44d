"""The segmentation matrix for a person at a terminal: from the row to the column."""

from collections.abc import Iterator
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.model.segmentation import RISK_LEVELS, TENANTS, Border, Separation
from auditor.reports.segmentation import UNTOLD, border_text
from auditor.reports.text import safe

MOST_COLUMNS = 12
"""Values of a matrix that is laid out as one; of more, what is not closed is listed."""


def write_matrix(borders: tuple[Border, ...], width: int) -> str:
    """Write both matrices, and below them what shows each border that is not closed."""
    out = StringIO()
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    for matrix in matrix_tables(borders):
        console.print(matrix)
    shown = [item for item in borders if item.state is not Separation.SEPARATED]
    for item in sorted(shown, key=lambda one: -one.state.rank):
        console.print(Text(f"{item.state.value:<10} {safe(border_text(item))}"), soft_wrap=True)
    return out.getvalue() or "no two tenants and no two risk levels have workloads here\n"


def matrix_tables(borders: tuple[Border, ...]) -> Iterator[Table | Text]:
    """Lay the matrices out for a terminal: from the row to the column."""
    for dimension in (TENANTS, RISK_LEVELS):
        mine = [item for item in borders if item.dimension == dimension]
        values = list(dict.fromkeys(item.source for item in mine))
        if not any(values):
            # Where no segment is told at all, there is nothing to lay out.
            continue
        if len(values) > MOST_COLUMNS:
            yield from _listed(mine, dimension)
        else:
            yield _laid_out(mine, values, dimension)


def _laid_out(borders: list[Border], values: list[str | None], dimension: str) -> Table:
    table = Table(box=None, show_edge=False, pad_edge=True, padding=(0, 1, 0, 1))
    table.add_column(f"{dimension.upper()}: FROM \\ TO", style="bold", overflow="fold")
    for value in values:
        table.add_column(safe(value or UNTOLD), overflow="fold")
    states = {(item.source, item.destination): item for item in borders}
    for row in values:
        cells = (states.get((row, column)) for column in values)
        table.add_row(safe(row or UNTOLD), *(_mark(item) for item in cells))
    return table


def _listed(borders: list[Border], dimension: str) -> Iterator[Text]:
    """Count the states, and list the borders that are open or unknown."""
    counts = ", ".join(
        f"{sum(item.state is state for item in borders)} {state.value}" for state in Separation
    )
    yield Text(f"  {dimension}s, each to each: {counts}", "bold")
    for item in sorted(borders, key=lambda one: -one.state.rank):
        if item.state in {Separation.OPEN, Separation.UNKNOWN}:
            yield Text.assemble("  ", _mark(item), f"  {safe(border_text(item))}")


def _mark(border: Border | None) -> Text:
    if border is None:
        return Text("-", "dim")
    word = f"{border.state.value} (allowed)" if border.allowed else border.state.value
    return Text(word, _STYLES[border.state])


_STYLES = {
    Separation.SEPARATED: "green",
    Separation.BY_RULE: "cyan",
    Separation.UNKNOWN: "magenta",
    Separation.OPEN: "bold red",
}
