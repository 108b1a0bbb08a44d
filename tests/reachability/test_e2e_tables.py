"""The 48 cases of Kubernetes' own end-to-end tests of NetworkPolicy, as truth tables.

All nine pods are there in every case, where upstream makes only those that a case needs. Three
cases about blocks hold only where `ipBlock` covers pods' addresses, so it does here. The naive
evaluator answers the same tables: that is what it is trusted for.
"""

import pytest

from tests.reachability.asking import Asked
from tests.reachability.naive import Naive
from tests.reachability.tables import State, cases_of, given_by
from tests.reachability.worlds import nine_pods

FILES = ("e2e_ingress.yaml", "e2e_ports.yaml", "e2e_egress_and_changes.yaml")


CASES = [case for file_name in FILES for case in cases_of(file_name, nine_pods)]


def test_no_case_is_missing() -> None:
    assert len(CASES) == 48


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
