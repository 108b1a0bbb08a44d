"""`snapshot`: the capture of a source gives the source's answer."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Run


@pytest.mark.parametrize("name", ["capture.json", "capture.json.gz"])
@pytest.mark.parametrize("folder", ["live-cluster", "kubernetes-goat"])
def test_the_audit_of_a_capture_gives_the_same_answer(
    run: Run, corpus: Path, name: str, folder: str
) -> None:
    source = f"snapshot:{corpus / folder}"
    taken = run("snapshot", source, "--output", name)
    assert taken.code == 0
    assert f"{name}: snapshot/{folder}" in taken.out
    answers = [
        run("audit", text, "--format", "json", "--all").json()
        for text in (source, f"snapshot:{name}")
    ]
    assert answers[0]["clusters"] == answers[1]["clusters"]


def test_two_captures_of_one_source_are_the_same_bytes(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    for name in ("a.json.gz", "b.json.gz"):
        run("snapshot", f"snapshot:{corpus / 'live-cluster'}", "--output", name)
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


def test_a_capture_holds_no_secret_of_its_source(run: Run, corpus: Path, tmp_path: Path) -> None:
    run("snapshot", f"snapshot:{corpus / 'kubernetes-goat'}", "--output", "a.json")
    text = (tmp_path / "a.json").read_text()
    assert "azhzLWdvYXQt" not in text  # the beginning of every Secret in the source
    assert "last-applied-configuration" not in text
    assert json.loads(text)["schema"] == "exposure-auditor/snapshot/v1"


def test_a_partial_source_is_captured_as_partial(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\nkind: Pod\nx: [\n"
    )
    assert run("snapshot", "snapshot:a.yaml", "--output", "a.json").code == 3
    first, second = (
        run("audit", source, "--format", "json", "--all")
        for source in ("snapshot:a.yaml", "snapshot:a.json")
    )
    assert (first.code, second.code) == (3, 3)
    assert first.json()["clusters"] == second.json()["clusters"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["snapshot:nowhere", "--output", "a.json"], 2, "is not there"),
        (["snapshot:.", "--output", "a.json"], 3, "there is nothing to capture"),
        (["snapshot:.", "--output", "no/a.json"], 2, "the folder no is not there"),
        (["snapshot:."], 2, "--output"),
    ],
)
def test_what_cannot_be_captured_is_said_and_nothing_is_written(
    run: Run, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    outcome = run("snapshot", *arguments)
    assert outcome.code == code
    assert said in outcome.err
    assert not (tmp_path / "a.json").exists()
