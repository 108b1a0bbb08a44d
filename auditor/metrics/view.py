"""What metrics are computed from: the whole fleet as it is known now."""

import math
from collections.abc import Mapping

from msgspec import Struct

from auditor.model.audit import ClusterState
from auditor.store.past import PastCluster


class FleetView(Struct, frozen=True, kw_only=True):
    """The fleet at this moment.

    An alert compares with the interval and speaks of each cluster once, so a view that would
    silence or double it cannot be made.

    Raises:
        ValueError: the interval is not a positive number, or a cluster is there twice.
    """

    clusters: tuple[PastCluster, ...]
    """The current view. A removed cluster is not among them; a decommissioned one may be."""
    interval: float
    """Seconds between two audits of a cluster, as configured."""
    connectors: Mapping[str, float | None]
    """By connector name: unix time of its last complete listing, None if there never was one."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.interval) and self.interval > 0):
            raise ValueError(f"the interval is {self.interval}, not a positive number of seconds")
        if len({past.cluster for past in self.clusters}) < len(self.clusters):
            raise ValueError("a cluster is twice in the view")

    def watched(self) -> tuple[PastCluster, ...]:
        """Give the clusters that still exist: the store remembers the others, no metric does."""
        gone = ClusterState.DECOMMISSIONED.value
        return tuple(past for past in self.clusters if past.state != gone)
