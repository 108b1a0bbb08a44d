"""The JSON Schema of auditor.yaml, as `config schema` prints it."""

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from auditor.settings.loading import configuration_schema
from tests.settings.samples import SAMPLE

SCHEMA = configuration_schema()


def accepts(document: Any) -> bool:
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    return bool(validator.is_valid(document))


def sample() -> Any:
    return json.loads(json.dumps(yaml.safe_load(SAMPLE), default=str))


def test_it_is_a_json_schema_of_2020_12() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(json.loads(json.dumps(SCHEMA)))


def test_it_accepts_the_sample_and_nothing_at_all() -> None:
    assert accepts(sample())
    assert accepts({})


@pytest.mark.parametrize("key", sorted(sample()))
def test_it_knows_each_key_of_the_sample_and_refuses_a_wrong_type(key: str) -> None:
    assert accepts({key: sample()[key]})
    assert not accepts({key: 5})


@pytest.mark.parametrize(
    "document",
    [
        {"webb": {}},
        {"exceptions": [{"check": "x"}]},
        {"connectors": [{"name": "x"}]},
        {"segments": [{"match": {"cluster": "*"}, "tenant": {"tag": "x"}}]},
        {"risk_levels": {"may_share_node": [["low"]]}},
    ],
)
def test_it_refuses_what_the_auditor_refuses(document: Any) -> None:
    assert not accepts(document)


def test_it_lets_a_connector_have_keys_of_its_own_kind() -> None:
    assert accepts({"connectors": [{"name": "x", "kind": "y", "anything": [1]}]})
