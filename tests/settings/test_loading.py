"""From the text of auditor.yaml to values, or to every error in it at once."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.catalogue.contents import entry_errors
from auditor.checks.catalog import parameter_types
from auditor.model.audience import Audience
from auditor.model.ports import Protocol
from auditor.model.verdict import Severity
from auditor.settings.configuration import Configuration, SegmentMatch
from auditor.settings.errors import ConfigurationError
from auditor.settings.loading import load_configuration, parse_configuration
from auditor.settings.yaml_text import load_yaml
from tests.settings.samples import SAMPLE, TODAY

CHECKS = parameter_types()


def parse(text: str | bytes) -> Configuration:
    content = text.encode() if isinstance(text, str) else text
    return parse_configuration(content, CHECKS, TODAY, entry_errors)


def errors(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert all("\n" not in error for error in caught.value.errors)
    return caught.value.errors


def exception(**changes: Any) -> str:
    given = {
        "check": "pod-on-host-network",
        "cluster": "*",
        "namespace": "monitoring",
        "reason": "needs host metrics",
        "approved_by": "ciso@example.com",
        "expires": "2027-03-31",
    }
    kept = {key: value for key, value in {**given, **changes}.items() if value is not None}
    return json.dumps({"exceptions": [kept]})


def declaration(**changes: Any) -> str:
    given = {"port": 443, "audience": "internet", "owner": "team-web", "reason": "public shop"}
    kept = {key: value for key, value in {**given, **changes}.items() if value is not None}
    return json.dumps({"declarations": [kept]})


def test_the_sample_of_the_contract_is_valid() -> None:
    configuration = parse(SAMPLE)
    assert [connector.name for connector in configuration.connectors] == ["laptop", "shop"]
    assert configuration.connectors[1].options == {
        "role": "arn:aws:iam::*:role/exposure-auditor",
        "organization": True,
        "regions": ["*"],
    }
    assert configuration.internal_cidrs == ("198.51.100.0/24",)
    assert configuration.segments[0].match == SegmentMatch(cluster="eks/*/prod-*")
    assert configuration.segments[0].risk_level == "high"
    assert configuration.risk_levels.may_share_cluster == (("low", "medium"),)
    assert configuration.checks["egress-to-internet-unrestricted"].enabled is False
    too_wide = configuration.checks["api-server-allow-list-too-wide"]
    assert too_wide.severity is Severity.CRITICAL
    assert too_wide.parameters == {"max_public_addresses": 256}
    (declared,) = configuration.declarations
    assert (declared.audience, declared.protocol) == (Audience.INTERNET, Protocol.TCP)
    assert declared.expires == date(2027, 6, 30)
    (accepted,) = configuration.exceptions
    assert (accepted.ticket, accepted.expires) == ("SEC-12", date(2027, 3, 31))


BROKEN = """
connectors:
  - {name: laptop, kind: kubeconfig}
  - {name: laptop, kind: snapshot}
  - {name: nameless}
internal_cidrs: [198.51.100.0/24, 10.0.0.0/99]
segments:
  - {match: {cluster: "*"}, tenant: {cluster_tag: tenant, namespace_label: tenant}}
  - {match: {cluster: "*"}, risk_level: severe}
  - {match: {cluster: "*"}}
risk_levels: {may_share_node: [[low, tiny]]}
system_namespaces: kube-system
checks:
  pod-on-host-netwrok: {enabled: false}
  node-port-open: {enabled: "no"}
  host-port-open: {severity: huge}
  api-server-grants-anonymous-access: {parameters: {allowed_rolls: []}}
declarations:
  - {port: 443, audience: internet, reason: public shop}
  - {port: 443, audience: everybody, owner: team-web, reason: public shop}
  - {port: 443, audience: internet, owner: " ", reason: public shop, sources: [office]}
exceptions:
  - {check: pod-on-host-network, cluster: "eks/*", reason: r, approved_by: a}
  - {check: pod-on-host-network, cluster: "eks/*", reason: r, approved_by: a, expires: 2029-01-01}
  - {check: pod-on-host-network, cluster: "*", reason: r, approved_by: a, expires: 2027-01-01}
  - {check: node-port-opened, cluster: "eks/*", reason: r, approved_by: a, expires: 2027-01-01}
webb: {}
"""


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("top level", "unknown key 'webb'"),
        ("connectors[1].name", "'laptop' is already the name of another connector"),
        ("connectors[2]", "'kind' is missing"),
        ("internal_cidrs[1]", "'10.0.0.0/99' is neither an IP address nor a CIDR"),
        ("segments[0].tenant", "give exactly one of"),
        ("segments[1].risk_level", "'severe' is not in risk_levels.order (low, medium, high)"),
        ("segments[2]", "gives neither a tenant nor a risk_level"),
        ("risk_levels.may_share_node[0]", "'tiny' is not in risk_levels.order"),
        ("system_namespaces", "'kube-system' is not of type 'array'"),
        ("checks.pod-on-host-netwrok", "did you mean 'pod-on-host-network'?"),
        ("checks.node-port-open.enabled", "'no' is not of type 'boolean'"),
        ("checks.host-port-open.severity", "'huge'"),
        ("checks.api-server-grants-anonymous-access.parameters", "allowed_rolls"),
        ("declarations[0]", "'owner' is missing"),
        ("declarations[1].audience", "'everybody' is not one of"),
        ("declarations[2].owner", "is empty"),
        ("declarations[2].sources", "'office' is neither an IP address nor a CIDR"),
        ("exceptions[0]", "'expires' is missing"),
        ("exceptions[1].expires", "2029-01-01 is more than a year ahead"),
        ("exceptions[2]", "its scope is everything"),
        ("exceptions[3].check", "did you mean 'node-port-open'?"),
    ],
)
def test_each_error_of_a_broken_file_is_told_with_its_path(path: str, said: str) -> None:
    told = [error for error in errors(BROKEN) if error.startswith(f"{path}: ")]
    assert [error for error in told if said in error], errors(BROKEN)


def test_all_errors_come_at_once_and_none_twice() -> None:
    told = errors(BROKEN)
    assert len(told) == 22
    assert len(set(told)) == len(told)


def test_a_wrong_parameter_is_answered_with_those_that_are_known() -> None:
    (error,) = errors("checks: {api-server-grants-anonymous-access: {parameters: {roles: []}}}")
    assert "known parameters: allowed_roles" in error
    (error,) = errors("checks: {node-port-open: {parameters: {roles: []}}}")
    assert "known parameters: none" in error


def test_parameters_of_the_right_type_are_kept() -> None:
    configured = parse(
        "checks: {api-server-grants-anonymous-access: {parameters: {allowed_roles: [x]}}}"
    )
    settings = configured.checks["api-server-grants-anonymous-access"]
    assert settings.parameters == {"allowed_roles": ["x"]}


def test_a_check_of_a_later_version_may_be_configured() -> None:
    assert parse("checks: {mesh-bypassed: {enabled: false, parameters: {anything: 1}}}").checks


@pytest.mark.parametrize("expires", ["2026-11-22", "2027-11-22", "2020-01-01"])
def test_an_exception_may_last_a_year(expires: str) -> None:
    assert parse(exception(expires=expires)).exceptions[0].expires.isoformat() == expires


@pytest.mark.parametrize("expires", ["2027-11-24", "2126-11-22"])
def test_an_exception_may_not_last_longer(expires: str) -> None:
    (error,) = errors(exception(expires=expires))
    assert error == f"exceptions[0].expires: {expires} is more than a year ahead"


def test_an_exception_that_starts_in_a_leap_year_may_last_that_year() -> None:
    parse_configuration(
        exception(expires="2028-06-01").encode(), CHECKS, date(2027, 6, 1), entry_errors
    )


@pytest.mark.parametrize("star", ["*", "**", "***"])
def test_an_exception_of_everything_is_refused(star: str) -> None:
    assert (
        "its scope is everything" in errors(exception(cluster=star, namespace=star, name=star))[0]
    )
    assert "its scope is everything" in errors(exception(cluster=star, namespace=None))[0]


@pytest.mark.parametrize(
    "scope", [{"cluster": "eks/*"}, {"namespace": "web"}, {"namespace": ""}, {"name": "f*"}]
)
def test_an_exception_with_any_limit_is_not_everything(scope: dict[str, str]) -> None:
    assert parse(exception(**{"cluster": "*", "namespace": "*", "name": "*", **scope})).exceptions


@pytest.mark.parametrize("key", ["check", "cluster", "reason", "approved_by", "expires"])
def test_an_exception_needs_each_of_these(key: str) -> None:
    assert errors(exception(**{key: None})) == [f"exceptions[0]: {key!r} is missing"]


@pytest.mark.parametrize("key", ["reason", "approved_by"])
def test_an_exception_that_says_nothing_is_refused(key: str) -> None:
    (error,) = errors(exception(**{key: "  "}))
    assert error.startswith(f"exceptions[0].{key}: is empty")


@pytest.mark.parametrize("key", ["port", "audience", "owner", "reason"])
def test_a_declaration_needs_each_of_these(key: str) -> None:
    assert errors(declaration(**{key: None})) == [f"declarations[0]: {key!r} is missing"]


@pytest.mark.parametrize("key", ["owner", "reason"])
def test_a_declaration_that_nobody_answers_for_is_refused(key: str) -> None:
    (error,) = errors(declaration(**{key: ""}))
    assert error.startswith(f"declarations[0].{key}: is empty")


@pytest.mark.parametrize("port", ["443", 443.5, True, [443]])
def test_a_port_that_is_no_number_is_refused(port: object) -> None:
    assert errors(declaration(port=port))[0].startswith("declarations[0].port: ")


@pytest.mark.parametrize("expires", ["2027-02-30", "soon", 20270330, "2027-3-1"])
def test_a_date_that_is_none_is_refused(expires: object) -> None:
    assert errors(declaration(expires=expires))[0].startswith("declarations[0].expires: ")


def test_a_date_may_be_quoted_or_not() -> None:
    plain, quoted = declaration(expires="2027-06-30"), declaration(expires="2027-06-30")
    assert parse(plain.replace('"2027-06-30"', "2027-06-30")) == parse(quoted)


@pytest.mark.parametrize(
    "text",
    [
        "a: [1",
        "a: b: c",
        "\tx: 1",
        b"\x00",
        b"\xff\xfe\xff",
        "a: !!python/object:os.system {}",
        "a: 1\n---\nb: 2",
        "? [a]\n: b",
        "a: *missing",
    ],
)
def test_what_is_not_yaml_is_one_error(text: str | bytes) -> None:
    (error,) = errors(text)
    assert error.startswith("not YAML: ")


@pytest.mark.parametrize("text", ["[]", "5", "word", "[a: b]"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    (error,) = errors(text)
    assert error.startswith("top level: ")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "null"])
def test_an_empty_file_is_the_default(text: str) -> None:
    assert parse(text) == Configuration()


@pytest.mark.parametrize(
    "text",
    [
        "1: 2",
        "checks: {404: {enabled: false}}",
        "connectors: [{name: a, kind: b, 1: 2}]",
        "checks: {node-port-open: {parameters: {1: 2}}}",
        "checks: {mesh-bypassed: {parameters: {1: 2}}}",
        "segments: [{match: {1: 2}, tenant: x}]",
        "declarations: [{port: 443.0, audience: internet, owner: a, reason: b}]",
        "connectors: 5",
        "connectors: [5]",
        "checks: null",
        "x: &x [*x]",
    ],
)
def test_odd_keys_and_values_are_errors_with_a_path_and_not_crashes(text: str) -> None:
    assert all(": " in error for error in errors(text))


@pytest.mark.parametrize("key", ["connectors", "checks", "segments", "exceptions", "risk_levels"])
@pytest.mark.parametrize("value", ["null", "5", "word", "[[]]", "{a: {b: c}}"])
def test_a_part_of_a_wrong_shape_is_an_error_with_its_path(key: str, value: str) -> None:
    assert all(error.startswith((key, "top level")) for error in errors(f"{key}: {value}"))


def test_a_json_file_is_as_good(tmp_path: Path) -> None:
    path = tmp_path / "auditor.json"
    path.write_text(json.dumps({"internal_cidrs": ["198.51.100.0/24"]}, indent="\t"))
    loaded = load_configuration(path, CHECKS, TODAY, entry_errors)
    assert loaded.configuration == Configuration(internal_cidrs=("198.51.100.0/24",))


def test_errors_of_a_file_name_it(tmp_path: Path) -> None:
    path = tmp_path / "auditor.yaml"
    path.write_text("internal_cidrs: [x]\nwebb: 1\n")
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path, CHECKS, TODAY, entry_errors)
    lines = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [str(path), f"{path}:1"]


def test_a_file_that_is_not_there_says_what_to_check(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path / "missing.yaml", CHECKS, TODAY, entry_errors)
    assert caught.value.errors == ["No such file or directory; check --config"]


def test_a_configuration_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nested over 50 levels deep"):
        parse_configuration(b"[" * 200_000, {}, TODAY, entry_errors)


@pytest.mark.parametrize(
    "text",
    [
        b"a: 0x_",
        b"a: -0b_",
        b"a: !!int CANARY",
        b"a: !!float CANARY",
        b"a: !!bool CANARY",
        b"a: !!int ''",
        b"a: !!timestamp CANARY",
        b"a: !!timestamp 2020-99-99",
        b"a: " + b"9" * 5_000,
        b"a0: &a0 {x: 1}\nb: {<<: *a0}",
    ],
)
def test_what_is_not_of_its_type_is_one_error_that_quotes_nothing(text: bytes) -> None:
    with pytest.raises(yaml.YAMLError) as caught:
        load_yaml(text)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "contradicts"),
    [
        ('{cluster: "*"}', '{cluster: "*"}', True),
        ('{cluster: "*"}', '{cluster: "eks/*"}', True),
        ('{cluster: "*"}', '{cluster: "*", namespace: shop}', True),
        ('{cluster: "eks/*"}', '{cluster: "eks/1/*"}', True),
        ('{namespace: "shop-*"}', "{namespace: shop-eu}", True),
        ('{namespace: "*"}', '{namespace: "shop-*"}', True),
        ('{cluster: "eks/1/*"}', '{cluster: "eks/*"}', False),
        ('{namespace: "shop-*"}', '{namespace: "*"}', False),
        ('{namespace: "*"}', '{cluster: "*"}', False),
        ("{cluster: a}", "{cluster: b}", False),
        ('{cluster: "a?"}', '{cluster: "a*"}', False),
        ('{cluster: "a[bc]"}', '{cluster: "a[bc]"}', True),
    ],
)
def test_a_segment_rule_that_can_never_hold_is_refused(
    first: str, second: str, contradicts: bool
) -> None:
    text = f"segments: [{{match: {first}, tenant: red}}, {{match: {second}, tenant: blue}}]"
    if contradicts:
        (found,) = errors(text)
        assert found.startswith("segments[1].tenant: 'blue' never holds, since segments[0]")
    else:
        parse(text)
    parse(text.replace("blue", "red"))
    parse(text.replace("tenant: blue", "risk_level: low"))
