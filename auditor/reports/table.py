"""`audit --format table`: an answer for a person at a terminal."""

from collections import Counter
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.model.audit import Audit, FleetAudit
from auditor.model.exposure import Exposure, ExposureVerdict
from auditor.model.finding import Finding
from auditor.model.verdict import ACCEPTED, Severity, Verdict
from auditor.reports.document import (
    SourceProblem,
    listed_exposures,
    listed_findings,
    shown_findings,
)
from auditor.reports.segmentation_table import matrix_tables
from auditor.reports.text import safe

_STYLES = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "internet": "bold red",
    "unknown": "magenta",
    "accepted": "dim",
    "pass": "green",
}
_SHOWN_ID = 12
"""Characters of a finding's id that the table shows; `explain` takes any unique beginning."""


_LONGEST_TABLE = 500
"""Findings of one cluster that are laid out as a table; more are written a line each, at once."""


def write_table(
    fleet: FleetAudit,
    *,
    show_all: bool,
    width: int,
    colour: bool,
    errors: tuple[SourceProblem, ...] = (),
) -> str:
    """Write the audits of a fleet for a terminal of some width, in characters."""
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        color_system="standard" if colour else None,
        emoji=False,
        markup=False,
        soft_wrap=False,
    )
    for audit in fleet.audits:
        _print_cluster(console, audit, show_all=show_all)
    _print_fleet(console, fleet, show_all=show_all)
    for error in errors:
        console.print(Text(f"{safe(error.source)}: not audited: {safe(error.message)}", "red"))
    console.print(_summary(fleet))
    return out.getvalue()


def _print_cluster(console: Console, audit: Audit, *, show_all: bool) -> None:
    title = Text(safe(audit.cluster_id), "bold")
    title.append(f"  {audit.state.value}", "green" if audit.state == "audited" else "magenta")
    for label, values in (("tenants", audit.tenants), ("risk", audit.risk_levels)):
        if values:
            title.append(f"  {label}: {safe(', '.join(values))}", "dim")
    console.print(title)
    console.print(Text(f"  read: {_coverage(audit)}; {_enforcement(audit)}", "dim"))
    for problem in audit.problems:
        mark = "could not be read" if problem.is_shortfall else "note"
        style = "magenta" if problem.is_shortfall else "dim"
        console.print(Text(f"  {mark}: {safe(problem.where)}: {safe(problem.message)}", style))
    for matrix in matrix_tables(audit.segmentation):
        console.print(matrix)
    if exposures := listed_exposures(audit, show_all=show_all):
        console.print(_exposures(exposures))
    findings = sorted(
        listed_findings(audit, show_all=show_all),
        key=lambda finding: (_VERDICT_ORDER[finding.shown_verdict], -finding.severity.level.rank),
    )
    if len(findings) > _LONGEST_TABLE:
        for finding in findings:
            console.out(_line(finding))
    elif findings:
        console.print(_findings(tuple(findings)))
    console.print()


def _print_fleet(console: Console, fleet: FleetAudit, *, show_all: bool) -> None:
    """Print what was found of all clusters together."""
    if len(fleet.audits) > 1 and fleet.segmentation:
        console.print(Text("all clusters together, the worst of each", "bold"))
        for matrix in matrix_tables(fleet.segmentation):
            console.print(matrix)
        console.print()
    found = shown_findings(fleet.fleet_findings, show_all=show_all)
    if found:
        console.print(Text("all clusters together", "bold"))
        console.print(_findings(found))
        console.print()


_VERDICT_ORDER = {
    Verdict.FAIL.value: 0,
    Verdict.UNKNOWN.value: 1,
    ACCEPTED: 2,
    Verdict.PASS.value: 3,
    Verdict.NOT_APPLICABLE.value: 4,
}


def _coverage(audit: Audit) -> str:
    counts = Counter(coverage.state.value for coverage in audit.coverage)
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))


def _enforcement(audit: Audit) -> str:
    cni = audit.platform.cni
    named = cni.policy_engine or cni.name
    how = "assumed" if cni.assumed else safe(named or "no plugin recognised")
    return f"policies enforced: {cni.enforces.value} ({how})"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 1))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _exposures(exposures: tuple[Exposure, ...]) -> Table:
    table = _table("AUDIENCE", "ENTRY", "VIA", "PORT", "LEADS TO", "VERDICT", "CONFIDENCE")
    for exposure in exposures:
        entry, target = exposure.entry, exposure.target
        port = "unallocated" if entry.port is None else str(entry.port)
        behind = f":{target.port}" if target.port else ""
        table.add_row(
            _styled(exposure.audience.value),
            safe(str(entry.object)),
            entry.via.value,
            f"{port}/{entry.protocol.value}",
            safe(f"{target.workload or _no_workload(exposure)}{behind}"),
            _styled(exposure.verdict.value),
            exposure.confidence.value,
        )
    return table


def _no_workload(exposure: Exposure) -> str:
    """Say what is behind a door that leads to no pod: an address that was listed, or nothing."""
    return "nothing" if exposure.verdict is ExposureVerdict.BLOCKED else "no pod, an address"


def _findings(findings: tuple[Finding, ...]) -> Table:
    table = _table("SEVERITY", "VERDICT", "CHECK", "WHAT", "ID")
    for finding in findings:
        table.add_row(
            _styled(finding.severity.level.value),
            _styled(finding.shown_verdict),
            finding.check,
            _what(finding),
            finding.id[:_SHOWN_ID],
        )
    return table


def _what(finding: Finding) -> str:
    reason = finding.acceptance.reason if finding.acceptance else finding.reason
    return safe(f"{finding.summary}: {reason}" if reason else finding.summary)


def _line(finding: Finding) -> str:
    return (
        f"{finding.severity.level.value:<9} {finding.shown_verdict:<9} {finding.check:<36} "
        f"{_what(finding)}  {finding.id[:_SHOWN_ID]}"
    )


def _styled(word: str) -> Text:
    return Text(word, _STYLES.get(word, ""))


def _summary(fleet: FleetAudit) -> Text:
    clusters = len(fleet.audits)
    line = Text(f"{clusters} cluster{'' if clusters == 1 else 's'}: ", "bold")
    parts = [
        (f"{fleet.failures[severity.value]} {severity.value}", severity.value)
        for severity in reversed(Severity)
    ]
    line.append("fail ")
    for number, (text, style) in enumerate(parts):
        line.append(", " if number else "")
        line.append(text, _STYLES[style])
    for verdict in (Verdict.UNKNOWN.value, ACCEPTED, Verdict.PASS.value, "not_applicable"):
        line.append(f"; {fleet.verdicts[verdict]} {verdict.replace('_', ' ')}")
    return line
