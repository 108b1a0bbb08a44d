"""`audit --format json`: the shape that scripts rely on (`docs/contract.md`, schema audit/v1)."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

import auditor
from auditor.model.audience import Audience
from auditor.model.audit import Audit, FleetAudit, Platform
from auditor.model.exposure import Exposure, Hop
from auditor.model.finding import Finding
from auditor.model.identity import ObjectRef
from auditor.model.reading import Coverage, ReadProblem
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.reports.segmentation import SegmentationView, segmentation_view

AUDIT_SCHEMA = "exposure-auditor/audit/v1"

LISTED_VERDICTS = (Verdict.FAIL.value, Verdict.UNKNOWN.value, ACCEPTED)
"""Findings that are listed without `--all`; the others are always counted."""


class SubjectView(Struct, frozen=True):
    """An object by its names."""

    kind: str
    namespace: str | None
    name: str


class EntryView(Struct, frozen=True):
    """The door of an exposure."""

    kind: str
    namespace: str | None
    name: str
    via: str
    address: str | None
    addresses: tuple[str, ...]
    port: int | None
    protocol: str
    host: str | None
    path: str | None


class TargetView(Struct, frozen=True):
    """What answers behind a door."""

    workload: str | None
    port: int | None


class ExposureView(Struct, frozen=True):
    """An exposure."""

    id: str
    audience: str
    sources: tuple[str, ...]
    entry: EntryView
    target: TargetView
    recognised: tuple[str, ...]
    verdict: str
    confidence: str
    reason: str | None
    path: tuple[Hop, ...]


class FindingView(Struct, frozen=True):
    """A finding."""

    id: str
    check: str
    family: str
    verdict: str
    raw_verdict: str
    severity: str
    severity_reason: str
    subject: SubjectView
    port: int | None
    protocol: str | None
    discriminator: str | None
    summary: str
    remediation: str
    reason: str | None
    evidence: tuple[Hop, ...]
    controls: tuple[str, ...]


class ClusterView(Struct, frozen=True):
    """One cluster."""

    id: str
    name: str
    provider: str
    account: str | None
    location: str | None
    tenants: tuple[str, ...]
    risk_levels: tuple[str, ...]
    state: str
    coverage: tuple[Coverage, ...]
    problems: tuple[ReadProblem, ...]
    platform: Platform
    segmentation: SegmentationView
    exposures: tuple[ExposureView, ...]
    findings: tuple[FindingView, ...]


class SummaryView(Struct, frozen=True, rename={"passed": "pass"}):
    """The counts."""

    clusters: int
    fail: Mapping[str, int]
    unknown: int
    accepted: int
    passed: int
    not_applicable: int


class SourceProblem(Struct, frozen=True):
    """A source that could not be audited at all."""

    source: str
    message: str


class AuditDocument(Struct, frozen=True):
    """The whole answer."""

    schema: str
    version: str
    started_at: str
    finished_at: str
    clusters: tuple[ClusterView, ...]
    fleet_findings: tuple[FindingView, ...]
    segmentation: SegmentationView
    """Of all clusters together: the worst state of each border."""
    duplicates: tuple[tuple[str, ...], ...]
    errors: tuple[SourceProblem, ...]
    summary: SummaryView


def audit_document(
    fleet: FleetAudit,
    finished_at: datetime,
    *,
    show_all: bool,
    errors: tuple[SourceProblem, ...] = (),
) -> AuditDocument:
    """Put a fleet audit into the shape of `audit/v1`."""
    return AuditDocument(
        AUDIT_SCHEMA,
        auditor.__version__,
        rfc3339(fleet.at),
        rfc3339(finished_at),
        tuple(_cluster(audit, show_all=show_all) for audit in fleet.audits),
        tuple(
            finding_view(finding)
            for finding in shown_findings(fleet.fleet_findings, show_all=show_all)
        ),
        segmentation_view(fleet.segmentation),
        fleet.duplicates,
        errors,
        summary_view(fleet),
    )


def write_json(document: Struct) -> str:
    """Write a document as indented JSON; equal documents give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def rfc3339(moment: datetime) -> str:
    """Write a moment in UTC to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def summary_view(fleet: FleetAudit) -> SummaryView:
    """Give the counts of a fleet."""
    return SummaryView(
        clusters=len(fleet.audits),
        fail=fleet.failures,
        unknown=fleet.verdicts[Verdict.UNKNOWN.value],
        accepted=fleet.verdicts[ACCEPTED],
        passed=fleet.verdicts[Verdict.PASS.value],
        not_applicable=fleet.verdicts[Verdict.NOT_APPLICABLE.value],
    )


def listed_findings(audit: Audit, *, show_all: bool) -> tuple[Finding, ...]:
    """Give the findings of a cluster that a report lists."""
    return shown_findings(audit.findings, show_all=show_all)


def shown_findings(findings: tuple[Finding, ...], *, show_all: bool) -> tuple[Finding, ...]:
    """Give those of some findings that a report lists."""
    return tuple(item for item in findings if show_all or item.shown_verdict in LISTED_VERDICTS)


def listed_exposures(audit: Audit, *, show_all: bool) -> tuple[Exposure, ...]:
    """Give the exposures that a report lists: those beyond the cluster, or all."""
    inside = (Audience.CLUSTER, Audience.NONE)
    return tuple(item for item in audit.exposures if show_all or item.audience not in inside)


def finding_view(finding: Finding) -> FindingView:
    """Give a finding in the shape of `audit/v1`."""
    return FindingView(
        id=finding.id,
        check=finding.check,
        family=finding.family,
        verdict=finding.shown_verdict,
        raw_verdict=finding.verdict.value,
        severity=finding.severity.level.value,
        severity_reason=finding.severity.reason,
        subject=_subject(finding.subject),
        port=finding.port,
        protocol=finding.protocol,
        discriminator=finding.discriminator,
        summary=finding.summary,
        remediation=finding.remediation,
        reason=finding.acceptance.reason if finding.acceptance else finding.reason,
        evidence=finding.evidence,
        controls=finding.controls,
    )


def _subject(ref: ObjectRef) -> SubjectView:
    return SubjectView(ref.kind, ref.namespace, ref.name)


def _cluster(audit: Audit, *, show_all: bool) -> ClusterView:
    return ClusterView(
        id=audit.cluster_id,
        name=audit.name,
        provider=audit.provider,
        account=audit.account,
        location=audit.location,
        tenants=audit.tenants,
        risk_levels=audit.risk_levels,
        state=audit.state.value,
        coverage=audit.coverage,
        problems=audit.problems,
        platform=audit.platform,
        segmentation=segmentation_view(audit.segmentation),
        exposures=tuple(exposure_view(item) for item in listed_exposures(audit, show_all=show_all)),
        findings=tuple(finding_view(item) for item in listed_findings(audit, show_all=show_all)),
    )


def exposure_view(exposure: Exposure) -> ExposureView:
    """Give an exposure in the shape of `audit/v1`."""
    entry = exposure.entry
    return ExposureView(
        id=exposure.id,
        audience=exposure.audience.value,
        sources=exposure.sources,
        entry=EntryView(
            kind=entry.object.kind,
            namespace=entry.object.namespace,
            name=entry.object.name,
            via=entry.via.value,
            address=next(iter(entry.addresses), None),
            addresses=entry.addresses,
            port=entry.port,
            protocol=entry.protocol.value,
            host=entry.host,
            path=entry.path,
        ),
        target=TargetView(
            str(exposure.target.workload) if exposure.target.workload else None,
            exposure.target.port,
        ),
        recognised=exposure.recognised,
        verdict=exposure.verdict.value,
        confidence=exposure.confidence.value,
        reason=exposure.reason,
        path=exposure.path,
    )
