"""Who a list of sources is, by CONTRACT.md, Addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.addresses import ALL_ADDRESSES, ALL_IPV4, AddressSet
from auditor.model.audience import AddressSpace, Audience

SPACE = AddressSpace()

PRIVATE = [
    # CIDR, first address, last address, a neighbour that is the internet
    ("0.0.0.0/8", "0.0.0.0", "0.255.255.255", "1.0.0.0"),
    ("10.0.0.0/8", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
    ("100.64.0.0/10", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
    ("127.0.0.0/8", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
    ("169.254.0.0/16", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
    ("172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
    ("192.0.0.0/24", "192.0.0.0", "192.0.0.255", "192.0.1.0"),
    ("192.168.0.0/16", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
    ("198.18.0.0/15", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
    ("224.0.0.0/4", "224.0.0.0", "239.255.255.255", "223.255.255.255"),
    ("240.0.0.0/4", "240.0.0.0", "255.255.255.255", "223.255.255.255"),
    ("::/128", "::", "::", "::2"),
    ("::1/128", "::1", "::1", "::2"),
    ("fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"),
    ("fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::"),
    ("ff00::/8", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "feff::"),
]

DOCUMENTATION = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"]


def audience(*cidrs: str) -> Audience:
    return SPACE.audience_of(AddressSet.of(cidrs))


@pytest.mark.parametrize(("cidr", "first", "last", "neighbour"), PRIVATE)
def test_each_private_range_ends_where_it_should(
    cidr: str, first: str, last: str, neighbour: str
) -> None:
    assert audience(cidr) is Audience.PRIVATE_NETWORK
    assert not SPACE.is_public(first)
    assert not SPACE.is_public(last)
    assert SPACE.is_public(neighbour)


def test_all_private_ranges_together_are_private() -> None:
    assert audience(*(row[0] for row in PRIVATE)) is Audience.PRIVATE_NETWORK


@pytest.mark.parametrize("cidr", DOCUMENTATION)
def test_documentation_ranges_are_internet(cidr: str) -> None:
    assert SPACE.is_public(cidr.partition("/")[0])
    assert audience(cidr) is Audience.ALLOW_LISTED


@pytest.mark.parametrize(
    "cidrs",
    [
        ("0.0.0.0/0",),
        ("::/0",),
        ("0.0.0.0/0", "::/0"),
        ("0.0.0.0/1", "128.0.0.0/1"),
        ("::/1", "8000::/1"),
        ("2000::/3",),
        ("1.0.0.0/8",),
        ("::ffff:0:0/96",),
        ("64:ff9b::/96",),
        tuple(f"{first}.0.0.0/8" for first in range(1, 224) if first not in {10, 127}),
    ],
)
def test_the_internet_is_told_in_any_spelling(cidrs: tuple[str, ...]) -> None:
    assert audience(*cidrs) is Audience.INTERNET


@given(st.frozensets(st.sampled_from([row[0] for row in PRIVATE] + DOCUMENTATION)))
def test_the_internet_but_a_few_holes_is_the_internet(holes: frozenset[str]) -> None:
    without = AddressSet.of(holes)
    assert SPACE.audience_of(ALL_IPV4 - without) is Audience.INTERNET
    assert SPACE.audience_of(ALL_ADDRESSES - without) is Audience.INTERNET


def test_the_line_is_at_16777216_public_addresses() -> None:
    enough = AddressSet.of(["8.0.0.0/8"])
    assert SPACE.audience_of(enough) is Audience.INTERNET
    one_less = enough - AddressSet.of(["8.8.8.8"])
    assert SPACE.audience_of(one_less) is Audience.ALLOW_LISTED
    in_pieces = one_less | AddressSet.of(["203.0.113.7"])
    assert SPACE.audience_of(in_pieces) is Audience.INTERNET


def test_private_addresses_do_not_count_towards_the_line() -> None:
    assert audience("10.0.0.0/8", "240.0.0.0/4", "203.0.113.0/24") is Audience.ALLOW_LISTED


def test_the_line_for_ipv6_is_a_slash_16() -> None:
    assert audience("2000::/16") is Audience.INTERNET
    assert audience("2000::/17") is Audience.ALLOW_LISTED
    assert audience("2000::/17", "3000::/17") is Audience.INTERNET


def test_no_source_is_nobody() -> None:
    assert audience() is Audience.NONE


@pytest.mark.parametrize("text", ["::ffff:10.0.0.1", "64:ff9b::192.168.0.1"])
def test_a_private_address_in_ipv6_clothes_is_private(text: str) -> None:
    assert not SPACE.is_public(text)


@pytest.mark.parametrize("text", ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_a_public_address_in_ipv6_clothes_is_public(text: str) -> None:
    assert SPACE.is_public(text)


def test_internal_cidrs_are_private_and_nothing_else_changes() -> None:
    space = AddressSpace.with_internal(("198.51.100.0/24",))
    assert not space.is_public("198.51.100.1")
    assert space.is_public("198.51.101.1")
    assert not space.is_public("10.0.0.1")
    assert space.audience_of(AddressSet.of(["198.51.100.0/25"])) is Audience.PRIVATE_NETWORK


def test_a_bad_internal_cidr_is_quoted() -> None:
    with pytest.raises(ValueError, match=r"'10\.0\.0\.0/99'"):
        AddressSpace.with_internal(("10.0.0.0/99",))


def test_an_audience_of_a_text_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'example\.com'"):
        SPACE.is_public("example.com")


@pytest.mark.parametrize("cidr", ["::ffff:0:0/95", "64:ff9b::/95"])
def test_a_prefix_around_the_mapped_internet_is_the_internet(cidr: str) -> None:
    assert audience(cidr) is Audience.INTERNET
