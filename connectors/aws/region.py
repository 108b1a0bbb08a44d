"""One region of one account: its clusters, each with what AWS knows of it."""

import asyncio
import base64
import binascii
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from auditor.model.cloud import CloudBalancer, CloudFacts, CloudNodePool
from auditor.model.cluster import Api, Cluster, NoAccess
from connectors.aws import eks
from connectors.aws.balancers import read_balancers
from connectors.aws.calling import Caller
from connectors.aws.network_shapes import Subnet
from connectors.aws.networks import Joined, joined, pool_of, subnets_of
from connectors.aws.shapes import EksCluster
from connectors.aws.tokens import EksTokens
from connectors.shortfalls import CallError, Shortfalls

PROVIDER = "eks"
_WITHOUT_API = frozenset({"CREATING", "DELETING", "FAILED", "PENDING"})
"""States in which nothing is promised of the API server (EKS API reference, Cluster.status)."""

Read = TypeVar("Read")


class RegionReader:
    """Reads the clusters of one region of an account."""

    def __init__(
        self, caller: Caller, account: str, globs: tuple[str, ...], gaps: Shortfalls
    ) -> None:
        """Keep where to look, and where to note what cannot be read."""
        self._caller = caller
        self._account = account
        self._globs = globs
        self._gaps = gaps

    async def clusters(self) -> list[Cluster]:
        """Give the clusters; what cannot be read is noted, and costs nothing else."""
        region = self._caller.region
        try:
            names = await eks.cluster_names(self._caller, self._globs)
        except CallError as error:
            self._gaps.hidden(region, error)
            return []
        described = await asyncio.gather(*(self._described(name) for name in names))
        found = [cluster for cluster in described if cluster is not None]
        if not found:
            return []
        around = await self._surroundings(found)
        return list(await asyncio.gather(*(self._cluster(item, around) for item in found)))

    async def _described(self, name: str) -> EksCluster | None:
        try:
            return await eks.described(self._caller, name)
        except CallError as error:
            self._gaps.hidden_cluster(self._caller.region, name, error)
            return None

    async def _surroundings(self, clusters: Iterable[EksCluster]) -> "_Surroundings":
        configs = (cluster.resources_vpc_config for cluster in clusters)
        vpcs = {config.vpc_id for config in configs if config and config.vpc_id}
        if not vpcs:
            return _Surroundings()
        subnets, beside, balancers = await asyncio.gather(
            self._part("subnets", subnets_of(self._caller, vpcs)),
            self._part("networks' peers", joined(self._caller, vpcs)),
            read_balancers(self._caller, vpcs, self._note),
        )
        return _Surroundings(subnets, beside, balancers)

    async def _cluster(self, found: EksCluster, around: "_Surroundings") -> Cluster:
        region, name = self._caller.region, found.name
        pools, addons = await asyncio.gather(
            self._part("node groups", self._pools(name, around), name),
            self._part("add-ons", eks.add_ons(self._caller, name), name),
        )
        config = found.resources_vpc_config
        vpc = config.vpc_id if config else None
        beside = (around.joined or {}).get(vpc or "")
        facts = CloudFacts(
            read_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            endpoint=eks.endpoint_of(found),
            networks=tuple(filter(None, (vpc, *(sorted(config.subnet_ids) if config else ())))),
            peers=beside.peers if beside else None,
            hubs=beside.hubs if beside else None,
            balancers=around.balancers,
            pools=pools,
            plugin=eks.plugin_of(addons[1]) if addons else None,
            settings=eks.settings_of(found, addons[0] if addons else None),
        )
        return Cluster(
            id=f"{PROVIDER}/{self._account}/{region}/{name}",
            name=name,
            provider=PROVIDER,
            account=self._account,
            location=region,
            tags=found.tags,
            cloud=facts,
            access=self._access(found),
        )

    async def _pools(self, name: str, around: "_Surroundings") -> tuple[CloudNodePool, ...]:
        groups = await eks.node_groups(self._caller, name)
        pools = (pool_of(self._caller, group, around.subnets) for group in groups)
        return tuple(await asyncio.gather(*pools))

    def _access(self, found: EksCluster) -> Api | NoAccess:
        """Give the way to the API server."""
        if not found.endpoint or found.status in _WITHOUT_API:
            return NoAccess(
                f"EKS says {found.status or 'nothing of its state'}: no API to read yet"
            )
        try:
            authority = found.certificate_authority
            ca = base64.b64decode((authority and authority.data) or "", validate=True)
        except (binascii.Error, ValueError):
            return NoAccess("EKS gives a certificate authority that is no base64")
        if not ca:
            return NoAccess(
                "EKS gives no certificate authority: the connection could not be checked"
            )
        # Local clusters on Outposts are known to STS by their id (EKS user guide, Outposts).
        known_as = found.id if found.outpost_config and found.id else found.name
        tokens = EksTokens(self._caller.session, self._caller.region, known_as)
        return Api(server=found.endpoint, credentials=tokens, ca=ca)

    async def _part(
        self, part: str, reading: Coroutine[Any, Any, Read], name: str = ""
    ) -> Read | None:
        try:
            return await reading
        except CallError as error:
            self._note(part, error, name)
            return None

    def _note(self, part: str, error: CallError, name: str = "") -> None:
        where = f"{self._caller.region}/{name}" if name else self._caller.region
        self._gaps.missing(part, where, error)


class _Surroundings:
    """What the clusters of a region share; None is what could not be read."""

    def __init__(
        self,
        subnets: dict[str, Subnet] | None = None,
        joined: dict[str, Joined] | None = None,
        balancers: tuple[CloudBalancer, ...] | None = None,
    ) -> None:
        self.subnets = subnets
        self.joined = joined
        self.balancers = balancers
