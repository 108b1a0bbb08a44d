"""All addresses, cut where some rule makes a difference: a piece between two cuts is one entity."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import pairwise

from auditor.model.addresses import IPV4_MAX, IPV6_MAX, AddressSet
from auditor.model.intervals import Interval, Intervals


class Atoms:
    """The pieces of the address space, IPv4 before IPv6, as bits from zero."""

    def __init__(self, blocks: Iterable[AddressSet]) -> None:
        """Cut at the bounds of blocks."""
        held = list(blocks)
        self._ipv4 = _cuts((block.ipv4 for block in held), IPV4_MAX)
        self._ipv6 = _cuts((block.ipv6 for block in held), IPV6_MAX)
        self._first_ipv6 = len(self._ipv4) - 1
        self.count = self._first_ipv6 + len(self._ipv6) - 1

    def mask(self, addresses: AddressSet) -> int:
        """Give the pieces that a set touches; exact where its bounds were among the cuts."""
        found = _mask(addresses.ipv4, self._ipv4)
        return found | _mask(addresses.ipv6, self._ipv6) << self._first_ipv6

    @property
    def ipv4(self) -> int:
        """Give the pieces of IPv4."""
        return (1 << self._first_ipv6) - 1

    def addresses(self, mask: int) -> AddressSet:
        """Give the addresses of some pieces."""
        low = mask & self.ipv4
        high = mask >> self._first_ipv6 & (1 << self.count - self._first_ipv6) - 1
        return AddressSet(_intervals(low, self._ipv4), _intervals(high, self._ipv6))


def _cuts(parts: Iterable[Intervals], last: int) -> list[int]:
    """Give where pieces begin, and one past the last address."""
    cuts = {0, last + 1}
    for intervals in parts:
        for low, high in intervals.parts:
            cuts.update((low, high + 1))
    return sorted(cuts)


def _mask(intervals: Intervals, cuts: list[int]) -> int:
    found = 0
    for low, high in intervals.parts:
        first, end = bisect_right(cuts, low) - 1, bisect_left(cuts, high + 1)
        found |= (1 << end) - (1 << first)
    return found


def _intervals(mask: int, cuts: list[int]) -> Intervals:
    found: list[Interval] = [
        (low, following - 1)
        for position, (low, following) in enumerate(pairwise(cuts))
        if mask >> position & 1
    ]
    return Intervals.of(found)
