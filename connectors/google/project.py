"""One project: its clusters, each with what Google knows of it."""

import asyncio
import base64
import binascii
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from google.cloud.container_v1.types import Cluster as GkeCluster

from auditor.model.cloud import CloudFacts
from auditor.model.cluster import Api, Cluster, NoAccess
from connectors.google import gke
from connectors.google.balancers import balancers_in, forwarding_rules
from connectors.google.calling import Caller
from connectors.google.endpoints import Endpoints, endpoint_of, endpoints_of, way_to
from connectors.google.networks import peers_of, project_of
from connectors.google.options import GoogleOptions
from connectors.google.presence import told
from connectors.google.refusals import first_line
from connectors.google.shapes import ForwardingRule
from connectors.google.tokens import GkeTokens
from connectors.shortfalls import CallError, Shortfalls

PROVIDER = "gke"
_WITHOUT_API = frozenset({"ERROR", "PROVISIONING", "STOPPING"})
"""States in which nothing is promised of the API server (GKE API reference, Cluster.Status)."""

Read = TypeVar("Read")


class ProjectReader:
    """Reads the clusters of one project."""

    def __init__(
        self, caller: Caller, project: str, options: GoogleOptions, gaps: Shortfalls
    ) -> None:
        """Keep where to look, and where to note what cannot be read."""
        self._caller = caller
        self._project = project
        self._options = options
        self._gaps = gaps

    async def clusters(self) -> list[Cluster]:
        """Give the clusters; what cannot be read of some is noted, and costs nothing else.

        Raises:
            CallError: the project does not give its clusters.
        """
        answer = await self._caller.list_clusters(self._project)
        for zone in answer.missing_zones:
            if self._may_be_wanted(zone):
                reason = "GKE could not reach the location, its clusters are not in the list"
                self._gaps.hidden(zone, CallError(reason))
        found = [cluster for cluster in answer.clusters if self._is_wanted(cluster)]
        if not found:
            return []
        rules, peers = await asyncio.gather(
            self._part("load balancers", forwarding_rules(self._caller, self._project)),
            self._peers({name for cluster in found if (name := _network(cluster))}),
        )
        return [self._cluster(cluster, rules, peers) for cluster in found]

    async def _peers(self, networks: Iterable[str]) -> dict[str, tuple[str, ...] | None]:
        """Give the peers of each network; those of one that is denied are not known."""
        names = sorted(networks)
        readings = (
            self._part("peers of networks", peers_of(self._caller, name), name) for name in names
        )
        return dict(zip(names, await asyncio.gather(*readings), strict=True))

    def _is_wanted(self, cluster: GkeCluster) -> bool:
        options = self._options
        return (
            _matches(cluster.location, options.locations)
            and _matches(cluster.name, options.clusters)
            and self._project_of(cluster) not in options.skip_projects
        )

    def _may_be_wanted(self, zone: str) -> bool:
        """Whether a location that is missing may hide clusters that are wanted."""
        globs, region = self._options.locations, zone.rpartition("-")[0]
        is_above = any(glob.startswith(f"{zone}-") for glob in globs)
        return is_above or _matches(zone, globs) or _matches(region, globs)

    def _project_of(self, cluster: GkeCluster) -> str:
        """Give the project's id; a search may have named its number."""
        return project_of(cluster.self_link) or self._project

    def _cluster(
        self,
        found: GkeCluster,
        rules: tuple[ForwardingRule, ...] | None,
        peers: dict[str, tuple[str, ...] | None],
    ) -> Cluster:
        project, network = self._project_of(found), _network(found)
        subnetwork = told(found, "networkConfig.subnetwork")
        ways = endpoints_of(found)
        facts = CloudFacts(
            read_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            endpoint=endpoint_of(ways),
            networks=tuple(filter(None, (network, subnetwork))),
            peers=peers.get(network),
            balancers=balancers_in(rules, network) if rules is not None else None,
            pools=gke.pools_of(found),
            plugin=gke.plugin_of(found),
            settings=gke.settings_of(found),
        )
        return Cluster(
            id=f"{PROVIDER}/{project}/{found.location}/{found.name}",
            name=found.name,
            provider=PROVIDER,
            account=project,
            location=found.location,
            tags=dict(found.resource_labels),
            cloud=facts,
            access=self._access(found, ways),
        )

    def _access(self, found: GkeCluster, ways: Endpoints) -> Api | NoAccess:
        """Give the way to the API server."""
        status = told(found, "status")
        if status in _WITHOUT_API:
            return NoAccess(f"GKE says {status}: no API to read{_condition(found)}")
        way = way_to(ways, self._options.endpoint)
        if isinstance(way, str):
            return NoAccess(way)
        host, is_dns = way
        server = f"https://[{host}]" if ":" in host else f"https://{host}"
        tokens = GkeTokens(self._caller.tokens)
        if is_dns:
            # Google's front end answers, with a certificate of the public web.
            return Api(server=server, credentials=tokens)
        try:
            ca = base64.b64decode(
                told(found, "masterAuth.clusterCaCertificate") or "", validate=True
            )
        except (binascii.Error, ValueError):
            return NoAccess("GKE gives a certificate authority that is no base64")
        if not ca:
            return NoAccess(
                "GKE gives no certificate authority: the connection could not be checked"
            )
        return Api(server=server, credentials=tokens, ca=ca)

    async def _part(
        self, part: str, reading: Coroutine[Any, Any, Read], where: str = ""
    ) -> Read | None:
        try:
            return await reading
        except CallError as error:
            self._gaps.missing(part, where, error)
            return None


def _network(cluster: GkeCluster) -> str:
    return told(cluster, "networkConfig.network") or ""


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _condition(cluster: GkeCluster) -> str:
    """Give what GKE says of the state, where it does."""
    said = next((item.message for item in cluster.conditions if item.message), "")
    return f": {first_line(said)}" if said else ""
