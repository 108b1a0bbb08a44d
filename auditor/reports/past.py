"""`evidence`: stored findings for a person."""

from auditor.reports.text import safe
from auditor.store.agreements import PastAgreement
from auditor.store.past import PastCluster, PastFinding


def write_past(clusters: tuple[PastCluster, ...]) -> str:
    """Write what held of some clusters, a line a finding."""
    lines: list[str] = []
    for past in clusters:
        lines.append(look_line(past.cluster, past.origin, past.observed_at, past.next_look_at))
        lines += [f"  {_line(finding)}" for finding in past.findings]
        lines.append("")
    if not clusters:
        lines.append("nothing was recorded until then")
    return "\n".join(lines) + ("\n" if lines[-1] else "")


def look_line(cluster: str, origin: str, observed_at: str, next_look_at: str | None) -> str:
    """Say of which cluster an answer is, and on which look it rests."""
    following = f", the next look was at {next_look_at}" if next_look_at else ""
    return f"{safe(cluster)}  ({origin})  observed at {observed_at}{following}"


def _line(finding: PastFinding) -> str:
    mark = "" if finding.confirmed else "  (not confirmed)"
    severity = finding.severity or "-"
    return (
        f"{finding.verdict:<8} {severity:<8} {finding.check:<38} {safe(finding.summary)}"
        f"  since {finding.since}  {finding.id[:12]}{mark}"
    )


def write_past_finding(past: PastCluster, finding: PastFinding) -> str:
    """Write one stored finding with its evidence."""
    lines = [
        safe(finding.summary),
        "",
        f"verdict   {finding.verdict} (found as {finding.raw_verdict})",
        f"confirmed {'yes' if finding.confirmed else 'no: what the check needs was not readable'}",
        f"cluster   {safe(past.cluster)}, observed at {past.observed_at}",
        f"check     {finding.check}",
        f"subject   {safe(str(finding.subject))}",
        f"severity  {finding.severity or '-'}",
        f"since     {finding.since}; not yet at {finding.not_before or 'any look before'}",
        f"until     {finding.until or 'now'}{f' ({finding.ended})' if finding.ended else ''}",
        f"id        {finding.id}",
    ]
    if finding.reason:
        lines.append(f"because   {safe(finding.reason)}")
    lines += ["", "Evidence, hop by hop:"]
    for number, (hop, field, value, note) in enumerate(finding.evidence, 1):
        remark = f"  ({safe(note)})" if note else ""
        lines.append(f"  {number}. {safe(hop)}: {safe(field)} = {safe(value)}{remark}")
    return "\n".join(lines) + "\n"


def write_agreements(agreements: tuple[PastAgreement, ...]) -> str:
    """Write what became of exceptions and declarations, a line each."""
    if not agreements:
        return "no exception and no declaration was in force then\n"
    lines = []
    for item in agreements:
        scope = " ".join(
            f"{key}={item.entry[key]}"
            for key in ("check", "namespace", "name", "workload", "port")
            if item.entry.get(key) not in (None, "*")
        )
        last = (
            f"last matched at {item.last_matched_at}" if item.last_matched_at else "never matched"
        )
        until = item.entry.get("expires") or "no end"
        lines.append(
            f"{safe(item.cluster)}  {item.kind}  {safe(scope)}  matches {item.matched}, {last}; "
            f"until {until}"
        )
    return "\n".join(lines) + "\n"
