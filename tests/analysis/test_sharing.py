"""Which tenants and risk levels meet in a cluster or on a node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.facts import Facts
from auditor.analysis.segments.sharing import (
    Dimension,
    Meeting,
    Sharing,
    forbidden,
    share_of_cluster,
    share_of_nodes,
)
from tests.analysis.clusters import facts_of
from tests.kube.manifests import Object, a_pod, an_object


def a_namespace(name: str, tenant: str | None = None, risk: str | None = None) -> Object:
    labels = {"tenant": tenant, "risk-level": risk}
    kept = {key: value for key, value in labels.items() if value}
    return an_object("Namespace", name, meta={"labels": kept})


def on(node: str | None, namespace: str, name: str = "p", **parts: Object) -> Object:
    return a_pod(name, namespace, spec={"nodeName": node} if node else {}, **parts)


def of_cluster(facts: Facts, dimension: Dimension = Dimension.TENANT) -> Sharing:
    return share_of_cluster(facts.segments, dimension)


def of_nodes(
    facts: Facts, dimension: Dimension = Dimension.TENANT
) -> tuple[Sharing, tuple[str, ...]]:
    return share_of_nodes(facts.segments, facts.workloads, dimension)


RED, BLUE, GREEN = a_namespace("r", "red"), a_namespace("b", "blue"), a_namespace("g", "green")
SYSTEM = a_namespace("kube-system", "platform", "high")
UNTOLD = a_namespace("u")


def test_tenants_of_different_namespaces_share_the_cluster() -> None:
    shared = of_cluster(facts_of(RED, BLUE))
    assert shared.pairs == {("blue", "red"): (Meeting("", "b", "r"),)}
    assert shared.values == ("blue", "red")


def test_every_pair_is_named_once_and_in_order() -> None:
    shared = of_cluster(facts_of(GREEN, RED, BLUE))
    assert list(shared.pairs) == [("blue", "green"), ("blue", "red"), ("green", "red")]


def test_one_tenant_shares_with_nobody() -> None:
    shared = of_cluster(facts_of(RED, a_namespace("r2", "red")))
    assert (shared.pairs, shared.values) == ({}, ("red",))


def test_system_namespaces_do_not_count() -> None:
    facts = facts_of(RED, SYSTEM, on("n", "r"), on("n", "kube-system"))
    assert not of_cluster(facts).pairs
    assert not of_nodes(facts)[0].pairs


def test_a_namespace_that_is_untold_is_named() -> None:
    assert of_cluster(facts_of(RED, UNTOLD)).untold == ("u",)
    assert of_cluster(facts_of(RED, UNTOLD), Dimension.RISK_LEVEL).untold == ("r", "u")


def test_a_namespace_of_two_tenants_is_a_pair_by_itself() -> None:
    facts = facts_of(RED, on("n", "r"), tags={"tenant": "blue"})
    assert of_cluster(facts).pairs == {("blue", "red"): (Meeting("", "r", "r"),)}
    assert of_nodes(facts)[0].pairs == {("blue", "red"): (Meeting("Node/n", "Pod/r/p", "Pod/r/p"),)}


def test_risk_levels_share_as_tenants_do() -> None:
    facts = facts_of(a_namespace("a", None, "low"), a_namespace("z", None, "high"))
    assert of_cluster(facts, Dimension.RISK_LEVEL).pairs == {
        ("high", "low"): (Meeting("", "z", "a"),)
    }


def test_pods_on_one_node_share_it() -> None:
    facts = facts_of(
        RED, BLUE, on("n1", "r"), on("n1", "b"), on("n2", "r", "q"), on("n2", "b", "q")
    )
    shared, unplaced = of_nodes(facts)
    assert shared.pairs == {
        ("blue", "red"): (
            Meeting("Node/n1", "Pod/b/p", "Pod/r/p"),
            Meeting("Node/n2", "Pod/b/q", "Pod/r/q"),
        )
    }
    assert unplaced == ()


def test_pods_on_different_nodes_share_none() -> None:
    shared, _ = of_nodes(facts_of(RED, BLUE, on("n1", "r"), on("n2", "b")))
    assert not shared.pairs
    assert shared.values == ("blue", "red")


def test_a_pod_without_a_node_may_share_any() -> None:
    shared, unplaced = of_nodes(facts_of(RED, BLUE, on("n1", "r"), on(None, "b")))
    assert not shared.pairs
    assert unplaced == ("Pod/b/p",)


def test_a_finished_pod_waits_for_no_node() -> None:
    facts = facts_of(RED, on(None, "r", status={"phase": "Succeeded"}))
    assert of_nodes(facts)[1] == ()


levels = st.sampled_from(["low", "medium", "high"])
pairs = st.lists(st.tuples(levels, levels))


@given(pairs, pairs)
def test_an_allowed_pair_is_allowed_in_either_order(
    met: list[tuple[str, str]], allowed: list[tuple[str, str]]
) -> None:
    expected = [pair for pair in met if pair not in allowed and (pair[1], pair[0]) not in allowed]
    assert list(forbidden(met, allowed)) == expected


@pytest.mark.parametrize(
    ("dimension", "text"),
    [(Dimension.TENANT, "TenantPair/a|b"), (Dimension.RISK_LEVEL, "RiskLevelPair/a|b")],
)
def test_a_pair_is_a_subject(dimension: Dimension, text: str) -> None:
    assert str(dimension.pair_ref(("a", "b"))) == text


def test_a_pod_that_has_finished_shares_no_node() -> None:
    done = on("n1", "b")
    done["status"] = {"phase": "Succeeded"}
    shared, unplaced = of_nodes(facts_of(RED, BLUE, on("n1", "r"), done))
    assert not shared.pairs
    assert unplaced == ()
