"""Software and the rules around it: every entry loads, is sound, and may be read from a cluster."""

from pathlib import Path
from shutil import copytree

import pytest
import yaml
from msgspec.structs import replace

from auditor.catalogue import loading, recognition
from auditor.catalogue import software as catalogue
from auditor.catalogue.contents import shipped
from auditor.catalogue.loading import CatalogueError
from auditor.catalogue.projection import named_fields
from auditor.catalogue.recognition import recognition_rules
from auditor.catalogue.software import (
    FILES,
    AuthDefault,
    Expectation,
    Software,
    SoftwareKind,
    SoftwarePort,
    Where,
    broken_facts,
    software,
)

DATA = Path(loading.__file__).parent / "data"
ENTRIES = tuple(software().values())


def test_both_files_are_complete() -> None:
    kinds = [entry.kind for entry in ENTRIES]
    assert kinds.count(SoftwareKind.MANAGEMENT) == 250
    assert kinds.count(SoftwareKind.LEGACY) == 107


@pytest.mark.parametrize("file", FILES)
def test_entries_are_sorted_by_id(file: str) -> None:
    ids = [entry["id"] for entry in yaml.safe_load((DATA / file).read_text())["entries"]]
    assert ids == sorted(ids)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_entry_can_be_recognised_and_says_what_it_means(entry: Software) -> None:
    assert entry.images or entry.names or entry.ports
    assert entry.name
    assert entry.id not in entry.same_software_as
    if entry.kind is SoftwareKind.LEGACY:
        assert entry.ports
        assert all(port.where is None for port in entry.ports)
        assert not entry.orchestration_management
    else:
        assert isinstance(entry.auth_default, AuthDefault)
        assert all(isinstance(port.where, Where) for port in entry.ports)


def test_what_runs_the_cluster_itself_is_never_called_harmless() -> None:
    for entry in ENTRIES:
        if entry.orchestration_management and entry.exposure_expectation is Expectation.NEVER:
            assert entry.severity_if_exposed.rank > 0


def test_a_distinctive_port_belongs_to_one_program() -> None:
    owners: dict[tuple[int, str], set[str]] = {}
    for entry in ENTRIES:
        for port in entry.ports:
            if port.distinctive:
                owners.setdefault((port.port, port.protocol), set()).add(entry.id)
    known = software()
    for ids in owners.values():
        first, *others = sorted(ids)
        family = {first, *known[first].same_software_as}
        assert all(family & {other, *known[other].same_software_as} for other in others), ids


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_what_an_entry_reads_enters_the_inventory(entry: Software) -> None:
    named = named_fields(shipped())
    assert {*entry.env, *entry.risky_env} <= named.env_names
    assert set(entry.flags_with_value()) <= named.flags


def test_no_value_of_a_flag_that_may_hold_a_credential_enters() -> None:
    secret = ("password", "passwd", "token", "secret", "key", "requirepass", "user", "url", "dsn")
    # A switch: it brings no value, and is named because of its single dash.
    for flag in named_fields(shipped()).flags - {"-unsafe-use-service-account-token"}:
        assert not any(flag.lower().endswith(word) for word in secret), flag
        # One dash and one letter is a flag of every program there is.
        assert len(flag) > 3, flag


def test_no_name_of_an_environment_variable_is_everyones() -> None:
    assert not named_fields(shipped()).env_names & {
        "USER",
        "PASSWORD",
        "USERNAME",
        "HOME",
        "PATH",
        "TOKEN",
    }


A_PORT = SoftwarePort(port=80, purpose="ui")
SOUND = software()["grafana"]


@pytest.mark.parametrize(
    "broken",
    [
        replace(SOUND, id="Grafana"),
        replace(SOUND, images=("Grafana/grafana",)),
        replace(SOUND, images=("grafana/grafana:1",)),
        replace(SOUND, images=("*",)),
        replace(SOUND, images=("*/*",)),
        replace(SOUND, images=("grafana//x",)),
        replace(SOUND, names=("*",)),
        replace(SOUND, names=("Grafana",)),
        replace(SOUND, labels=("=grafana",)),
        replace(SOUND, labels=("",)),
        replace(SOUND, flags=("-p",)),
        replace(SOUND, flags=("proxy",)),
        replace(SOUND, env=("GF_*",)),
        replace(SOUND, risky_env=("A=b",)),
        replace(SOUND, ports=(replace(A_PORT, port=0),)),
        replace(SOUND, ports=(replace(A_PORT, port=65536),)),
    ],
)
def test_a_fact_that_could_not_match_is_refused(broken: Software) -> None:
    assert len(list(broken_facts(broken))) == 1
    assert not list(broken_facts(SOUND))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the loaders read a copy of the data."""
    copytree(DATA, tmp_path / "data")
    monkeypatch.setattr("auditor.catalogue.loading.files", lambda package: tmp_path)
    return tmp_path / "data"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("- id: adminer\n", "- id: adminer\n  colour: red\n", "colour"),
        ("- id: adminer\n", "- id: airflow\n", "airflow: the id stands twice"),
        ("- id: adminer\n", "- id: redis\n", "redis: the id stands twice"),
        ("severity_if_exposed: critical", "severity_if_exposed: awful", "awful"),
        ("images: [adminer,", "images: [Adminer,", "adminer: 'Adminer' is not a lower-case path"),
        ("same_software_as: [activemq]", "same_software_as: [nobody]", "names nobody"),
        ("category: data_admin", "category: things", "things"),
        ("where: container,", "where: elsewhere,", "elsewhere"),
    ],
)
def test_a_broken_entry_is_refused_with_its_place(
    old: str, new: str, reason: str, files: Path
) -> None:
    edit(files / FILES[0], old, new)
    with pytest.raises(CatalogueError, match=reason):
        catalogue.software.__wrapped__()


def test_a_trap_for_unknown_software_is_refused(files: Path) -> None:
    edit(files / "recognition.yaml", "not_a: [postgresql]", "not_a: [postgresqll]")
    with pytest.raises(CatalogueError, match="postgresqll: no such entry"):
        recognition.recognition_rules.__wrapped__()


def test_traps_and_generic_words_are_there() -> None:
    rules = recognition_rules()
    assert len(rules.traps) > 140
    assert {"dashboard", "server", "web"} <= rules.generic_names
    for trap in rules.traps:
        assert trap.is_really
        assert all(pattern == pattern.lower() for pattern in trap.images)
