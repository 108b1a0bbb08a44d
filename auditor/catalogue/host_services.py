"""What of a node a pod must not hold or reach: runtime sockets, metadata services."""

from functools import cache

from msgspec import Struct

from auditor.catalogue.loading import load_data


class RuntimeSocket(Struct, frozen=True, forbid_unknown_fields=True):
    """The control socket of a container runtime."""

    path: str
    runtime: str


class MetadataEndpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """An address or name under which a cloud serves metadata to its machines."""

    address: str
    name: str


class HostServices(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    runtime_sockets: tuple[RuntimeSocket, ...]
    metadata_endpoints: tuple[MetadataEndpoint, ...]


@cache
def host_services() -> HostServices:
    """Give the known host services."""
    return load_data("host_services.yaml", HostServices)
