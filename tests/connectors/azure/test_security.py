"""Which sources get through a network security group."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.addresses import AddressSet
from auditor.model.ports import Protocol
from connectors.azure.network_shapes import SecurityGroup
from connectors.azure.security import Asked, admitted

FRONTEND = "203.0.113.10"
OFFICE = "198.51.100.0/24"
DEFAULTS = [
    (65000, "Allow", "VirtualNetwork", "VirtualNetwork", "*"),
    (65001, "Allow", "AzureLoadBalancer", "*", "*"),
    (65500, "Deny", "*", "*", "*"),
]
Written = tuple[int, str, str, str, str]


def rule(priority: int, verdict: str, source: str, destination: str, ports: str) -> dict[str, Any]:
    return {
        "name": f"r{priority}",
        "properties": {
            "priority": priority, "access": verdict, "direction": "Inbound", "protocol": "Tcp"
            if priority < 65000 else "*",
            "sourceAddressPrefix": source, "sourcePortRange": "*",
            "destinationAddressPrefix": destination, "destinationPortRange": ports,
        },
    }  # fmt: skip


def group(*rules: Written, **changed: Any) -> SecurityGroup:
    held = [rule(*one) for one in rules]
    for one in held:
        one["properties"] |= changed
    defaults = [rule(*one) for one in DEFAULTS]
    told = {
        "id": "/nsg", "name": "nsg",
        "properties": {"securityRules": held, "defaultSecurityRules": defaults},
    }  # fmt: skip
    return msgspec.convert(told, SecurityGroup)


def ask(
    *, inside: bool | None = False, routed: bool = False, at: str = FRONTEND, port: int = 443
) -> Asked:
    return Asked(port, Protocol.TCP, AddressSet.of([at] if at else []), inside, routed)


@pytest.mark.parametrize(
    ("rules", "sources"),
    [
        ([], []),
        ([(100, "Allow", "Internet", FRONTEND, "443")], ["public"]),
        ([(100, "Allow", "*", "*", "*")], ["0.0.0.0/0", "::/0"]),
        ([(100, "Allow", OFFICE, FRONTEND, "443")], [OFFICE]),
        ([(100, "Allow", OFFICE, FRONTEND, "80-90")], []),
        ([(100, "Allow", OFFICE, FRONTEND, "400-500")], [OFFICE]),
        ([(100, "Allow", OFFICE, "203.0.113.11", "443")], []),
        ([(100, "Allow", OFFICE, "203.0.113.0/24", "443")], [OFFICE]),
        ([(100, "Deny", "*", "*", "*"), (200, "Allow", OFFICE, "*", "*")], []),
        ([(200, "Deny", "*", "*", "*"), (100, "Allow", OFFICE, "*", "*")], [OFFICE]),
        ([(100, "Deny", "198.51.100.0/25", "*", "*"), (200, "Allow", OFFICE, "*", "*")],
         ["198.51.100.128/25"]),
        # Nothing of it is decided after the rule that refuses all.
        ([(100, "Deny", "*", "*", "*"), (200, "Allow", "AzureFrontDoor.Backend", "*", "*")], []),
        ([(100, "Allow", "*", "*", "*"), (200, "Deny", "Storage", "*", "*")],
         ["0.0.0.0/0", "::/0"]),
        ([(100, "Allow", "Storage", "*", "*"), (200, "Allow", "*", "*", "*")],
         ["0.0.0.0/0", "::/0"]),
    ],
)  # fmt: skip
def test_rules_of_addresses_are_worked_out(rules: list[Written], sources: list[str]) -> None:
    found = admitted(group(*rules), ask())
    assert found.doubts == ()
    if sources == ["public"]:
        assert "8.8.8.8" in found.sources
        assert "10.0.0.1" not in found.sources
    else:
        assert found.sources == AddressSet.of(sources)


@pytest.mark.parametrize(
    ("rules", "asked"),
    [
        ([(100, "Allow", "AzureFrontDoor.Backend", "*", "443")], ask()),
        ([(100, "Deny", "Storage", "*", "*"), (200, "Allow", "*", "*", "*")], ask()),
        ([(100, "Allow", OFFICE, "Internet", "443")], ask()),
        ([(100, "Allow", OFFICE, FRONTEND, "443")], ask(at="")),
        ([(100, "Allow", OFFICE, "10.0.0.4", "443")], ask(at="10.0.0.0/24")),
        ([(100, "Deny", "VirtualNetwork", "*", "443"), (200, "Allow", "*", "*", "*")], ask()),
        # Routes of its own may make the whole internet a part of the network.
        ([], ask(routed=True)),
        ([(100, "Allow", "VirtualNetwork", "*", "443")], ask(routed=True)),
        ([], ask(inside=None)),
    ],
)  # fmt: skip
def test_what_cannot_be_worked_out_is_a_doubt(rules: list[Written], asked: Asked) -> None:
    assert admitted(group(*rules), asked).doubts


def test_application_security_groups_are_a_doubt() -> None:
    for side in ("source", "destination"):
        changed = {f"{side}ApplicationSecurityGroups": [{"id": "/asg"}]}
        found = admitted(group((100, "Allow", "*", "*", "443"), **changed), ask())
        assert found.doubts


def test_the_network_itself_gets_to_what_is_inside_it() -> None:
    found = admitted(group(), ask(inside=True, at="10.0.0.4"))
    assert "10.1.2.3" in found.sources
    assert "8.8.8.8" not in found.sources
    assert found.doubts == ()


def test_other_protocols_and_directions_do_not_count() -> None:
    for changed in ({"protocol": "Udp"}, {"protocol": "Icmp"}, {"direction": "Outbound"}):
        assert not admitted(group((100, "Allow", "*", "*", "*"), **changed), ask()).sources


def test_a_refusal_of_some_source_ports_refuses_nobody() -> None:
    held = group((100, "Deny", "*", "*", "*"), sourcePortRange="1024-2048")
    both = msgspec.structs.replace(
        held,
        properties=msgspec.structs.replace(
            held.properties,
            security_rules=(
                *(held.properties.security_rules or ()),
                *(group((200, "Allow", OFFICE, "*", "*")).properties.security_rules or ()),
            ),
        ),
    )
    assert admitted(both, ask()).sources == AddressSet.of([OFFICE])


_ranges = st.tuples(st.integers(0, 15), st.integers(28, 32)).map(
    lambda drawn: f"198.51.100.{drawn[0]}/{drawn[1]}"
)
_rules = st.lists(
    st.tuples(
        st.integers(100, 4096), st.sampled_from(["Allow", "Deny"]),
        st.one_of(_ranges, st.just("*")), st.sampled_from(["*", FRONTEND, "203.0.113.99"]),
        st.sampled_from(["*", "443", "80", "440-450"]),
    ),
    max_size=6, unique_by=lambda one: one[0],
)  # fmt: skip


@given(_rules, st.integers(0, 20))
def test_every_source_is_judged_as_rule_by_rule(rules: list[Written], last: int) -> None:
    source = f"198.51.100.{last}"

    def first_verdict() -> bool:
        for _, verdict, sources, destination, ports in sorted(rules):
            is_source = sources == "*" or source in AddressSet.of([sources])
            is_port = ports in {"*", "443", "440-450"}
            if is_source and is_port and destination in {"*", FRONTEND}:
                return verdict == "Allow"
        return False

    found = admitted(group(*rules), ask())
    assert (source in found.sources) is first_verdict()
    assert found.doubts == ()
