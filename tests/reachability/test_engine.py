"""The engine's parts: addresses in pieces, selectors that can be compared, tenants, bad input."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.reachability.atoms import Atoms
from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.port_sets import EVERY_PORT, NO_PORTS, PortTable
from auditor.analysis.reachability.profile import REFERENCE_PROFILE, Directions, Known
from auditor.analysis.reachability.rows import rows_from, rows_to
from auditor.analysis.reachability.selections import Match
from auditor.analysis.reachability.standing import Direction
from auditor.kube.selectors import LabelSelector, Operator, Requirement
from auditor.model.addresses import IPV4_MAX, AddressSet
from auditor.model.intervals import Intervals
from auditor.model.ports import ALL_PORTS, PORT_MAX, PortSet, Protocol
from tests.kube.manifests import Object, a_pod, an_object, read
from tests.reachability.asking import Asked, engine_of

addresses = st.builds(
    lambda pairs: AddressSet(ipv4=Intervals.of((min(pair), max(pair)) for pair in pairs)),
    st.lists(st.tuples(st.integers(0, IPV4_MAX), st.integers(0, IPV4_MAX)), max_size=4),
)
ports = st.builds(
    lambda ranges: PortSet.of((protocol, min(ends), max(ends)) for protocol, ends in ranges),
    st.lists(
        st.tuples(
            st.sampled_from(Protocol),
            st.tuples(st.integers(1, PORT_MAX), st.integers(1, PORT_MAX)),
        ),
        max_size=4,
    ),
)
KEYS, VALUES = ("app", "tier", "x"), ("a", "b", "")
labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
selectors = st.builds(
    LabelSelector,
    labels,
    st.lists(
        st.builds(
            Requirement,
            st.sampled_from(KEYS),
            st.sampled_from([item.value for item in Operator]),
            st.lists(st.sampled_from(VALUES), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
)


@given(st.lists(addresses, max_size=4))
def test_pieces_of_the_address_space_are_exact_at_their_cuts(blocks: list[AddressSet]) -> None:
    atoms = Atoms(blocks)
    masks = [atoms.mask(block) for block in blocks]
    assert [atoms.addresses(mask) for mask in masks] == blocks
    for one, mask in zip(blocks, masks, strict=True):
        for other, there in zip(blocks, masks, strict=True):
            assert atoms.addresses(mask | there) == one | other
            assert atoms.addresses(mask & there) == one & other
            assert atoms.addresses(mask & ~there) == one - other


@given(ports, ports)
def test_numbered_port_sets_are_the_sets(one: PortSet, other: PortSet) -> None:
    table = PortTable()
    a, b = table.number(one), table.number(other)
    for _ in range(2):
        assert table[table.union(a, b)] == one | other
        assert table[table.common(a, b)] == one & other
        assert table[table.without(a, b)] == one - other
    assert table[table.common(a, EVERY_PORT)] == one
    assert table[table.union(a, NO_PORTS)] == one
    assert table.number(PortSet()) == NO_PORTS
    assert table.number(ALL_PORTS) == EVERY_PORT


@given(selectors, labels)
def test_a_selector_that_can_be_compared_selects_the_same(
    selector: LabelSelector, held: dict[str, str]
) -> None:
    if selector.problem() is None:
        assert Match.of(selector).fits(held) == selector.matches(held)


def a_policy(name: str, namespace: str, **spec: Any) -> Object:
    """Write a NetworkPolicy."""
    return an_object("NetworkPolicy", name, namespace, spec=spec)


def test_rows_say_what_questions_say() -> None:
    objects = [
        *(a_pod(f"p{n}", f"ns-{n % 3}", labels={"app": "ab"[n % 2]}) for n in range(12)),
        a_policy(
            "p",
            "ns-0",
            podSelector={"matchLabels": {"app": "a"}},
            ingress=[{"ports": [{"port": 1}]}],
        ),
        a_policy("q", "ns-1", podSelector={}, egress=[{"to": [{"podSelector": {}}]}]),
    ]
    engine = engine_of(read(objects))
    for rows, ask in ((rows_to, engine.sources_of), (rows_from, engine.destinations_of)):
        found = {number: row.answer for row in rows(engine) for number in row.classes}
        assert found
        for number, answer in found.items():
            assert answer == ask(engine.entities.bit(number))


def test_a_policy_of_ten_thousand_rules_is_read_and_asked() -> None:
    rules = [
        {
            "from": [{"ipBlock": {"cidr": f"10.{n >> 8 & 255}.{n & 255}.0/24"}}],
            "ports": [{"port": 1 + n % 500}],
        }
        for n in range(10_000)
    ]
    objects = [a_pod("a", "web"), a_policy("p", "web", podSelector={}, ingress=rules)]
    asked = Asked(objects)
    assert (Protocol.TCP, 1 + 300) in asked.ports("10.1.44.9", "pod:web/a")
    assert not asked.ports("11.0.0.1", "pod:web/a")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (
            {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0"}}]}]},
            "spec.ingress[0].from[0].ipBlock",
        ),
        (
            {
                "ingress": [
                    {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]}
                ]
            },
            "spec.ingress[0].from[0].ipBlock.except",
        ),
        ({"ingress": [{"ports": [{"port": 90, "endPort": 80}]}]}, "spec.ingress[0].ports[0]"),
        ({"ingress": [{"ports": [{"port": "80"}]}]}, "spec.ingress[0].ports[0]"),
        ({"ingress": [{"ports": [{"protocol": "ICMP"}]}]}, "spec.ingress[0].ports[0]"),
        ({"ingress": [{"from": [{}]}]}, "spec.ingress[0].from[0]"),
        (
            {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}},
            "spec.podSelector",
        ),
        ({"policyTypes": ["Ingres"]}, "spec.policyTypes"),
    ],
)
def test_a_broken_part_is_named_and_matches_nothing(spec: Object, field: str) -> None:
    pods = [a_pod("a", "web", labels={"app": "a"}), a_pod("b", "web", labels={"app": "b"})]
    asked = Asked([*pods, a_policy("p", "web", **{"podSelector": {}, **spec})])
    assert {(str(item.object), item.field) for item in asked.engine.issues()} == {
        ("NetworkPolicy/web/p", field)
    }
    if "ingress" in spec:
        assert not asked.ports("pod:web/a", "pod:web/b")
    elif "podSelector" in spec:
        assert asked.ports("pod:web/a", "pod:web/b") == ALL_PORTS


def _with(**changes: Any) -> Reachability:
    objects = [
        a_pod("a", "web", status={"podIPs": [{"ip": "10.1.0.1"}]}),
        a_pod("b", "web", labels={"app": "b"}, status={"podIPs": [{"ip": "10.1.0.2"}]}),
        a_pod("h", "web", spec={"hostNetwork": True}, status={"podIPs": [{"ip": "10.0.0.1"}]}),
        an_object(
            "Node", "n", status={"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}
        ),
        a_policy(
            "p",
            "web",
            podSelector={"matchLabels": {"app": "b"}},
            ingress=[
                {
                    "from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}],
                    "ports": [{"port": 1, "endPort": 9}],
                }
            ],
        ),
    ]
    return engine_of(read(objects), msgspec.structs.replace(REFERENCE_PROFILE, **changes))


def _bounds(engine: Reachability, source: str, destination: str) -> tuple[str, str]:
    bits = {}
    for name, namespace in (("a", "web"), ("b", "web"), ("h", "web")):
        for number, kind in enumerate(engine.entities.classes):
            if (kind.host_network, dict(kind.labels).get("app") == "b") == (
                name == "h",
                name == "b",
            ):
                bits[name] = engine.entities.bit(number) if kind.namespace == namespace else 0
    found = engine.between(bits[source], bits[destination])
    return tuple(",".join(text for _, text in item.ranges()) or "-" for item in found)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("changes", "source", "least", "most"),
    [
        ({}, "a", "-", "-"),
        ({"ip_blocks_cover_pods": Known.YES}, "a", "1-9", "1-9"),
        ({"ip_blocks_cover_pods": Known.UNKNOWN}, "a", "-", "1-9"),
        ({"ip_blocks_cover_pods": Known.YES, "end_port": Known.NO}, "a", "1", "1"),
        ({"ip_blocks_cover_pods": Known.YES, "end_port": Known.UNKNOWN}, "a", "1", "1-9"),
        ({"enforces": Directions(Known.NO, Known.YES)}, "a", "all", "all"),
        ({"enforces": Directions(Known.UNKNOWN, Known.YES)}, "a", "-", "all"),
        # The node of a pod may always dial it, and its pods with it.
        ({"host_network": Known.UNKNOWN}, "h", "-", "all"),
        ({"host_network": Known.NO}, "h", "-", "all"),
        ({"host_network": Known.YES}, "h", "-", "-"),
    ],
)
def test_what_a_plugin_leaves_open_is_between_two_bounds(
    changes: dict[str, Any], source: str, least: str, most: str
) -> None:
    every = ",".join(["1-65535"] * 3)
    expected = tuple(every if text == "all" else text for text in (least, most))
    assert _bounds(_with(**changes), source, "b") == expected


def test_a_policy_without_effect_is_declared_and_not_enforced() -> None:
    engine = _with(enforces=Directions(Known.NO, Known.NO))
    assert [str(ref) for ref in engine.not_enforced()] == ["NetworkPolicy/web/p"]
    assert not list(_with().not_enforced())
    bit = engine.entities.bit(len(engine.entities.classes) - 1)
    sure, maybe = engine.undecided(Direction.INGRESS, bit, engine.entities.stranger)
    assert sure == maybe == engine.entities.stranger


def test_a_question_about_a_stranger_is_no_question_of_a_pod() -> None:
    asked = Asked([a_pod("a", "web"), a_policy("p", "web", podSelector={}, ingress=[{}])])
    entities = asked.engine.entities
    assert asked.engine.between(entities.stranger, asked.bit("pod:web/a"))[0] == ALL_PORTS
    assert not entities.stranger & entities.everyone
