"""`evidence segmentation`: stored matrices for a person and for scripts."""

from msgspec import Struct

from auditor.model.segmentation import TENANTS
from auditor.reports.past import look_line
from auditor.reports.segmentation import UNTOLD
from auditor.reports.text import safe
from auditor.store.past import PastBorder, PastCluster


class PastMatrix(Struct, frozen=True):
    """The matrices of one cluster at a moment."""

    cluster: str
    origin: str
    observed_at: str
    """The look that the answer rests on."""
    next_look_at: str | None
    borders: tuple[PastBorder, ...]


def past_matrix(past: PastCluster, tenant: str | None) -> PastMatrix:
    """Give the matrices of a cluster, or what of them concerns one tenant."""
    borders = tuple(
        item
        for item in past.segmentation
        if tenant is None
        or (item.dimension == TENANTS and tenant in {item.source, item.destination})
    )
    return PastMatrix(past.cluster, past.origin, past.observed_at, past.next_look_at, borders)


def write_past_matrices(matrices: tuple[PastMatrix, ...]) -> str:
    """Write a line a border, by cluster."""
    lines: list[str] = []
    for matrix in matrices:
        lines.append(
            look_line(matrix.cluster, matrix.origin, matrix.observed_at, matrix.next_look_at)
        )
        lines += [f"  {_line(border)}" for border in matrix.borders]
        if not matrix.borders:
            lines.append("  no two of them had workloads there")
        lines.append("")
    return "\n".join(lines) if lines else "nothing was recorded until then\n"


def _line(border: PastBorder) -> str:
    ends = f"{border.source or UNTOLD} => {border.destination or UNTOLD}"
    example = border.example
    shown = f"; {example.source} => {example.destination} : {example.ports}" if example else ""
    why = f"; {border.reason}" if border.reason else ""
    allowed = ", allowed" if border.allowed else ""
    return (
        f"{border.state:<10} {border.dimension:<11} {safe(f'{ends}{shown}{why}')}"
        f"  since {border.since}{allowed}"
    )
