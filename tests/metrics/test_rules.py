"""The shipped rules speak of metrics that exist, and every alert and metric has its page."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.metrics.past import finding, metrics_of, past_cluster, samples_of

ROOT = Path(__file__).parents[2]
RULES = ROOT / "monitoring" / "exposure-auditor.rules.yaml"
_NAME = re.compile(r"\bexposure_auditor[a-z_:]*")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_TYPE = re.compile(r"^# TYPE (\S+)", re.MULTILINE)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = [rule for rule in rules() if "alert" in rule]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_there_are_three_alerts() -> None:
    assert [alert["alert"] for alert in ALERTS] == [
        "ExposureNewCritical",
        "ClusterBlind",
        "AuditorDown",
    ]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_uses_only_what_is_exposed_or_recorded_above_it(rule: dict[str, Any]) -> None:
    everything = rules()
    exposed = {
        name
        for name, _ in samples_of(
            metrics_of(past_cluster(findings=(finding(),)), connectors={"aws": None})
        )
    }
    recorded = {other.get("record") for other in everything[: everything.index(rule)]}
    used = set(_NAME.findall(rule["expr"]))
    assert used <= exposed | recorded
    assert used or rule.get("alert") == "AuditorDown"


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_has_a_section_that_it_points_to(alert: dict[str, Any]) -> None:
    assert alert["alert"] in _HEADING.findall(page("alerts.md"))
    annotations = alert["annotations"]
    assert annotations["runbook"] == f"docs/alerts.md#{alert['alert'].lower()}"
    assert annotations["summary"]
    assert annotations["description"]
    assert alert["labels"] == {"severity": "page"}


def test_no_section_speaks_of_an_alert_that_is_gone() -> None:
    sections = [heading for heading in _HEADING.findall(page("alerts.md")) if " " not in heading]
    assert sections == [alert["alert"] for alert in ALERTS]


def test_the_page_of_metrics_names_every_family_and_no_other() -> None:
    families = set(_TYPE.findall(metrics_of().text().decode()))
    documented = re.findall(r"^\| `(exposure_auditor_\w+)`", page("metrics.md"), re.MULTILINE)
    assert set(documented) == families
    assert len(documented) == len(families)
