"""The image: what its file says of it. It is built elsewhere; here it is linted and read."""

import fnmatch
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", "").splitlines()


def _last(instruction: str) -> str:
    return [line for line in LINES if line.startswith(f"{instruction} ")][-1]


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    command = [hadolint, ROOT / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_has_two_stages_of_slim_images_with_fixed_versions() -> None:
    stages = [line.split()[1] for line in LINES if line.startswith("FROM ")]
    assert len(stages) == 2
    for image in stages:
        name, _, tag = image.partition(":")
        assert name == "python"
        assert "slim" in tag
        assert tag[0].isdigit()


def test_it_runs_as_nobody_in_particular_by_number() -> None:
    user = _last("USER").split()[1]
    assert user == "10001:10001"


def test_what_is_installed_is_pinned_by_hash() -> None:
    installs = [line for line in LINES if "pip install" in line]
    assert any("--require-hashes" in line for line in installs)
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_only_what_it_is_built_from_goes_into_it() -> None:
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*"
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    assert all((ROOT / name).exists() for name in let_in)
    kept_out = (".git", "tests", ".venv", "auditor.db", ".env", "examples")
    assert not [name for name in kept_out if any(fnmatch.fnmatch(name, one) for one in let_in)]
    copied = [
        line.split()[1] for line in LINES if line.startswith("COPY ") and "--from" not in line
    ]
    assert [name for name in copied if name != "."]
    assert all(name in {".", *let_in} for name in copied)
