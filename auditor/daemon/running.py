"""The daemon: discovers clusters, watches each in a loop of its own, answers over HTTP."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import structlog
from aiohttp import web

from auditor.daemon.endpoints import make_application
from auditor.daemon.looking import Looker
from auditor.daemon.roster import Roster
from auditor.daemon.sources import Source, clusters_of, configured_source
from auditor.daemon.view import CurrentView
from auditor.daemon.watching import Watch
from auditor.metrics.registry import Metrics
from auditor.model.cluster import Cluster, Files, SourceError
from auditor.model.preparing import prepare_types
from auditor.settings.configuration import Configuration
from auditor.store.engine import Database

_log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 5.0
"""For requests that are being answered when the daemon stops."""


class Daemon:
    """One daemon over one database; run it once."""

    def __init__(self, configuration: Configuration, config_base: Path, database: Database) -> None:
        """Understand the configuration's connectors.

        Raises:
            SourceError: one of them is of no known kind or its options do not fit.
        """
        self._sources = {
            entry.name: configured_source(entry, config_base) for entry in configuration.connectors
        }
        self._schedule = configuration.schedule
        self._database = database
        self._view = CurrentView(self._schedule.interval_seconds)
        self._metrics = Metrics(self._view.fleet)
        self._looker = Looker(configuration, database, self._view, self._metrics)
        self._roster = Roster()
        self._unlisted = set(self._sources)
        self._places = asyncio.Semaphore(self._schedule.clusters_at_once)
        self._watches: dict[str, tuple[Watch, asyncio.Task[None]]] = {}

    async def run(self, host: str, port: int, stop: asyncio.Event) -> None:
        """Run until `stop` is set; port 0 takes a free one. `address` says where it listens.

        Raises:
            StoreError: the database refused before anything began.
            OSError: the address cannot be listened on.
        """
        prepare_types()
        # Before the first scrape: an empty view would resolve every alert.
        await self._view.load(self._database, datetime.now(UTC))
        runner = web.AppRunner(
            make_application(self._metrics, self.why_not_ready),
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            _log.info("listening", addresses=[str(address) for address in runner.addresses])
            async with asyncio.TaskGroup() as group:
                loops = [
                    group.create_task(self._discover(group, name, source))
                    for name, source in self._sources.items()
                ]
                await stop.wait()
                for task in [*loops, *(task for _, task in self._watches.values())]:
                    task.cancel()
        finally:
            await runner.cleanup()
            _log.info("stopped")

    def why_not_ready(self) -> list[str]:
        """Give the reasons for which the answers cannot be relied on yet, or any more."""
        reasons = [f"connector {name} has not listed its clusters" for name in self._unlisted]
        if self._looker.store_failure is not None:
            reasons.append(self._looker.store_failure)
        return sorted(reasons)

    async def _discover(self, group: asyncio.TaskGroup, name: str, source: Source) -> None:
        """List a connector's clusters again and again, and keep their loops in step."""
        self._view.note_listing(name, None)
        while True:
            try:
                await self._list(group, name, source)
            except SourceError as error:
                # What it listed before stays: an error never shrinks the fleet.
                _log.error("clusters not listed", connector=name, reason=str(error))
            except Exception:  # noqa: BLE001 - a connector is anybody's code
                _log.exception("clusters not listed", connector=name)
            await asyncio.sleep(self._schedule.discovery_seconds)

    async def _list(self, group: asyncio.TaskGroup, name: str, source: Source) -> None:
        listing = await clusters_of(source, unattended=True)
        found, gaps = listing.clusters, listing.gaps
        for gap in gaps:
            _log.error("not listed", connector=name, place=gap.place, reason=gap.reason)
        live = [cluster for cluster in found if not isinstance(cluster.access, Files)]
        if len(live) < len(found):
            _log.warning("snapshots are not watched", connector=name, count=len(found) - len(live))
        change = self._roster.listed(name, live, is_complete=listing.has_all_clusters)
        for double in change.doubles:
            _log.warning("listed twice", connector=name, cluster=double)
        for cluster in change.current:
            self._watch(group, cluster)
        for gone in change.gone:
            _, task = self._watches.pop(gone)
            task.cancel()
            await self._looker.decommission(gone)
        if listing.has_all_clusters:
            # What is listed in part is listed, and not a success.
            self._view.note_listing(name, datetime.now(UTC))
        self._unlisted.discard(name)
        if not self._unlisted:
            self._view.keep_only(self._roster.ids())

    def _watch(self, group: asyncio.TaskGroup, cluster: Cluster) -> None:
        if cluster.id in self._watches:
            self._watches[cluster.id][0].cluster = cluster
            return
        self._view.expect(cluster.id, datetime.now(UTC))
        watch = Watch(cluster, self._looker, self._schedule, self._places)
        self._watches[cluster.id] = (watch, group.create_task(watch.run()))
