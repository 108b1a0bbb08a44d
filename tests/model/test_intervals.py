"""Intervals against plain Python sets over a short axis."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.intervals import Intervals

AXIS = range(24)
EVERYTHING = Intervals(((AXIS[0], AXIS[-1]),))

numbers = st.frozensets(st.sampled_from(AXIS))
spans = st.lists(st.tuples(st.sampled_from(AXIS), st.sampled_from(AXIS)).map(sorted).map(tuple))


def intervals(members: frozenset[int]) -> Intervals:
    return Intervals.of((number, number) for number in members)


def members(intervals: Intervals) -> frozenset[int]:
    return frozenset(number for low, high in intervals.parts for number in range(low, high + 1))


@given(spans)
def test_it_is_the_union_of_what_it_is_built_from(parts: list[tuple[int, int]]) -> None:
    expected = {number for low, high in parts for number in range(low, high + 1)}
    assert members(Intervals.of(parts)) == expected


@given(numbers, numbers)
def test_operations_are_those_of_sets(left: frozenset[int], right: frozenset[int]) -> None:
    a, b = intervals(left), intervals(right)
    assert members(a | b) == left | right
    assert members(a & b) == left & right
    assert members(a - b) == left - right
    assert (a <= b) == (left <= right)
    assert (a == b) == (left == right)
    assert bool(a) == bool(left)
    assert a.size() == len(left)


@given(numbers)
def test_membership_is_that_of_sets(wanted: frozenset[int]) -> None:
    built = intervals(wanted)
    assert {number for number in range(-2, len(AXIS) + 2) if number in built} == wanted


@given(numbers, numbers)
def test_every_result_is_sorted_disjoint_and_not_touching(
    left: frozenset[int], right: frozenset[int]
) -> None:
    a, b = intervals(left), intervals(right)
    for result in (a, a | b, a & b, a - b):
        assert all(low <= high for low, high in result.parts)
        assert all(one[1] + 1 < other[0] for one, other in pairwise(result.parts))


@given(numbers, numbers)
def test_de_morgan_holds(left: frozenset[int], right: frozenset[int]) -> None:
    a, b = intervals(left), intervals(right)
    assert EVERYTHING - (a | b) == (EVERYTHING - a) & (EVERYTHING - b)
    assert EVERYTHING - (a & b) == (EVERYTHING - a) | (EVERYTHING - b)


@given(numbers, numbers, numbers)
def test_the_algebra_is_a_lattice(
    one: frozenset[int], two: frozenset[int], three: frozenset[int]
) -> None:
    a, b, c = intervals(one), intervals(two), intervals(three)
    assert a | a == a & a == a
    assert not a - a
    assert a | b == b | a
    assert a & b == b & a
    assert a & (b | c) == (a & b) | (a & c)
    assert (a - b) - c == a - (b | c)
    assert (a & b) | (a - b) == a


def test_an_interval_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="interval 5-4 ends before it starts"):
        Intervals.of([(1, 2), (5, 4)])


def test_four_billion_members_cost_one_interval() -> None:
    assert Intervals.of([(0, 2**31 - 1), (2**31, 2**32 - 1)]).parts == ((0, 2**32 - 1),)
