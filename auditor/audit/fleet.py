"""audit_fleet(): the audits of several clusters under one configuration, taken together."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from msgspec.structs import replace

from auditor.audit.fleet_findings import judge_fleet
from auditor.audit.rules import Rules
from auditor.model.audit import AgreementUse, Audit, FleetAudit
from auditor.model.finding import Finding
from auditor.model.segmentation import Border, Ends, in_order
from auditor.model.verdict import ACCEPTED, Severity, Verdict

SHOWN_VERDICTS = (*(verdict.value for verdict in Verdict), ACCEPTED)


def audit_fleet(audits: Iterable[Audit], rules: Rules, at: datetime) -> FleetAudit:
    """Take the audits of a fleet together, in order of cluster id, and judge what they share.

    Raises:
        ValueError: two audits are of the same cluster id.
    """
    ordered = tuple(sorted(audits, key=lambda audit: audit.cluster_id))
    for earlier, later in pairwise(ordered):
        if earlier.cluster_id == later.cluster_id:
            raise ValueError(f"cluster {later.cluster_id} was audited twice")
    return taken_together(ordered, judge_fleet(ordered, rules, at), rules, at)


def taken_together(
    audits: tuple[Audit, ...], found: tuple[Finding, ...], rules: Rules, at: datetime
) -> FleetAudit:
    """Count over all audits, and over what was found of the fleet."""
    findings = [*(finding for audit in audits for finding in audit.findings), *found]
    configuration = rules.configuration
    use = AgreementUse((0,) * len(configuration.exceptions), (0,) * len(configuration.declarations))
    for audit in audits:
        use += audit.agreement_use
    use += AgreementUse(_used(found, len(configuration.exceptions)), (0,) * len(use.declarations))
    return FleetAudit(
        at=at,
        audits=audits,
        fleet_findings=found,
        segmentation=_segmentation(audits),
        duplicates=_duplicates(audits),
        agreement_use=use,
        verdicts=_verdicts(findings),
        failures=_failures(findings),
    )


def _used(found: tuple[Finding, ...], count: int) -> tuple[int, ...]:
    """Count how many findings of the fleet each exception matched."""
    matched = Counter(item.acceptance.index for item in found if item.acceptance)
    return tuple(matched[index] for index in range(count))


def _segmentation(audits: tuple[Audit, ...]) -> tuple[Border, ...]:
    """Give the worst of each border, wherever it is; a cluster that holds one end says nothing."""
    worst: dict[Ends, Border] = {}
    for audit in audits:
        for border in audit.segmentation:
            known = worst.get(border.ends)
            if known is None or border.state.rank > known.state.rank:
                worst[border.ends] = replace(border, cluster=audit.cluster_id)
    return tuple(worst[ends] for ends in sorted(worst, key=in_order))


def _duplicates(audits: tuple[Audit, ...]) -> tuple[tuple[str, ...], ...]:
    """Find clusters whose kube-system has one uid."""
    by_incarnation: dict[str, list[str]] = {}
    for audit in audits:
        if audit.incarnation is not None:
            by_incarnation.setdefault(audit.incarnation, []).append(audit.cluster_id)
    return tuple(tuple(ids) for ids in by_incarnation.values() if len(ids) > 1)


def _verdicts(findings: list[Finding]) -> dict[str, int]:
    counts = Counter(finding.shown_verdict for finding in findings)
    return {verdict: counts[verdict] for verdict in SHOWN_VERDICTS}


def _failures(findings: list[Finding]) -> dict[str, int]:
    """Count open failures by severity; accepted ones are counted apart."""
    counts = Counter(
        finding.severity.level
        for finding in findings
        if finding.shown_verdict == Verdict.FAIL.value
    )
    return {severity.value: counts[severity] for severity in reversed(Severity)}
