"""`explain`: why a finding is so, in plain words, hop by hop."""

from auditor.model.finding import Finding
from auditor.reports.text import safe

_OPENING = {
    "fail": "This is a failure",
    "unknown": "This could not be decided",
    "accepted": "This is a failure that somebody accepted",
    "pass": "This passed",
    "not_applicable": "There is nothing to judge",
}


def write_story(cluster_id: str, finding: Finding) -> str:
    """Tell a finding's story, one line a hop."""
    shown = finding.shown_verdict
    lines = [
        safe(finding.summary),
        "",
        f"{_OPENING[shown]} of the check {finding.check} in cluster {safe(cluster_id)}.",
        f"severity  {finding.severity.level.value} ({safe(finding.severity.reason)})",
        f"subject   {safe(str(finding.subject))}",
        f"id        {finding.id}",
    ]
    if finding.port is not None:
        lines.append(f"port      {finding.port}/{finding.protocol}")
    if reason := finding.acceptance.reason if finding.acceptance else finding.reason:
        lines.append(f"because   {safe(reason)}")
    lines += ["", "Evidence, hop by hop:"]
    for number, hop in enumerate(finding.evidence, 1):
        note = f"  ({safe(hop.note)})" if hop.note else ""
        lines.append(f"  {number}. {safe(hop.hop)}: {safe(hop.field)} = {safe(hop.value)}{note}")
    if not finding.evidence:
        lines.append("  none: see the reason above")
    lines += ["", "What to do:", f"  {finding.remediation}"]
    lines += [f"  `exposure-auditor checks {finding.check}` says more.", ""]
    lines.append(f"Controls: {', '.join(finding.controls)}")
    return "\n".join(lines) + "\n"
