"""Which clusters there are, as the connectors list them. Pure bookkeeping, no clock, no I/O.

A fleet never shrinks because a listing failed, and not because one listing was short either: a
cluster is gone when two complete listings of its connector in a row lack it.
"""

from collections.abc import Iterable

from msgspec import Struct

from auditor.model.cluster import Cluster

LISTINGS_UNTIL_GONE = 2


class Change(Struct, frozen=True):
    """What a listing changed."""

    current: tuple[Cluster, ...]
    """Clusters of the connector to watch from now on, each with its newest access."""
    gone: tuple[str, ...]
    """Ids of clusters that are not there any more."""
    doubles: tuple[str, ...]
    """Ids that another connector lists too: the first one watches them."""


class Roster:
    """Keeps what each connector listed."""

    def __init__(self) -> None:
        """Start with no cluster known."""
        self._owner: dict[str, str] = {}
        self._missed: dict[str, int] = {}
        self._last: dict[str, frozenset[str]] = {}

    def listed(
        self, connector: str, clusters: Iterable[Cluster], *, is_complete: bool = True
    ) -> Change:
        """Take a listing of a connector; one that is not complete says of nothing that it is gone.

        Clusters that it lacks stay, and are not in `current`: nothing new is known of them.
        """
        found: dict[str, Cluster] = {}
        doubles = []
        for cluster in clusters:
            if cluster.id in found or self._owner.get(cluster.id, connector) != connector:
                doubles.append(cluster.id)
            else:
                found[cluster.id] = cluster
        last = frozenset((*found, *doubles))
        self._last[connector] = last if is_complete else last | self._last.get(connector, last)
        gone = [
            known
            for known in [key for key, owner in self._owner.items() if owner == connector]
            if is_complete and known not in found and self._is_gone(known)
        ]
        self._missed |= dict.fromkeys(found, 0)
        self._owner |= dict.fromkeys(found, connector)
        return Change(tuple(found.values()), tuple(gone), tuple(doubles))

    def _is_gone(self, known: str) -> bool:
        """Count that its connector lacks a cluster; another one that lists it takes it over."""
        self._missed[known] += 1
        if self._missed[known] < LISTINGS_UNTIL_GONE:
            return False
        others = sorted(name for name, last in self._last.items() if known in last)
        del self._owner[known], self._missed[known]
        if others:
            self._owner[known], self._missed[known] = others[0], 0
        return not others

    def ids(self) -> frozenset[str]:
        """Give the ids of all clusters that count as there."""
        return frozenset(self._owner)
