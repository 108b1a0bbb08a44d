"""Admin policies of both APIs as truth tables, most rows after the APIs' conformance tests.

`networks` covers pods' addresses, as the conformance tests want, but where a row says otherwise.
"""

import pytest

from tests.reachability.asking import Asked
from tests.reachability.naive import Naive
from tests.reachability.tables import State, cases_of, given_by
from tests.reachability.worlds import four_sides

CNP_FILES = ("cnp_rules.yaml", "cnp_peers.yaml", "cnp_tiers.yaml", "cnp_addresses.yaml")
CASES = [case for name in (*CNP_FILES, "anp.yaml") for case in cases_of(name, four_sides)]


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
