"""Audits and differences for pipelines: what SARIF and JUnit are written from."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from auditor.audit.differing import Difference, State
from auditor.model.audit import Audit, ClusterState, FleetAudit
from auditor.model.verdict import Verdict
from auditor.reports.difference import exposure_line
from auditor.reports.document import SourceProblem, listed_findings, rfc3339, write_json
from auditor.reports.junit import Suite, write_junit
from auditor.reports.reachability import connection_line, connection_views
from auditor.reports.sarif import Found, notification, sarif_log
from auditor.reports.sarif_shapes import Invocation

FLEET = "fleet"
"""Stands for a cluster in findings on several of them."""


def audit_as_sarif(
    fleet: FleetAudit,
    finished_at: datetime,
    *,
    show_all: bool,
    errors: tuple[SourceProblem, ...] = (),
) -> str:
    """Write a fleet's audit as SARIF 2.1.0."""
    found = [
        Found(audit.cluster_id, finding)
        for audit in fleet.audits
        for finding in listed_findings(audit, show_all=show_all)
    ]
    found += [Found(FLEET, finding) for finding in fleet.fleet_findings]
    problems = [f"{error.source}: {error.message}" for error in errors]
    problems += [text for audit in fleet.audits for text in _shortfalls(audit)]
    return write_json(sarif_log(found, _invocation(problems, fleet.at, finished_at)))


def audit_as_junit(
    fleet: FleetAudit, *, show_all: bool, errors: tuple[SourceProblem, ...] = ()
) -> str:
    """Write a fleet's audit as JUnit XML."""
    suites = [
        Suite(
            audit.cluster_id,
            listed_findings(audit, show_all=show_all),
            sum(1 for finding in audit.findings if finding.verdict is Verdict.PASS),
            tuple(_shortfalls(audit)),
        )
        for audit in fleet.audits
    ]
    suites += [Suite(error.source, errors=(error.message,)) for error in errors]
    if fleet.fleet_findings:
        suites.append(Suite(FLEET, fleet.fleet_findings))
    return write_junit(suites, rfc3339(fleet.at))


def difference_as_sarif(
    added: Difference,
    removed: Difference,
    first: State,
    second: State,
    errors: tuple[SourceProblem, ...] = (),
) -> str:
    """Write what a change adds and removes as SARIF 2.1.0, by `baselineState`.

    Exposures and connections are no results: they stand among the properties of the run.
    """
    changed = {finding.id for finding in removed.findings}
    kept = {finding.id for finding in added.findings}
    found = [
        Found(second.audit.cluster_id, finding, "updated" if finding.id in changed else "new")
        for finding in added.findings
    ]
    found += [
        Found(first.audit.cluster_id, finding, "absent")
        for finding in removed.findings
        if finding.id not in kept
    ]
    properties = {
        f"{what}/{sign}": tuple(lines)
        for sign, part, gap in (
            ("added", added, second.reached.gap),
            ("removed", removed, first.reached.gap),
        )
        for what, lines in (
            ("exposures", map(exposure_line, part.exposures)),
            ("connections", map(connection_line, connection_views(part.connections, gap))),
        )
    }
    at, problems = second.audit.at, _of_both(first, second, errors)
    return write_json(sarif_log(found, _invocation(problems, at, at), properties))


def difference_as_junit(
    added: Difference, first: State, second: State, errors: tuple[SourceProblem, ...] = ()
) -> str:
    """Write what a change adds as JUnit XML: nothing that was there before fails."""
    problems = tuple(_of_both(first, second, errors))
    suite = Suite(f"{second.audit.cluster_id}, added", added.findings, errors=problems)
    return write_junit([suite], rfc3339(second.audit.at))


def _of_both(first: State, second: State, errors: tuple[SourceProblem, ...]) -> Iterator[str]:
    """Say what of either state should have been read; both have one cluster's name."""
    yield from (f"{error.source}: {error.message}" for error in errors)
    for which, state in (("first", first), ("second", second)):
        yield from (f"{which} source: {text}" for text in _shortfalls(state.audit))


def _invocation(problems: Iterable[str], began: datetime, ended: datetime) -> Invocation:
    notifications = tuple(notification(text) for text in problems)
    return Invocation(not notifications, rfc3339(began), rfc3339(ended), notifications)


def _shortfalls(audit: Audit) -> Iterator[str]:
    """Say what of a cluster should have been read and was not."""
    if audit.state is ClusterState.UNREACHABLE:
        why = next((f": {item.message}" for item in audit.problems if item.is_shortfall), "")
        yield f"{audit.cluster_id} could not be read{why}"
        return
    for item in audit.coverage:
        if item.state.is_shortfall:
            detail = f": {item.detail}" if item.detail else ""
            yield f"{audit.cluster_id}: {item.resource} is {item.state}{detail}"
    for problem in audit.problems:
        if problem.is_shortfall:
            yield f"{audit.cluster_id}: {problem.where}: {problem.message}"
