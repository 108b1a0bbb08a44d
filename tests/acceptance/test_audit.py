"""`audit` as pipelines use it: exit codes, narrowing, formats, hostile names."""

import gzip
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.acceptance.conftest import Run


def test_two_runs_are_byte_identical_but_for_the_times(run: Run, corpus: Path) -> None:
    source = f"snapshot:{corpus / 'live-cluster'}"
    first, second = (run("audit", source, "--format", "json", "--all") for _ in range(2))
    kept = [
        "\n".join(line for line in outcome.out.splitlines() if '_at": "' not in line)
        for outcome in (first, second)
    ]
    assert kept[0] == kept[1]
    assert first.out.count('_at": "') == 2


def test_the_order_of_files_does_not_matter(run: Run, corpus: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed" / "live-cluster"
    renamed.mkdir(parents=True)
    for number, file in enumerate(sorted((corpus / "live-cluster").glob("*.json"), reverse=True)):
        if json.loads(file.read_bytes())["items"]:
            shutil.copy(file, renamed / f"{number}.json")
        else:
            shutil.copy(file, renamed / file.name)
    sources = (f"snapshot:{corpus / 'live-cluster'}", f"snapshot:{renamed}")
    answers = [run("audit", source, "--format", "json").json()["clusters"] for source in sources]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [("critical", 1), ("high", 1), ("medium", 1), ("low", 1), ("unknown", 1)],
)
def test_findings_at_the_threshold_give_one(
    run: Run, corpus: Path, fail_on: str, code: int
) -> None:
    source = f"snapshot:{corpus / 'kubernetes-goat'}"
    assert run("audit", source, "--fail-on", fail_on).code == code


@pytest.mark.parametrize(("fail_on", "code"), [("high", 0), ("medium", 1), ("unknown", 1)])
def test_findings_below_the_threshold_give_nought(
    run: Run, corpus: Path, fail_on: str, code: int
) -> None:
    source = f"snapshot:{corpus / 'online-boutique/app'}"
    assert run("audit", source, "--fail-on", fail_on).code == code


def test_what_could_not_be_audited_outweighs_findings(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.yaml").touch()
    goat = f"snapshot:{corpus / 'kubernetes-goat'}"
    assert run("audit", goat, "snapshot:empty.yaml", "--fail-on", "low").code == 3
    assert run("audit", goat, "snapshot:empty.yaml", "snapshot:no", "--fail-on", "low").code == 2


def test_an_accepted_finding_does_not_count(run: Run, corpus: Path, tmp_path: Path) -> None:
    until = datetime.now(UTC).date() + timedelta(days=90)
    (tmp_path / "auditor.yaml").write_text(
        "exceptions:\n"
        "  - {check: load-balancer-open-to-internet, cluster: snapshot/app, namespace: default,\n"
        "     name: frontend-external, reason: public shop, approved_by: a@example.com,\n"
        f"     ticket: SEC-1, expires: {until}}}\n"
    )
    source = f"snapshot:{corpus / 'online-boutique/app'}"
    narrowed = (source, "--check", "load-balancer-open-to-internet", "--fail-on", "unknown")
    assert run("audit", *narrowed).code == 1
    outcome = run("audit", *narrowed, "--config", "auditor.yaml", "--format", "json")
    assert outcome.code == 0
    finding = outcome.json()["clusters"][0]["findings"][0]
    assert (finding["verdict"], finding["raw_verdict"]) == ("accepted", "fail")
    assert finding["reason"] == f"public shop (approved by a@example.com, SEC-1, until {until})"
    assert outcome.json()["summary"]["accepted"] == 1


def test_narrowing_shows_and_counts_less_and_reads_the_same(run: Run, corpus: Path) -> None:
    source = f"snapshot:{corpus / 'live-cluster'}"
    whole = run("audit", source, "--format", "json", "--all").json()
    narrow = run(
        "audit", source, "--format", "json", "--all", "--namespace", "boutique",
        "--check", "node-port-open",
    ).json()  # fmt: skip
    assert narrow["clusters"][0]["coverage"] == whole["clusters"][0]["coverage"]
    findings = narrow["clusters"][0]["findings"]
    assert [(item["check"], item["subject"]["namespace"]) for item in findings] == [
        ("node-port-open", "boutique")
    ]
    assert narrow["summary"]["fail"] == {"critical": 0, "high": 1, "medium": 0, "low": 0}
    assert {item["entry"]["namespace"] for item in narrow["clusters"][0]["exposures"]} == {
        "boutique"
    }


def test_narrowing_to_a_namespace_keeps_what_was_not_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    outcome = run("audit", "snapshot:docs", "--namespace", "web", "--fail-on", "unknown")
    assert outcome.code == 3
    assert "unknown" in outcome.out


def test_pass_and_not_applicable_are_counted_and_listed_on_demand(run: Run, corpus: Path) -> None:
    source = f"snapshot:{corpus / 'kubernetes-goat'}"
    short = run("audit", source, "--format", "json").json()
    full = run("audit", source, "--format", "json", "--all").json()
    assert short["summary"] == full["summary"]
    listed = {item["verdict"] for item in short["clusters"][0]["findings"]}
    assert listed == {"fail", "unknown"}
    verdicts = [item["verdict"] for item in full["clusters"][0]["findings"]]
    assert verdicts.count("pass") == full["summary"]["pass"] > 0
    assert verdicts.count("not_applicable") == full["summary"]["not_applicable"] > 0


def test_results_go_to_stdout_and_progress_to_stderr(run: Run, corpus: Path) -> None:
    source = f"snapshot:{corpus / 'online-boutique/app'}"
    outcome = run("audit", source)
    assert "reading snapshot/app" in outcome.err
    assert "reading" not in outcome.out
    assert "\x1b" not in outcome.out + outcome.err


def test_an_output_file_holds_what_stdout_would(run: Run, corpus: Path, tmp_path: Path) -> None:
    source = f"snapshot:{corpus / 'online-boutique/app'}"
    outcome = run("audit", source, "--format", "json", "--output", "audit.json")
    assert (outcome.code, outcome.out) == (0, "")
    assert json.loads((tmp_path / "audit.json").read_bytes())["schema"].endswith("audit/v1")


def test_gzip_is_read_as_what_it_holds(run: Run, corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "live-cluster"
    folder.mkdir()
    for file in (corpus / "live-cluster").glob("*.json"):
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    plain, packed = (
        run("audit", f"snapshot:{path}", "--format", "json").json()["clusters"]
        for path in (corpus / "live-cluster", folder)
    )
    assert plain == packed


def test_hostile_names_cannot_drive_the_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "evil.yaml").write_text(
        'apiVersion: v1\nkind: Service\nmetadata: {name: "a\\e[2Jb\\u202Ec", namespace: web}\n'
        "spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}\n"
        '---\napiVersion: v1\nkind: Pod\nmetadata: {name: "[red]markup[/red]", namespace: web}\n'
        "spec: {hostNetwork: true, containers: [{name: a, image: b}]}\n"
    )
    outcome = run("audit", "snapshot:evil.yaml")
    assert "\x1b" not in outcome.out
    assert "\u202e" not in outcome.out
    assert "[red]markup[/red]" in outcome.out
    names = json.loads(run("audit", "snapshot:evil.yaml", "--format", "json").out)
    assert any(
        item["subject"]["name"] == "a\x1b[2Jb\u202ec" for item in names["clusters"][0]["findings"]
    )


def test_a_plugin_that_enforces_nothing_opens_the_way(run: Run, corpus: Path) -> None:
    source = f"snapshot:{corpus / 'live-cluster'}"
    cluster = run("audit", source, "--assume-cni", "flannel", "--format", "json").json()[
        "clusters"
    ][0]
    assert cluster["platform"]["cni"]["enforces"] == "none"
    assert cluster["platform"]["cni"]["assumed"] is True
    assert {item["verdict"] for item in cluster["exposures"]} == {"exposed"}


def test_the_answer_has_the_promised_shape(run: Run, corpus: Path) -> None:
    answer = run("audit", f"snapshot:{corpus / 'live-cluster'}", "--format", "json").json()
    assert {
        "schema", "version", "started_at", "finished_at", "clusters", "fleet_findings", "summary",
    } <= set(answer)  # fmt: skip
    cluster = answer["clusters"][0]
    assert {
        "id", "name", "provider", "account", "location", "tenants", "risk_levels", "state",
        "coverage", "platform", "exposures", "findings",
    } <= set(cluster)  # fmt: skip
    assert {"kubernetes", "cni", "meshes", "distribution"} == set(cluster["platform"])
    assert {
        "id", "audience", "sources", "entry", "target", "recognised", "verdict", "confidence",
        "path",
    } <= set(cluster["exposures"][0])  # fmt: skip
    assert set(cluster["exposures"][0]["entry"]) == {
        "kind", "namespace", "name", "via", "address", "addresses", "port", "protocol", "host",
        "path",
    }  # fmt: skip
    assert {
        "id", "check", "family", "verdict", "raw_verdict", "severity", "subject", "port",
        "summary", "remediation", "reason", "evidence", "controls",
    } <= set(cluster["findings"][0])  # fmt: skip
    assert set(answer["summary"]) == {
        "clusters", "fail", "unknown", "accepted", "pass", "not_applicable",
    }  # fmt: skip


def test_thousands_of_findings_are_written_a_line_each(run: Run, tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{}, namespace: web}}\n"
    spec = "spec: {hostPID: true, containers: [{name: a, image: b}]}\n"
    text = "---\n".join(pod.format(number) + spec for number in range(600))
    (tmp_path / "pods.yaml").write_text(text)
    lines = run("audit", "snapshot:pods.yaml").out.splitlines()
    assert len([line for line in lines if "pod-shares-host-processes" in line]) == 600


@pytest.mark.parametrize("form", ["sarif", "junit"])
def test_pipelines_get_their_formats(run: Run, corpus: Path, tmp_path: Path, form: str) -> None:
    source = f"snapshot:{corpus / 'kubernetes-goat'}"
    outcome = run("audit", source, "--format", form, "--fail-on", "high", "--output", "found")
    assert outcome.code == 1
    written = (tmp_path / "found").read_text(encoding="utf-8")
    assert "Service/default/internal-proxy-info-app-service" in written
    again = run("audit", source, "--format", form).out
    # Without times, which tell two runs apart, and nothing else does.
    timeless = [
        re.sub(r'"?\b\w*(Utc|timestamp)"?[:=] ?"[^"]*"', "", text) for text in (written, again)
    ]
    assert timeless[0] == timeless[1]
    narrowed = run("audit", source, "--format", form, "--check", "node-port-open").out
    assert "container-runtime-socket-mounted" not in narrowed
    elsewhere = run("audit", source, "--format", form, "--namespace", "big-monolith").out
    assert "Service/default/" not in elsewhere


@pytest.mark.parametrize("form", ["sarif", "junit"])
def test_pipelines_see_what_could_not_be_audited(run: Run, tmp_path: Path, form: str) -> None:
    (tmp_path / "half.yaml").write_text("kind: Service\nspec: [\n")
    outcome = run("audit", "snapshot:half.yaml", "--format", form, "--fail-on", "low")
    assert outcome.code == 3
    sign = '"executionSuccessful": false' if form == "sarif" else '<error type="not audited"'
    assert sign in outcome.out
    assert "half.yaml" in outcome.out


@pytest.mark.parametrize("form", ["table", "json", "sarif", "junit"])
def test_hostile_names_pass_through_every_format(run: Run, tmp_path: Path, form: str) -> None:
    hostile = r'"a\e[2J\u202Eb\nc\0<d>&]]>../../e%00{0}"'
    documents = [
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: web}}\n"
        f"spec: {{type: NodePort, ports: [{{port: 80, nodePort: {port}}}]}}\n"
        for name, port in ((hostile, 30080), ("x" * 20_000, 30081), ("--all", 30082))
    ]
    (tmp_path / "evil.yaml").write_text("---\n".join(documents))
    outcome = run("audit", "snapshot:evil.yaml", "--format", form, "--fail-on", "unknown")
    assert outcome.code == 1
    # JSON gives names as they are, escaped as JSON escapes.
    acted_on = "\x00\x1b" if form == "json" else "\x00\x1b\u202e"
    assert not set(acted_on) & set(outcome.out)
    if form == "junit":
        ET.fromstring(outcome.out)  # noqa: S314 - our own output
    elif form != "table":
        assert outcome.json()
