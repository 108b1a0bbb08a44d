"""Canonical JSON: one spelling for one value."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.canonical import CanonicalValue, canonical_json, digest

texts = st.text(st.characters(exclude_categories=["Cs"]))
values: st.SearchStrategy[CanonicalValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=12,
)


@given(values)
def test_it_reads_back_as_what_was_written(value: CanonicalValue) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(texts, st.integers()))
def test_the_order_of_keys_does_not_matter(value: dict[str, CanonicalValue]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_json(backwards) == canonical_json(value)
    assert digest(backwards) == digest(value)


def test_it_has_no_white_space_and_no_needless_escape() -> None:
    assert canonical_json({"b": [1, None, True], "a": "ü\t"}) == (
        '{"a":"ü\\t","b":[1,null,true]}'.encode()
    )


def test_a_nul_character_is_escaped() -> None:
    assert canonical_json("a\x00b") == b'"a\\u0000b"'


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        canonical_json("\ud800")


def test_true_one_and_text_one_are_three_values() -> None:
    assert len({digest(True), digest(1), digest("1")}) == 3


@given(values)
def test_it_is_what_the_standard_library_writes_with_sorted_keys(value: CanonicalValue) -> None:
    """Another program must be able to work a hash out anew."""
    plain = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical_json(value) == plain.encode()
