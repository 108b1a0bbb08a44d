"""What the checks say of all clusters together."""

from collections.abc import Iterator
from datetime import datetime

from auditor.analysis.segments.networks import Fleet, Member
from auditor.audit.agreements import acceptance_of
from auditor.audit.rules import Rules
from auditor.checks.check import Check, Judgement
from auditor.model.audit import Audit, ClusterState
from auditor.model.finding import Finding
from auditor.model.identity import FLEET_KIND, fingerprint
from auditor.model.verdict import Acceptance, RatedSeverity, Verdict

_FILES = "snapshot"
"""The provider of what was read from files: it is no part of a fleet that runs."""


def judge_fleet(audits: tuple[Audit, ...], rules: Rules, at: datetime) -> tuple[Finding, ...]:
    """Judge what clusters share; one cluster shares nothing, and nothing is said then."""
    members = tuple(_member(audit) for audit in audits if _is_part(audit))
    if len(members) < 2:
        return ()
    fleet = Fleet(members, rules.configuration)
    found = [
        finding for check in rules.fleet_checks for finding in _findings(check, fleet, rules, at)
    ]
    return tuple(sorted(found, key=lambda item: (item.check, item.subject.sort_key(), item.id)))


def _is_part(audit: Audit) -> bool:
    """Whether a cluster runs, or is a capture that says in which networks it ran."""
    if audit.state is ClusterState.DECOMMISSIONED:
        return False
    return audit.provider != _FILES or audit.networks is not None


def _member(audit: Audit) -> Member:
    return Member(
        cluster_id=audit.cluster_id,
        tenants=audit.tenants,
        risk_levels=audit.risk_levels,
        networks=audit.networks,
        peers=audit.peers,
        hubs=audit.hubs,
    )


def _findings(check: Check, fleet: Fleet, rules: Rules, at: datetime) -> Iterator[Finding]:
    if check.judge_fleet is None:
        return
    for judgement in check.judge_fleet(fleet, rules.parameters_of(check)):
        subject = judgement.subject
        yield Finding(
            id=fingerprint(
                FLEET_KIND.lower(), check.slug, subject, discriminator=judgement.discriminator
            ),
            check=check.slug,
            family=check.family.value,
            verdict=judgement.verdict,
            severity=_severity(check, rules),
            subject=subject,
            summary=judgement.summary,
            remediation=check.remediation,
            evidence=judgement.evidence,
            discriminator=judgement.discriminator,
            reason=judgement.reason,
            acceptance=_acceptance(check, judgement, rules, at),
            controls=tuple(control.value for control in check.controls),
        )


def _severity(check: Check, rules: Rules) -> RatedSeverity:
    own = rules.settings_of(check).severity
    if own is not None:
        return RatedSeverity(own, "set by the configuration")
    return RatedSeverity(check.severity, "the default of the check")


def _acceptance(
    check: Check, judgement: Judgement, rules: Rules, at: datetime
) -> Acceptance | None:
    """Accept what an exception covers for every cluster that the finding speaks of."""
    if judgement.verdict is not Verdict.FAIL:
        return None
    subject = judgement.subject
    for index, exception in enumerate(rules.configuration.exceptions):
        if not exception.is_expired(at.date()) and all(
            exception.covers(check.slug, cluster, subject.namespace, subject.name)
            for cluster in judgement.clusters
        ):
            return acceptance_of(exception, index)
    return None
