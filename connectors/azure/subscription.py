"""One subscription: its clusters, each with what Azure knows of it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from auditor.model.cloud import CloudBalancer, CloudFacts
from auditor.model.cluster import Api, Cluster, CredentialProvider, NoAccess
from connectors.azure import aks
from connectors.azure.access import PERMISSION as LIST_CREDENTIALS
from connectors.azure.access import access_of, unreadable
from connectors.azure.balancers import balancers_of
from connectors.azure.calling import Arm, read
from connectors.azure.gateways import gateways_of
from connectors.azure.options import AzureOptions
from connectors.azure.refusals import UNREGISTERED
from connectors.azure.shapes import AksCluster, ClusterRow
from connectors.azure.surroundings import Surroundings, node_place
from connectors.shortfalls import CallError, Shortfalls

PROVIDER = "aks"
_READ = "Microsoft.ContainerService/managedClusters/read"
_HIDDEN = CallError(
    "Microsoft.Network/loadBalancers/read: the cluster's own load balancer does not show",
    "it may be hidden: give the role at the subscription, not at the cluster's group alone",
)


class SubscriptionReader:
    """Reads the clusters of one subscription."""

    def __init__(
        self, arm: Arm, subscription: str, options: AzureOptions, gaps: Shortfalls
    ) -> None:
        """Keep where to look, and where to note what cannot be read."""
        self._arm = arm
        self._client = arm.clusters_client(subscription)
        self._pace = arm.limiter()
        self._subscription = subscription
        self._options = options
        self._gaps = gaps
        self.refused: CallError | None = None
        """Why the clusters could not be listed, where they could not."""

    async def listed(self, known: list[ClusterRow]) -> list[AksCluster]:
        """Give the clusters; what cannot be read is noted, and costs nothing else.

        The list of AKS is denied to an identity that may not see all of the subscription
        (AuthorizationFailed over it), where Resource Graph leaves out in silence what it hides.
        What only Resource Graph knows (`known`) is asked for one by one: there are such clusters
        where the list is denied, or where one has just been deleted.
        """
        listed = {item.id.lower(): item for item in await self._from_list()}
        others = [row for row in known if row.id.lower() not in listed and self._names(row.name)]
        confirmed = await asyncio.gather(*(self._confirmed(row) for row in others))
        listed |= {item.id.lower(): item for item in confirmed if item is not None}
        found = (item for item in listed.values() if self._is_wanted(item))
        return sorted(found, key=lambda item: item.id.lower())

    async def _from_list(self) -> list[AksCluster]:
        try:
            answers = await self._arm.ask(self._pace, self._pages, _READ)
        except CallError as error:
            if UNREGISTERED in error.kind:
                # AKS was never switched on in this subscription: there can be no cluster.
                return []
            self.refused = error
            self._gaps.hidden("", error)
            return []
        found = []
        for answer in answers:
            try:
                found.append(read(answer, AksCluster, _READ))
            except CallError as error:
                self._gaps.hidden_cluster("", str(answer.get("name") or "?"), error)
        return found

    async def _pages(self) -> list[dict[str, Any]]:
        return [item.as_dict() async for item in self._client.managed_clusters.list()]

    async def _confirmed(self, row: ClusterRow) -> AksCluster | None:
        asking = partial(self._client.managed_clusters.get, row.resource_group, row.name)
        try:
            answer = await self._arm.ask(self._pace, asking, _READ)
            return read(answer.as_dict(), AksCluster, _READ)
        except CallError as error:
            if not error.is_gone:
                self._gaps.hidden_cluster(row.resource_group, row.name, error)
            return None

    def _names(self, name: str) -> bool:
        return any(fnmatchcase(name.lower(), glob.lower()) for glob in self._options.clusters)

    def _is_wanted(self, cluster: AksCluster) -> bool:
        globs = self._options.locations
        is_here = any(fnmatchcase(cluster.location.lower(), glob.lower()) for glob in globs)
        return is_here and self._names(cluster.name)

    async def described(
        self,
        cluster: AksCluster,
        around: Surroundings,
        tokens: Mapping[str, CredentialProvider],
    ) -> Cluster | None:
        """Give a cluster as others see it; None where it has been deleted meanwhile."""
        try:
            access = await self._access(cluster, tokens)
        except CallError as error:
            if error.is_gone:
                return None
            access = NoAccess(str(error))
        facts = CloudFacts(
            read_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            endpoint=aks.endpoint_of(cluster, around.spelled()),
            networks=(*around.networks_of(cluster), *around.subnets_of(cluster)),
            peers=around.peers_of(cluster),
            # What two networks are both peered with may pass packets on between them: a virtual
            # hub, or a router (Azure documentation, Virtual network peering, Service chaining).
            hubs=around.peers_of(cluster),
            balancers=self._balancers(cluster, around),
            pools=aks.pools_of(cluster),
            plugin=aks.plugin_of(cluster),
            settings=aks.settings_of(cluster),
        )
        return Cluster(
            # Azure does not always write capitals alike, and they do not count.
            id=f"{PROVIDER}/{self._subscription}/{cluster.group}/{cluster.name.lower()}",
            name=cluster.name,
            provider=PROVIDER,
            account=self._subscription,
            location=cluster.location,
            tags={key: value or "" for key, value in (cluster.tags or {}).items()},
            cloud=facts,
            access=access,
        )

    def _balancers(
        self, cluster: AksCluster, around: Surroundings
    ) -> tuple[CloudBalancer, ...] | None:
        found = balancers_of(cluster, around)
        if found is not None:
            return (*found, *gateways_of(cluster, around))
        network = cluster.told.network_profile
        has_one = network is not None and network.outbound_type == "loadBalancer"
        if around.balancers is not None and has_one and node_place(cluster):
            self._gaps.missing("load balancers", f"{cluster.group}/{cluster.name}", _HIDDEN)
        return None

    async def _access(
        self, cluster: AksCluster, tokens: Mapping[str, CredentialProvider]
    ) -> Api | NoAccess:
        """Give the way to the API server.

        Raises:
            CallError: AKS does not give the user's kubeconfig.
        """
        reason = unreadable(cluster) or self._other_tenant(cluster)
        if reason is not None:
            return reason
        access = cluster.told.api_server_access_profile
        is_by_public_name = self._options.public_fqdn and bool(
            access and access.enable_private_cluster and access.enable_private_cluster_public_fqdn
        )
        asking = partial(
            self._client.managed_clusters.list_cluster_user_credentials,
            cluster.group,
            cluster.name,
            format="exec",
            server_fqdn="public" if is_by_public_name else None,
        )
        answer = await self._arm.ask(self._pace, asking, LIST_CREDENTIALS)
        for item in answer.kubeconfigs or ():
            if item.value:
                return access_of(cluster, bytes(item.value), tokens)
        return NoAccess("AKS gives no kubeconfig for users")

    def _other_tenant(self, cluster: AksCluster) -> NoAccess | None:
        entra, own = cluster.told.aad_profile, self._options.tenant
        theirs = entra.tenant_id if entra else None
        if own and "." not in own and theirs and theirs.lower() != own.lower():
            return NoAccess(
                f"the cluster's users are of the tenant {theirs}: read it by a connector of that"
                " tenant"
            )
        return None
