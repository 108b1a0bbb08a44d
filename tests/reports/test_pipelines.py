"""SARIF holds to its schema whatever the clusters hold; JUnit is XML whatever they hold."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
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
from auditor.collector.unread import unread
from auditor.kube.resources import RESOURCE_BY_NAME
from auditor.model.audit import FleetAudit
from auditor.model.cluster import Cluster, Files, NoAccess
from auditor.model.reading import ReadState
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.reports.check_list import check_page
from auditor.reports.document import LISTED_VERDICTS, SourceProblem
from auditor.reports.pipelines import (
    audit_as_junit,
    audit_as_sarif,
    difference_as_junit,
    difference_as_sarif,
)
from auditor.reports.text import LONGEST
from auditor.settings.configuration import Configuration
from tests.checks.fixtures import ON_CLUSTERS, audited, fixture
from tests.doors.blocks import written
from tests.kube.manifests import Object, an_object, read

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = Rules.of(Configuration())
HOSTILE = 'x"><b>\x1b[31m\u202e\x00\uffff](0) {0} &'
"""Markup, escapes, a turn of the text's direction, what XML cannot hold, a link, a placeholder."""


OPEN = {"type": "LoadBalancer", "ports": [{"port": 1}]}


@cache
def validator() -> Any:
    path = Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


_COUNTS = {"tests", "failures", "errors"}
_SHAPE: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", *_COUNTS}, {"testsuite"}),
    "testsuite": ({"name", *_COUNTS}, {"skipped", "timestamp"}, {"properties", "testcase"}),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name"}, {"classname"}, {"skipped", "error", "failure"}),
    "skipped": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "failure": (set(), {"type", "message"}, set()),
}
"""What Jenkins' junit-10.xsd takes: attributes that must and may be there, and elements inside."""


def parsed(xml: str) -> ET.Element:
    """Read back what was just written here, and hold it to what CI systems take."""
    root = ET.fromstring(xml)  # noqa: S314
    assert root.tag == "testsuites"
    for element in root.iter():
        required, optional, inside = _SHAPE[element.tag]
        assert required <= set(element.keys()) <= required | optional
        assert {child.tag for child in element} <= inside
    for suite in root.iter("testsuite"):
        cases = list(suite.iter("testcase"))
        assert suite.get("tests") == str(len(cases)) != "0"
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(name) == str(len(list(suite.iter(tag))))
    for key in _COUNTS:
        assert root.get(key) == str(sum(int(suite.get(key, "")) for suite in root))
    return root


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


@pytest.mark.parametrize("slug", ON_CLUSTERS)
@pytest.mark.parametrize("name", ["bad", "good"])
def test_every_check_gives_valid_sarif_and_xml(slug: str, name: str) -> None:
    fleet = audit_fleet([audited(slug, name)], fixture(slug, name).rules, AT)
    run = sarif(fleet, show_all=True)
    findings = fleet.audits[0].findings
    assert len(run["results"]) == len(findings)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    root = parsed(audit_as_junit(fleet, show_all=True))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(names)) == len(names) == int(root.get("tests", ""))
    failing = [item for item in findings if item.shown_verdict == Verdict.FAIL.value]
    assert len(root.findall(".//failure")) == len(failing) == int(root.get("failures", ""))


def test_a_finding_is_told_with_its_evidence_and_its_id() -> None:
    fleet = fleet_of(*web(ip=["203.0.113.9"]))
    (finding,) = (
        item for item in fleet.audits[0].findings if item.check == "load-balancer-open-to-internet"
    )
    (result,) = (item for item in sarif(fleet)["results"] if item["ruleId"] == finding.check)
    assert (result["kind"], result["level"]) == ("fail", "warning")
    # GitHub compares the second one alone, and would make it of a file's line.
    assert result["partialFingerprints"] == {
        "exposureAuditorFinding/v1": finding.id,
        "primaryLocationLineHash": finding.id,
    }
    assert result["suppressions"] == []
    (place,) = result["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "snapshot/a b/Service/web/pub"
    physical = place["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "snapshot/a%20b/Service/web/pub"
    assert physical["region"] == {"startLine": 1}
    (flow,) = result["codeFlows"]
    (thread,) = flow["threadFlows"]
    texts = [item["location"]["message"]["text"] for item in thread["locations"]]
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
    assert (result["kind"], result["level"], suppression["kind"]) == ("fail", "warning", "external")
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
    assert not [character for character in "\x1b\u202e\x00\ud800" if character in xml]
    assert root.get("errors") == "1"


@pytest.mark.parametrize(
    "name", ["..", ".", "a//b", "../../etc", "a" * 100_000, "%2e%2e", "/", "\n"]
)
def test_a_made_up_path_stays_below_its_cluster_and_is_short(name: str) -> None:
    fleet = fleet_of(an_object("Service", name, name, spec=OPEN))
    for result in sarif(fleet, show_all=True)["results"]:
        for place in result["locations"]:
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert uri.startswith("snapshot/a%20b/")
            assert not {unquote(part) for part in uri.split("/")} & {"", ".", ".."}
            assert len(uri) < 20_000
        assert len(result["message"]["text"]) < 5000
    parsed(audit_as_junit(fleet, show_all=True))


def test_a_rule_says_what_its_check_says() -> None:
    run = sarif(fleet_of(*web(ip=["203.0.113.9"])))
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {
        result["ruleId"] for result in run["results"]
    }
    for rule in run["tool"]["driver"]["rules"]:
        check = catalog()[rule["id"]]
        assert rule["shortDescription"]["text"] == check.title
        # Code scanning refuses more than 1024 characters.
        assert 20 < len(rule["fullDescription"]["text"]) < 1024
        assert rule["fullDescription"]["text"][:20] in " ".join(check_page(check).split())
        assert "## Why it matters" in rule["help"]["markdown"]
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert rule["properties"]["family"] in rule["properties"]["tags"]
        # It shows ten and refuses more than twenty.
        assert len(rule["properties"]["tags"]) <= 10


def test_no_reason_is_cut_short() -> None:
    fleet = fleet_of(*web(), states=dict.fromkeys(RESOURCE_BY_NAME, ReadState.FORBIDDEN))
    reasons = [item.reason for item in fleet.audits[0].findings if item.reason]
    assert max(map(len, reasons)) > LONGEST
    texts = [item["message"]["text"] for item in sarif(fleet)["results"]]
    assert not [text for text in texts if "…" in text]
    assert "…" not in audit_as_junit(fleet, show_all=False)


def test_a_source_that_could_not_be_read_is_an_error_and_no_empty_suite() -> None:
    fleet = audit_fleet([], RULES, AT)
    errors = (SourceProblem("snapshot:gone", "it is not there"),)
    root = parsed(audit_as_junit(fleet, show_all=False, errors=errors))
    (case,) = root.iter("testcase")
    assert case.find("error") is not None
    assert not sarif(fleet, errors=errors)["invocations"][0]["executionSuccessful"]


def test_what_passed_is_one_case_unless_it_is_listed() -> None:
    fleet = fleet_of(*web(ip=["203.0.113.9"]))
    findings = fleet.audits[0].findings
    passing = [item for item in findings if item.verdict is Verdict.PASS]
    listed = [item for item in findings if item.shown_verdict in LISTED_VERDICTS]
    assert passing
    for show_all, count in ((False, len(listed) + 1), (True, len(findings))):
        root = parsed(audit_as_junit(fleet, show_all=show_all))
        names = [case.get("name", "") for case in root.iter("testcase")]
        assert ("all that passed" in names) is not show_all
        assert len(names) == int(root.get("tests", "")) == count
        passed = root.find("testsuite/properties/property")
        assert passed is not None
        assert passed.get("value") == str(len(passing))


def test_a_suite_has_a_case_where_nothing_was_found() -> None:
    fleet = fleet_of()
    empty = msgspec.structs.replace(fleet.audits[0], findings=())
    root = parsed(audit_as_junit(msgspec.structs.replace(fleet, audits=(empty,)), show_all=False))
    assert [case.get("name") for case in root.iter("testcase")] == ["nothing found"]
    assert (root.get("tests"), root.get("errors")) == ("1", "0")


def test_a_cluster_that_could_not_be_read_is_an_error_that_says_why() -> None:
    cluster = Cluster(id="c", name="c", provider="p", access=NoAccess("no key"))
    unreachable = audit(cluster, unread(cluster, "no key").inventory, RULES, AT)
    fleet = audit_fleet([unreachable], RULES, AT)
    root = parsed(audit_as_junit(fleet, show_all=False))
    assert [item.get("message") for item in root.iter("error")] == ["c could not be read: no key"]
    (said,) = sarif(fleet)["invocations"][0]["toolExecutionNotifications"]
    assert said == {"level": "error", "message": {"text": "c could not be read: no key"}}


def state_of(*objects: Object, states: dict[str, ReadState] | None = None) -> State:
    cluster = Cluster(id="c", name="c", provider="snapshot", access=Files(""))
    inventory = read(objects, states)
    return State(
        audit(cluster, inventory, RULES, AT), reach(cluster, inventory, RULES, AT, Question())
    )


def test_a_difference_tells_new_from_updated_and_absent() -> None:
    before = state_of(*web(ip=["203.0.113.9"]))
    after = state_of(*written("web"), *written({"lb": {"name": "other", "ip": ["203.0.113.8"]}}))
    added, removed = difference(before, after)
    text = difference_as_sarif(added, removed, before, after)
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
    root = parsed(difference_as_junit(added, before, after))
    assert [case.get("name") for case in root.iter("testcase")] == [
        "exposed-port-undeclared: Service/web/other:80/TCP (LoadBalancer:Deployment/web/front)",
        f"{check}: Service/web/other:80/TCP",
    ]
    nothing, _ = difference(before, before)
    root = parsed(difference_as_junit(nothing, before, before))
    assert [case.get("name") for case in root.iter("testcase")] == ["nothing found"]
    assert root.get("failures") == "0"


def test_a_verdict_that_changes_is_one_result_and_each_shortfall_names_its_side() -> None:
    before = state_of(*web(ip=["203.0.113.9"]))
    after = state_of(*web(ip=["203.0.113.9"]), states={"services": ReadState.PARTIAL})
    findings = tuple(
        msgspec.structs.replace(item, verdict=Verdict.UNKNOWN, reason="it is not known")
        if item.check == "load-balancer-open-to-internet"
        else item
        for item in after.audit.findings
    )
    after = State(msgspec.structs.replace(after.audit, findings=findings), after.reached)
    added, removed = difference(before, after)
    both = {item.id for item in added.findings} & {item.id for item in removed.findings}
    assert both
    log = json.loads(difference_as_sarif(added, removed, before, after))
    validator().validate(log)
    (run,) = log["runs"]
    states: dict[str, list[str]] = {}
    for item in run["results"]:
        identity = item["partialFingerprints"]["exposureAuditorFinding/v1"]
        states.setdefault(identity, []).append(item["baselineState"])
    assert all(len(found) == 1 for found in states.values())
    assert {key for key, found in states.items() if found == ["updated"]} == both
    said = [item["message"]["text"] for item in run["invocations"][0]["toolExecutionNotifications"]]
    assert said == ["second source: c: services is partial"]
    root = parsed(difference_as_junit(added, before, after))
    assert [item.get("message") for item in root.iter("error")] == said


def test_a_listing_with_gaps_is_no_whole_difference() -> None:
    state = state_of(*web(ip=["203.0.113.9"]))
    nothing, _ = difference(state, state)
    errors = (SourceProblem("eks:prod", "eu-west-1: not listed"),)
    log = json.loads(difference_as_sarif(nothing, nothing, state, state, errors))
    validator().validate(log)
    (invocation,) = log["runs"][0]["invocations"]
    assert not invocation["executionSuccessful"]
    (said,) = invocation["toolExecutionNotifications"]
    assert said["message"]["text"] == "eks:prod: eu-west-1: not listed"
    root = parsed(difference_as_junit(nothing, state, state, errors))
    assert root.get("errors") == "1"


def test_the_schema_refuses_what_is_wrong() -> None:
    log = json.loads(audit_as_sarif(fleet_of(*web()), AT, show_all=False))
    damages: list[tuple[str, str, Any]] = [
        ("results", "level", "bad"),
        ("results", "message", None),
        ("results", "kind", "maybe"),
        ("results", "baselineState", "fresh"),
        ("results", "webRequests", 1),
        ("results", "noSuchField", 1),
        ("results", "codeFlows", [{"threadFlows": [{"locations": []}]}]),
        ("results", "suppressions", [{"kind": "maybe"}]),
        ("results", "partialFingerprints", {"a": 1}),
        ("invocations", "executionSuccessful", None),
        ("invocations", "startTimeUtc", 5),
    ]
    for part, field, value in damages:
        broken = copy.deepcopy(log)
        broken["runs"][0][part][0][field] = value
        with pytest.raises(jsonschema.ValidationError):
            validator().validate(broken)
