"""The door that every cluster has: its API server.

Who may dial a public address is for the cloud's or the firewall's list to say, which is not read
here; a name is not resolved. So what is not private for sure is not known.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from auditor.analysis.exposure.door import Backend, Backends, Door
from auditor.kube.inventory import Inventory
from auditor.model.addresses import LOOPBACK_ADDRESSES, normal_address
from auditor.model.audience import AddressSpace, Audience
from auditor.model.cluster import Cluster
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

API_SERVER_KIND = "ApiServer"
_DEFAULT_PORTS = {"https": 443, "http": 80}


def api_server_doors(cluster: Cluster, inventory: Inventory, space: AddressSpace) -> Iterator[Door]:
    """Give the door of the API server, where it was reached over a network."""
    connection = inventory.connection
    if connection is None:
        return
    url = urlsplit(connection.server)
    host = url.hostname or ""
    address = normal_address(host)
    port = url.port or _DEFAULT_PORTS.get(url.scheme)
    ref = ObjectRef(API_SERVER_KIND, None, cluster.name)
    if address in LOOPBACK_ADDRESSES if address else host == "localhost":
        # A tunnel or a proxy of whoever runs the audit: where it leads to is not known.
        audience, reason = Audience.UNKNOWN, "it was reached through this machine itself"
    elif address is None:
        audience, reason = Audience.UNKNOWN, "names are not resolved"
    elif space.is_public(address):
        audience = Audience.UNKNOWN
        reason = "its address is public, and the list of who may dial it was not read"
    else:
        audience, reason = Audience.PRIVATE_NETWORK, None
    yield Door(
        entry=Entry(ref, Via.ENDPOINT, port, Protocol.TCP, (address or host,)),
        subject=ref,
        audience=audience,
        sources=(),
        confidence=Confidence.MEDIUM if reason is None else Confidence.LOW,
        hops=(Hop(str(ref), "server", host),),
        backends=Backends((Backend(None, port, addresses=(address or host,)),))
        if reason is None
        else Backends((), reason=reason),
        reason=reason,
    )
