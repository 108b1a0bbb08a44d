"""Address sets against plain sets of addresses near the boundaries where arithmetic goes wrong."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.addresses import (
    ALL_ADDRESSES,
    ALL_IPV4,
    AddressSet,
    normal_address,
)

BOUNDARIES = ("0.0.0.0", "10.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255")
BOUNDARIES_6 = ("::", "::2:0:0:0", "fc00::", "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")

AXIS_4 = sorted(
    {
        str(IPv4Address(number))
        for text in BOUNDARIES
        for number in range(int(IPv4Address(text)) - 3, int(IPv4Address(text)) + 4)
        if 0 <= number < 2**32
    }
)
AXIS_6 = sorted(
    {
        str(IPv6Address(number))
        for text in BOUNDARIES_6
        for number in range(int(IPv6Address(text)) - 3, int(IPv6Address(text)) + 4)
        if 0 <= number < 2**128
    }
)
AXIS = (*AXIS_4, *AXIS_6)

addresses = st.frozensets(st.sampled_from(AXIS))
networks = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(AXIS_4), st.integers(0, 32)),
        st.tuples(st.sampled_from(AXIS_6), st.integers(0, 128)),
    ).map(lambda pair: f"{pair[0]}/{pair[1]}")
)


def seen(addresses: AddressSet) -> set[str]:
    return {text for text in AXIS if text in addresses}


@given(addresses, addresses)
def test_operations_are_those_of_sets(left: frozenset[str], right: frozenset[str]) -> None:
    a, b = AddressSet.of(left), AddressSet.of(right)
    assert seen(a) == left
    assert seen(a | b) == left | right
    assert seen(a & b) == left & right
    assert seen(a - b) == left - right
    assert (a <= b) == (left <= right)
    assert bool(a) == bool(left)


@given(networks)
def test_a_network_holds_what_its_prefix_covers(cidrs: list[str]) -> None:
    parsed = [ip_network(cidr, strict=False) for cidr in cidrs]
    expected = {text for text in AXIS if any(ip_address(text) in network for network in parsed)}
    assert seen(AddressSet.of(cidrs)) == expected


@given(networks, networks)
def test_de_morgan_holds(left: list[str], right: list[str]) -> None:
    a, b = AddressSet.of(left), AddressSet.of(right)
    assert ALL_ADDRESSES - (a | b) == (ALL_ADDRESSES - a) & (ALL_ADDRESSES - b)
    assert ALL_ADDRESSES - (a & b) == (ALL_ADDRESSES - a) | (ALL_ADDRESSES - b)
    assert ALL_ADDRESSES - (ALL_ADDRESSES - a) == a


@given(networks)
def test_written_as_cidrs_it_reads_back_the_same(cidrs: list[str]) -> None:
    built = AddressSet.of(cidrs)
    assert AddressSet.of(built.cidrs()) == built


def test_cidrs_are_the_fewest_and_in_order() -> None:
    built = AddressSet.of(["2001:db8::/32", "10.0.0.128/25", "10.0.0.0/25", "9.0.0.0/8"])
    assert built.cidrs() == ("9.0.0.0/8", "10.0.0.0/24", "2001:db8::/32")


def test_host_bits_are_ignored() -> None:
    assert AddressSet.of(["10.1.2.3/8"]) == AddressSet.of(["10.0.0.0/8"])


def test_two_halves_are_the_whole() -> None:
    assert AddressSet.of(["0.0.0.0/1", "128.0.0.0/1"]) == ALL_IPV4


@pytest.mark.parametrize("cidr", ["::ffff:198.51.100.0/120", "64:ff9b::198.51.100.0/120"])
def test_mapped_and_nat64_networks_count_as_ipv4(cidr: str) -> None:
    assert AddressSet.of([cidr]) == AddressSet.of(["198.51.100.0/24"])


@pytest.mark.parametrize("prefix", ["::ffff:0:0/96", "64:ff9b::/96"])
def test_a_whole_embedding_prefix_is_all_of_ipv4(prefix: str) -> None:
    assert AddressSet.of([prefix]) == ALL_IPV4


def test_a_mapped_address_is_a_member_of_its_ipv4_network() -> None:
    assert "::ffff:10.1.2.3" in AddressSet.of(["10.0.0.0/8"])
    assert "64:ff9b::10.1.2.3" in AddressSet.of(["10.0.0.0/8"])
    assert "::10.1.2.3" not in AddressSet.of(["10.0.0.0/8"])


@pytest.mark.parametrize(
    "text",
    ["", "x", "10.0.0.0/33", "10.0.0", "10.0.0.256", "::/129", "fe80::1%eth0/x", "1.2.3.4/a"],
)
def test_what_is_no_cidr_is_quoted_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match="is neither an IP address nor a CIDR") as caught:
        AddressSet.of(["10.0.0.0/8", text])
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["10.0.0.1", "::1", "2001:db8::1", "::ffff:10.0.0.1"])
def test_an_address_is_one(text: str) -> None:
    assert normal_address(text) is not None


@pytest.mark.parametrize("text", ["10.0.0.0/8", "", "example.com", "fe80::1%eth0", " 10.0.0.1"])
def test_what_is_not_one_address_is_none(text: str) -> None:
    assert normal_address(text) is None


def test_an_address_has_one_spelling() -> None:
    assert normal_address("2001:DB8:0:0::1") == "2001:db8::1"
