"""What a configuration may say, and what it is told where it may not."""

from typing import Any

import msgspec
import pytest

from auditor.daemon.sources import load_connector, parse_source
from auditor.model.cluster import SourceError
from auditor.settings.configuration import Configuration
from connectors.google.connector import GoogleConnector
from connectors.google.options import GoogleOptions


@pytest.mark.parametrize(
    ("option", "value", "advice"),
    [
        ("projects", ["123456789012"], "not its number"),
        ("projects", ["Shop Prod"], "not its display name"),
        ("projects", ["shop"], "such as shop-prod-123456"),
        ("skip_projects", ["shop/prod"], "no project's id"),
        ("organization", "example.com", "gcloud organizations list"),
        ("folders", ["folders/123"], "gcloud resource-manager folders list"),
        ("impersonate", "auditor@example.com", "auditor@PROJECT.iam.gserviceaccount.com"),
        ("credentials_file", "", "leave it out for the default credentials"),
        ("requests_per_second", 0, "more than 0, at most 100"),
        ("requests_per_second", 101, "more than 0, at most 100"),
        ("locations", [], 'write ["*"], for all'),
        ("clusters", [], 'write ["*"], for all'),
        ("endpoint", "public", "Invalid enum value 'public'"),
        ("region", "europe-west1", "unknown field `region`"),
        ("organization", 123, "Expected `str | null`"),
    ],
)
def test_what_cannot_be_used_is_refused(option: str, value: Any, advice: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({option: value}, GoogleOptions)
    assert advice in str(caught.value)


def test_what_can_be_used() -> None:
    options = msgspec.convert(
        {
            "impersonate": "auditor@sec-tools-1.iam.gserviceaccount.com",
            "projects": ["shop-prod-123456", "example.com:shop-prod"],
            "organization": "123456789012",
            "folders": ["987", "654"],
            "endpoint": "private-ip",
        },
        GoogleOptions,
    )
    assert options.scopes == ("organizations/123456789012", "folders/987", "folders/654")


@pytest.mark.parametrize(
    ("text", "projects", "locations"),
    [
        ("", (), ("*",)),
        ("shop-prod", ("shop-prod",), ("*",)),
        ("shop-prod#europe-*", ("shop-prod",), ("europe-*",)),
        ("#europe-west1", (), ("europe-west1",)),
    ],
)
def test_a_source_of_the_command_line(
    text: str, projects: tuple[str, ...], locations: tuple[str, ...]
) -> None:
    options = GoogleConnector.from_source(text)
    assert (options.projects, options.locations) == (projects, locations)


def test_a_source_that_names_no_project() -> None:
    with pytest.raises(SourceError, match="'12345' is no project's id"):
        GoogleConnector.from_source("12345")


def test_it_comes_by_its_entry_point(tmp_path: Any) -> None:
    assert load_connector("google").options is GoogleOptions
    source = parse_source("google:shop-prod", Configuration(), tmp_path)
    assert source.options == GoogleOptions(projects=("shop-prod",))
