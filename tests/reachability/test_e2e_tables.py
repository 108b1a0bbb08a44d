"""The 48 cases of Kubernetes' own end-to-end tests of NetworkPolicy, as truth tables.

All nine pods are there in every case, where upstream makes only those that a case needs. Three
cases about blocks hold only where `ipBlock` covers pods' addresses, so it does here. The naive
evaluator answers the same tables: that is what it is trusted for.
"""

from itertools import product

import pytest

from tests.reachability.asking import Asked
from tests.reachability.naive import Naive
from tests.reachability.pieces import PROTOCOLS
from tests.reachability.tables import State, World, a_namespace, a_pod, cases_of, given_by

FILES = ("e2e_ingress.yaml", "e2e_ports.yaml", "e2e_egress_and_changes.yaml")


def nine_pods() -> World:
    namespaces = [a_namespace(name, {}) for name in "xyz"]
    ports = {
        f"serve-{number}-{protocol.lower()}": (protocol, number)
        for number, protocol in product((80, 81), PROTOCOLS)
    }
    pods = [
        a_pod(
            name,
            namespace,
            labels={"pod": name},
            ips=[f"10.244.{1 + 'xyz'.index(namespace)}.{1 + 'abc'.index(name)}"],
            ports=ports,
        )
        for namespace, name in product("xyz", "abc")
    ]
    return World(namespaces + pods)


CASES = [case for file_name in FILES for case in cases_of(file_name, nine_pods)]


def test_no_case_is_missing() -> None:
    assert len(CASES) == 48


@pytest.mark.parametrize("states", CASES)
def test_the_naive_evaluator(states: list[State]) -> None:
    for state in states:
        naive = Naive(state.objects, ip_blocks_cover_pods=True)
        assert {question: naive.allows(*question) for question in state.answers} == state.answers


@pytest.mark.parametrize("states", CASES)
def test_the_engine(states: list[State]) -> None:
    for state in states:
        asked = Asked(state.objects, ip_blocks_cover_pods=True)
        assert given_by(asked.ports, state.answers) == state.answers
