"""Who can send a packet to a door: the audience, told from the addresses it admits."""

from enum import StrEnum

from msgspec import Struct

from auditor.model.addresses import (
    INTERNET_IPV4_ADDRESSES,
    INTERNET_IPV6_ADDRESSES,
    PRIVATE_ADDRESSES,
    AddressSet,
)


class Audience(StrEnum):
    """Who can reach a door (`docs/contract.md`, Addresses)."""

    INTERNET = "internet"
    """Any public source."""
    ALLOW_LISTED = "allow-listed"
    """Named public ranges only."""
    PRIVATE_NETWORK = "private-network"
    """The VPC or LAN and its peers."""
    CLUSTER = "cluster"
    """Pods and nodes of the cluster itself."""
    NONE = "none"
    """Nobody outside the pod's own node."""
    UNKNOWN = "unknown"
    """An input that would tell it was not read."""


WIDEST_FIRST = (
    Audience.INTERNET,
    Audience.ALLOW_LISTED,
    Audience.UNKNOWN,
    Audience.PRIVATE_NETWORK,
    Audience.CLUSTER,
    Audience.NONE,
)
"""Audiences from the most to the least alarming; what is not known may be wide."""


class AddressSpace(Struct, frozen=True):
    """Which addresses count as private: the fixed list and the operator's own `internal_cidrs`."""

    private: AddressSet = PRIVATE_ADDRESSES

    @classmethod
    def with_internal(cls, internal_cidrs: tuple[str, ...]) -> "AddressSpace":
        """Add an operator's privately used public ranges to the private space.

        Raises:
            ValueError: one of them is not a CIDR.
        """
        return cls(PRIVATE_ADDRESSES | AddressSet.of(internal_cidrs))

    def is_public(self, address: str) -> bool:
        """Whether the address is an internet address.

        Raises:
            ValueError: the text is not an address.
        """
        return address not in self.private

    def audience_of(self, sources: AddressSet) -> Audience:
        """Tell who a list of admitted sources is."""
        public = (sources | sources.embedded_ipv4()) - self.private
        if (
            public.ipv4.size() >= INTERNET_IPV4_ADDRESSES
            or public.ipv6.size() >= INTERNET_IPV6_ADDRESSES
        ):
            return Audience.INTERNET
        if public:
            return Audience.ALLOW_LISTED
        return Audience.PRIVATE_NETWORK if sources else Audience.NONE
