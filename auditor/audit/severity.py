"""How bad a finding is: the row's default, a step up for the highest risk, the configuration.

Source: `docs/checks/README.md`, Rules for every row. There is no other adjustment.
"""

from auditor.analysis.facts import Facts
from auditor.checks.check import Check, Judgement
from auditor.model.verdict import RatedSeverity, Severity
from auditor.settings.configuration import CheckSettings


def rate(
    check: Check, judgement: Judgement, facts: Facts, settings: CheckSettings
) -> RatedSeverity:
    """Rate one judgement."""
    if settings.severity is not None:
        return RatedSeverity(settings.severity, "set by the configuration")
    default = judgement.severity or check.severity
    highest = facts.configuration.risk_levels.order[-1:]
    subject = judgement.subject
    namespace = subject.name if subject.kind == "Namespace" else subject.namespace
    risk = facts.segments.of(namespace).risk_level
    if risk is not None and (risk,) == highest and default is not Severity.CRITICAL:
        reason = f"{default.value} by default, raised for risk level {risk}"
        return RatedSeverity(default.raised(), reason)
    return RatedSeverity(default, "the default of the check")
