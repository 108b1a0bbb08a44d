"""The matrix of tenants against one made by naive means, on clusters nobody thought of.

A failure says the seed of its cluster; see it again with `EXPOSURE_AUDITOR_SEED=<seed>
EXPOSURE_AUDITOR_RANDOM_CLUSTERS=1`.
"""

import json
import os
from collections.abc import Mapping
from random import Random

import pytest
from msgspec.structs import replace

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.connections import Owners
from auditor.analysis.reachability.profile import REFERENCE_PROFILE, Directions, Known
from auditor.analysis.segmentation.matrix import Cell, Doubts, Matrices
from auditor.analysis.segments.sharing import Dimension
from auditor.kube.resources import (
    ADMIN_NETWORK_POLICIES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
)
from auditor.model.identity import ObjectRef
from auditor.model.reading import ReadState
from auditor.model.segmentation import Example, Separation
from auditor.settings.configuration import MetadataSource, RiskLevels, SegmentMatch, SegmentRule
from tests.analysis.clusters import facts_of
from tests.kube.manifests import a_pod, an_object, read
from tests.reachability.asking import engine_of
from tests.reachability.naive import Naive
from tests.reachability.pieces import Object
from tests.reachability.random_clusters import POLICY_KINDS, random_objects, telling_ports
from tests.reachability.random_parts import NAMESPACES as HOMES
from tests.reachability.segmentation_oracle import Cell as NaiveCell
from tests.reachability.segmentation_oracle import matrix

CLUSTERS = int(os.environ.get("EXPOSURE_AUDITOR_RANDOM_CLUSTERS", "120")) // 2 or 1
SEED = int(os.environ["EXPOSURE_AUDITOR_SEED"])
SHARES = 2
OWN_LABEL = MetadataSource(namespace_label="env")
"""By which a namespace may add itself to a second tenant."""
LEVELS = RiskLevels(order=("low", "medium", "high"))


@pytest.mark.parametrize("share", range(SHARES))
def test_the_matrix_is_what_naive_means_say(share: int) -> None:
    for seed in range(SEED + share, SEED + CLUSTERS, SHARES):
        print(f"cluster of EXPOSURE_AUDITOR_SEED={seed}")  # noqa: T201
        random = Random(seed)
        objects = random_objects(random)
        for plugin in ("reference", "flannel"):
            assert_same(random, objects, plugin)


def assert_same(random: Random, objects: list[Object], plugin: str) -> None:
    """Give the namespaces to tenants and levels by chance, and compare both matrices."""
    tenants = {name: random.choice(("red", "blue", "green", None)) for name in HOMES}
    levels = {name: random.choice(("low", "high", None)) for name in HOMES}
    rules = [
        SegmentRule(match=SegmentMatch(namespace=name), tenant=tenants[name], risk_level=level)
        for name, level in levels.items()
    ]
    rules.append(SegmentRule(match=SegmentMatch(namespace="*"), tenant=OWN_LABEL))
    facts = facts_of(*objects, assume_cni=plugin, segments=tuple(rules), risk_levels=LEVELS)
    # Flannel enforces nothing: to it, a policy is not there.
    enforced = objects if plugin == "reference" else _without_policies(objects)
    naive = Naive(enforced)
    own = {
        item["metadata"]["name"]: (item["metadata"].get("labels") or {}).get("env")
        for item in objects
        if item["kind"] == "Namespace"
    }
    for dimension, told in ((Dimension.TENANT, tenants), (Dimension.RISK_LEVEL, levels)):
        added = own if dimension is Dimension.TENANT else {}
        values = {
            name: tuple({item for item in (value, added.get(name)) if item})
            for name, value in told.items()
        }
        expected = matrix(naive, values, telling_ports(objects))
        found: dict[NaiveCell, str] = {
            (cell.border.source, cell.border.destination): cell.border.state.value
            for cell in facts.segmentation
            if cell.border.dimension == dimension.value
        }
        assert found == expected, "\n".join(
            (plugin, str(told), *(json.dumps(item) for item in objects))
        )


def _without_policies(objects: list[Object]) -> list[Object]:
    return [item for item in objects if item["kind"] not in POLICY_KINDS]


def test_borders_say_which_workloads_and_ports_and_why() -> None:
    homes = [a_home("red", "red"), a_home("blue", "blue"), a_home("lost", None)]
    pods = [a_pod("a", "red"), a_pod("b", "blue"), a_pod("c", "lost")]
    into_blue = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [
                    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "red"}}}
                ],
                "ports": [{"port": 80}],
            }
        ],
    }
    policy = an_object("NetworkPolicy", "p", "blue", spec=into_blue)
    facts = facts_of(*homes, *pods, policy, assume_cni="reference")
    borders = {cell.border.ends[1:]: cell.border for cell in tenants_of(facts)}
    assert list(borders) == [
        ("blue", "red"),
        ("blue", None),
        ("red", "blue"),
        ("red", None),
        (None, "blue"),
        (None, "red"),
    ]
    by_rule = borders["red", "blue"]
    assert by_rule.state is Separation.BY_RULE
    assert by_rule.example == Example(
        ObjectRef("Pod", "red", "a"), ObjectRef("Pod", "blue", "b"), "TCP 80"
    )
    assert borders["blue", "red"].state is Separation.SEPARATED
    assert borders["blue", "red"].example is None
    assert borders[None, "blue"].state is Separation.SEPARATED
    assert borders["red", None].reason == "the tenant of some namespaces cannot be told"


@pytest.mark.parametrize(
    ("resource", "state"),
    [
        (resource, state)
        for resource in (NAMESPACES, NETWORK_POLICIES, PODS, ADMIN_NETWORK_POLICIES, NODES)
        for state in (ReadState.FORBIDDEN, ReadState.PARTIAL, ReadState.NOT_PROVIDED)
    ],
)
def test_what_was_not_read_closes_nothing(resource: str, state: ReadState) -> None:
    policy = an_object("NetworkPolicy", "p", "blue", spec={"podSelector": {}})
    objects = [
        *(a_home(name, name) for name in ("red", "blue")),
        *(a_pod("a", name) for name in ("red", "blue")),
        policy,
    ]
    facts = facts_of(*objects, states={resource: state}, assume_cni="reference")
    states = {cell.border.ends[1:]: cell.border for cell in tenants_of(facts)}
    kept = resource in {ADMIN_NETWORK_POLICIES, NODES} and state is ReadState.NOT_PROVIDED
    into_blue = states.get(("red", "blue"))
    if kept:
        # A folder of manifests is taken to hold none of these.
        assert into_blue is not None
        assert into_blue.state is Separation.SEPARATED
        return
    closed = {Separation.SEPARATED, Separation.BY_RULE}
    assert not [border for border in states.values() if border.state in closed]
    if into_blue is not None:
        assert into_blue.state is Separation.UNKNOWN
        assert resource in (into_blue.reason or "")


def test_levels_that_may_share_a_network_are_marked() -> None:
    homes = [
        an_object("Namespace", name, meta={"labels": {"risk-level": name}})
        for name in ("low", "medium", "high")
    ]
    pods = [a_pod("a", name) for name in ("low", "medium", "high")]
    levels = RiskLevels(may_share_network=(("medium", "low"),))
    facts = facts_of(*homes, *pods, assume_cni="reference", risk_levels=levels)
    marked = {
        cell.border.ends[1:]: cell.border.allowed
        for cell in facts.segmentation
        if cell.border.dimension == "risk level"
    }
    assert {ends for ends, is_allowed in marked.items() if is_allowed} == {
        ("low", "medium"),
        ("medium", "low"),
    }
    assert len(marked) == 6


def test_a_cluster_with_too_many_unlike_pods_is_followed_in_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    homes = [a_home(name, name) for name in ("red", "blue")]
    pods = [a_pod(f"p{n}", home, labels={"n": str(n)}) for home in ("red", "blue") for n in "123"]
    policies = [
        an_object(
            "NetworkPolicy",
            f"p{n}",
            home,
            spec={"podSelector": {"matchLabels": {"n": n}}, "policyTypes": ["Ingress"]},
        )
        for n in "123"
        for home in ("red", "blue")
    ]
    objects = (*homes, *pods, *policies)
    whole = facts_of(*objects, assume_cni="reference")
    assert {cell.border.state for cell in tenants_of(whole)} == {Separation.SEPARATED}
    monkeypatch.setattr("auditor.analysis.segmentation.crossings.MOST_ASKED", 2)
    part = facts_of(*objects, assume_cni="reference")
    for cell in tenants_of(part):
        assert cell.border.state is Separation.UNKNOWN
        assert "more unlike pods" in (cell.border.reason or "")


def test_one_node_that_may_enforce_nothing_keeps_a_border_unknown() -> None:
    only_a = {"podSelector": {"matchLabels": {"app": "a"}}, "namespaceSelector": {}}
    objects = [
        *(a_home(name, name) for name in ("red", "blue")),
        a_pod("a", "red", labels={"app": "a"}, spec={"nodeName": "n1"}),
        a_pod("b", "blue", labels={"app": "b"}, spec={"nodeName": "n1"}),
        a_pod("c", "blue", labels={"app": "c"}, spec={"nodeName": "n2"}),
        an_object(
            "NetworkPolicy",
            "b",
            "blue",
            spec={
                "podSelector": {"matchLabels": {"app": "b"}},
                "policyTypes": ["Ingress"],
                "ingress": [{"from": [only_a]}],
            },
        ),
        an_object(
            "NetworkPolicy",
            "c",
            "blue",
            spec={"podSelector": {"matchLabels": {"app": "c"}}, "policyTypes": ["Ingress"]},
        ),
    ]
    assert_states(
        objects,
        {
            Known.YES: Separation.BY_RULE,
            Known.UNKNOWN: Separation.UNKNOWN,
            Known.NO: Separation.OPEN,
        },
    )


def test_what_may_pass_by_a_rule_is_neither_closed_nor_by_rule() -> None:
    to_blue = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "blue"}}}
    objects = [
        *(a_home(name, name) for name in ("red", "blue")),
        a_pod("a", "red", spec={"nodeName": "n1"}),
        a_pod("c", "blue", spec={"nodeName": "n2"}),
        an_object(
            "NetworkPolicy",
            "a",
            "red",
            spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [to_blue]}]},
        ),
        an_object(
            "NetworkPolicy", "c", "blue", spec={"podSelector": {}, "policyTypes": ["Ingress"]}
        ),
    ]
    assert_states(
        objects,
        {
            Known.YES: Separation.SEPARATED,
            Known.UNKNOWN: Separation.UNKNOWN,
            Known.NO: Separation.BY_RULE,
        },
    )


def assert_states(objects: list[Object], states: Mapping[Known, Separation]) -> None:
    """Tell the state from red to blue by what is known of the second node."""
    inventory, facts = read(objects), facts_of(*objects)
    for known, state in states.items():
        nodes = {"n2": Directions(known, known)}
        engine = engine_of(inventory, replace(REFERENCE_PROFILE, on_nodes=nodes))
        owners = Owners(engine, facts.workloads)
        made = Matrices(engine, facts.segments, owners)
        cells = {cell.border.ends[1:]: cell for cell in made.cells(Dimension.TENANT, Doubts())}
        assert cells["red", "blue"].border.state is state


def a_home(name: str, tenant: str | None) -> Object:
    return an_object("Namespace", name, meta={"labels": {"tenant": tenant} if tenant else {}})


def tenants_of(facts: Facts) -> list[Cell]:
    return [cell for cell in facts.segmentation if cell.border.dimension == "tenant"]
