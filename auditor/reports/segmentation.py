"""The segmentation matrix as JSON and CSV (`docs/contract.md`, schema segmentation/v1)."""

import csv
import io
from collections.abc import Iterable

from msgspec import Struct, field

from auditor.model.segmentation import RISK_LEVELS, TENANTS, Border
from auditor.reports.text import cell

SEGMENTATION_SCHEMA = "exposure-auditor/segmentation/v1"

UNTOLD = "(untold)"
"""Stands for the namespaces whose segment cannot be told, where a name is shown."""


class ExampleView(Struct, frozen=True):
    """Two workloads that show the state of a border."""

    source: str = field(name="from")
    destination: str = field(name="to")
    ports: str = field()
    cluster: str | None = None


class BorderView(Struct, frozen=True):
    """One cell; an end that is null stands for the namespaces whose segment cannot be told."""

    source: str | None = field(name="from")
    destination: str | None = field(name="to")
    state: str = field()
    allowed: bool = False
    example: ExampleView | None = None
    reason: str | None = None


class SegmentationView(Struct, frozen=True):
    """Both matrices; the diagonal is left out."""

    tenants: tuple[BorderView, ...]
    risk_levels: tuple[BorderView, ...]


class SegmentationDocument(Struct, frozen=True):
    """`reachability --tenants --format json`."""

    schema: str
    cluster: str
    gap: str | None
    """Why nothing of it is sure."""
    tenants: tuple[BorderView, ...]
    risk_levels: tuple[BorderView, ...]


def segmentation_document(
    cluster: str, borders: tuple[Border, ...], gap: str | None
) -> SegmentationDocument:
    """Give the matrices of one cluster in the shape of `segmentation/v1`."""
    view = segmentation_view(borders)
    return SegmentationDocument(SEGMENTATION_SCHEMA, cluster, gap, view.tenants, view.risk_levels)


def segmentation_view(borders: tuple[Border, ...]) -> SegmentationView:
    """Give the matrices in the shape of `audit/v1`."""
    return SegmentationView(
        tuple(_view(item) for item in borders if item.dimension == TENANTS),
        tuple(_view(item) for item in borders if item.dimension == RISK_LEVELS),
    )


def _view(border: Border) -> BorderView:
    shown = border.example
    example = (
        ExampleView(str(shown.source), str(shown.destination), shown.ports, border.cluster)
        if shown
        else None
    )
    return BorderView(
        source=border.source,
        destination=border.destination,
        state=border.state.value,
        allowed=border.allowed,
        example=example,
        reason=border.reason,
    )


def border_text(border: Border) -> str:
    """Write a border with what shows it, and why it is unknown."""
    ends = f"{border.source or UNTOLD} => {border.destination or UNTOLD}"
    example = border.example
    shown = f"{example.source} => {example.destination} : {example.ports}" if example else ""
    where = f"{border.cluster}: " if border.cluster and shown else ""
    parts = [ends, f"{where}{shown}" if shown else "", border.reason or ""]
    return "; ".join(part for part in parts if part)


def write_matrix_csv(borders: Iterable[Border]) -> str:
    """Write a row a border; what a spreadsheet would take for a formula is quoted."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(
        ["dimension", "from", "to", "state", "allowed", "workload", "reaches", "ports", "reason"]
    )
    for item in borders:
        example = item.example
        shown = (str(example.source), str(example.destination), example.ports) if example else ()
        row = (
            item.dimension,
            item.source or "",
            item.destination or "",
            item.state.value,
            "yes" if item.allowed else "no",
            *(shown or ("", "", "")),
            item.reason or "",
        )
        writer.writerow([cell(text) for text in row])
    return held.getvalue()
