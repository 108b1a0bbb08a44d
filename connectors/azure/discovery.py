"""From credentials to subscriptions, to clusters: all at once, each costing only itself."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

from auditor.model.cluster import Cluster, CredentialProvider, Gap, Progress, SourceError
from connectors.azure.calling import Arm
from connectors.azure.clouds import CLOUDS
from connectors.azure.graph import Answer, Graph
from connectors.azure.identity import AksTokens, Identity
from connectors.azure.options import AzureOptions
from connectors.azure.shapes import AksCluster, ClusterRow, SubscriptionRow
from connectors.azure.subscription import SubscriptionReader
from connectors.azure.surroundings import Surroundings, read_surroundings
from connectors.shortfalls import CallError, Shortfalls

Item = Cluster | Gap | Progress

_SUBSCRIPTIONS = (
    "resourcecontainers | where type =~ 'microsoft.resources/subscriptions' "
    "| project id, subscriptionId, state = tostring(properties.state) | order by id asc"
)
_CLUSTERS = (
    "resources | where type =~ 'microsoft.containerservice/managedclusters' "
    "| project id, name, subscriptionId, resourceGroup | order by id asc"
)
_ENDED = "Deleted"
"""A subscription that is disabled still shows what is in it."""


async def discovered(
    options: AzureOptions, base: Path, *, unattended: bool
) -> AsyncGenerator[Item, None]:
    """Yield the clusters, the gaps and how far it has come, as they become known.

    Raises:
        SourceError: there are no usable credentials, or no subscription can be read.
    """
    identity = Identity(options, base, unattended=unattended)
    items: asyncio.Queue[Item | None] = asyncio.Queue()
    working = asyncio.create_task(_listing(options, identity, items))
    working.add_done_callback(lambda _: items.put_nowait(None))
    try:
        while (item := await items.get()) is not None:
            yield item
        await working
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError, SourceError):
            await working


async def _listing(
    options: AzureOptions, identity: Identity, items: asyncio.Queue[Item | None]
) -> None:
    cloud = CLOUDS[options.cloud]
    try:
        # Before anything else, so that a login that has ended is told as that.
        await identity.token(cloud.scope)
    except CallError as error:
        raise SourceError(str(error)) from error
    async with Arm.opened(cloud, identity, options.requests_per_second) as arm:
        await _Discovery(options, arm, identity, items).run()


class _Discovery:
    """One listing."""

    def __init__(
        self,
        options: AzureOptions,
        arm: Arm,
        identity: Identity,
        items: asyncio.Queue[Item | None],
    ) -> None:
        self._options = options
        self._arm = arm
        self._graph = Graph(arm)
        self._identity = identity
        self._items = items
        self._around = Shortfalls("Azure Resource Graph")
        self._done = 0

    async def run(self) -> None:
        """List everything.

        Raises:
            SourceError: no subscription is known, or none can be read.
        """
        subscriptions = await self._subscriptions()
        self._say(f"{len(subscriptions)} subscriptions")
        known = await self._known(subscriptions)
        parts = await asyncio.gather(*(self._listed(name, known[name]) for name in subscriptions))
        reasons = [reader.refused for reader, _, _ in parts if reader.refused is not None]
        if len(reasons) == len(parts) and not any(found for _, found, _ in parts):
            raise SourceError(f"no subscription can be read: {reasons[0]}")
        clusters = [cluster for _, found, _ in parts for cluster in found]
        around = await read_surroundings(
            self._graph, clusters, lambda part, error: self._around.missing(part, "", error)
        )
        tokens = _tokens(self._identity, clusters)
        await asyncio.gather(
            *(self._told(reader, found, gaps, around, tokens) for reader, found, gaps in parts)
        )
        for gap in self._around.told():
            self._items.put_nowait(gap)

    async def _subscriptions(self) -> list[str]:
        """Name the subscriptions to read.

        Raises:
            SourceError: nobody says which there are.
        """
        options = self._options
        found = {name.lower() for name in options.subscriptions}
        if options.management_group or not found:
            try:
                answer = await self._graph.rows_of_all(
                    _SUBSCRIPTIONS, SubscriptionRow, options.management_group
                )
            except CallError as error:
                if not found:
                    raise SourceError(f"the subscriptions: {error}") from error
                answer = Answer((), error)
            if answer.shortfall is not None:
                self._around.hidden("subscriptions", answer.shortfall)
            rows = (row for row in answer.rows if row.state != _ENDED)
            found |= {row.subscription_id.lower() for row in rows}
            if not found:
                where = options.management_group or "any"
                raise SourceError(
                    f"the identity sees no subscription ({where}): give it the role Reader on one,"
                    " or on a management group; a new role takes some minutes"
                )
        wanted = found - {name.lower() for name in options.skip_subscriptions}
        if not wanted:
            raise SourceError("skip_subscriptions leaves no subscription to read")
        return sorted(wanted)

    async def _known(self, subscriptions: list[str]) -> dict[str, list[ClusterRow]]:
        """Give the clusters that Resource Graph shows, by subscription."""
        found: dict[str, list[ClusterRow]] = defaultdict(list)
        try:
            answer = await self._graph.rows(_CLUSTERS, ClusterRow, subscriptions)
        except CallError as error:
            # The lists of the subscriptions themselves are what counts.
            self._around.missing("clusters", "", error)
            return found
        if answer.shortfall is not None:
            self._around.hidden("clusters", answer.shortfall)
        for row in answer.rows:
            found[row.subscription_id.lower()].append(row)
        return found

    async def _listed(
        self, subscription: str, known: list[ClusterRow]
    ) -> tuple[SubscriptionReader, list[AksCluster], Shortfalls]:
        gaps = Shortfalls(f"subscription {subscription}")
        reader = SubscriptionReader(self._arm, subscription, self._options, gaps)
        return reader, await reader.listed(known), gaps

    async def _told(
        self,
        reader: SubscriptionReader,
        found: list[AksCluster],
        gaps: Shortfalls,
        around: Surroundings,
        tokens: dict[str, CredentialProvider],
    ) -> None:
        clusters = await asyncio.gather(*(reader.described(item, around, tokens) for item in found))
        for cluster in filter(None, clusters):
            self._items.put_nowait(cluster)
        for gap in gaps.told():
            self._items.put_nowait(gap)
        self._done += 1
        self._say(f"{len(found)} clusters in the subscription; {self._done} subscriptions done")

    def _say(self, text: str) -> None:
        self._items.put_nowait(Progress(text))


def _tokens(identity: Identity, clusters: list[AksCluster]) -> dict[str, CredentialProvider]:
    """Give who makes tokens for clusters, by application; `""` is the one of AKS itself."""
    profiles = (cluster.told.aad_profile for cluster in clusters)
    retired = {entra.server_app_id for entra in profiles if entra and entra.managed is False}
    found: dict[str, CredentialProvider] = {"": AksTokens(identity)}
    found |= {name: AksTokens(identity, name) for name in retired if name}
    return found
