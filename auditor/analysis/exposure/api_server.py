"""The door that every cluster has: its API server.

The cloud's word on its endpoint decides. Without it there is the address that it was reached at:
who may dial a public one is for a firewall's or the cloud's list to say, and a name is not
resolved, so what is not private for sure is not known.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from auditor.analysis.exposure.door import Backend, Backends, Door
from auditor.kube.inventory import Inventory
from auditor.model.addresses import (
    ALL_ADDRESSES,
    LOOPBACK_ADDRESSES,
    AddressSet,
    normal_address,
)
from auditor.model.audience import AddressSpace, Audience
from auditor.model.cloud import ApiEndpoint
from auditor.model.cluster import Cluster
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

API_SERVER_KIND = "ApiServer"
_DEFAULT_PORTS = {"https": 443, "http": 80}


class _Told(Struct, frozen=True):
    """Who may dial it, and how that is known."""

    audience: Audience
    confidence: Confidence
    hops: tuple[Hop, ...]
    sources: tuple[str, ...] = ()
    reason: str | None = None


def api_server_doors(cluster: Cluster, inventory: Inventory, space: AddressSpace) -> Iterator[Door]:
    """Give the door of the API server, where it was reached over a network or a cloud tells."""
    connection = inventory.connection
    endpoint = cluster.cloud.endpoint if cluster.cloud else None
    if connection is None and endpoint is None:
        return
    url = urlsplit(connection.server if connection else "")
    host = url.hostname or ""
    port = url.port or _DEFAULT_PORTS.get(url.scheme, 443)
    ref = ObjectRef(API_SERVER_KIND, None, cluster.name)
    told = _by_cloud(endpoint, str(ref), space) if endpoint else _by_address(host, str(ref), space)
    addresses = tuple(filter(None, (normal_address(host) or host,)))
    yield Door(
        entry=Entry(ref, Via.ENDPOINT, port, Protocol.TCP, addresses),
        subject=ref,
        audience=told.audience,
        sources=told.sources,
        confidence=told.confidence,
        hops=told.hops,
        backends=Backends((Backend(None, port, addresses=addresses),))
        if told.reason is None
        else Backends((), reason=told.reason),
        reason=told.reason,
    )


def _by_cloud(endpoint: ApiEndpoint, where: str, space: AddressSpace) -> _Told:
    hops = tuple(Hop(where, fact.field, fact.value) for fact in endpoint.evidence)
    if not endpoint.is_public:
        return _Told(Audience.PRIVATE_NETWORK, Confidence.HIGH, hops)
    if endpoint.allowed is None:
        reason = "the endpoint is public, and the list of who may dial it was not read"
        return _Told(Audience.UNKNOWN, Confidence.LOW, hops, reason=reason)
    try:
        sources = AddressSet.of(endpoint.allowed)
    except ValueError as error:
        return _Told(Audience.UNKNOWN, Confidence.LOW, hops, reason=str(error))
    audience = space.audience_of(sources)
    if audience is Audience.NONE:
        # Nobody from outside; the private endpoint, where there is one, is left.
        audience = Audience.PRIVATE_NETWORK if endpoint.is_private else Audience.NONE
    if endpoint.also_admits and audience is not Audience.INTERNET:
        reason = f"it admits {endpoint.also_admits} too"
        return _Told(Audience.UNKNOWN, Confidence.LOW, hops, reason=reason)
    everyone = ALL_ADDRESSES.cidrs() if sources == ALL_ADDRESSES else sources.cidrs()
    return _Told(audience, Confidence.HIGH, hops, everyone)


def _by_address(host: str, where: str, space: AddressSpace) -> _Told:
    address = normal_address(host)
    hop = Hop(where, "server", host or "not known")
    if address in LOOPBACK_ADDRESSES if address else host == "localhost":
        # A tunnel or a proxy of whoever runs the audit: where it leads to is not known.
        reason = "it was reached through this machine itself"
    elif address is None:
        reason = "names are not resolved: the cloud's connector, or an address, would tell"
    elif space.is_public(address):
        reason = "its address is public, and the list of who may dial it was not read"
    else:
        return _Told(Audience.PRIVATE_NETWORK, Confidence.MEDIUM, (hop,))
    return _Told(Audience.UNKNOWN, Confidence.LOW, (hop,), reason=reason)
