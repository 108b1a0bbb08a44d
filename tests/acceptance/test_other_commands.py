"""`checks`, `explain`, `config`, and how quickly the command answers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.checks.catalog import catalog
from tests.acceptance.conftest import Run

HEAVY = ("msgspec", "yaml", "rich", "jsonschema", "asyncio", "auditor.checks", "connectors")


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_the_first_answer_imports_next_to_nothing(flag: str) -> None:
    program = (
        "import sys\n"
        "from auditor.cli import main\n"
        f"main(['{flag}'], standalone_mode=False)\n"
        "print('MODULES', *sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    modules = set(done.stdout.rpartition("MODULES")[2].split())
    loaded = [
        name
        for name in modules
        if any(name == heavy or name.startswith(f"{heavy}.") for heavy in HEAVY)
    ]
    assert loaded == []


@pytest.mark.parametrize("words", [[], ["audit"], ["checks"], ["explain"], ["config", "check"]])
def test_help_shows_an_example(run: Run, words: list[str]) -> None:
    outcome = run(*words, "--help")
    assert outcome.code == 0
    assert "Example: exposure-auditor" in outcome.out


def test_checks_lists_every_check_with_its_severity(run: Run) -> None:
    listed = run("checks").out
    for slug in ("node-port-open", "audit-incomplete", "tenants-share-node"):
        assert slug in listed
    answer = run("checks", "--format", "json").json()
    assert {check["slug"] for check in answer["checks"]} == set(catalog())
    assert all(check["controls"] for check in answer["checks"])


def test_a_check_says_what_it_means_and_how_to_fix_it(run: Run) -> None:
    text = run("checks", "node-port-open").out
    for heading in ("What it reports", "Why it matters", "How to fix", "Known gaps", "References"):
        assert heading in text


def test_a_check_lists_the_controls_that_it_backs(run: Run) -> None:
    text = run("checks", "node-has-public-address").out
    assert "\n## Frameworks\n" in text
    assert "\n    K06:2025  Overly Exposed Kubernetes Components\n" in text
    assert (
        "\n    5.6.6  Consider firewalling GKE worker nodes (version 1.x, not confirmed)\n" in text
    )
    (check,) = run("checks", "node-has-public-address", "--format", "json").json()["checks"]
    assert {
        "framework": "cis-eks",
        "name": "CIS Amazon EKS Benchmark",
        "version": "1.8.0",
        "provider": "eks",
        "control": "5.4.3",
        "title": "Ensure clusters are created with Private Nodes",
        "confirmed": True,
    } in check["frameworks"]
    assert check["controls"] == ["owasp-docker/D03", "owasp-k8s-2025/K06"]


def test_one_check_is_explained_at_a_time(run: Run) -> None:
    outcome = run("checks", "node-port-open", "host-port-open")
    assert (outcome.code, outcome.out) == (2, "")
    assert "one SLUG at a time" in outcome.errors[0]


def test_the_catalogue_is_searched_by_words_in_any_case(run: Run) -> None:
    found = run("checks", "--catalogue", "REDIS", "cache")
    assert found.code == 0
    lines = found.out.splitlines()
    assert lines[0] == "legacy-service"
    assert lines[1].startswith("  redis ")
    assert "6379/TCP" in lines[1]
    assert lines[-1].startswith("2 entries for 'REDIS cache' in catalogue ")


def test_the_catalogue_is_searched_by_image_port_and_annotation(run: Run) -> None:
    assert "  adminer " in run("checks", "--catalogue", "dockette/adminer").out
    assert "  postgresql " in run("checks", "--catalogue", "5432/tcp").out
    assert "  gke " in run("checks", "--catalogue", "networking.gke.io/load-balancer-type").out
    assert "  soc-2 " in run("checks", "--catalogue", "CC6.6").out


def test_the_whole_catalogue_is_json_with_its_version(run: Run) -> None:
    answer = run("checks", "--catalogue", "--format", "json").json()
    assert answer["schema"] == "exposure-auditor/catalogue/v1"
    assert len(answer["version"]) == 16
    assert len(answer["entries"]) > 400
    assert {entry["confirmed"] for entry in answer["entries"]} == {True, False, None}
    for entry in answer["entries"]:
        assert set(entry) == {"kind", "id", "name", "confirmed", "source", "details"}
        assert all(isinstance(text, str) and text for text in entry["details"].values())


def test_nothing_found_in_the_catalogue_is_said_and_is_no_error(run: Run) -> None:
    outcome = run("checks", "--catalogue", "no-such-thing")
    assert outcome.code == 0
    assert outcome.out.startswith("nothing found for 'no-such-thing' in catalogue ")
    answer = run("checks", "--catalogue", "no-such-thing", "--format", "json")
    assert (answer.code, answer.json()["entries"]) == (0, [])


def test_explain_follows_the_evidence_of_a_finding(run: Run, corpus: Path) -> None:
    source = f"snapshot:{corpus / 'live-cluster'}"
    findings = run("audit", source, "--format", "json").json()["clusters"][0]["findings"]
    wanted = next(item for item in findings if item["check"] == "load-balancer-open-to-internet")
    outcome = run("explain", wanted["id"][:12], source)
    assert outcome.code == 0
    assert wanted["summary"] in outcome.out
    for hop in wanted["evidence"]:
        assert f"{hop['hop']}: {hop['field']} = {hop['value']}" in outcome.out
    assert wanted["remediation"] in outcome.out
    # There is no cluster to ask: kubectl would answer for another one.
    assert "$ kubectl" not in outcome.out
    subject = wanted["subject"]
    place = f"  kind Service, name {subject['name']}, namespace {subject['namespace']}\n"
    assert outcome.out.count(place) == 1


def test_explain_is_safe_for_a_terminal_and_a_shell(run: Run, tmp_path: Path) -> None:
    names = (r'"a\e[2J\u202Eb\nc"', '"$(reboot)"', '"--as=admin"', "x" * 5000)
    (tmp_path / "evil.yaml").write_text(
        "---\n".join(
            f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: web}}\n"
            "spec: {hostPID: true, containers: [{name: a, image: b}]}\n"
            for name in names
        )
    )
    narrowed = ("--check", "pod-shares-host-processes", "--format", "json")
    (cluster,) = run("audit", "snapshot:evil.yaml", *narrowed).json()["clusters"]
    assert len(cluster["findings"]) == len(names)
    for finding in cluster["findings"]:
        outcome = run("explain", finding["id"], "snapshot:evil.yaml")
        assert outcome.code == 0
        assert not set("\x1b\u202e") & set(outcome.out)
        assert max(map(len, outcome.out.splitlines())) < 1500


@pytest.mark.parametrize(
    ("finding", "said"),
    [("0" * 32, "no finding has the id"), ("abc", "at least 6 characters")],
)
def test_explain_says_when_there_is_no_such_finding(
    run: Run, corpus: Path, finding: str, said: str
) -> None:
    outcome = run("explain", finding, f"snapshot:{corpus / 'online-boutique/app'}")
    assert outcome.code == 2
    assert said in outcome.errors[0]


def test_config_check_says_what_has_no_effect(run: Run, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text(
        "connectors: [{name: shop, kind: nebula, role: x}]\n"
        "checks: {policy-rejected: {enabled: false}}\n"
        "exceptions:\n"
        "  - {check: node-port-open, cluster: a, reason: r, approved_by: b, expires: 2020-01-01}\n"
    )
    outcome = run("config", "check", "--config", "auditor.yaml")
    assert (outcome.code, outcome.out) == (0, "auditor.yaml: valid\n")
    assert "no connector 'nebula' is installed" in outcome.err
    assert "policy-rejected: not judged by this version" in outcome.err
    assert "expired on 2020-01-01" in outcome.err


def test_config_check_checks_the_options_of_an_installed_connector(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "auditor.yaml").write_text("connectors: [{name: a, kind: snapshot, pth: x}]\n")
    outcome = run("config", "check", "--config", "auditor.yaml")
    assert outcome.code == 2
    assert "connectors: a:" in outcome.errors[0]


def test_config_show_is_itself_a_valid_configuration(run: Run, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text(
        "connectors: [{name: a, kind: snapshot, path: x}]\n"
        "checks: {node-port-open: {severity: low}}\n"
    )
    shown = run("config", "show", "--config", "auditor.yaml")
    assert shown.code == 0
    (tmp_path / "shown.yaml").write_text(shown.out)
    assert run("config", "check", "--config", "shown.yaml").code == 0
    assert run("config", "show", "--config", "shown.yaml").out == shown.out


def test_config_schema_is_json(run: Run) -> None:
    assert "declarations" in json.dumps(run("config", "schema").json())


def test_connectors_of_the_configuration_are_audited_relative_to_it(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "fleet"
    folder.mkdir()
    (folder / "shop").symlink_to(corpus / "online-boutique/app")
    (folder / "auditor.yaml").write_text(
        "connectors:\n"
        "  - {name: one, kind: snapshot, path: shop, id: shop,\n"
        "     tags: {tenant: t, risk-level: low}}\n"
    )
    outcome = run("audit", "--config", folder / "auditor.yaml", "--format", "json")
    assert outcome.code == 0
    cluster = outcome.json()["clusters"][0]
    assert (cluster["id"], cluster["tenants"], cluster["risk_levels"]) == (
        "snapshot/shop",
        ["t"],
        ["low"],
    )
    by_name = run("audit", "connector:one", "--config", folder / "auditor.yaml", "--format", "json")
    assert by_name.json()["clusters"] == outcome.json()["clusters"]
