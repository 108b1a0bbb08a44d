"""Label selectors against a model written from the text of the API (meta/v1 LabelSelector)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.kube.selectors import LabelSelector, Requirement

KEYS = ("app", "tier", "env")
VALUES = ("", "a", "b")
KNOWN = ("In", "NotIn", "Exists", "DoesNotExist")
UNKNOWN = ("", "in", "Equals", "Gt")

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
requirements = st.builds(
    Requirement,
    st.sampled_from(KEYS),
    st.sampled_from(KNOWN + UNKNOWN),
    st.lists(st.sampled_from(VALUES), max_size=2).map(tuple),
)
selectors = st.builds(LabelSelector, labels, st.lists(requirements, max_size=3).map(tuple))


def is_valid(requirement: Requirement) -> bool:
    """If the operator is In or NotIn, the values array must be non-empty; else it must be empty."""
    return requirement.operator in KNOWN and (
        bool(requirement.values) == (requirement.operator in {"In", "NotIn"})
    )


def holds(requirement: Requirement, labels: dict[str, str]) -> bool:
    key, values = requirement.key, requirement.values
    return {
        "In": key in labels and labels[key] in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[requirement.operator]


@given(selectors, labels)
def test_a_selector_matches_what_the_api_says(
    selector: LabelSelector, given_labels: dict[str, str]
) -> None:
    expected = all(is_valid(item) for item in selector.match_expressions) and (
        selector.match_labels.items() <= given_labels.items()
        and all(holds(item, given_labels) for item in selector.match_expressions)
    )
    assert selector.matches(given_labels) is expected


@given(selectors)
def test_a_problem_is_told_exactly_where_the_api_refuses(selector: LabelSelector) -> None:
    refused = not all(is_valid(item) for item in selector.match_expressions)
    assert (selector.problem() is not None) is refused


@given(labels)
def test_an_empty_selector_matches_everything(given_labels: dict[str, str]) -> None:
    assert LabelSelector().matches(given_labels)


@given(labels)
def test_match_labels_are_in_with_one_value(given_labels: dict[str, str]) -> None:
    for key in KEYS:
        for value in VALUES:
            short = LabelSelector({key: value})
            long = LabelSelector({}, (Requirement(key, "In", (value,)),))
            assert short.matches(given_labels) == long.matches(given_labels)


def test_an_empty_value_is_a_value() -> None:
    assert LabelSelector({"app": ""}).matches({"app": ""})
    assert not LabelSelector({"app": ""}).matches({})
    assert LabelSelector({}, (Requirement("app", "Exists"),)).matches({"app": ""})


@pytest.mark.parametrize("operator", UNKNOWN)
def test_an_unknown_operator_is_named_and_matches_nothing(operator: str) -> None:
    selector = LabelSelector({}, (Requirement("app", operator, ("a",)),))
    assert selector.problem() == f"unknown operator {operator!r}"
    assert not selector.matches({"app": "a"})
    assert not selector.matches({})
