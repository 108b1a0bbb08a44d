"""IP address sets and what part of them is the internet.

Sources of traffic are compared by arithmetic, never by spelling: `::/0`, `0.0.0.0/1` with
`128.0.0.0/1`, and "everything but a few holes" are all the internet (`docs/contract.md`,
Addresses). IPv6 addresses that carry an IPv4 address (mapped, NAT64) count as that address.
"""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)

from msgspec import Struct

from auditor.model.intervals import Interval, Intervals

IPV4_MAX = 2**32 - 1
IPV6_MAX = 2**128 - 1

INTERNET_IPV4_ADDRESSES = 2**24
"""Public IPv4 addresses from which a list of sources is the internet (`docs/contract.md`)."""
INTERNET_IPV6_ADDRESSES = 2**112
"""Public IPv6 addresses, a /16, from which a list of sources is the internet (as above)."""

_EMBEDDING_PREFIXES = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""IPv4-mapped (RFC 4291 §2.5.5.2) and the NAT64 well-known prefix (RFC 6052 §2.1)."""


class AddressSet(Struct, frozen=True):
    """An immutable set of IPv4 and IPv6 addresses."""

    ipv4: Intervals = Intervals()
    ipv6: Intervals = Intervals()

    @classmethod
    def of(cls, cidrs: Iterable[str]) -> "AddressSet":
        """Build a set from CIDRs or single addresses; host bits set in a CIDR are ignored.

        Raises:
            ValueError: a text is neither an address nor a CIDR; the message quotes it.
        """
        ipv4: list[Interval] = []
        ipv6: list[Interval] = []
        for text in cidrs:
            network = _as_ipv4(_parse_network(text))
            bounds = (int(network.network_address), int(network.broadcast_address))
            (ipv4 if network.version == 4 else ipv6).append(bounds)
        return cls(Intervals.of(ipv4), Intervals.of(ipv6))

    def __bool__(self) -> bool:
        """Whether the set has an address."""
        return bool(self.ipv4) or bool(self.ipv6)

    def __contains__(self, address: str) -> bool:
        """Whether the address is a member.

        Raises:
            ValueError: the text is not an address.
        """
        member = AddressSet.of([address])
        return bool(member) and member <= self

    def __or__(self, other: "AddressSet") -> "AddressSet":
        """Addresses of either set."""
        return AddressSet(self.ipv4 | other.ipv4, self.ipv6 | other.ipv6)

    def __and__(self, other: "AddressSet") -> "AddressSet":
        """Addresses of both sets."""
        return AddressSet(self.ipv4 & other.ipv4, self.ipv6 & other.ipv6)

    def __sub__(self, other: "AddressSet") -> "AddressSet":
        """Addresses of this set that the other lacks."""
        return AddressSet(self.ipv4 - other.ipv4, self.ipv6 - other.ipv6)

    def __le__(self, other: "AddressSet") -> bool:
        """Whether every address is in the other set."""
        return self.ipv4 <= other.ipv4 and self.ipv6 <= other.ipv6

    def embedded_ipv4(self) -> "AddressSet":
        """Give the IPv4 addresses that IPv6 members carry: mapped ones and NAT64.

        A network written inside an embedding prefix was unwrapped when it was read; this finds
        what wider ones hold.
        """
        found = Intervals()
        for prefix in _EMBEDDING_PREFIXES:
            start, stop = int(prefix.network_address), int(prefix.broadcast_address)
            held = self.ipv6 & Intervals(((start, stop),))
            found |= Intervals(tuple((low - start, high - start) for low, high in held.parts))
        return AddressSet(ipv4=found)

    def cidrs(self) -> tuple[str, ...]:
        """Write the set as the fewest CIDRs, IPv4 first, in address order."""
        texts: list[str] = []
        for low, high in self.ipv4.parts:
            texts += map(str, summarize_address_range(IPv4Address(low), IPv4Address(high)))
        for low, high in self.ipv6.parts:
            texts += map(str, summarize_address_range(IPv6Address(low), IPv6Address(high)))
        return tuple(texts)


def normal_address(text: str) -> str | None:
    """Give the address in its shortest spelling, or None where the text is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else str(address)


_CIDR = re.compile(r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?")


def _parse_network(text: str) -> IPv4Network | IPv6Network:
    # Python also takes a zone (`%eth0`) and a net mask; Kubernetes takes neither.
    written = _CIDR.fullmatch(text.strip())
    try:
        if written:
            return ip_network(written[0], strict=False)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is neither an IP address nor a CIDR")


def _as_ipv4(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Unwrap a network written inside an IPv4-embedding prefix; wider ones stay IPv6."""
    if isinstance(network, IPv6Network):
        for prefix in _EMBEDDING_PREFIXES:
            if network.subnet_of(prefix):
                low = int(network.network_address) & IPV4_MAX
                return IPv4Network((low, network.prefixlen - 96))
    return network


ALL_ADDRESSES = AddressSet(Intervals(((0, IPV4_MAX),)), Intervals(((0, IPV6_MAX),)))

ALL_IPV4 = AddressSet(ipv4=Intervals(((0, IPV4_MAX),)))

PRIVATE_ADDRESSES = AddressSet.of(
    [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    ]
)
"""Addresses that are not the internet, documentation ranges excepted (`docs/contract.md`)."""

LOOPBACK_ADDRESSES = AddressSet.of(["127.0.0.0/8", "::1/128"])
LINK_LOCAL_ADDRESSES = AddressSet.of(["169.254.0.0/16", "fe80::/10"])
