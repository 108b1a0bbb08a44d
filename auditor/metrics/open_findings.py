"""Open failures of a cluster as few series: the most severe are kept, the rest is counted."""

from collections import Counter

from msgspec import Struct

from auditor.checks.catalog import catalog
from auditor.model.verdict import Severity, Verdict
from auditor.store.past import PastCluster

MOST_SERIES = 40
"""Series of open findings a cluster. The catalogue could fill hundreds; a cluster that needs more
than these is worked off from the top, and the store holds every finding."""

_SEVERITIES = frozenset(Severity)
_OPEN = Verdict.FAIL.value


class OpenSeries(Struct, frozen=True):
    """What open findings are grouped by; never the name of an object."""

    check: str
    severity: Severity
    confirmed: bool
    """Whether everything that the check needs could be read at the last look."""

    @property
    def labels(self) -> tuple[str, str, str]:
        """Give the values of the labels check, severity and confirmed."""
        return self.check, self.severity.value, "true" if self.confirmed else "false"

    @property
    def order(self) -> tuple[int, bool, str]:
        """Sort key: the most severe first, then the confirmed, then by check."""
        return -self.severity.rank, not self.confirmed, self.check


class OpenFindings(Struct, frozen=True):
    """The open failures of a cluster, each counted once: in a series or in the overflow."""

    kept: tuple[tuple[OpenSeries, int], ...]
    """At most `MOST_SERIES`, each with its number of findings."""
    overflow: int
    """Findings whose series was left out."""


def open_findings(past: PastCluster) -> OpenFindings:
    """Count the findings that are shown as `fail`: an accepted one is not open."""
    # Counted as recorded first: a cluster has many findings and few kinds of them.
    recorded = Counter(
        (finding.check, finding.severity, finding.confirmed)
        for finding in past.findings
        if finding.verdict == _OPEN
    )
    counts: Counter[OpenSeries] = Counter()
    for (check, severity, confirmed), count in recorded.items():
        counts[OpenSeries(check, _severity(check, severity), confirmed)] += count
    ordered = sorted(counts.items(), key=lambda item: item[0].order)
    left_out = ordered[MOST_SERIES:]
    return OpenFindings(tuple(ordered[:MOST_SERIES]), sum(count for _, count in left_out))


def _severity(check: str, recorded: str | None) -> Severity:
    """Give the severity, and the check's default where none is recorded.

    A failure of which not even that is known counts as critical: it is looked at, not dropped.
    """
    if recorded in _SEVERITIES:
        return Severity(recorded)
    known = catalog().get(check)
    return known.severity if known else Severity.CRITICAL
