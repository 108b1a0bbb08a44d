"""The loop of one cluster: look, wait, look again. Its failures and its pauses are its own."""

import asyncio
from random import Random

import structlog

from auditor.daemon.looking import Looked, Looker
from auditor.model.cluster import Cluster
from auditor.settings.configuration import Schedule

_log = structlog.get_logger(__name__)

FIRST_RETRY_SHARE = 0.1
"""Of the interval: how soon a cluster that could not be read is looked at again. The pause doubles
with each failure up to the interval itself, so that a recovery is noticed as soon as a change."""

LONGEST_LEFT_ALONE_SECONDS = 3600.0
"""The longest time for which a server that asks for it is left alone."""


class Watch:
    """Watches one cluster until it is cancelled."""

    def __init__(
        self, cluster: Cluster, looker: Looker, schedule: Schedule, places: asyncio.Semaphore
    ) -> None:
        """Keep the cluster; `cluster` may be replaced by one with newer access at any time."""
        self.cluster = cluster
        self._looker = looker
        self._schedule = schedule
        self._places = places
        # Its own and seeded by its id: loops that start together drift apart.
        self._random = Random(cluster.id)  # noqa: S311 - jitter, no secret
        self._failures = 0

    async def run(self) -> None:
        """Look for ever, the first time within a tenth of the interval."""
        await asyncio.sleep(self._random.uniform(0, self._schedule.start_spread_seconds))
        while True:
            looked = await self._look()
            await asyncio.sleep(self.pause_after(looked))

    async def _look(self) -> Looked:
        async with self._places:
            try:
                return await self._looker.look(self.cluster)
            except Exception:  # noqa: BLE001 - see below
                # A cluster's content may be hostile: what it breaks is its own loop's turn, which
                # is tried again; it shows as a cluster that nobody has read for too long.
                _log.exception("look failed", cluster=self.cluster.id)
                return Looked(is_read=False)

    def pause_after(self, looked: Looked) -> float:
        """Give the seconds until the next look, with jitter; at least what the server asked for."""
        interval = self._schedule.interval_seconds
        if looked.is_read:
            self._failures = 0
            pause = interval * self._random.uniform(0.9, 1.0)
        else:
            backoff = interval * FIRST_RETRY_SHARE * 2**self._failures
            self._failures = min(self._failures + 1, 10)
            pause = min(interval, backoff) * self._random.uniform(0.5, 1.0)
        asked = min(looked.not_before or 0.0, LONGEST_LEFT_ALONE_SECONDS)
        return max(pause, asked)
