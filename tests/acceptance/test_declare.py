"""`declare`: what is open today becomes a file that people fill in, and then it is accepted."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.conftest import Outcome, Run

FLEET = Path(__file__).parents[2] / "examples" / "fleet"
CONFIGURATION = "declaration_files: [declared.yaml]\n"


def fill_in(path: Path) -> None:
    """Do what a person does with the file."""
    text = path.read_text(encoding="utf-8")
    for key in ("owner", "reason"):
        text = text.replace(f"{key}: ''", f"{key}: team-web")
    path.write_text(text, encoding="utf-8")


def undeclared(outcome: Outcome) -> dict[str, set[tuple[str, int | None]]]:
    """Give the ports of `exposed-port-undeclared` by verdict."""
    found: dict[str, set[tuple[str, int | None]]] = {}
    for cluster in outcome.json()["clusters"]:
        for item in cluster["findings"]:
            if item["check"] == "exposed-port-undeclared":
                name = f"{item['subject']['kind']}/{item['subject']['name']}"
                found.setdefault(item["verdict"], set()).add((name, item["port"]))
    return found


@pytest.mark.parametrize(
    "folder", ["kubernetes-goat", "online-boutique/app", "live-cluster", "fleet"]
)
def test_what_was_declared_and_filled_in_is_accepted_everywhere(
    run: Run, corpus: Path, tmp_path: Path, folder: str
) -> None:
    places = [FLEET / "shop-prod", FLEET / "ci"] if folder == "fleet" else [corpus / folder]
    sources = [f"snapshot:{place}" for place in places]
    before = undeclared(run("audit", *sources, "--format", "json"))
    declared = run("declare", *sources, "--output", "declared.yaml")
    assert (declared.code, declared.out) == (0, "")
    (tmp_path / "auditor.yaml").write_text(CONFIGURATION)
    count = (tmp_path / "declared.yaml").read_text().count("owner: ''")
    if before.get("fail"):
        refused = run("config", "check", "--config", "auditor.yaml")
        assert refused.code == 2
        assert len(refused.errors + refused.err.splitlines()) >= 2 * count - 1
        assert "declared.yaml:" in refused.errors[0]
        assert ".owner: is empty; a declaration needs somebody who answers for it" in refused.err
    fill_in(tmp_path / "declared.yaml")
    checked = run("config", "check", "--config", "auditor.yaml")
    assert checked.code == 0, checked.err
    assert "overlaps" not in checked.err
    audited = run("audit", *sources, "--config", "auditor.yaml", "--format", "json")
    after = undeclared(audited)
    assert after.get("accepted", set()) == before.get("fail", set())
    assert "fail" not in after
    assert after.get("unknown", set()) == before.get("unknown", set())
    again = run("declare", *sources, "--config", "auditor.yaml")
    assert yaml.safe_load(again.out) == {"declarations": []}


def test_a_declared_port_stays_open_and_other_checks_still_fail(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    source = f"snapshot:{corpus / 'live-cluster'}"
    run("declare", source, "--output", "declared.yaml")
    fill_in(tmp_path / "declared.yaml")
    (tmp_path / "auditor.yaml").write_text(CONFIGURATION)
    gate = ("audit", source, "--config", "auditor.yaml", "--no-store", "--fail-on", "medium")
    only = (*gate, "--check", "exposed-port-undeclared")
    assert run(*only).code == 0
    assert run(*gate).code == 1
    assert run(*(word for word in only if word not in {"--config", "auditor.yaml"})).code == 1


def test_the_file_is_the_same_bytes_on_every_run_and_in_any_order_of_sources(
    run: Run, corpus: Path
) -> None:
    sources = [f"snapshot:{FLEET / name}" for name in ("shop-prod", "ci", "payments-prod")]
    first = run("declare", *sources)
    assert first.out == run("declare", *reversed(sources)).out
    assert first.out.count("owner: ''") > 8
    assert "\n# It is not known whether these are open." in first.out


def test_what_is_declared_already_comes_with_its_words_where_it_is_asked_for(run: Run) -> None:
    config = ("--config", str(FLEET / "auditor.yaml"))
    without = yaml.safe_load(run("declare", *config).out)["declarations"]
    assert all(not item["owner"] and not item["reason"] for item in without)
    whole = yaml.safe_load(run("declare", *config, "--all").out)["declarations"]
    assert [item for item in whole if not item["owner"]] == without
    known = [item for item in whole if item["owner"]]
    assert {item["owner"] for item in known} == {"team-payments", "team-platform"}
    assert any(str(item.get("expires")) == "2027-06-30" for item in known)


def test_only_one_namespace_is_written_where_that_is_asked_for(run: Run) -> None:
    config = ("--config", str(FLEET / "auditor.yaml"))
    told = yaml.safe_load(run("declare", *config, "--namespace", "storefront").out)
    assert {item["namespace"] for item in told["declarations"]} == {"storefront"}


def test_names_that_would_break_a_file_do_not(run: Run, tmp_path: Path) -> None:
    evil = 'x"\n- {port: 1}\u202e#*[a]'
    service: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": evil, "namespace": "web"},
        "spec": {"type": "LoadBalancer", "selector": {"a": "b"}, "ports": [{"port": 443}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}},
    }
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": evil, "namespace": "web", "labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump_all([service, pod]))
    source = "snapshot:objects.yaml"
    assert run("declare", source, "--output", "declared.yaml").code in {0, 3}
    text = (tmp_path / "declared.yaml").read_text()
    assert "\u202e" not in text
    (entry,) = yaml.safe_load(text)["declarations"]
    assert entry["port"] == 443
    fill_in(tmp_path / "declared.yaml")
    (tmp_path / "auditor.yaml").write_text(CONFIGURATION)
    found = undeclared(run("audit", source, "--config", "auditor.yaml", "--format", "json"))
    assert len(found["accepted"]) == 1
    assert "fail" not in found


def test_what_cannot_be_read_leaves_the_rest_and_says_so(run: Run, corpus: Path) -> None:
    good = f"snapshot:{corpus / 'online-boutique/app'}"
    outcome = run("declare", good, "snapshot:./nowhere")
    assert outcome.code == 2
    assert len(yaml.safe_load(outcome.out)["declarations"]) == 1
    only = run("declare", "snapshot:./nowhere")
    assert (only.code, only.out) == (2, "")
    assert run("declare", good, "--output", "./nowhere/declared.yaml").code == 2
