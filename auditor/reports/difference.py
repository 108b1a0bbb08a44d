"""`diff` as text and JSON (`docs/contract.md`, schema diff/v1)."""

from collections.abc import Iterator

from msgspec import Struct

from auditor.audit.differing import Difference, State
from auditor.model.exposure import Exposure
from auditor.model.finding import Finding
from auditor.reports.document import ExposureView, FindingView, exposure_view, finding_view
from auditor.reports.reachability import ConnectionView, connection_line, connection_views
from auditor.reports.text import safe

DIFF_SCHEMA = "exposure-auditor/diff/v1"


class ExposuresView(Struct, frozen=True):
    """Exposures, shaped as in audit/v1."""

    added: tuple[ExposureView, ...]
    removed: tuple[ExposureView, ...]


class ConnectionsView(Struct, frozen=True):
    """Connections, shaped as in reachability/v1, with the ports that differ alone."""

    added: tuple[ConnectionView, ...]
    removed: tuple[ConnectionView, ...]


class FindingsView(Struct, frozen=True):
    """Findings, shaped as in audit/v1."""

    added: tuple[FindingView, ...]
    removed: tuple[FindingView, ...]


class DifferenceDocument(Struct, frozen=True):
    """The whole answer."""

    schema: str
    exposures: ExposuresView
    connections: ConnectionsView
    findings: FindingsView


def difference_document(
    added: Difference, removed: Difference, first: State, second: State
) -> DifferenceDocument:
    """Give the answer in the shape of `diff/v1`."""
    return DifferenceDocument(
        DIFF_SCHEMA,
        ExposuresView(_exposures(added), _exposures(removed)),
        ConnectionsView(
            connection_views(added.connections, second.reached.gap),
            connection_views(removed.connections, first.reached.gap),
        ),
        FindingsView(_findings(added), _findings(removed)),
    )


def write_difference(added: Difference, removed: Difference, first: State, second: State) -> str:
    """Write a line for each thing that was added or removed."""
    lines = [
        *_lines("+", added, second.reached.gap),
        *_lines("-", removed, first.reached.gap),
    ]
    return "".join(f"{line}\n" for line in lines) or "no difference\n"


def _exposures(part: Difference) -> tuple[ExposureView, ...]:
    return tuple(exposure_view(item) for item in part.exposures)


def _findings(part: Difference) -> tuple[FindingView, ...]:
    return tuple(finding_view(item) for item in part.findings)


def _lines(sign: str, part: Difference, gap: str | None) -> Iterator[str]:
    for finding in part.findings:
        yield f"{sign} finding     {_finding_line(finding)}"
    for exposure in part.exposures:
        yield f"{sign} exposure    {exposure_line(exposure)}"
    for view in connection_views(part.connections, gap):
        yield f"{sign} connection  {connection_line(view)}"


def _finding_line(finding: Finding) -> str:
    severity = finding.severity.level.value
    return f"{severity} {finding.shown_verdict} {finding.check}: {safe(finding.summary)}"


def exposure_line(exposure: Exposure) -> str:
    """Write an exposure in one line."""
    entry, target = exposure.entry, exposure.target
    port = f" {entry.port}/{entry.protocol}" if entry.port else ""
    where = safe(str(target.workload)) if target.workload else "nothing"
    return (
        f"{safe(str(entry.object))} {entry.via}{port} for {exposure.audience}: "
        f"{exposure.verdict} to {where}"
    )
