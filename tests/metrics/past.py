"""Clusters as the store would give them, by hand and by chance, and a reader of expositions."""

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from auditor.checks.catalog import catalog
from auditor.checks.check import Family
from auditor.metrics.registry import Metrics
from auditor.metrics.view import FleetView
from auditor.model.audience import Audience
from auditor.model.audit import ClusterState
from auditor.model.exposure import ExposureVerdict
from auditor.model.identity import ObjectRef
from auditor.model.reading import ReadState
from auditor.model.verdict import ACCEPTED, Severity, Verdict
from auditor.store.past import (
    PastCluster,
    PastCni,
    PastEntry,
    PastExposure,
    PastFinding,
    PastTarget,
)

READ_AT = "2026-11-22T12:00:00.000000Z"
READ_AT_UNIX = 1795348800.0
OBJECT = ObjectRef("Service", "web", "object-name-of-the-bomb")

HOSTILE_IDS = (
    'a"} 1\nevil{b="',
    'quote"backslash\\newline\n',
    "\\n is not a newline, \\\\ is two",
    "ends in a backslash\\",
    "{a='b'},# HELP x",
    "tab\tcarriage\rreturn\x00nul\x1b[31m",
    "Umlaut ä, emoji 🔥, line\u2028separator, next\x85line",
    " leading and trailing ",
)

Series = tuple[str, frozenset[tuple[str, str]]]


def finding(**values: Any) -> PastFinding:
    """Make an open critical finding, but for what is named."""
    given: dict[str, Any] = {
        "id": "0" * 32,
        "check": "node-port-open",
        "family": "exposure",
        "verdict": "fail",
        "raw_verdict": "fail",
        "confirmed": True,
        "severity": "critical",
        "severity_reason": "default",
        "subject": OBJECT,
        "port": None,
        "protocol": None,
        "discriminator": None,
        "summary": "open",
        "reason": None,
        "evidence": (),
        "controls": (),
        "since": READ_AT,
        "not_before": None,
        "until": None,
        "ended": None,
    }
    return PastFinding(**(given | values))


def exposure(audience: str, verdict: str, *, confirmed: bool = True) -> PastExposure:
    """Make a way in."""
    return PastExposure(
        id="1",
        audience=audience,
        sources=(),
        entry=PastEntry(
            object=OBJECT,
            via="NodePort",
            port=1,
            protocol="TCP",
            addresses=(),
            host=None,
            path=None,
        ),
        target=PastTarget(None, None),
        verdict=verdict,
        confirmed=confirmed,
        confidence="high",
        reason=None,
        recognised=(),
        path=(),
        since=READ_AT,
        until=None,
    )


def past_cluster(cluster: str = "one", **values: Any) -> PastCluster:
    """Make a cluster in which nothing was found, but for what is named."""
    given: dict[str, Any] = {
        "cluster": cluster,
        "origin": "live",
        "asked_at": READ_AT,
        "observed_at": READ_AT,
        "next_look_at": None,
        "state": "audited",
        "read_at": READ_AT,
        "incarnation": None,
        "kubernetes": None,
        "cni": cni("calico", "full"),
        "coverage": {},
        "tenancy": (),
        "segmentation": (),
        "exposures": (),
        "findings": (),
        "not_applicable": {},
    }
    return PastCluster(**(given | values))


def cni(name: str | None, enforces: str) -> PastCni:
    """Make a network plugin."""
    return PastCni(
        name=name, version=None, policy_engine=None, enforces=enforces, assumed=False, evidence=()
    )


def metrics_of(*clusters: PastCluster, connectors: Mapping[str, float | None] = {}) -> Metrics:
    """Give the metrics of some clusters that are audited every 5 minutes."""
    view = FleetView(clusters=clusters, interval=300, connectors=connectors)
    return Metrics(lambda: view)


def samples_of(metrics: Metrics) -> dict[Series, float]:
    """Read the exposition as Prometheus would; a series that is there twice is an error."""
    samples: dict[Series, float] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            series = (sample.name, frozenset(sample.labels.items()))
            assert series not in samples
            samples[series] = sample.value
    return samples


def of_family(samples: Mapping[Series, float], name: str, *labels: str) -> dict[Any, float]:
    """Give the samples of one metric by the values of some of its labels."""
    return {
        tuple(dict(found)[label] for label in labels): value
        for (metric, found), value in samples.items()
        if metric == name
    }


def bomb() -> Iterable[PastFinding]:
    """Make thousands of open findings: every check and more, each severity, confirmed or not."""
    checks = [*catalog(), *(f"made-up-{number:03}" for number in range(300))]
    for check in checks:
        for severity in (*Severity, None):
            for confirmed in (True, False):
                for family in (Family.EXPOSURE, Family.HOST):
                    yield finding(
                        check=check, severity=severity, confirmed=confirmed, family=family
                    )


_CHECKS = [*list(catalog())[:6], *(f"retired-{number}" for number in range(12))]
_STATES = [state for state in ClusterState if state is not ClusterState.DECOMMISSIONED]

findings = st.builds(
    finding,
    check=st.sampled_from(_CHECKS),
    family=st.sampled_from([*Family, "of-a-later-version"]),
    verdict=st.sampled_from([*Verdict, ACCEPTED, "of-a-later-version"]),
    severity=st.sampled_from([*Severity, None, "of-a-later-version"]),
    confirmed=st.booleans(),
)
exposures = st.builds(
    exposure,
    st.sampled_from([*Audience, "of-a-later-version"]),
    st.sampled_from([*ExposureVerdict, "of-a-later-version"]),
    confirmed=st.booleans(),
)
clusters = st.builds(
    past_cluster,
    st.text(min_size=1, max_size=20),
    state=st.sampled_from([*_STATES, "of-a-later-version"]),
    read_at=st.sampled_from([READ_AT, None]),
    cni=st.none()
    | st.builds(
        cni, st.none() | st.text(min_size=1, max_size=5), st.sampled_from(["full", "none", "?"])
    ),
    coverage=st.dictionaries(st.text(max_size=3), st.sampled_from([*ReadState, "?"]), max_size=12),
    exposures=st.lists(exposures, max_size=12).map(tuple),
    findings=st.lists(findings, max_size=120).map(tuple),
    not_applicable=st.dictionaries(st.sampled_from([*Family, "?"]), st.integers(0, 999)),
)
