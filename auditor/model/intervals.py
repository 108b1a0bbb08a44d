"""Sets of integers as sorted, disjoint, closed intervals: the algebra under addresses and ports.

An address set and a port set are the same thing over different axes, so the algebra lives here
once. Every operation is linear in the number of intervals, whatever they span: `0.0.0.0/0` costs
one interval, not four billion members.
"""

from bisect import bisect_right
from collections.abc import Iterable

from msgspec import Struct

Interval = tuple[int, int]


class Intervals(Struct, frozen=True):
    """An immutable set of integers; `parts` are its closed intervals, sorted and not touching."""

    parts: tuple[Interval, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[Interval]) -> "Intervals":
        """Build a set from intervals in any order, overlapping or touching ones included.

        Raises:
            ValueError: an interval ends before it starts.
        """
        merged: list[Interval] = []
        for low, high in sorted(parts):
            if high < low:
                raise ValueError(f"interval {low}-{high} ends before it starts")
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    def __bool__(self) -> bool:
        """Whether the set has a member."""
        return bool(self.parts)

    def __contains__(self, number: int) -> bool:
        """Whether the number is a member."""
        index = bisect_right(self.parts, number, key=lambda part: part[0])
        return index > 0 and number <= self.parts[index - 1][1]

    def __or__(self, other: "Intervals") -> "Intervals":
        """Members of either set."""
        if not other.parts:
            return self
        if not self.parts:
            return other
        return Intervals.of((*self.parts, *other.parts))

    def __and__(self, other: "Intervals") -> "Intervals":
        """Members of both sets."""
        common: list[Interval] = []
        mine, theirs = 0, 0
        while mine < len(self.parts) and theirs < len(other.parts):
            low = max(self.parts[mine][0], other.parts[theirs][0])
            high = min(self.parts[mine][1], other.parts[theirs][1])
            if low <= high:
                common.append((low, high))
            if self.parts[mine][1] < other.parts[theirs][1]:
                mine += 1
            else:
                theirs += 1
        return Intervals(tuple(common))

    def __sub__(self, other: "Intervals") -> "Intervals":
        """Members of this set that the other lacks."""
        left: list[Interval] = []
        index = 0
        for low, high in self.parts:
            start = low
            while index < len(other.parts) and other.parts[index][1] < start:
                index += 1
            probe = index
            while probe < len(other.parts) and other.parts[probe][0] <= high:
                hole_low, hole_high = other.parts[probe]
                if hole_low > start:
                    left.append((start, hole_low - 1))
                start = max(start, hole_high + 1)
                probe += 1
            if start <= high:
                left.append((start, high))
        return Intervals(tuple(left))

    def __le__(self, other: "Intervals") -> bool:
        """Whether every member is in the other set."""
        return not self - other

    def size(self) -> int:
        """Count the members."""
        return sum(high - low + 1 for low, high in self.parts)
