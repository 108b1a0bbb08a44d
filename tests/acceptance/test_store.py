"""`audit --store`, `db` and `evidence`: what was found can be asked for later."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.conftest import Run

DATABASE = ("--database", "sqlite:///auditor.db")


def _changed(corpus: Path, folder: Path) -> Path:
    """Copy the shop, its public load balancer turned into a ClusterIP Service."""
    target = folder / "app"
    shutil.copytree(corpus / "online-boutique/app", target)
    front = target / "frontend.yaml"
    front.write_text(front.read_text().replace("type: LoadBalancer", "type: ClusterIP"))
    return target


def _findings(run: Run, *arguments: str) -> dict[str, str]:
    answer = run("evidence", "list", *DATABASE, "--format", "json", *arguments).json()
    return {
        item["check"]: item["verdict"]
        for cluster in answer["clusters"]
        for item in cluster["findings"]
    }


def test_a_fixed_finding_is_remembered_as_of_before(run: Run, corpus: Path, tmp_path: Path) -> None:
    check = ("--check", "load-balancer-open-to-internet")
    first = run("audit", f"snapshot:{corpus / 'online-boutique/app'}", "--store", *DATABASE)
    assert first.code == 0
    assert "stored snapshot/app as entry 1" in first.err
    between = datetime.now(UTC).isoformat()
    run("audit", f"snapshot:{_changed(corpus, tmp_path / 'b')}", "--store", *DATABASE)
    assert _findings(run, *check, "--as-of", between) == {check[1]: "fail"}
    assert _findings(run, *check) == {}
    answers = [
        run("evidence", "list", *DATABASE, "--format", "json", "--as-of", between).out
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    ended = json.loads(answers[0])["clusters"][0]["findings"]
    assert {item["ended"] for item in ended if item["check"] == check[1]} == {"fixed"}
    checked = run("db", "check", *DATABASE)
    assert (checked.code, checked.out) == (0, "2 entries verified\n")


def test_a_source_that_could_not_be_read_fixes_nothing(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    run("audit", f"snapshot:{corpus / 'online-boutique/app'}", "--store", *DATABASE)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "empty.yaml").touch()
    blind = run("audit", "snapshot:app", "--store", *DATABASE)
    assert blind.code == 3
    answer = run("evidence", "list", *DATABASE, "--format", "json").json()["clusters"][0]
    kept = [item for item in answer["findings"] if item["raw_verdict"] == "fail"]
    assert "load-balancer-open-to-internet" in {item["check"] for item in kept}
    by_check = {item["check"]: item["confirmed"] for item in kept}
    assert by_check["load-balancer-open-to-internet"] is False
    assert not [item for item in answer["findings"] if item["verdict"] == "pass"]


def test_evidence_show_follows_one_finding(run: Run, corpus: Path) -> None:
    run("audit", f"snapshot:{corpus / 'live-cluster'}", "--store", *DATABASE)
    listed = run(
        "evidence", "list", *DATABASE, "--format", "json", "--check", "node-has-public-address"
    ).json()["clusters"][0]["findings"]
    (finding,) = [item for item in listed if item["verdict"] == "fail"]
    shown = run("evidence", "show", finding["id"][:10], *DATABASE)
    assert shown.code == 0
    assert finding["summary"] in shown.out
    assert "status.addresses[ExternalIP] = 203.0.113.13" in shown.out
    assert run("evidence", "show", finding["id"], *DATABASE, "--format", "json").json() == finding


def test_snapshots_are_not_stored_unless_asked_for(run: Run, corpus: Path, tmp_path: Path) -> None:
    source = f"snapshot:{corpus / 'online-boutique/app'}"
    run("audit", source, *DATABASE)
    run("audit", source, "--no-store", *DATABASE)
    assert not (tmp_path / "auditor.db").exists()
    assert run("audit", source, "--store", "--no-store").code == 2


def test_the_default_database_is_below_the_state_folder(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    run("audit", f"snapshot:{corpus / 'online-boutique/app'}", "--store")
    path = tmp_path / ".local/state/exposure-auditor/auditor.db"
    assert path.stat().st_mode & 0o077 == 0
    assert run("db", "check").out == "1 entries verified\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["db", "check", *DATABASE], "holds no schema yet; run `exposure-auditor db upgrade`"),
        (["evidence", "list", *DATABASE], "run `exposure-auditor db upgrade`"),
        (["db", "upgrade", "--database", "sqlite:////proc/none/a.db"], "cannot be opened"),
        (["db", "upgrade", "--database", "nonsense"], "is no database URL"),
        (["evidence", "list", *DATABASE, "--as-of", "soon"], "is no time"),
        (["evidence", "list", *DATABASE, "--as-of", "2026-03-31T12:00"], "has no time zone"),
        (["evidence", "show", "abc", *DATABASE], "at least 6 characters"),
    ],
)
def test_what_cannot_be_asked_is_said(run: Run, arguments: list[str], said: str) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert said in outcome.errors[0]


def test_a_date_stands_for_its_last_moment(run: Run, corpus: Path) -> None:
    run("db", "upgrade", *DATABASE)
    run("audit", f"snapshot:{corpus / 'online-boutique/app'}", "--store", *DATABASE)
    today = datetime.now(UTC).date()
    assert _findings(run, "--as-of", str(today + timedelta(days=1)))
    assert not _findings(run, "--as-of", str(today - timedelta(days=1)))
    empty = run("evidence", "list", *DATABASE, "--as-of", "2020-01-01")
    assert empty.out == "nothing was recorded until then\n"


def test_exceptions_report_what_they_matched(run: Run, corpus: Path, tmp_path: Path) -> None:
    until = datetime.now(UTC).date() + timedelta(days=90)
    rest = f"cluster: 'snapshot/*', reason: r, approved_by: b, expires: {until}"
    (tmp_path / "auditor.yaml").write_text(
        "exceptions:\n"
        f"  - {{check: load-balancer-open-to-internet, namespace: default, {rest}}}\n"
        f"  - {{check: node-port-open, namespace: nowhere, {rest}}}\n"
        f"  - {{check: node-port-open, namespace: other, {rest.replace('snapshot', 'eks')}}}\n"
    )
    source = f"snapshot:{corpus / 'online-boutique/app'}"
    run("audit", source, "--store", *DATABASE, "--config", "auditor.yaml")
    answer = run("evidence", "agreements", *DATABASE, "--format", "json").json()["agreements"]
    found = {item["entry"]["namespace"]: item for item in answer}
    assert set(found) == {"default", "nowhere"}
    assert found["default"]["matched"] == 1
    assert found["default"]["last_matched_at"] is not None
    assert found["nowhere"]["last_matched_at"] is None
    assert "never matched" in run("evidence", "agreements", *DATABASE).out


def test_a_database_that_cannot_be_used_does_not_take_the_answer(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "auditor.db").write_bytes(b"somebody's notes " * 1000)
    source = f"snapshot:{corpus / 'online-boutique/app'}"
    outcome = run("audit", source, "--store", *DATABASE, "--format", "json")
    assert outcome.code == 2
    assert "not a database" in outcome.errors[0]
    assert outcome.json()["summary"]["fail"]["medium"] == 3


def test_pruned_history_is_refused_and_not_answered_with_silence(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    shop = f"snapshot:{corpus / 'online-boutique/app'}"
    run("audit", shop, "--store", *DATABASE)
    run("audit", f"snapshot:{_changed(corpus, tmp_path / 'b')}", "--store", *DATABASE)
    today = datetime.now(UTC).date()
    kept = run("db", "prune", *DATABASE, "--before", str(today))
    assert (kept.code, kept.out) == (0, "dropped 0 entries, 0 facts and 0 pieces of evidence\n")
    future = run("db", "prune", *DATABASE, "--before", str(today + timedelta(days=2)))
    assert future.code == 2
    assert "not over yet" in future.err
    wrong = run("db", "prune", *DATABASE, "--before", "yesterday")
    assert wrong.code == 2
    assert "write 2026-01-31" in wrong.err


def test_the_matrix_of_a_moment_is_asked_by_tenant(run: Run, tmp_path: Path) -> None:
    documents = [
        f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {name}, labels: {{tenant: {name}, risk-level: low}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: p, namespace: {name}}}
spec: {{containers: [{{name: c, image: app}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: {name}}}
spec: {{podSelector: {{}}, policyTypes: [{"Ingress" if name == "bank" else "Egress"}]}}
"""
        for name in ("bank", "shop", "mail")
    ]
    (tmp_path / "all.yaml").write_text("---".join(documents))
    run("audit", "snapshot:all.yaml", "--store", *DATABASE, cwd=tmp_path)
    outcome = run("evidence", "segmentation", *DATABASE, "--format", "json", cwd=tmp_path)
    answer = outcome.json()
    assert outcome.code == 0
    assert answer["schema"] == "exposure-auditor/segmentation-evidence/v1"
    (cluster,) = answer["clusters"]
    assert cluster["cluster"] == "snapshot/all.yaml"
    states = {(item["source"], item["destination"]): item["state"] for item in cluster["borders"]}
    assert len(states) == 6
    assert states["bank", "shop"] == "open"
    assert states["shop", "bank"] == "separated"
    bank = run("evidence", "segmentation", *DATABASE, "--tenant", "bank", cwd=tmp_path).out
    assert "shop => bank" in bank
    assert "mail => shop" not in bank
    before = run("evidence", "segmentation", *DATABASE, "--as-of", "2020-01-01", cwd=tmp_path)
    assert before.out == "nothing was recorded until then\n"


def test_drift_is_told_from_the_store_alone(run: Run, corpus: Path) -> None:
    source = f"snapshot:{corpus / 'live-cluster'}"
    assert run("audit", source, "--store", *DATABASE, "--no-such").code == 2
    run("audit", source, "--store", *DATABASE)
    told = run("evidence", "drift", "--since", "2026-01-01", *DATABASE, "--format", "json").json()
    assert told["schema"] == "exposure-auditor/drift/v1"
    (cluster,) = told["clusters"]
    assert cluster["since_observed_at"] is None
    assert {(item["kind"], item["change"], item["port"]) for item in cluster["drift"]} == {
        ("undeclared", "new", 80),
        ("undeclared", "new", 30003),
        ("undeclared", "new", 31714),
    }
    text = run("evidence", "drift", "--since", "2026-01-01", *DATABASE).out
    assert "nobody had looked before this period" in text
    assert text.count("undeclared") == 3
    nobody = run("evidence", "drift", "--since", "2026-01-01", "--tenant", "x", *DATABASE)
    assert "no drift" in nobody.out
    early = run("evidence", "drift", "--since", "2020-01-01", "--as-of", "2020-02-01", *DATABASE)
    assert (early.code, early.out) == (0, "nothing was recorded until then\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "soon"), "--since: 'soon' is no time"),
        (("--since", "2026-02-01", "--as-of", "2026-01-01"), "--since: is not before --as-of"),
        ((), "Missing option '--since'"),
    ],
)
def test_a_period_that_is_none_is_wrong_usage(run: Run, words: tuple[str, ...], said: str) -> None:
    outcome = run("evidence", "drift", *words, *DATABASE)
    assert outcome.code == 2
    assert said in outcome.err
