"""audit(): one cluster at one moment, judged. Pure: the time is an argument."""

from collections.abc import Iterator
from datetime import datetime

from auditor.analysis.facts import Facts
from auditor.audit.agreements import Agreements
from auditor.audit.judging import judge
from auditor.audit.rules import Rules
from auditor.audit.severity import rate
from auditor.catalogue.contents import catalogue_with
from auditor.checks.check import Check, Judgement
from auditor.kube.inventory import Inventory
from auditor.kube.resources import OTHER_WAYS, RESOURCES
from auditor.model.audit import (
    AgreementUse,
    Audit,
    CheckRun,
    ClusterState,
    NamespaceSegment,
    Platform,
)
from auditor.model.cluster import Cluster
from auditor.model.finding import Finding
from auditor.model.identity import ObjectRef, fingerprint
from auditor.model.ports import Protocol
from auditor.model.reading import ReadState
from auditor.model.verdict import Verdict


def audit(cluster: Cluster, inventory: Inventory, rules: Rules, at: datetime) -> Audit:
    """Judge what was read of a cluster.

    Every check yields at least one finding, whatever was read. `at` is when the state was
    observed, in UTC; expiry of exceptions and declarations is told from it.
    """
    facts = Facts(cluster, inventory, rules.configuration, at, rules.assume_cni)
    return audit_of(facts, rules)


def audit_of(facts: Facts, rules: Rules) -> Audit:
    """Judge facts that were worked out under the configuration of some rules."""
    cluster, inventory = facts.cluster, facts.inventory
    agreements = Agreements(facts)
    findings = sorted(_findings(facts, rules, agreements), key=_order)
    agreements.note_declared()
    segments = [facts.segments.cluster, *facts.segments.tenant_namespaces().values()]
    return Audit(
        cluster_id=cluster.id,
        name=cluster.name,
        provider=cluster.provider,
        account=cluster.account,
        location=cluster.location,
        at=facts.at,
        incarnation=inventory.incarnation(),
        state=_state(inventory),
        tenants=tuple(sorted({tenant for segment in segments for tenant in segment.tenants})),
        risk_levels=tuple(
            level
            for level in rules.configuration.risk_levels.order
            if any(segment.risk_level == level for segment in segments)
        ),
        coverage=tuple(inventory.coverage[name] for name in sorted(inventory.coverage)),
        problems=inventory.problems,
        platform=facts.platform,
        exposures=facts.exposures,
        findings=tuple(findings),
        agreement_use=agreements.use(),
        agreements=agreements.matches(),
        checks=tuple(
            CheckRun(check.slug, tuple(sorted(check.needs)), tuple(sorted(_found_by(check))))
            for check in sorted(rules.checks, key=lambda check: check.slug)
        ),
        segments=tuple(
            NamespaceSegment(name, segment.tenants, segment.risk_level)
            for name, segment in sorted(facts.segments.by_namespace.items())
        ),
        segmentation=tuple(cell.border for cell in facts.segmentation),
        networks=cluster.cloud.networks if cluster.cloud else None,
        peers=cluster.cloud.peers if cluster.cloud else None,
        hubs=cluster.cloud.hubs if cluster.cloud else None,
        rules_version=rules.version(),
        catalogue_version=facts.catalogue.version,
    )


def _found_by(check: Check) -> frozenset[str]:
    """Name the resources that a check's findings come from, ways to its subjects included."""
    return check.subjects_from | check.may_come_from | (check.reads & frozenset(OTHER_WAYS))


def _findings(facts: Facts, rules: Rules, agreements: Agreements) -> Iterator[Finding]:
    for check in rules.checks:
        found: dict[_Identity, Judgement] = {}
        for judgement in judge(check, facts, rules.parameters_of(check)):
            # Several ways to one subject may have one identity: the most alarming one speaks.
            twin = found.setdefault(_identity(judgement), judgement)
            found[_identity(judgement)] = min(twin, judgement, key=_alarm)
        for judgement in found.values():
            yield _finding(check, judgement, facts, rules, agreements)


_Identity = tuple[ObjectRef, int | None, Protocol | None, str | None]
_ALARMING_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS, Verdict.NOT_APPLICABLE)


def _identity(judgement: Judgement) -> _Identity:
    """Give what a finding's id is made of, of one check in one cluster."""
    return judgement.subject, judgement.port, judgement.protocol, judgement.discriminator


def _alarm(judgement: Judgement) -> int:
    return _ALARMING_FIRST.index(judgement.verdict)


def _finding(
    check: Check, judgement: Judgement, facts: Facts, rules: Rules, agreements: Agreements
) -> Finding:
    return Finding(
        id=fingerprint(
            facts.cluster.id,
            check.slug,
            judgement.subject,
            protocol=judgement.protocol,
            port=judgement.port,
            discriminator=judgement.discriminator,
        ),
        check=check.slug,
        family=check.family.value,
        verdict=judgement.verdict,
        severity=rate(check, judgement, facts, rules.settings_of(check)),
        subject=judgement.subject,
        summary=judgement.summary,
        remediation=check.remediation,
        evidence=judgement.evidence,
        port=judgement.port,
        protocol=judgement.protocol,
        discriminator=judgement.discriminator,
        reason=judgement.reason,
        acceptance=agreements.acceptance(check, judgement),
        controls=tuple(control.value for control in check.controls),
    )


def _order(finding: Finding) -> tuple[str, tuple[str, str, str], int, str, str]:
    return (
        finding.check,
        finding.subject.sort_key(),
        finding.port or 0,
        finding.protocol or "",
        finding.discriminator or "",
    )


def _state(inventory: Inventory) -> ClusterState:
    """Tell how the reading went as a whole; nothing read at all is unreachable.

    That some object of a given name is not there, or some API, is no reading of a cluster.
    """
    states = [coverage.state for coverage in inventory.coverage.values()]
    listed = [inventory.state(item.name) for item in RESOURCES if not item.is_named]
    nothing = (ReadState.ABSENT, ReadState.FAILED, ReadState.FORBIDDEN)
    if all(state in nothing for state in listed):
        return ClusterState.UNREACHABLE
    short = any(state.is_shortfall for state in states)
    short = short or any(problem.is_shortfall for problem in inventory.problems)
    return ClusterState.PARTIAL if short else ClusterState.AUDITED


def decommission(cluster_id: str, at: datetime, rules: Rules) -> Audit:
    """Give the last entry of a cluster that its connector does not list any more.

    Only a complete listing may say so: an error, an empty page or a throttled call never does.
    """
    return Audit(
        cluster_id=cluster_id,
        name=cluster_id.rpartition("/")[2],
        provider=cluster_id.partition("/")[0],
        account=None,
        location=None,
        at=at,
        incarnation=None,
        state=ClusterState.DECOMMISSIONED,
        tenants=(),
        risk_levels=(),
        coverage=(),
        problems=(),
        platform=Platform(),
        exposures=(),
        findings=(),
        agreement_use=AgreementUse(),
        agreements=(),
        checks=(),
        segments=(),
        rules_version=rules.version(),
        catalogue_version=catalogue_with(rules.configuration.catalogue).version,
    )
