"""SARIF 2.1.0, for code scanning and the viewers of pull requests (OASIS standard).

One run holds all clusters: services such as GitHub's take one run of a tool for each upload.
Kubernetes objects have no file here, so each has a logical location and, because viewers show
nothing without one, a made-up path. Evidence is written as related locations, in order, since
viewers show those with their texts; code flows would need lines. A finding's own id is its partial
fingerprint: it stays the same from one upload to the next.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

import auditor
from auditor.checks.catalog import catalog
from auditor.model.exposure import Hop
from auditor.model.finding import Finding
from auditor.model.verdict import ACCEPTED, Severity, Verdict
from auditor.reports.text import safe

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "exposureAuditorFinding/v1"
"""Name of the partial fingerprint: a new way to make ids gets a new number."""

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


class Message(Struct, frozen=True):
    """A text."""

    text: str


class ArtifactLocation(Struct, frozen=True):
    """A file; here a path that is made up."""

    uri: str


class Region(Struct, frozen=True, rename="camel"):
    """A place in a file."""

    start_line: int = 1


class PhysicalLocation(Struct, frozen=True, rename="camel"):
    """A file and a place in it."""

    artifact_location: ArtifactLocation
    region: Region = Region()


class LogicalLocation(Struct, frozen=True, rename="camel"):
    """A Kubernetes object."""

    name: str
    fully_qualified_name: str
    kind: str = "resource"


class Location(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where something is."""

    id: int | None = None
    physical_location: PhysicalLocation | None = None
    logical_locations: tuple[LogicalLocation, ...] = ()
    message: Message | None = None


class Suppression(Struct, frozen=True):
    """That somebody accepted a result."""

    kind: str
    status: str
    justification: str


class Result(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What one check says of one object."""

    rule_id: str
    rule_index: int | None = None
    kind: str
    level: str
    message: Message
    locations: tuple[Location, ...]
    related_locations: tuple[Location, ...] = ()
    partial_fingerprints: dict[str, str]
    suppressions: tuple[Suppression, ...] | None = None
    baseline_state: str | None = None
    properties: dict[str, str | int | tuple[str, ...] | None] = {}


class Configuration(Struct, frozen=True):
    """How a rule's results are shown by default."""

    level: str


class Rule(Struct, frozen=True, rename="camel"):
    """A check."""

    id: str
    name: str
    short_description: Message
    full_description: Message
    help: Message
    default_configuration: Configuration
    properties: dict[str, str | tuple[str, ...]]


class Driver(Struct, frozen=True, rename="camel"):
    """The auditor."""

    name: str
    version: str
    semantic_version: str
    rules: tuple[Rule, ...]


class Tool(Struct, frozen=True):
    """What made the results."""

    driver: Driver


class Notification(Struct, frozen=True):
    """Something that could not be audited."""

    level: str
    message: Message


class Invocation(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One run of the command."""

    execution_successful: bool
    start_time_utc: str | None = None
    end_time_utc: str | None = None
    tool_execution_notifications: tuple[Notification, ...] = ()


class Run(Struct, frozen=True, rename="camel", omit_defaults=True):
    """All results of a run."""

    tool: Tool
    invocations: tuple[Invocation, ...]
    results: tuple[Result, ...]
    column_kind: str = "unicodeCodePoints"
    properties: dict[str, tuple[str, ...]] = {}


class SarifLog(Struct, frozen=True, rename={"schema": "$schema"}):
    """The whole file."""

    schema: str
    version: str
    runs: tuple[Run, ...]


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
    return Notification("error", Message(_plain(text)))


def _rule(slug: str) -> Rule:
    check = catalog()[slug]
    tags = ("security", check.family.value, *(control.value for control in check.controls))
    return Rule(
        slug,
        "".join(word.capitalize() for word in slug.split("-")),
        Message(_plain(check.title)),
        Message(_plain(check.remediation)),
        Message(_plain(f"{check.remediation} `exposure-auditor checks {slug}` says more.")),
        Configuration(_LEVELS[check.severity]),
        {"security-severity": _SCORES[check.severity], "tags": tags},
    )


def _result(item: Found, number: int) -> Result:
    finding, shown = item.finding, item.finding.shown_verdict
    kind = _KINDS[shown]
    accepted = finding.acceptance
    suppressions = None
    if accepted is not None:
        suppressions = (Suppression("external", "accepted", _plain(accepted.reason)),)
    return Result(
        rule_id=finding.check,
        rule_index=number,
        kind=kind,
        # A level other than `none` belongs to failures alone (SARIF 3.27.10).
        level=_LEVELS[finding.severity.level] if kind == "fail" else "none",
        message=Message(_plain(_said(finding))),
        locations=(_location(item.cluster_id, str(finding.subject)),),
        related_locations=tuple(_related(item.cluster_id, finding.evidence)),
        partial_fingerprints={FINGERPRINT: finding.id},
        suppressions=suppressions,
        baseline_state=item.baseline_state,
        properties={
            "cluster": safe(item.cluster_id),
            "verdict": shown,
            "severity": finding.severity.level.value,
            "port": finding.port,
            "protocol": finding.protocol,
            "reason": safe(finding.reason) if finding.reason else None,
            "controls": finding.controls,
        },
    )


def _said(finding: Finding) -> str:
    """Say a finding in one text: what, why it is not decided, and what to do."""
    reason = f" Not decided: {finding.reason}." if finding.verdict is Verdict.UNKNOWN else ""
    advice = f" {finding.remediation}" if finding.verdict is Verdict.FAIL else ""
    return f"{finding.summary}.{reason}{advice}"


def _related(cluster_id: str, evidence: tuple[Hop, ...]) -> Iterator[Location]:
    for number, hop in enumerate(evidence, 1):
        note = f" ({hop.note})" if hop.note else ""
        text = f"{hop.hop}: {hop.field} = {hop.value}{note}"
        place = _location(cluster_id, hop.hop)
        yield replace(place, id=number, message=Message(_plain(text)))


def _location(cluster_id: str, written: str) -> Location:
    """Place an object, written as `Kind/namespace/name`, in its cluster."""
    path = "/".join(quote(part, safe="") for part in (cluster_id, *written.split("/")))
    name = written.rpartition("/")[2]
    logical = LogicalLocation(safe(name), safe(f"{cluster_id}/{written}"))
    return Location(
        physical_location=PhysicalLocation(ArtifactLocation(path)), logical_locations=(logical,)
    )


def _plain(text: str) -> str:
    """Write a text so that nothing in it is read as a placeholder or a link (SARIF 3.11)."""
    return safe(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")
