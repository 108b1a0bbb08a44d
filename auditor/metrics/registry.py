"""The auditor's own metrics registry: nothing is stored in it but how long audits took.

All else is computed at each scrape from the current view, so that a removed cluster's series go
with it and no value outlives what it was read from. A view that cannot be given fails the scrape:
Prometheus then sees the auditor down, which is the truth.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from auditor.metrics.families import CLUSTER_FAMILIES, CLUSTER_STATES, FLEET_FAMILIES
from auditor.metrics.view import FleetView

DURATION = "exposure_auditor_audit_duration_seconds"
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds: from a small cluster nearby to one that runs into every timeout."""


class _CurrentView(Collector):
    """Turns the current view into samples, once a scrape."""

    def __init__(self, view: Callable[[], FleetView]) -> None:
        self._view = view

    def describe(self) -> list[Metric]:
        """Give nothing: else the registry would ask for the view when it is being set up."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give every family of the view."""
        view = self._view()
        watched = view.watched()
        for family in CLUSTER_FAMILIES:
            metric = GaugeMetricFamily(family.name, family.help, labels=("cluster", *family.labels))
            for past in watched:
                cluster = _text(past.cluster)
                for labels, value in family.samples(past):
                    metric.add_metric((cluster, *map(_text, labels)), value)
            yield metric
        for own in FLEET_FAMILIES:
            metric = GaugeMetricFamily(own.name, own.help, labels=own.labels)
            for labels, value in own.samples(view):
                metric.add_metric(tuple(map(_text, labels)), value)
            yield metric


class _Durations(Collector):
    """How long audits took: the one thing that scrapes cannot work out from the view."""

    def __init__(self) -> None:
        self._histogram = Histogram(
            DURATION,
            "How long audits of a cluster took, by how they ended.",
            ("state",),
            buckets=BUCKETS,
            registry=None,
        )
        for state in CLUSTER_STATES:
            self._histogram.labels(state=state)

    def observe(self, seconds: float, state: str) -> None:
        """Count one audit."""
        if state not in CLUSTER_STATES:
            raise ValueError(f"no audit ends as {state!r}")
        self._histogram.labels(state=state).observe(seconds)

    def describe(self) -> list[Metric]:
        """Give nothing, like all collectors here."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the histogram without the times at which its series began: nobody asks for them."""
        for metric in self._histogram.collect():
            metric.samples = [
                sample for sample in metric.samples if not sample.name.endswith("_created")
            ]
            yield metric


class Metrics:
    """What `/metrics` shows.

    Args:
        view: gives the current view; called once a scrape, in the thread that scrapes.
    """

    registry: CollectorRegistry
    """Its own, never the process's: two auditors in one process do not mix."""

    def __init__(self, view: Callable[[], FleetView]) -> None:
        self.registry = CollectorRegistry()
        self._durations = _Durations()
        self.registry.register(_CurrentView(view))
        self.registry.register(self._durations)

    def observe_audit(self, seconds: float, state: str) -> None:
        """Count an audit that took some seconds and ended as `audited`, `partial`, `unreachable`.

        Raises:
            ValueError: there is no such state.
        """
        self._durations.observe(seconds, state)

    def text(self) -> bytes:
        """Write all in Prometheus' text format."""
        return generate_latest(self.registry)


def _text(value: str) -> str:
    """Make a label value that can be written as UTF-8: one bad id must not end every scrape."""
    return value.encode("utf-8", "backslashreplace").decode()
