"""The shipped rules and the exposition, judged by Prometheus' own tool."""

import subprocess
from pathlib import Path

import pytest

from tests.metrics.past import (
    HOSTILE_IDS,
    READ_AT_UNIX,
    bomb,
    cni,
    exposure,
    finding,
    metrics_of,
    past_cluster,
)

ROOT = Path(__file__).parents[2]
RULES = ROOT / "monitoring" / "exposure-auditor.rules.yaml"
CASES = sorted((Path(__file__).parent / "alerts").glob("*.test.yaml"))

pytestmark = pytest.mark.e2e


def promtool(*arguments: str, stdin: bytes = b"") -> str:
    """Run promtool and give all that it says; it must be content."""
    done = subprocess.run(
        ["promtool", *arguments], input=stdin, capture_output=True, check=False, timeout=30
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def test_prometheus_takes_the_rules() -> None:
    assert "6 rules found" in promtool("check", "rules", str(RULES))


def test_there_are_cases_for_every_alert() -> None:
    assert [case.name.removesuffix(".test.yaml") for case in CASES] == [
        "auditor_down",
        "cluster_blind",
        "new_critical",
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_alerts_fire_when_they_should_and_only_then(case: Path) -> None:
    promtool("test", "rules", str(case))


def test_prometheus_finds_no_fault_with_the_exposition() -> None:
    metrics = metrics_of(
        past_cluster("quiet", cni=None, not_applicable={"mesh": 2}),
        past_cluster("never read", state="unreachable", read_at=None, cni=None),
        past_cluster(
            "partly",
            state="partial",
            cni=cni(HOSTILE_IDS[0], "mixed"),
            coverage={"pods": "complete", "nodes": "forbidden"},
            exposures=(exposure("internet", "exposed"),),
            findings=(finding(confirmed=False),),
        ),
        past_cluster("bombed", findings=tuple(bomb())),
        *(past_cluster(cluster, findings=(finding(),)) for cluster in HOSTILE_IDS),
        connectors={"aws": READ_AT_UNIX, "fresh": None, HOSTILE_IDS[0]: None},
    )
    metrics.observe_audit(1.5, "audited")
    assert promtool("check", "metrics", stdin=metrics.text()) == ""
