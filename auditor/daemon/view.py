"""The current view: of every watched cluster what the store knows, ready for metrics and pages."""

from datetime import datetime

from auditor.metrics.view import FleetView
from auditor.model.audit import ClusterState
from auditor.model.history import to_microseconds, written_moment
from auditor.store.engine import Database
from auditor.store.past import PastCluster
from auditor.store.reading import LIVE, as_of, cluster_ids


class CurrentView:
    """Keeps the newest answer of the store for each cluster; reading it never waits."""

    def __init__(self, interval_seconds: float) -> None:
        """Start empty; `load` must come before anybody looks."""
        self._interval = interval_seconds
        self._clusters: dict[str, PastCluster] = {}
        self._connectors: dict[str, float | None] = {}
        self.is_loaded = False

    async def load(self, database: Database, at: datetime) -> None:
        """Fill the view with what was known when the auditor last ran: nothing is forgotten.

        Raises:
            StoreError: the database refused.
        """
        for cluster, origin in await cluster_ids(database):
            if origin == LIVE:
                await self.refresh(database, cluster, at)
        self.is_loaded = True

    async def refresh(self, database: Database, cluster: str, at: datetime) -> None:
        """Take over what the store now says of a cluster.

        Raises:
            StoreError: the database refused.
        """
        past = await as_of(database, cluster, to_microseconds(at), origin=LIVE)
        if past is not None:
            self._clusters[cluster] = past

    def expect(self, cluster: str, at: datetime) -> None:
        """Show a cluster that was discovered and never read as unreachable, as it may well be."""
        self._clusters.setdefault(cluster, _never_read(cluster, at))

    def drop(self, cluster: str) -> None:
        """Take a cluster out that is watched no more."""
        self._clusters.pop(cluster, None)

    def keep_only(self, clusters: frozenset[str]) -> None:
        """Take out what the connectors list no more, once all of them have told."""
        self._clusters = {key: past for key, past in self._clusters.items() if key in clusters}

    def note_listing(self, connector: str, at: datetime | None) -> None:
        """Note when a connector last listed all its clusters; None where it never did yet."""
        if at is not None or connector not in self._connectors:
            self._connectors[connector] = at.timestamp() if at else None

    def fleet(self) -> FleetView:
        """Give the view as it is now."""
        return FleetView(
            clusters=tuple(past for _, past in sorted(self._clusters.items())),
            interval=self._interval,
            connectors=dict(self._connectors),
        )


def _never_read(cluster: str, at: datetime) -> PastCluster:
    moment = written_moment(to_microseconds(at))
    return PastCluster(
        cluster=cluster,
        origin=LIVE,
        asked_at=moment,
        observed_at=moment,
        next_look_at=None,
        state=ClusterState.UNREACHABLE.value,
        read_at=None,
        incarnation=None,
        kubernetes=None,
        cni=None,
        coverage={},
        tenancy=(),
        segmentation=(),
        exposures=(),
        findings=(),
        not_applicable={},
    )
