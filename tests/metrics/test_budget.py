"""The promises that hold for every cluster: the budget, dense families, no finding lost."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.checks.check import Family
from auditor.metrics.families import MOST_SERIES_A_CLUSTER
from auditor.model.exposure import ExposureVerdict
from auditor.model.reading import ReadState
from auditor.store.past import PastCluster
from tests.metrics.past import (
    HOSTILE_IDS,
    OBJECT,
    READ_AT_UNIX,
    bomb,
    clusters,
    metrics_of,
    of_family,
    past_cluster,
    samples_of,
)

FAMILIES_OF_THE_CATALOGUE = {
    "control_plane", "management", "exposure", "legacy", "host", "segmentation", "tenancy", "cni",
    "mesh", "ports", "coverage",
}  # fmt: skip


def test_the_budget_is_for_the_whole_catalogue() -> None:
    assert set(Family) == FAMILIES_OF_THE_CATALOGUE


def test_a_bomb_fills_the_budget_exactly_and_loses_no_finding() -> None:
    findings = tuple(bomb())
    assert len(findings) > 5000
    samples = samples_of(metrics_of(past_cluster("bombed", findings=findings), past_cluster("b")))
    series = [labels for _, labels in samples if ("cluster", "bombed") in labels]
    assert len(series) == MOST_SERIES_A_CLUSTER == 120
    open_ones = of_family(
        {key: value for key, value in samples.items() if ("cluster", "bombed") in key[1]},
        "exposure_auditor_open_findings",
        "check",
        "severity",
        "confirmed",
    )
    assert {(severity, confirmed) for _, severity, confirmed in open_ones} == {("critical", "true")}
    overflow = of_family(samples, "exposure_auditor_open_findings_overflow", "cluster")
    assert sum(open_ones.values()) + overflow["bombed",] == len(findings)
    assert overflow["b",] == 0


def test_no_object_is_named() -> None:
    text = metrics_of(past_cluster(findings=tuple(bomb()))).text().decode()
    assert OBJECT.name not in text


@given(st.lists(clusters, max_size=3, unique_by=lambda past: past.cluster))
def test_every_fleet_keeps_the_promises(fleet: list[PastCluster]) -> None:
    samples = samples_of(metrics_of(*fleet))
    a_cluster = Counter(
        dict(labels)["cluster"] for _, labels in samples if "cluster" in dict(labels)
    )
    assert set(a_cluster) == {past.cluster for past in fleet}
    for past in fleet:
        assert a_cluster[past.cluster] <= MOST_SERIES_A_CLUSTER
        own = {
            series: value
            for series, value in samples.items()
            if ("cluster", past.cluster) in series[1]
        }
        assert_complete(own)
        assert_nothing_lost(past, own)


def assert_complete(own: dict[tuple[str, frozenset[tuple[str, str]]], float]) -> None:
    dense = {
        "exposure_auditor_findings": 11 * 5,
        "exposure_auditor_exposures": 4 * len(ExposureVerdict),
        "exposure_auditor_resources": len(ReadState),
        "exposure_auditor_cluster_state": 3,
        "exposure_auditor_open_findings_overflow": 1,
        "exposure_auditor_cluster_last_success_timestamp_seconds": 1,
        "exposure_auditor_enforcement_info": 1,
    }
    counts = Counter(name for name, _ in own)
    assert counts.pop("exposure_auditor_open_findings", 0) <= 40
    assert counts == dense
    states = of_family(own, "exposure_auditor_cluster_state", "state")
    assert sorted(states.values()) == [0, 0, 1]


def assert_nothing_lost(
    past: PastCluster, own: dict[tuple[str, frozenset[tuple[str, str]]], float]
) -> None:
    kept = of_family(own, "exposure_auditor_open_findings", "check", "severity", "confirmed")
    overflow = of_family(own, "exposure_auditor_open_findings_overflow")
    fails = [finding for finding in past.findings if finding.verdict == "fail"]
    assert sum(kept.values()) + overflow[()] == len(fails)
    resources = of_family(own, "exposure_auditor_resources", "state")
    assert sum(resources.values()) == len(past.coverage)
    found = of_family(own, "exposure_auditor_findings", "family", "verdict")
    for family in Family:
        findings = [finding for finding in past.findings if finding.family == family]
        expected = len(findings) + past.not_applicable.get(family, 0)
        assert sum(value for (of, _), value in found.items() if of == family) == expected


@pytest.mark.parametrize("cluster", HOSTILE_IDS)
def test_hostile_ids_come_back_as_they_were(cluster: str) -> None:
    samples = samples_of(metrics_of(past_cluster(cluster), past_cluster("beside it")))
    name = "exposure_auditor_cluster_last_success_timestamp_seconds"
    assert of_family(samples, name, "cluster") == {
        (cluster,): READ_AT_UNIX,
        ("beside it",): READ_AT_UNIX,
    }
    assert not [name for name, _ in samples if not name.startswith("exposure_auditor_")]


def test_an_id_that_is_no_unicode_does_not_end_the_scrape() -> None:
    text = metrics_of(past_cluster("half \ud800"), past_cluster("whole")).text().decode()
    assert r'cluster="half \\ud800"' in text
    assert 'cluster="whole"' in text
