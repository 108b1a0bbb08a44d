"""What stands around the clusters: networks, addresses, load balancers, security groups, nodes.

All of it comes from Resource Graph, a query for each kind over all subscriptions with clusters.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from connectors.azure.graph import Graph
from connectors.azure.network_shapes import (
    Balancer,
    Frontend,
    Gateway,
    Network,
    PublicAddress,
    Row,
    ScaleSet,
    SecurityGroup,
    Subnet,
    key_of,
)
from connectors.azure.shapes import AksCluster, parent_of
from connectors.shortfalls import CallError

_QUERY = "resources | where type =~ '{kind}' | project {columns} | order by id asc"
_INTERFACES = (
    "id, interfaces = "
    "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations"
)

NoteGap = Callable[[str, CallError], None]
"""Takes a part that could not be read, and why."""

Kind = TypeVar("Kind", bound=Row)


class Surroundings(Struct, frozen=True):
    """What was read around clusters; None is what could not be read.

    What is missing from what was read may be hidden from the identity.
    """

    networks: Mapping[str, Network] | None = None
    """By id, as the next two."""
    addresses: Mapping[str, PublicAddress] | None = None
    groups: Mapping[str, SecurityGroup] | None = None
    balancers: Mapping[str, Sequence[Balancer]] | None = None
    """By resource group, as `place_of` writes it."""
    inside: Mapping[str, Sequence[Balancer]] | None = None
    """The same, by the virtual networks that they have a frontend in."""
    gateways: Mapping[str, Sequence[Gateway]] | None = None
    """By the virtual networks that they stand in."""
    scale_sets: Mapping[str, Sequence[ScaleSet]] | None = None
    """By resource group."""

    def subnet(self, key: str | None) -> Subnet | None:
        """Give a subnet; None where it was not read."""
        network = (self.networks or {}).get(parent_of(key or ""))
        subnets = network.properties.subnets if network else ()
        return next((item for item in subnets if item.id.lower() == key), None)

    def address(self, key: str | None) -> PublicAddress | None:
        """Give a public address; None where it was not read."""
        return (self.addresses or {}).get(key or "")

    def spelled(self) -> dict[str, str | None]:
        """Give the public addresses as they are written, by id."""
        found = (self.addresses or {}).items()
        return {key: address.properties.ip_address for key, address in found}

    def scale_sets_of(self, cluster: AksCluster) -> Sequence[ScaleSet]:
        """Give the scale sets of a cluster's nodes; empty where none was read."""
        return (self.scale_sets or {}).get(node_place(cluster), ())

    def subnets_of(self, cluster: AksCluster) -> tuple[str, ...]:
        """Name the subnets that a cluster sits in, as far as they are told."""
        told = cluster.told
        named = {told.api_server_access_profile and told.api_server_access_profile.subnet_id}
        for pool in told.agent_pool_profiles or ():
            named |= {pool.vnet_subnet_id, pool.pod_subnet_id}
        found = {name.lower() for name in named if name}
        # A network that AKS made itself is told by the nodes alone.
        for item in self.scale_sets_of(cluster):
            for interface in item.interfaces or ():
                configurations = interface.properties.ip_configurations
                keys = (key_of(entry.properties.subnet) for entry in configurations)
                found |= {key for key in keys if key}
        return tuple(sorted(found))

    def networks_of(self, cluster: AksCluster) -> tuple[str, ...]:
        """Name the virtual networks that a cluster sits in, as far as they are told."""
        return tuple(sorted({parent_of(name) for name in self.subnets_of(cluster)}))

    def peers_of(self, cluster: AksCluster) -> tuple[str, ...] | None:
        """Name the networks that those of a cluster are peered with; None where one is hidden."""
        own = self.networks_of(cluster)
        networks = [(self.networks or {}).get(name) for name in own]
        if not own or None in networks:
            return None
        peerings = (
            peering.properties
            for network in networks
            if network
            for peering in network.properties.virtual_network_peerings
        )
        joined = (item for item in peerings if item.peering_state in {None, "Connected"})
        keys = {key_of(item.remote_virtual_network) for item in joined}
        return tuple(sorted(key for key in keys if key))


def node_place(cluster: AksCluster) -> str:
    """Name the resource group of what AKS made for a cluster; empty where that is not told."""
    group = cluster.told.node_resource_group
    subscription = place_of(cluster.id).rpartition("/resourcegroups/")[0]
    return f"{subscription}/resourcegroups/{group.lower()}" if group else ""


def place_of(resource: str) -> str:
    """Name the resource group of a resource together with its subscription."""
    return resource.lower().partition("/providers/")[0]


async def read_surroundings(
    graph: Graph, clusters: Iterable[AksCluster], note: NoteGap
) -> Surroundings:
    """Read what stands around clusters; a part that cannot be read is noted."""
    subscriptions = _subscriptions(clusters)
    if not subscriptions:
        return Surroundings()

    async def part(
        name: str, kind: str, shape: type[Kind], columns: str = "id, name, sku, properties"
    ) -> dict[str, Kind] | None:
        query = _QUERY.format(kind=kind, columns=columns)
        return await _rows(graph, query, shape, subscriptions, lambda error: note(name, error))

    networks, addresses, balancers, gateways, groups, scale_sets = await asyncio.gather(
        part("virtual networks", "microsoft.network/virtualnetworks", Network),
        part("public addresses", "microsoft.network/publicipaddresses", PublicAddress),
        part("load balancers", "microsoft.network/loadbalancers", Balancer),
        part("application gateways", "microsoft.network/applicationgateways", Gateway),
        part("network security groups", "microsoft.network/networksecuritygroups", SecurityGroup),
        part("scale sets", "microsoft.compute/virtualmachinescalesets", ScaleSet, _INTERFACES),
    )
    return Surroundings(
        networks=networks,
        addresses=addresses,
        groups=groups,
        balancers=_grouped(balancers, lambda item: [place_of(item.id)]),
        inside=_grouped(balancers, lambda item: _networks(item.properties.frontends)),
        gateways=_grouped(gateways, lambda item: _networks(item.properties.places)),
        scale_sets=_grouped(scale_sets, lambda item: [place_of(item.id)]),
    )


def _networks(frontends: Iterable[Frontend]) -> set[str]:
    keys = (key_of(frontend.properties.subnet) for frontend in frontends)
    return {parent_of(key) for key in keys if key}


def _grouped(
    rows: Mapping[str, Kind] | None, places: Callable[[Kind], Iterable[str]]
) -> dict[str, list[Kind]] | None:
    """Look rows up by place, so that many clusters do not go through all of them."""
    if rows is None:
        return None
    found: dict[str, list[Kind]] = defaultdict(list)
    for row in rows.values():
        for place in places(row):
            found[place].append(row)
    return dict(found)


async def _rows(
    graph: Graph,
    query: str,
    shape: type[Kind],
    subscriptions: Sequence[str],
    note: Callable[[CallError], None],
) -> dict[str, Kind] | None:
    try:
        answer = await graph.rows(query, shape, subscriptions)
    except CallError as error:
        note(error)
        return None
    if answer.shortfall is not None:
        # Half a list would say of what it lacks that it is not there.
        note(answer.shortfall)
        return None
    return {item.key: item for item in answer.rows}


def _subscriptions(clusters: Iterable[AksCluster]) -> list[str]:
    """Name the subscriptions of clusters and of the networks that they were put into."""
    found = set()
    for cluster in clusters:
        named = {cluster.id}
        for pool in cluster.told.agent_pool_profiles or ():
            named |= {pool.vnet_subnet_id or "", pool.pod_subnet_id or ""}
        found |= {name.lower().split("/")[2] for name in named if name.count("/") > 2}
    return sorted(found)
