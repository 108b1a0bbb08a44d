"""Port sets against plain sets of (protocol, port) pairs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.ports import ALL_PORTS, PORT_MAX, PortSet, Protocol

Pair = tuple[Protocol, int]

AXIS = (0, 1, 2, 79, 80, 81, 443, 65534, PORT_MAX)

pairs = st.frozensets(st.tuples(st.sampled_from(Protocol), st.sampled_from(AXIS)))


def ports(wanted: frozenset[Pair]) -> PortSet:
    return PortSet.of((protocol, number, number) for protocol, number in wanted)


def members(ports: PortSet) -> frozenset[Pair]:
    return frozenset(
        (protocol, number)
        for protocol in Protocol
        for low, high in ports.numbers(protocol).parts
        for number in range(low, high + 1)
    )


@given(pairs, pairs)
def test_operations_are_those_of_sets(left: frozenset[Pair], right: frozenset[Pair]) -> None:
    a, b = ports(left), ports(right)
    assert members(a | b) == left | right
    assert members(a & b) == left & right
    assert members(a - b) == left - right
    assert (a <= b) == (left <= right)
    assert bool(a) == bool(left)


@given(pairs)
def test_membership_tells_protocols_apart(wanted: frozenset[Pair]) -> None:
    built = ports(wanted)
    assert {
        (protocol, number)
        for protocol in Protocol
        for number in AXIS
        if (protocol, number) in built
    } == wanted


@given(pairs, pairs)
def test_de_morgan_holds(left: frozenset[Pair], right: frozenset[Pair]) -> None:
    a, b = ports(left), ports(right)
    assert ALL_PORTS - (a | b) == (ALL_PORTS - a) & (ALL_PORTS - b)
    assert ALL_PORTS - (a & b) == (ALL_PORTS - a) | (ALL_PORTS - b)


def test_ranges_are_written_per_protocol_and_joined() -> None:
    built = PortSet.of(
        [
            (Protocol.UDP, 53, 53),
            (Protocol.TCP, 444, 444),
            (Protocol.TCP, 80, 80),
            (Protocol.TCP, 443, 443),
        ]
    )
    assert built.ranges() == ((Protocol.TCP, "80,443-444"), (Protocol.UDP, "53"))


def test_no_port_is_written_as_nothing() -> None:
    assert PortSet().ranges() == ()


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (0, 65536), (70000, 70001)])
def test_a_port_that_no_packet_can_carry_is_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match=f"{first}-{last} is outside 0-65535"):
        PortSet.of([(Protocol.TCP, first, last)])


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        PortSet.of([(Protocol.TCP, 90, 80)])
