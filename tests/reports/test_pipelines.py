"""SARIF holds to its schema whatever the clusters hold; JUnit is XML whatever they hold."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import msgspec
import pytest

from auditor.audit.auditing import audit
from auditor.audit.differing import State, difference
from auditor.audit.fleet import audit_fleet
from auditor.audit.reaching import Question, reach
from auditor.audit.rules import Rules
from auditor.checks.catalog import catalog
from auditor.model.audit import FleetAudit
from auditor.model.cluster import Cluster, Files
from auditor.model.reading import ReadState
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.reports.document import SourceProblem
from auditor.reports.pipelines import (
    audit_as_junit,
    audit_as_sarif,
    difference_as_junit,
    difference_as_sarif,
)
from auditor.settings.configuration import Configuration
from tests.checks.fixtures import audited, fixture
from tests.doors.blocks import written
from tests.kube.manifests import Object, an_object, read

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = Rules.of(Configuration())
HOSTILE = 'x"><b>\x1b[31m\u202e\x00\ud7ff](0) {0} &'
"""Markup, escapes, a turn of the text's direction, what XML cannot hold, a link, a placeholder."""


OPEN = {"type": "LoadBalancer", "ports": [{"port": 1}]}


@cache
def validator() -> Any:
    path = Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def parsed(xml: str) -> ET.Element:
    """Read back what was just written here."""
    return ET.fromstring(xml)  # noqa: S314


def fleet_of(*objects: Object, states: dict[str, ReadState] | None = None) -> FleetAudit:
    cluster = Cluster(id="snapshot/a b", name="a b", provider="snapshot", access=Files(""))
    return audit_fleet([audit(cluster, read(objects, states), RULES, AT)], RULES, AT)


def web(**lb: Any) -> Iterator[Object]:
    yield from written("web")
    yield from written({"lb": lb})


def sarif(fleet: FleetAudit, **rest: Any) -> Any:
    log = json.loads(audit_as_sarif(fleet, AT, show_all=rest.pop("show_all", False), **rest))
    validator().validate(log)
    return log["runs"][0]


@pytest.mark.parametrize("slug", catalog())
@pytest.mark.parametrize("name", ["bad", "good"])
def test_every_check_gives_valid_sarif_and_xml(slug: str, name: str) -> None:
    fleet = audit_fleet([audited(slug, name)], fixture(slug, name).rules, AT)
    run = sarif(fleet, show_all=True)
    findings = fleet.audits[0].findings
    assert len(run["results"]) == len(findings)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    root = parsed(audit_as_junit(fleet, show_all=True))
    failing = [item for item in findings if item.shown_verdict == Verdict.FAIL.value]
    assert len(root.findall(".//failure")) == len(failing) == int(root.get("failures", ""))


def test_a_finding_is_told_with_its_evidence_and_its_id() -> None:
    fleet = fleet_of(*web(ip=["203.0.113.9"]))
    (finding,) = (
        item for item in fleet.audits[0].findings if item.check == "load-balancer-open-to-internet"
    )
    (result,) = (item for item in sarif(fleet)["results"] if item["ruleId"] == finding.check)
    assert (result["kind"], result["level"]) == ("fail", "warning")
    assert result["partialFingerprints"] == {"exposureAuditorFinding/v1": finding.id}
    (place,) = result["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "snapshot/a b/Service/web/pub"
    assert (
        place["physicalLocation"]["artifactLocation"]["uri"] == "snapshot%2Fa%20b/Service/web/pub"
    )
    texts = [item["message"]["text"] for item in result["relatedLocations"]]
    assert "Service/web/pub: spec.type = LoadBalancer" in texts[0]
    assert len(texts) == len(finding.evidence)


def test_unknown_is_neither_a_failure_nor_a_pass() -> None:
    fleet = fleet_of(*web(), states={"networkpolicies.networking.k8s.io": ReadState.FORBIDDEN})
    run = sarif(fleet)
    unknown = [item for item in run["results"] if item["properties"]["verdict"] == "unknown"]
    assert unknown
    assert {(item["kind"], item["level"]) for item in unknown} == {("review", "none")}
    assert not run["invocations"][0]["executionSuccessful"]
    said = [item["message"]["text"] for item in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("networkpolicies.networking.k8s.io is forbidden" in text for text in said)
    root = parsed(audit_as_junit(fleet, show_all=False))
    skipped = [item.get("message", "") for item in root.iter("skipped")]
    assert len(skipped) == len(unknown)
    assert all(text.startswith("unknown: ") for text in skipped)
    assert [item.get("message") for item in root.iter("error")] == [
        "snapshot/a b: networkpolicies.networking.k8s.io is forbidden"
    ]


def test_what_is_accepted_is_suppressed_and_says_why() -> None:
    exception = {
        "check": "load-balancer-open-to-internet",
        "cluster": "*",
        "namespace": "web",
        "name": "pub",
        "reason": "the shop is public",
        "approved_by": "ciso",
        "ticket": "SEC-1",
        "expires": "2027-01-01",
    }
    configuration = msgspec.convert({"exceptions": [exception]}, Configuration, strict=False)
    rules = Rules.of(configuration)
    cluster = Cluster(id="c", name="c", provider="snapshot", access=Files(""))
    inventory = read(web(ip=["203.0.113.9"]), configuration=configuration)
    fleet = audit_fleet([audit(cluster, inventory, rules, AT)], rules, AT)
    (result,) = (
        item for item in sarif(fleet)["results"] if item["properties"]["verdict"] == ACCEPTED
    )
    (suppression,) = result["suppressions"]
    assert suppression["status"] == "accepted"
    assert suppression["justification"].startswith("the shop is public")
    root = parsed(audit_as_junit(fleet, show_all=False))
    said = [item.get("message") for item in root.iter("skipped")]
    assert any(text and text.startswith("accepted: the shop is public") for text in said)


def test_hostile_names_break_nothing() -> None:
    fleet = fleet_of(
        *web(),
        an_object(
            "Service", HOSTILE, HOSTILE, spec={"type": "LoadBalancer", "ports": [{"port": 1}]}
        ),
    )
    errors = (SourceProblem(HOSTILE, HOSTILE),)
    run = sarif(fleet, show_all=True, errors=errors)
    text = json.dumps(run, ensure_ascii=False)
    assert not [character for character in "\x1b\u202e\x00" if character in text]
    messages = [item["message"]["text"] for item in run["results"]]
    assert not [text for text in messages if "](" in text or "{0}" in text.replace("{{0}}", "")]
    xml = audit_as_junit(fleet, show_all=True, errors=errors)
    root = parsed(xml)
    assert not [character for character in "\x1b\u202e\x00" if character in xml]
    assert root.get("errors") == "1"


def test_a_source_that_could_not_be_read_is_an_error_and_no_empty_suite() -> None:
    fleet = audit_fleet([], RULES, AT)
    errors = (SourceProblem("snapshot:gone", "it is not there"),)
    root = parsed(audit_as_junit(fleet, show_all=False, errors=errors))
    (case,) = root.iter("testcase")
    assert case.find("error") is not None
    assert not sarif(fleet, errors=errors)["invocations"][0]["executionSuccessful"]


def test_a_sound_cluster_is_a_suite_with_a_case() -> None:
    root = parsed(audit_as_junit(fleet_of(), show_all=False))
    names = [case.get("name", "") for case in root.iter("testcase")]
    listed = [name for name in names if name.endswith("findings passed")]
    passed = root.find("testsuite/properties/property")
    assert passed is not None
    assert bool(listed) == (passed.get("value") != "0")


def state_of(*objects: Object) -> State:
    cluster = Cluster(id="c", name="c", provider="snapshot", access=Files(""))
    inventory = read(objects)
    return State(
        audit(cluster, inventory, RULES, AT), reach(cluster, inventory, RULES, AT, Question())
    )


def test_a_difference_tells_new_from_updated_and_absent() -> None:
    before = state_of(*web(ip=["203.0.113.9"]))
    after = state_of(*written("web"), *written({"lb": {"name": "other", "ip": ["203.0.113.8"]}}))
    added, removed = difference(before, after)
    text = difference_as_sarif(added, removed, before.audit, after.audit, None)
    log = json.loads(text)
    validator().validate(log)
    run = log["runs"][0]
    states = {
        (item["ruleId"], item["locations"][0]["logicalLocations"][0]["name"]): item["baselineState"]
        for item in run["results"]
    }
    check = "load-balancer-open-to-internet"
    assert states[check, "other"] == "new"
    assert states[check, "pub"] == "absent"
    assert any("Service/web/other" in line for line in run["properties"]["exposures/added"])
    assert any("Service/web/pub" in line for line in run["properties"]["exposures/removed"])
    root = parsed(difference_as_junit(added, before.audit, after.audit))
    assert [case.get("name") for case in root.iter("testcase")] == [
        f"{check}: Service/web/other:80/TCP"
    ]
    nothing, _ = difference(before, before)
    root = parsed(difference_as_junit(nothing, before.audit, before.audit))
    assert root.get("failures") == "0"


def test_the_schema_refuses_what_is_wrong() -> None:
    log = json.loads(audit_as_sarif(fleet_of(*web()), AT, show_all=False))
    damages: list[tuple[str, str, Any]] = [
        ("results", "level", "bad"),
        ("results", "message", None),
        ("results", "kind", "maybe"),
        ("results", "baselineState", "fresh"),
        ("invocations", "executionSuccessful", None),
    ]
    for part, field, value in damages:
        broken = copy.deepcopy(log)
        broken["runs"][0][part][0][field] = value
        with pytest.raises(jsonschema.ValidationError):
            validator().validate(broken)
