"""Edges of the APIs that no public suite asks, and what an API server would refuse, as tables."""

import pytest

from tests.reachability.asking import Asked
from tests.reachability.naive import Naive
from tests.reachability.tables import State, cases_of, given_by
from tests.reachability.worlds import odd_sides

CASES = [case for name in ("edges.yaml", "refused.yaml") for case in cases_of(name, odd_sides)]


@pytest.mark.parametrize("states", CASES)
def test_the_naive_evaluator(states: list[State]) -> None:
    for state in states:
        naive = Naive(state.objects, ip_blocks_cover_pods=state.ip_blocks_cover_pods)
        assert {question: naive.allows(*question) for question in state.answers} == state.answers


@pytest.mark.parametrize("states", CASES)
def test_the_engine(states: list[State]) -> None:
    for state in states:
        asked = Asked(state.objects, ip_blocks_cover_pods=state.ip_blocks_cover_pods)
        assert given_by(asked.ports, state.answers) == state.answers
