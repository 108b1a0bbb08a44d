"""What of a node a pod must not hold or reach: runtime sockets, metadata services, node ports."""

from functools import cache

from msgspec import Struct

from auditor.catalogue.loading import load_data
from auditor.model.addresses import normal_address
from auditor.model.ports import Protocol


class RuntimeSocket(Struct, frozen=True, forbid_unknown_fields=True):
    """The control socket of a container runtime."""

    path: str
    runtime: str


class MetadataEndpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """An address or name under which a cloud serves metadata to its machines."""

    address: str
    name: str
    clouds: tuple[str, ...] = ()
    """Clouds whose machines are given their own credentials or secrets there; none where what is
    there is meant for pods, or is no cloud's."""
    unconfirmed_clouds: tuple[str, ...] = ()
    """Further ones, of which that was not seen in a source of its own."""


class NodePort(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ports on which a service of nodes listens."""

    first: int
    last: int
    protocol: Protocol
    name: str
    controls: str | None = None
    """The part of the cluster's control that answers there; None where it controls nothing."""
    software: tuple[str, ...] = ()
    """Entries of the catalogue that are that part, where it runs as a pod."""
    anywhere: bool = False
    """Whether that software controls something wherever it runs, not only as part of the system."""
    confirmed: bool = True
    source: str


class HostServices(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    runtime_sockets: tuple[RuntimeSocket, ...]
    metadata_endpoints: tuple[MetadataEndpoint, ...]
    node_ports: tuple[NodePort, ...]


@cache
def host_services() -> HostServices:
    """Give the known host services."""
    return load_data("host_services.yaml", HostServices)


@cache
def control_ports() -> dict[tuple[Protocol, int], NodePort]:
    """Give the ports of the cluster's own control, by protocol and number."""
    return {
        (item.protocol, number): item
        for item in host_services().node_ports
        if item.controls
        for number in range(item.first, item.last + 1)
    }


_NODE_PORT_RANGE = "NodePort range"
"""Doors of the cluster, which are followed by themselves."""


@cache
def services_on_nodes() -> tuple[NodePort, ...]:
    """Give the confirmed services of nodes that a pod has no business with."""
    return tuple(
        item
        for item in host_services().node_ports
        if item.confirmed and not item.name.startswith(_NODE_PORT_RANGE)
    )


def metadata_endpoints_of(cloud: str | None) -> tuple[MetadataEndpoint, ...]:
    """Give the addresses at which a cloud serves metadata; names are left out."""
    return tuple(
        item
        for item in host_services().metadata_endpoints
        if cloud in (*item.clouds, *item.unconfirmed_clouds)
        and normal_address(item.address) is not None
    )
