"""Bad input: a one-line error that says what to do, the rest done, the exit code right."""

import os
from pathlib import Path

import pytest

from tests.acceptance.conftest import Outcome, Run
from tests.checks.fixtures import OF_THE_CONFIGURATION


@pytest.fixture
def good(corpus: Path) -> str:
    return f"snapshot:{corpus / 'online-boutique/app'}"


def _audited(outcome: Outcome) -> dict[str, str]:
    return {cluster["id"]: cluster["state"] for cluster in outcome.json()["clusters"]}


def test_a_folder_that_is_not_there_is_wrong_usage(run: Run, good: str) -> None:
    outcome = run("audit", "snapshot:./nowhere", good, "--format", "json")
    assert outcome.code == 2
    assert outcome.errors == [
        "error: snapshot:./nowhere: nowhere is not there; name a folder or file of manifests"
    ]
    assert _audited(outcome) == {"snapshot/app": "audited"}
    assert outcome.json()["errors"][0]["source"] == "snapshot:./nowhere"


def test_an_empty_file_is_incomplete(run: Run, good: str, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").touch()
    outcome = run("audit", "snapshot:empty.yaml", good, "--format", "json")
    assert outcome.code == 3
    assert outcome.errors == [
        "error: snapshot:empty.yaml: empty.yaml: is empty; write it again or remove it"
    ]
    assert _audited(outcome) == {"snapshot/app": "audited", "snapshot/empty.yaml": "partial"}


def test_a_huge_yaml_file_is_refused_unread(run: Run, good: str, tmp_path: Path) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.write(b"a: b\n")
        file.truncate(200 * 1024 * 1024)
    outcome = run("audit", "snapshot:huge.yaml", good, "--format", "json")
    assert outcome.code == 3
    assert len(outcome.errors) == 1
    assert "over the limit of 67,108,864; split it or save it as JSON" in outcome.errors[0]
    assert _audited(outcome)["snapshot/app"] == "audited"


def test_a_yaml_bomb_is_refused_before_it_expands(run: Run, good: str, tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    (tmp_path / "bomb.yaml").write_text("\n".join(levels))
    outcome = run("audit", "snapshot:bomb.yaml", good, "--format", "json")
    assert outcome.code == 3
    assert len(outcome.errors) == 1
    assert "bomb.yaml" in outcome.errors[0]
    assert _audited(outcome)["snapshot/app"] == "audited"


def test_half_a_json_file_is_incomplete(run: Run, good: str, corpus: Path, tmp_path: Path) -> None:
    whole = (corpus / "live-cluster/pods.json").read_bytes()
    (tmp_path / "pods.json").write_bytes(whole[: len(whole) // 2])
    outcome = run("audit", "snapshot:pods.json", good, "--format", "json")
    assert outcome.code == 3
    assert len(outcome.errors) == 1
    assert "pods.json: is not whole JSON" in outcome.errors[0]
    assert _audited(outcome) == {"snapshot/app": "audited", "snapshot/pods.json": "partial"}


def test_a_folder_without_manifests_is_incomplete(run: Run, good: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "values.yaml").write_text("replicas: 3\n")
    outcome = run("audit", "snapshot:docs", good, "--format", "json")
    assert outcome.code == 3
    (error,) = outcome.errors
    assert error == (
        "error: snapshot:docs: no Kubernetes object in docs (looked at only values.yaml); "
        "name what holds the manifests"
    )
    assert _audited(outcome) == {"snapshot/app": "audited", "snapshot/docs": "unreachable"}


def test_nothing_passes_where_nothing_was_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    outcome = run("audit", "snapshot:docs", "--format", "json", "--all")
    findings = outcome.json()["clusters"][0]["findings"]
    # What nobody wrote, nobody has to read.
    of_cluster = [item for item in findings if item["check"] not in OF_THE_CONFIGURATION]
    assert {finding["verdict"] for finding in of_cluster} == {"unknown", "fail"}
    assert [item["check"] for item in findings if item["verdict"] == "fail"] == ["audit-incomplete"]


def test_unrendered_templates_are_named_and_the_rest_is_read(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "chart"
    folder.mkdir()
    (folder / "deployment.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n"
        "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: 'front-{{ .Values.suffix }}'\n"
        "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: front\n"
        "spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}\n"
    )
    outcome = run("audit", "snapshot:chart", "--format", "json", "--all")
    assert outcome.code == 3
    assert len(outcome.errors) == 2
    assert all("helm template" in line for line in outcome.errors)
    cluster = outcome.json()["clusters"][0]
    coverage = {item["resource"]: item for item in cluster["coverage"]}
    assert coverage["deployments.apps"]["state"] == "partial"
    assert coverage["services"]["state"] == "partial"
    assert coverage["services"]["count"] == 1
    assert coverage["nodes"]["state"] == "not-provided"


def test_an_unknown_check_is_named_with_the_likely_one(run: Run, good: str) -> None:
    outcome = run("audit", good, "--check", "node-port-opn")
    assert outcome.code == 2
    assert outcome.errors == [
        "error: no check is called 'node-port-opn'; did you mean 'node-port-open'?"
    ]
    assert outcome.out == ""


def test_a_check_of_a_later_version_is_said_to_be_one(run: Run) -> None:
    outcome = run("checks", "policy-rejected")
    assert outcome.code == 2
    assert "is not judged by this version" in outcome.errors[0]


def test_all_errors_of_a_configuration_come_at_once(run: Run, good: str, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text(
        "internal_cidrs: [10.0.0.0/99]\n"
        "declarations:\n"
        "  - {workload: Deployment/web/front, port: 443, audience: internet, reason: shop}\n"
        "exceptions:\n"
        "  - {check: node-port-open, cluster: a, reason: r, approved_by: b}\n"
        "checks: {node-port-open: {severity: awful}}\n"
        "unknown_key: 1\n"
    )
    outcome = run("audit", good, "--config", "auditor.yaml")
    assert outcome.code == 2
    text = "\n".join(outcome.errors)
    for wanted in (
        "declarations[0]: 'owner' is missing",
        "exceptions[0]: 'expires' is missing",
        "checks.node-port-open.severity: 'awful' is not one of",
        "unknown key 'unknown_key'",
        "internal_cidrs[0]: '10.0.0.0/99' is neither an IP address nor a CIDR",
    ):
        assert wanted in text
    assert all("auditor.yaml" in line for line in outcome.errors)


def test_meaning_is_checked_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text(
        "internal_cidrs: [10.0.0.0/99]\n"
        "exceptions:\n"
        '  - {check: node-port-opn, cluster: "*", reason: r, approved_by: b, expires: 2099-01-01}\n'
    )
    outcome = run("config", "check", "--config", "auditor.yaml")
    assert outcome.code == 2
    assert len(outcome.errors) == 4, outcome.errors


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("manifests", "is not KIND:PLACE"),
        ("snapshot:", "names no path"),
        ("ftp:x", "no connector of the kind 'ftp' is installed"),
        ("connector:shop", "the configuration has no connector 'shop'"),
    ],
)
def test_a_source_that_cannot_be_understood_is_wrong_usage(
    run: Run, good: str, source: str, said: str
) -> None:
    outcome = run("audit", source, good, "--format", "json")
    assert outcome.code == 2
    assert said in outcome.errors[0]
    assert _audited(outcome) == {"snapshot/app": "audited"}


def test_two_sources_of_one_name_are_told_apart_by_the_user(run: Run, good: str) -> None:
    outcome = run("audit", good, good, "--format", "json")
    assert outcome.code == 2
    assert "name this one apart" in outcome.errors[0]
    assert run("audit", good, f"{good}#other", "--format", "json").code == 0


def test_no_source_says_what_to_name(run: Run) -> None:
    outcome = run("audit")
    assert outcome.code == 2
    assert "default kubeconfig" in outcome.errors[0]
    assert "name a SOURCE, for example" in outcome.errors[0]


def test_an_output_folder_that_is_not_there_is_said_before_the_audit(run: Run, good: str) -> None:
    outcome = run("audit", good, "--output", "nowhere/audit.json")
    assert outcome.code == 2
    assert "the folder nowhere is not there" in outcome.errors[0]


def test_an_unknown_plugin_is_named_with_the_known_ones(run: Run, good: str) -> None:
    outcome = run("audit", good, "--assume-cni", "nope")
    assert outcome.code == 2
    assert "calico" in outcome.errors[0]


def test_a_broken_entry_of_the_catalogue_is_refused_with_file_entry_and_reason(
    run: Run, good: str, tmp_path: Path
) -> None:
    (tmp_path / "auditor.yaml").write_text(
        "catalogue:\n"
        "  management_interfaces:\n"
        "    - {id: grafana, severity_if_exposed: low}\n"
        "    - {id: our-console, name: ours, category: nonsense, severity_if_exposed: high}\n"
        "  consoles: []\n"
    )
    for words in (("config", "check"), ("audit", good)):
        outcome = run(*words, "--config", "auditor.yaml")
        assert (outcome.code, outcome.out) == (2, "")
        said = "\n".join(outcome.errors)
        assert "auditor.yaml:4: catalogue.management_interfaces[1] (our-console)" in said
        assert "'nonsense'" in said
        assert "unknown section 'consoles'" in said


@pytest.mark.parametrize("form", ["table", "json", "sarif", "junit"])
def test_a_source_that_is_no_text_is_a_usage_error(run: Run, form: str) -> None:
    outcome = run("audit", os.fsdecode(b"snapshot:./a\xff"), "--no-store", "--format", form)
    assert outcome.code == 2
    assert "is no UTF-8 text; reach it by a link" in outcome.err
