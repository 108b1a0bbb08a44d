"""What each family says of a cluster."""

import pytest
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics_text
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics_families,
)

import auditor
from auditor.metrics.registry import DURATION
from auditor.metrics.view import FleetView
from tests.metrics.past import (
    READ_AT_UNIX,
    cni,
    exposure,
    finding,
    metrics_of,
    of_family,
    past_cluster,
    samples_of,
)


def test_findings_are_counted_by_the_verdict_that_is_shown() -> None:
    past = past_cluster(
        findings=(
            finding(),
            finding(),
            finding(verdict="accepted"),
            finding(verdict="unknown", raw_verdict="pass", family="host"),
            finding(verdict="pass", raw_verdict="pass", family="host"),
        ),
        not_applicable={"mesh": 3},
    )
    found = of_family(
        samples_of(metrics_of(past)), "exposure_auditor_findings", "family", "verdict"
    )
    assert {key: value for key, value in found.items() if value} == {
        ("exposure", "fail"): 2,
        ("exposure", "accepted"): 1,
        ("host", "unknown"): 1,
        ("host", "pass"): 1,
        ("mesh", "not_applicable"): 3,
    }
    assert len(found) == 11 * 5


def test_an_open_finding_stays_while_its_cluster_cannot_be_read() -> None:
    past = past_cluster(
        state="unreachable", findings=(finding(confirmed=False), finding(verdict="accepted"))
    )
    samples = samples_of(metrics_of(past))
    assert of_family(
        samples, "exposure_auditor_open_findings", "check", "severity", "confirmed"
    ) == {("node-port-open", "critical", "false"): 1}
    assert of_family(samples, "exposure_auditor_open_findings_overflow") == {(): 0}


@pytest.mark.parametrize(
    ("check", "severity", "shown"),
    [
        ("load-balancer-open-to-private-network", None, "low"),
        ("load-balancer-open-to-private-network", "high", "high"),
        ("load-balancer-open-to-private-network", "catastrophic", "low"),
        ("nobody-knows-this-check", None, "critical"),
    ],
)
def test_a_failure_without_a_severity_is_never_dropped(
    check: str, severity: str | None, shown: str
) -> None:
    past = past_cluster(findings=(finding(check=check, severity=severity),))
    found = of_family(
        samples_of(metrics_of(past)), "exposure_auditor_open_findings", "check", "severity"
    )
    assert found == {(check, shown): 1}


def test_the_most_severe_then_the_confirmed_are_kept() -> None:
    many = [finding(check=f"check-{number:02}", severity="low") for number in range(50)]
    past = past_cluster(
        findings=(
            *many,
            finding(check="zz", severity="medium", confirmed=False),
            *[finding(check="check-00", severity="low", confirmed=False)] * 7,
        )
    )
    samples = samples_of(metrics_of(past))
    kept = of_family(samples, "exposure_auditor_open_findings", "check", "severity", "confirmed")
    assert list(kept) == [
        ("zz", "medium", "false"),
        *((f"check-{number:02}", "low", "true") for number in range(39)),
    ]
    assert of_family(samples, "exposure_auditor_open_findings_overflow") == {(): 11 + 7}


def test_only_ways_from_beyond_the_cluster_are_exposures_and_blocked_needs_proof() -> None:
    past = past_cluster(
        exposures=(
            exposure("internet", "exposed", confirmed=False),
            exposure("internet", "blocked", confirmed=False),
            exposure("private-network", "blocked"),
            exposure("unknown", "unknown"),
            exposure("cluster", "exposed"),
            exposure("none", "blocked"),
        )
    )
    found = of_family(
        samples_of(metrics_of(past)), "exposure_auditor_exposures", "audience", "verdict"
    )
    assert {key: value for key, value in found.items() if value} == {
        ("internet", "exposed"): 1,
        ("internet", "unknown"): 1,
        ("private-network", "blocked"): 1,
        ("unknown", "unknown"): 1,
    }
    assert len(found) == 4 * 3


def test_resources_are_counted_by_read_state() -> None:
    past = past_cluster(coverage={"pods": "complete", "nodes": "forbidden", "a": "complete"})
    found = of_family(samples_of(metrics_of(past)), "exposure_auditor_resources", "state")
    assert {key: value for key, value in found.items() if value} == {
        ("complete",): 2,
        ("forbidden",): 1,
    }
    assert len(found) == 7


@pytest.mark.parametrize("state", ["audited", "partial", "unreachable"])
def test_a_cluster_is_in_one_state(state: str) -> None:
    samples = samples_of(metrics_of(past_cluster(state=state)))
    found = of_family(samples, "exposure_auditor_cluster_state", "state")
    assert len(found) == 3
    assert {key for key, value in found.items() if value} == {(state,)}


@pytest.mark.parametrize(
    ("read_at", "unix"),
    [
        ("2026-11-22T12:00:00.000000Z", READ_AT_UNIX),
        ("1970-01-01T00:00:01.500000Z", 1.5),
        (None, 0),
    ],
)
def test_the_last_success_is_the_last_look_that_read_anything(
    read_at: str | None, unix: float
) -> None:
    samples = samples_of(metrics_of(past_cluster(read_at=read_at)))
    name = "exposure_auditor_cluster_last_success_timestamp_seconds"
    assert of_family(samples, name) == {(): unix}


@pytest.mark.parametrize(
    ("plugin", "state", "labels"),
    [
        (cni("calico", "full"), "partial", ("calico", "full")),
        (cni("calico", "full"), "unreachable", ("calico", "unknown")),
        (cni(None, "none"), "audited", ("unknown", "none")),
        (None, "audited", ("unknown", "unknown")),
    ],
)
def test_enforcement_is_not_shown_frozen(
    plugin: object, state: str, labels: tuple[str, str]
) -> None:
    samples = samples_of(metrics_of(past_cluster(cni=plugin, state=state)))
    name = "exposure_auditor_enforcement_info"
    assert of_family(samples, name, "cni", "enforces") == {labels: 1}


def test_the_auditor_speaks_of_itself() -> None:
    metrics = metrics_of(connectors={"aws": READ_AT_UNIX, "fresh": None})
    metrics.observe_audit(3.0, "audited")
    metrics.observe_audit(700.0, "unreachable")
    samples = samples_of(metrics)
    assert of_family(samples, "exposure_auditor_schedule_interval_seconds") == {(): 300}
    assert of_family(
        samples, "exposure_auditor_connector_last_success_timestamp_seconds", "connector"
    ) == {("aws",): READ_AT_UNIX, ("fresh",): 0}
    version = of_family(samples, "exposure_auditor_build_info", "version")
    assert version == {(auditor.__version__,): 1}
    assert of_family(samples, f"{DURATION}_count", "state") == {
        ("audited",): 1,
        ("partial",): 0,
        ("unreachable",): 1,
    }
    assert of_family(samples, f"{DURATION}_bucket", "state", "le")["audited", "5.0"] == 1
    assert not [name for name, _ in samples if name.endswith("_created")]


def test_an_audit_ends_in_one_of_three_states() -> None:
    with pytest.raises(ValueError, match="sleepy"):
        metrics_of().observe_audit(1.0, "sleepy")


def test_the_view_is_asked_at_each_scrape_and_a_removed_cluster_leaves_nothing() -> None:
    asked: list[FleetView] = []

    def view() -> FleetView:
        clusters = () if asked else (past_cluster("gone", findings=(finding(),)),)
        asked.append(FleetView(clusters=clusters, interval=1, connectors={}))
        return asked[-1]

    metrics = metrics_of()
    metrics = type(metrics)(view)
    assert asked == []
    assert b'cluster="gone"' in metrics.text()
    assert b"cluster=" not in metrics.text()
    assert len(asked) == 2


def test_a_decommissioned_cluster_has_no_series_either() -> None:
    gone = past_cluster("gone", state="decommissioned", read_at=None, findings=(finding(),))
    assert b'cluster="' not in metrics_of(gone).text()


def test_two_registries_do_not_mix() -> None:
    one, other = metrics_of(past_cluster("one")), metrics_of(past_cluster("other"))
    one.observe_audit(1.0, "audited")
    assert b'"other"' not in one.text()
    assert set(of_family(samples_of(other), f"{DURATION}_count").values()) == {0}


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf")])
def test_an_interval_that_would_silence_an_alert_is_refused(interval: float) -> None:
    with pytest.raises(ValueError, match="interval"):
        FleetView(clusters=(), interval=interval, connectors={})


def test_a_cluster_cannot_be_in_the_view_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        metrics_of(past_cluster("one"), past_cluster("one", origin="snapshot"))


def test_open_metrics_can_be_asked_for_as_well() -> None:
    metrics = metrics_of(past_cluster(findings=(finding(),)), connectors={"aws": None})
    # This half of the library has no types.
    text = open_metrics_text(metrics.registry).decode()  # type: ignore[no-untyped-call]
    families = open_metrics_families(text)  # type: ignore[no-untyped-call]
    names = {sample.name for family in families for sample in family.samples}
    assert names == {name for name, _ in samples_of(metrics)}
