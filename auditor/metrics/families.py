"""The metric families as data: a name, a help text, labels, and a pure function to samples.

`docs/metrics.md` explains each to its users. Families of a cluster are dense where they can be
(every combination of labels, zeros too), so that an absent series is a fault and never a zero.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from itertools import product

from msgspec import Struct

import auditor
from auditor.checks.check import Family
from auditor.metrics.open_findings import open_findings
from auditor.metrics.view import FleetView
from auditor.model.audience import Audience
from auditor.model.audit import ClusterState, Enforces
from auditor.model.exposure import ExposureVerdict
from auditor.model.reading import ReadState
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.store.past import PastCluster, PastExposure

MOST_SERIES_A_CLUSTER = 120
"""The budget of all families of a cluster together: 1,000 clusters are then 10 MB a scrape."""

Sample = tuple[tuple[str, ...], float]
"""Values of the family's labels (the cluster's apart), and the value."""

VERDICTS = (
    Verdict.FAIL.value,
    Verdict.UNKNOWN.value,
    ACCEPTED,
    Verdict.PASS.value,
    Verdict.NOT_APPLICABLE.value,
)
FAMILIES = tuple(family.value for family in Family)
AUDIENCES = (
    Audience.INTERNET.value,
    Audience.ALLOW_LISTED.value,
    Audience.PRIVATE_NETWORK.value,
    Audience.UNKNOWN.value,
)
"""Who is beyond the cluster, or may be."""
_EVERY_AUDIENCE = frozenset(Audience)
EXPOSURE_VERDICTS = tuple(verdict.value for verdict in ExposureVerdict)
READ_STATES = tuple(state.value for state in ReadState)
CLUSTER_STATES = (
    ClusterState.AUDITED.value,
    ClusterState.PARTIAL.value,
    ClusterState.UNREACHABLE.value,
)
"""How a look can end; a decommissioned cluster is not looked at and has no series."""
NOT_KNOWN = "unknown"


class ClusterFamily(Struct, frozen=True):
    """A gauge of each cluster; the label `cluster` comes before those named here."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[PastCluster], Iterable[Sample]]


class FleetFamily(Struct, frozen=True):
    """A gauge of the whole auditor."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[FleetView], Iterable[Sample]]


def _dense(counts: Counter[tuple[str, ...]], *values: Collection[str]) -> Iterator[Sample]:
    """Give a sample for every combination of the labels' values, and for no other."""
    for labels in product(*values):
        yield labels, counts[labels]


def _or(value: str, known: Collection[str], otherwise: str) -> str:
    """Keep a value that this version knows; another version of us may have recorded others."""
    return value if value in known else otherwise


def _findings(past: PastCluster) -> Iterator[Sample]:
    counts: Counter[tuple[str, ...]] = Counter(
        (finding.family, _or(finding.verdict, VERDICTS, Verdict.UNKNOWN.value))
        for finding in past.findings
    )
    for family, count in past.not_applicable.items():
        counts[family, Verdict.NOT_APPLICABLE.value] += count
    return _dense(counts, FAMILIES, VERDICTS)


def _open_findings(past: PastCluster) -> Iterator[Sample]:
    for series, count in open_findings(past).kept:
        yield series.labels, count


def _overflow(past: PastCluster) -> Iterator[Sample]:
    yield (), open_findings(past).overflow


def _exposures(past: PastCluster) -> Iterator[Sample]:
    counts: Counter[tuple[str, ...]] = Counter(
        (
            _or(exposure.audience, _EVERY_AUDIENCE, Audience.UNKNOWN.value),
            _exposure_verdict(exposure),
        )
        for exposure in past.exposures
    )
    return _dense(counts, AUDIENCES, EXPOSURE_VERDICTS)


def _exposure_verdict(exposure: PastExposure) -> str:
    """Give the verdict; `blocked` is a claim of health and needs a complete reading."""
    if exposure.verdict == ExposureVerdict.BLOCKED.value and not exposure.confirmed:
        return ExposureVerdict.UNKNOWN.value
    return _or(exposure.verdict, EXPOSURE_VERDICTS, ExposureVerdict.UNKNOWN.value)


def _resources(past: PastCluster) -> Iterator[Sample]:
    counts: Counter[tuple[str, ...]] = Counter(
        (_or(state, READ_STATES, ReadState.FAILED.value),) for state in past.coverage.values()
    )
    return _dense(counts, READ_STATES)


def _cluster_state(past: PastCluster) -> Iterator[Sample]:
    current = _or(past.state, CLUSTER_STATES, ClusterState.UNREACHABLE.value)
    for state in CLUSTER_STATES:
        yield (state,), float(state == current)


def _last_success(past: PastCluster) -> Iterator[Sample]:
    yield (), datetime.fromisoformat(past.read_at).timestamp() if past.read_at else 0.0


def _enforcement(past: PastCluster) -> Iterator[Sample]:
    name = (past.cni.name if past.cni else None) or NOT_KNOWN
    enforces = past.cni.enforces if past.cni else NOT_KNOWN
    # What was last seen of a cluster that nobody reaches is no statement about today.
    if past.state not in (ClusterState.AUDITED.value, ClusterState.PARTIAL.value):
        enforces = NOT_KNOWN
    yield (name, _or(enforces, tuple(Enforces), NOT_KNOWN)), 1.0


def _interval(view: FleetView) -> Iterator[Sample]:
    yield (), view.interval


def _connectors(view: FleetView) -> Iterator[Sample]:
    for name, listed_at in sorted(view.connectors.items()):
        yield (name,), listed_at or 0.0


def _build(_: FleetView) -> Iterator[Sample]:
    yield (auditor.__version__,), 1.0


CLUSTER_FAMILIES = (
    ClusterFamily(
        "exposure_auditor_findings",
        "Findings by family of checks and shown verdict; zeros are given too.",
        ("family", "verdict"),
        _findings,
    ),
    ClusterFamily(
        "exposure_auditor_open_findings",
        "Open failures by check; at most 40 series a cluster, the most severe are kept.",
        ("check", "severity", "confirmed"),
        _open_findings,
    ),
    ClusterFamily(
        "exposure_auditor_open_findings_overflow",
        "Open failures whose series did not fit into exposure_auditor_open_findings.",
        (),
        _overflow,
    ),
    ClusterFamily(
        "exposure_auditor_exposures",
        "Ways in from beyond the cluster by audience and verdict; zeros are given too.",
        ("audience", "verdict"),
        _exposures,
    ),
    ClusterFamily(
        "exposure_auditor_resources",
        "Kinds of resources by how completely they could be read; zeros are given too.",
        ("state",),
        _resources,
    ),
    ClusterFamily(
        "exposure_auditor_cluster_state",
        "How the last look at the cluster ended: 1 for its state, 0 for the others.",
        ("state",),
        _cluster_state,
    ),
    ClusterFamily(
        "exposure_auditor_cluster_last_success_timestamp_seconds",
        "Unix time of the last look at which anything could be read; 0 where there was none.",
        (),
        _last_success,
    ),
    ClusterFamily(
        "exposure_auditor_enforcement_info",
        "The network plugin, and in which directions it enforces network policies; always 1.",
        ("cni", "enforces"),
        _enforcement,
    ),
)

FLEET_FAMILIES = (
    FleetFamily(
        "exposure_auditor_schedule_interval_seconds",
        "Seconds between two audits of a cluster, as configured.",
        (),
        _interval,
    ),
    FleetFamily(
        "exposure_auditor_connector_last_success_timestamp_seconds",
        "Unix time of the last complete listing of a connector's clusters; 0 where there was none.",
        ("connector",),
        _connectors,
    ),
    FleetFamily(
        "exposure_auditor_build_info",
        "The version of the auditor that answers; always 1.",
        ("version",),
        _build,
    ),
)
