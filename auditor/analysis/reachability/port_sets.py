"""Sets of ports by number, so that what many rules share is worked out once."""

from auditor.model.ports import ALL_PORTS, PortSet

NO_PORTS = 0
EVERY_PORT = 1


class PortTable:
    """Numbers port sets in the order in which they are met, and remembers what it worked out."""

    def __init__(self) -> None:
        """Begin with the empty and the full set, `NO_PORTS` and `EVERY_PORT`."""
        self._sets = [PortSet(), ALL_PORTS]
        self._numbers = {PortSet(): NO_PORTS, ALL_PORTS: EVERY_PORT}
        self._unions: dict[tuple[int, int], int] = {}
        self._common: dict[tuple[int, int], int] = {}
        self._left: dict[tuple[int, int], int] = {}

    def __getitem__(self, number: int) -> PortSet:
        """Give the set of a number."""
        return self._sets[number]

    def number(self, ports: PortSet) -> int:
        """Give the number of a set."""
        found = self._numbers.get(ports)
        if found is None:
            found = self._numbers[ports] = len(self._sets)
            self._sets.append(ports)
        return found

    def union(self, one: int, other: int) -> int:
        """Give the ports of either."""
        if other in {one, NO_PORTS}:
            return one
        if one == NO_PORTS:
            return other
        pair = (one, other) if one < other else (other, one)
        found = self._unions.get(pair)
        if found is None:
            found = self._unions[pair] = self.number(self._sets[one] | self._sets[other])
        return found

    def common(self, one: int, other: int) -> int:
        """Give the ports of both."""
        if other in {one, EVERY_PORT}:
            return one
        if one == EVERY_PORT:
            return other
        pair = (one, other) if one < other else (other, one)
        found = self._common.get(pair)
        if found is None:
            found = self._common[pair] = self.number(self._sets[one] & self._sets[other])
        return found

    def without(self, one: int, other: int) -> int:
        """Give the ports of the first that the second lacks."""
        if other == NO_PORTS:
            return one
        pair = (one, other)
        found = self._left.get(pair)
        if found is None:
            found = self._left[pair] = self.number(self._sets[one] - self._sets[other])
        return found
