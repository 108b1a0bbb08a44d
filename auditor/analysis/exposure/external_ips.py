"""Doors of Services with `externalIPs`: every node answers for those addresses."""

from collections.abc import Iterator

from auditor.analysis.exposure.backends import BackendFinder, service_ref
from auditor.analysis.exposure.door import Door, everyone_dialling
from auditor.kube.network import Service
from auditor.model.addresses import normal_address
from auditor.model.audience import AddressSpace, Audience
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.verdict import Confidence


def external_ip_doors(
    service: Service, space: AddressSpace, finder: BackendFinder
) -> Iterator[Door]:
    """Give one door for each port of a Service that sets `externalIPs` (core/v1 ServiceSpec).

    The addresses are not managed by Kubernetes: whatever routes to them reaches the Service.
    """
    texts = service.spec.external_ips
    if not texts:
        return
    addresses = tuple(sorted({normal_address(text) or text for text in texts}))
    valid = [address for address in addresses if normal_address(address)]
    public = [address for address in valid if space.is_public(address)]
    audience = Audience.INTERNET if public else Audience.PRIVATE_NETWORK
    reason = None
    if not valid:
        audience, reason = Audience.UNKNOWN, f"{addresses[0]!r} is not an address"
    ref = service_ref(service)
    hop = Hop(str(ref), "spec.externalIPs", ", ".join(addresses))
    for port in service.spec.ports:
        yield Door(
            entry=Entry(ref, Via.EXTERNAL_IPS, port.port, port.protocol, addresses),
            subject=ref,
            audience=audience,
            sources=everyone_dialling(public),
            confidence=Confidence.MEDIUM if public else Confidence.LOW,
            hops=(hop,),
            backends=finder.find(service, port),
            reason=reason,
            service=service,
            service_port=port.port,
        )
