"""`evidence drift`: ports that were not as agreed over a period, for a person."""

from auditor.reports.past import look_line
from auditor.reports.text import safe
from auditor.store.drift import DriftOfCluster, PastDrift


def write_drift(clusters: tuple[DriftOfCluster, ...]) -> str:
    """Write a line for each port or declaration that drifted, by cluster."""
    if not clusters:
        return "nothing was recorded until then\n"
    lines: list[str] = []
    for each in clusters:
        lines.append(look_line(each.cluster, each.origin, each.observed_at, each.next_look_at))
        if each.since_observed_at is None:
            lines.append("  nobody had looked before this period: what was so then is not known")
        lines += [f"  {_line(item)}" for item in each.drift]
        if not each.drift:
            lines.append("  no drift, as far as could be read")
        lines.append("")
    return "\n".join(lines)


def _line(item: PastDrift) -> str:
    until = f" until {item.until} ({item.ended_by})" if item.until else ""
    mark = "" if item.confirmed else "  (not confirmed)"
    return (
        f"{item.change:<8} {item.kind:<17} {safe(item.summary)}  since {item.since}{until}  "
        f"{item.id[:12]}{mark}"
    )
