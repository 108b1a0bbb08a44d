"""`docs/contract.md` cannot drift from the code that keeps it."""

import json
import re
from enum import StrEnum
from pathlib import Path

import click
import msgspec
import pytest
from msgspec import Struct

from auditor.catalogue.listed import CatalogueEntry
from auditor.cli.audit_command import command as audit_command
from auditor.cli.checks_command import command as checks_command
from auditor.cli.config_command import command as config_command
from auditor.cli.explain_command import command as explain_command
from auditor.cli.failures import ExitCode
from auditor.cli.snapshot_command import command as snapshot_command
from auditor.collector import capture
from auditor.kube.inventory import Inventory
from auditor.model import audit as audit_model
from auditor.model.addresses import (
    INTERNET_IPV4_ADDRESSES,
    INTERNET_IPV6_ADDRESSES,
    PRIVATE_ADDRESSES,
    AddressSet,
)
from auditor.model.agreement import LONGEST_EXCEPTION, Declaration, RiskException
from auditor.model.audience import Audience
from auditor.model.canonical import canonical_json
from auditor.model.exposure import ExposureVerdict, Hop, Via
from auditor.model.identity import ObjectRef, fingerprint
from auditor.model.ports import Protocol
from auditor.model.reading import Coverage, ReadProblem, ReadState
from auditor.model.verdict import ACCEPTED, Confidence, Severity, Verdict
from auditor.reports import catalogue_list, check_list, document
from auditor.settings import configuration
from connectors.snapshot import SnapshotOptions

PAGE = Path(__file__).parent.parent / "docs" / "contract.md"
TEXT = PAGE.read_text(encoding="utf-8")

HEADINGS = {
    "Commands": (),
    "Exit codes": (),
    "audit/v1": (),
    "checks/v1": (),
    "catalogue/v1": (),
    "Rules of the answer": (
        "Coverage",
        "Addresses",
        "Exposures",
        "Subjects and ids",
        "Cluster ids",
        "Proven stays proven",
    ),
    "Workloads": (),
    "Enforcement": (),
    "Files people write": (),
    "Stored evidence": (),
    "Captures": (),
}
"""Headings that docstrings, links and other people's scripts refer to."""


def section(heading: str) -> str:
    """Give the text below a heading, up to the next one of its level or above."""
    level, body = TEXT.partition(f"\n## {heading}\n")[1:]
    if not level:
        body = TEXT.partition(f"\n### {heading}\n")[2]
        return re.split(r"^##", body, maxsplit=1, flags=re.MULTILINE)[0]
    return re.split(r"^## ", body, maxsplit=1, flags=re.MULTILINE)[0]


def code_words(text: str) -> set[str]:
    """Give every word within backticks; fenced blocks aside."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return {word for span in re.findall(r"`([^`]+)`", prose) for word in span.split()}


def structs_of(module: object) -> list[type[Struct]]:
    """Give the Structs that a module itself defines."""
    name = getattr(module, "__name__", "")
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Struct) and item.__module__ == name
    ]


def names_in_json(*structs: type[Struct]) -> set[str]:
    """Give the names of fields as they are written in JSON."""
    return {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}


def missing(names: set[str], text: str = TEXT) -> list[str]:
    return sorted(names - code_words(text))


def test_the_headings_are_those_that_others_refer_to() -> None:
    found: dict[str, tuple[str, ...]] = {}
    for level, title in re.findall(r"^(##|###) (.+)$", TEXT, re.MULTILINE):
        if level == "##":
            found[title] = ()
        else:
            last = list(found)[-1]
            found[last] = (*found[last], title)
    assert found == HEADINGS
    assert list(found) == list(HEADINGS)


def test_the_page_stays_short() -> None:
    assert len(TEXT.splitlines()) < 330


def test_every_field_of_the_audit_document_is_on_the_page() -> None:
    views = structs_of(document)
    assert document.ClusterView in views
    assert missing(names_in_json(*views), section("audit/v1")) == []


def test_every_field_of_the_model_within_the_audit_document_is_on_the_page() -> None:
    inner = (Coverage, ReadProblem, Hop, audit_model.Platform, audit_model.Cni, audit_model.Mesh)
    assert missing(names_in_json(*inner), section("audit/v1")) == []


def test_every_field_of_the_check_list_is_on_the_page() -> None:
    assert missing(names_in_json(*structs_of(check_list)), section("checks/v1")) == []


def test_every_field_of_the_catalogue_is_on_the_page() -> None:
    names = names_in_json(*structs_of(catalogue_list), CatalogueEntry)
    assert missing(names, section("catalogue/v1")) == []


def test_the_schemas_are_on_the_page() -> None:
    listed = check_list.check_list(()).schema
    facts = catalogue_list.catalogue_document((), "").schema
    assert missing({document.AUDIT_SCHEMA, listed, facts, capture.CAPTURE_SCHEMA.decode()}) == []


@pytest.mark.parametrize(
    "command",
    [audit_command, checks_command, explain_command, snapshot_command],
    ids=lambda command: str(command.name),
)
def test_every_option_is_on_the_page(command: click.Command) -> None:
    options = [item for item in command.params if isinstance(item, click.Option)]
    assert options
    names = {name for option in options for name in option.opts}
    variables = {str(option.envvar) for option in options if option.envvar}
    assert missing(names | variables, _spaced(section("Commands"))) == []


@pytest.mark.parametrize("option", ["--format", "--fail-on"])
def test_every_choice_of_audit_is_on_the_page(option: str) -> None:
    (found,) = (item for item in audit_command.params if option in item.opts)
    assert isinstance(found.type, click.Choice)
    assert missing(set(found.type.choices), _spaced(section("Commands"))) == []


def test_every_part_of_config_is_on_the_page() -> None:
    assert isinstance(config_command, click.Group)
    rows = re.findall(r"^\| `config (\w+)` \|", section("Commands"), re.MULTILINE)
    assert sorted(rows) == sorted(config_command.commands)


def _spaced(text: str) -> str:
    """Part the alternatives within code that a table writes with escaped bars."""
    return text.replace(r"\|", " ")


def test_every_exit_code_is_on_the_page() -> None:
    rows = re.findall(r"^\| (\d) \|", section("Exit codes"), re.MULTILINE)
    assert rows == [str(int(code)) for code in ExitCode]
    assert "Precedence is 2, 3, 1, 0" in section("Exit codes")


@pytest.mark.parametrize(
    ("values", "heading"),
    [
        (ReadState, "Coverage"),
        (Verdict, "audit/v1"),
        (ExposureVerdict, "audit/v1"),
        (Audience, "audit/v1"),
        (Via, "audit/v1"),
        (Protocol, "audit/v1"),
        (Severity, "audit/v1"),
        (Confidence, "audit/v1"),
        (audit_model.ClusterState, "audit/v1"),
        (audit_model.Enforces, "Enforcement"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_value_is_on_the_page(values: type[StrEnum], heading: str) -> None:
    assert missing({value.value for value in values}, section(heading)) == []


def test_accepted_is_on_the_page() -> None:
    assert missing({ACCEPTED}, section("audit/v1")) == []


def test_the_page_tells_which_states_cause_exit_3() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\| (yes|no) \|$", section("Coverage"), re.MULTILINE)
    assert dict(rows) == {s.value: "yes" if s.is_shortfall else "no" for s in ReadState}


def test_the_private_ranges_are_exactly_those_of_the_code() -> None:
    lines = re.findall(r"^- IPv[46]: .*$", section("Addresses"), re.MULTILINE)
    listed = [word for line in lines for word in re.findall(r"`([^`]+)`", line)]
    assert AddressSet.of(listed) == PRIVATE_ADDRESSES


def test_the_sizes_of_the_internet_are_those_of_the_code() -> None:
    assert f"{INTERNET_IPV4_ADDRESSES:,}" in section("Addresses")
    assert missing({f"/{128 - INTERNET_IPV6_ADDRESSES.bit_length() + 1}"}) == []


def test_every_configuration_key_is_on_the_page() -> None:
    keys = names_in_json(*structs_of(configuration), Declaration, RiskException, SnapshotOptions)
    # Other keys of a connector's entry stand beside its name and kind.
    keys -= {"options"}
    assert missing(keys, section("Files people write")) == []


def test_the_longest_exception_is_that_of_the_code() -> None:
    assert f"{LONGEST_EXCEPTION.days} days" in section("Files people write")


def test_every_key_of_a_capture_is_on_the_page() -> None:
    keys = names_in_json(capture.Capture, capture.CapturedCluster)
    assert missing(keys, section("Captures")) == []
    assert "kubernetes_version" in names_in_json(Inventory)


def test_the_fingerprint_of_the_example_is_the_one_that_the_code_gives() -> None:
    found = re.search(
        r"^```json\n(?P<input>\[.*\])\n```\ngives `(?P<id>[0-9a-f]{32})`",
        section("Subjects and ids"),
        re.MULTILINE,
    )
    assert found is not None
    parts = json.loads(found["input"])
    assert canonical_json(parts).decode() == found["input"]
    _, cluster, check, kind, namespace, name, protocol, port, discriminator = parts
    assert found["id"] == fingerprint(
        cluster,
        check,
        ObjectRef(kind, namespace, name),
        protocol=protocol,
        port=port,
        discriminator=discriminator,
    )
