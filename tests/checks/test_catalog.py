"""The catalogue itself: every check is whole, documented and known to what else names it."""

import re
from importlib import import_module
from inspect import getdoc

import msgspec
import pytest

from auditor.catalogue.loading import load_data
from auditor.checks.catalog import ReservedChecks, catalog, reserved_slugs
from auditor.checks.check import Check, Family
from auditor.kube.resources import RESOURCE_BY_NAME
from tests.checks.fixtures import (
    EVERY,
    FOLDER,
    OF_THE_CONFIGURATION,
    OF_THE_CONNECTION,
    ON_CLUSTERS,
    documents_of,
)

HEADINGS = (
    "## What it reports",
    "## Why it matters",
    "## How to fix",
    "## Subject and identity",
    "## Known gaps",
    "## References",
)
FOLDERS = sorted(path.name for path in FOLDER.iterdir() if (path / "check.py").exists())

every_check = pytest.mark.parametrize("check", catalog().values(), ids=lambda check: check.slug)
every_folder = pytest.mark.parametrize("folder", FOLDERS)


def test_the_walk_finds_every_folder() -> None:
    assert sorted(slug.replace("-", "_") for slug in catalog()) == FOLDERS


@every_folder
def test_a_slug_is_its_folders_name(folder: str) -> None:
    check = import_module(f"auditor.checks.{folder}.check").CHECK
    assert check.slug == folder.replace("_", "-")


@every_folder
def test_a_docstring_has_every_heading_in_order(folder: str) -> None:
    text = getdoc(import_module(f"auditor.checks.{folder}.check")) or ""
    lines = text.splitlines()
    assert [line for line in lines if line in HEADINGS] == list(HEADINGS)
    sections = re.split(r"^## .*$", text, flags=re.MULTILINE)
    assert all(section.strip() for section in sections)


@every_check
def test_parameters_are_documented_and_their_defaults_convert(check: Check) -> None:
    text = getdoc(import_module(f"auditor.checks.{check.slug.replace('-', '_')}.check")) or ""
    defaults = msgspec.convert({}, check.parameters)
    assert msgspec.convert(msgspec.to_builtins(defaults), check.parameters) == defaults
    for name in check.parameters.__struct_fields__:
        assert f"`{name}`" in text.partition("## Parameters")[2]


@pytest.mark.parametrize(("slug", "name"), EVERY)
def test_a_fixture_holds_three_objects_and_says_what_it_is(slug: str, name: str) -> None:
    about, *objects = documents_of(slug, name)
    assert about["apiVersion"] == "exposure-auditor/v1"
    assert about["kind"] == "Fixture"
    assert bool(about["flagged"]) is (name == "bad")
    # A check of the connection judges that, whatever the objects are.
    fewest = 1 if slug in OF_THE_CONNECTION else 3
    assert sum("items" not in item for item in objects) >= fewest


@every_check
def test_a_check_reads_known_resources_and_tells_subjects_from_what_it_needs(check: Check) -> None:
    others = OF_THE_CONNECTION | OF_THE_CONFIGURATION
    is_of_resources = check.slug in ON_CLUSTERS and check.slug not in others
    assert bool(check.needs) is is_of_resources
    assert check.needs | check.reads <= set(RESOURCE_BY_NAME)
    assert check.subjects_from <= check.needs | check.reads
    assert not check.needs & check.reads


@every_check
def test_a_remediation_is_one_to_three_sentences(check: Check) -> None:
    sentences = re.split(r"(?<=[.!?]) +(?=[A-Z])", check.remediation)
    assert 1 <= len(sentences) <= 3
    assert check.remediation.endswith(".")


@every_check
def test_a_check_has_a_family_a_control_and_a_title(check: Check) -> None:
    assert check.family in Family
    assert check.controls
    assert check.title
    assert check.nothing_to_judge


def test_every_slug_is_published() -> None:
    published = load_data("reserved_checks.yaml", ReservedChecks).slugs
    assert len(published) == len(set(published))
    assert set(catalog()) <= set(published)
    assert not reserved_slugs() & set(catalog())
