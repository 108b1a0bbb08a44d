"""One look at one cluster: read, judge, store, show. Whatever fails in it stays in it."""

import asyncio
import time
from datetime import UTC, datetime

import structlog
from msgspec import Struct
from msgspec.structs import replace

from auditor.audit.auditing import audit, decommission
from auditor.audit.rules import Rules
from auditor.collector.collecting import Limits, read_cluster
from auditor.collector.projection import projection_for
from auditor.daemon.view import CurrentView
from auditor.metrics.registry import Metrics
from auditor.model.audit import Audit, ClusterState
from auditor.model.cluster import Cluster
from auditor.model.history import to_microseconds
from auditor.settings.configuration import Configuration
from auditor.store.engine import Database
from auditor.store.errors import StoreError
from auditor.store.reading import LIVE
from auditor.store.writing import record

_log = structlog.get_logger(__name__)

LISTINGS_OF_OLD_FACTS = 3
"""How many listings long what a cloud said of a cluster counts. What was closed then may be open
now: older facts are left out, and nothing passes by them any more."""


class Looked(Struct, frozen=True):
    """How a look ended."""

    is_read: bool
    """Whether the cluster could be read, and what was found is stored."""
    not_before: float | None = None
    """Seconds for which the server asked to be left alone."""


class Looker:
    """Looks at clusters under one configuration."""

    def __init__(
        self, configuration: Configuration, database: Database, view: CurrentView, metrics: Metrics
    ) -> None:
        """Keep what every look needs."""
        self._rules = Rules.of(configuration)
        self._discovery_seconds = configuration.schedule.discovery_seconds
        self._projection = projection_for(configuration)
        self._limits = Limits()
        self._database = database
        self._view = view
        self._metrics = metrics
        self.store_failure: str | None = None
        """Why the database refused the last time; None while it works."""

    async def look(self, cluster: Cluster) -> Looked:
        """Audit a cluster and store what was found."""
        started = time.monotonic()
        reading = await read_cluster(cluster, self._projection, self._limits, lambda _: None)
        at = datetime.now(UTC)
        cluster = self._without_old_facts(cluster, at)
        # The judging of a large cluster takes seconds: in a thread, so that others go on.
        found = await asyncio.to_thread(audit, cluster, reading.inventory, self._rules, at)
        seconds = time.monotonic() - started
        self._metrics.observe_audit(seconds, found.state.value)
        is_stored = await self._store(found)
        failures = sum(finding.shown_verdict == "fail" for finding in found.findings)
        _log.info(
            "audited",
            cluster=cluster.id,
            state=found.state.value,
            seconds=round(seconds, 3),
            open_failures=failures,
            problems=[problem.message for problem in found.problems[:3]],
        )
        is_read = is_stored and found.state is not ClusterState.UNREACHABLE
        return Looked(is_read, reading.not_before)

    def _without_old_facts(self, cluster: Cluster, at: datetime) -> Cluster:
        """Leave out what a cloud said too long ago, as when its listings have failed since."""
        if cluster.cloud is None:
            return cluster
        age = (at - datetime.fromisoformat(cluster.cloud.read_at)).total_seconds()
        if age <= LISTINGS_OF_OLD_FACTS * self._discovery_seconds:
            return cluster
        _log.warning("cloud facts too old", cluster=cluster.id, seconds=round(age))
        return replace(cluster, cloud=None)

    async def decommission(self, cluster_id: str) -> None:
        """Store that a cluster is gone, and take it out of the view."""
        if await self._store(decommission(cluster_id, datetime.now(UTC), self._rules)):
            _log.info("decommissioned", cluster=cluster_id)
        self._view.drop(cluster_id)

    async def _store(self, found: Audit) -> bool:
        """Store an audit and show it; a database that refuses loses this look and no other."""
        try:
            recorded_at = to_microseconds(datetime.now(UTC))
            await record(self._database, found, recorded_at, origin=LIVE)
            await self._view.refresh(self._database, found.cluster_id, found.at)
        except StoreError as error:
            self.store_failure = str(error)
            _log.error("not stored", cluster=found.cluster_id, reason=str(error))
            return False
        self.store_failure = None
        return True
