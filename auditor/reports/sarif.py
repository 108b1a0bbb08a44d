"""SARIF 2.1.0, for code scanning and the viewers of pull requests (OASIS standard).

One run holds all clusters: services such as GitHub's take one run of a tool for each upload.
Kubernetes objects have no file here, so each has a logical location and, because viewers show
nothing without one, a made-up path below its cluster. Evidence is a code flow, a location a hop:
code scanning unfolds that beside the result, and shows related locations only where the message
links to them. A finding's own id is its partial fingerprint: it stays the same from one upload to
the next.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from msgspec import Struct

import auditor
from auditor.checks.catalog import catalog
from auditor.model.exposure import Hop
from auditor.model.finding import Finding
from auditor.model.identity import CLUSTER_KIND
from auditor.model.verdict import ACCEPTED, Severity, Verdict
from auditor.reports.check_list import check_page, section
from auditor.reports.sarif_shapes import (
    ArtifactLocation,
    CodeFlow,
    Configuration,
    Driver,
    Invocation,
    Location,
    LogicalLocation,
    Markdown,
    Message,
    Notification,
    PhysicalLocation,
    Result,
    Rule,
    Run,
    SarifLog,
    Step,
    Suppression,
    ThreadFlow,
    Tool,
)
from auditor.reports.text import LONGEST, safe

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "exposureAuditorFinding/v1"
"""Name of the partial fingerprint: a new way to make ids gets a new number."""
_LINE_HASH = "primaryLocationLineHash"
"""The only partial fingerprint that GitHub compares; by itself it would hash a line of a file."""

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
}
"""What code scanning sorts by: the middle of the band that it calls by the same name."""
_KINDS = {
    Verdict.FAIL.value: "fail",
    ACCEPTED: "fail",
    Verdict.UNKNOWN.value: "review",
    Verdict.PASS.value: "pass",
    Verdict.NOT_APPLICABLE.value: "notApplicable",
}
_LONGEST_REASON = 2000
_LONGEST_DESCRIPTION = 1000
"""GitHub refuses descriptions of more than 1024 characters."""


class Found(Struct, frozen=True):
    """A finding and the cluster that it is of."""

    cluster_id: str
    finding: Finding
    baseline_state: str | None = None
    """`new`, `updated` or `absent`, where two states were compared."""


def sarif_log(
    found: Iterable[Found],
    invocation: Invocation,
    properties: dict[str, tuple[str, ...]] | None = None,
) -> SarifLog:
    """Put findings into the shape of SARIF, rules in the order of their ids."""
    items = tuple(found)
    slugs = sorted({item.finding.check for item in items})
    numbers = {slug: number for number, slug in enumerate(slugs)}
    results = tuple(_result(item, numbers[item.finding.check]) for item in items)
    driver = Driver(
        "exposure-auditor",
        auditor.__version__,
        auditor.__version__,
        tuple(_rule(slug) for slug in slugs),
    )
    run = Run(Tool(driver), (invocation,), results, properties=properties or {})
    return SarifLog(SARIF_SCHEMA, "2.1.0", (run,))


def notification(text: str) -> Notification:
    """Say that something could not be audited."""
    return Notification("error", Message(_plain(text, _LONGEST_REASON)))


def _rule(slug: str) -> Rule:
    check = catalog()[slug]
    tags = ("security", check.family.value, *(control.value for control in check.controls))
    page = check_page(check)
    reports = " ".join(section(check, "What it reports").split())
    return Rule(
        slug,
        "".join(word.capitalize() for word in slug.split("-")),
        Message(_plain(check.title)),
        Message(_plain(reports, _LONGEST_DESCRIPTION)),
        Markdown(_escaped(page), page),
        Configuration(_LEVELS[check.severity]),
        {
            "security-severity": _SCORES[check.severity],
            "severity": check.severity.value,
            "family": check.family.value,
            "tags": tags,
        },
    )


def _result(item: Found, number: int) -> Result:
    finding, shown = item.finding, item.finding.shown_verdict
    kind = _KINDS[shown]
    accepted = finding.acceptance
    return Result(
        rule_id=finding.check,
        rule_index=number,
        kind=kind,
        # A level other than `none` belongs to failures alone (SARIF 3.27.10).
        level=_LEVELS[finding.severity.level] if kind == "fail" else "none",
        message=Message(_said(finding)),
        locations=(_location(item.cluster_id, str(finding.subject)),),
        code_flows=_flows(item.cluster_id, finding.evidence),
        partial_fingerprints={FINGERPRINT: finding.id, _LINE_HASH: finding.id},
        suppressions=(Suppression("external", "accepted", _plain(accepted.reason)),)
        if accepted
        else (),
        baseline_state=item.baseline_state,
        properties={
            "cluster": safe(item.cluster_id),
            "verdict": shown,
            "severity": finding.severity.level.value,
            "port": finding.port,
            "protocol": finding.protocol,
            "reason": safe(finding.reason, _LONGEST_REASON) if finding.reason else None,
            "controls": finding.controls,
        },
    )


def _said(finding: Finding) -> str:
    """Say a finding in one text: what, why it is not decided, and what to do."""
    said = f"{_plain(finding.summary)}."
    if finding.verdict is Verdict.UNKNOWN:
        said += f" Not decided: {_plain(finding.reason or 'no reason is known', _LONGEST_REASON)}."
    if finding.verdict is Verdict.FAIL:
        said += f" {_escaped(finding.remediation)}"
    return said


def _flows(cluster_id: str, evidence: tuple[Hop, ...]) -> tuple[CodeFlow, ...]:
    if not evidence:
        return ()
    steps = tuple(Step(_location(cluster_id, hop.hop, _hop_text(hop))) for hop in evidence)
    return (CodeFlow((ThreadFlow(steps),)),)


def _hop_text(hop: Hop) -> str:
    note = f" ({_plain(hop.note)})" if hop.note else ""
    return f"{_plain(hop.hop)}: {_plain(hop.field)} = {_plain(hop.value)}{note}"


def _location(cluster_id: str, written: str, text: str | None = None) -> Location:
    """Place an object, written as `Kind/namespace/name`, in its cluster."""
    kind, _, rest = written.partition("/")
    if kind == CLUSTER_KIND:
        # The cluster itself, whose name is the locator that everything here is below.
        written, name = kind, cluster_id
    else:
        name = rest.rpartition("/")[2] or kind
    path = "/".join(_segments(f"{cluster_id}/{written}"))
    return Location(
        PhysicalLocation(ArtifactLocation(path)),
        (LogicalLocation(safe(name), f"{safe(cluster_id)}/{safe(written)}"),),
        Message(text) if text is not None else None,
    )


def _segments(path: str) -> Iterator[str]:
    """Write each part of a path so that it is one, and leads nowhere else."""
    for part in path.split("/"):
        # `.` and `..` climb, percent-encoded too, and an empty part is none.
        plain = part.replace(".", "_") if not part.strip(".") else part
        yield quote(safe(plain), safe="", errors="replace") or "_"


def _plain(text: str, longest: int = LONGEST) -> str:
    """Write a text of a cluster so that nothing in it is read as more than text."""
    return _escaped(safe(text, longest))


def _escaped(text: str) -> str:
    """Write a text so that nothing in it is read as a placeholder or a link (SARIF 3.11)."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
