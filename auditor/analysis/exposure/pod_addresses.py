"""Doors that are addresses of pods: internet addresses, as with IPv6, need nothing before them.

A headless Service publishes them (core/v1 ServiceSpec.clusterIP). Of others nobody can tell from
inside whether they are routed: clouds give every pod one and let nothing in.
"""

from collections import defaultdict
from collections.abc import Iterator

from auditor.analysis.exposure.backends import BackendFinder, service_ref
from auditor.analysis.exposure.door import Backend, Backends, Door, everyone_dialling
from auditor.analysis.workloads import WorkloadIndex, documented_ports
from auditor.kube.network import Service
from auditor.kube.pods import Pod
from auditor.model.addresses import normal_address
from auditor.model.audience import AddressSpace, Audience
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

_HEADLESS = "None"
_SHOWN = 3
"""Addresses that evidence lists."""


def headless_doors(service: Service, space: AddressSpace, finder: BackendFinder) -> Iterator[Door]:
    """Give one door for each port of pods with internet addresses behind a headless Service."""
    if service.spec.cluster_ip != _HEADLESS:
        return
    ref = service_ref(service)
    doors: dict[tuple[int, Protocol], list[Backend]] = defaultdict(list)
    for port in service.spec.ports:
        for backend in finder.find(service, port).found:
            if backend.port is not None and _public_of(backend, space):
                doors[backend.port, port.protocol].append(backend)
    for (number, protocol), backends in doors.items():
        addresses = tuple(sorted({one for item in backends for one in _public_of(item, space)}))
        yield Door(
            entry=Entry(ref, Via.ENDPOINT, number, protocol, addresses),
            subject=ref,
            audience=Audience.INTERNET,
            sources=everyone_dialling(addresses),
            confidence=Confidence.LOW,
            hops=(
                Hop(str(ref), "spec.clusterIP", _HEADLESS, "its name gives the pods' addresses"),
                _address_hop(str(backends[0].workload or ref), addresses),
            ),
            backends=Backends(tuple(backends)),
            service=service,
        )


def pod_address_doors(
    workloads: WorkloadIndex, space: AddressSpace, published: frozenset[ObjectRef]
) -> Iterator[Door]:
    """Give one door for each documented port of other pods with internet addresses.

    Args:
        workloads: those of the cluster.
        space: what counts as private.
        published: workloads that a headless Service publishes.
    """
    for workload in workloads:
        if workload.ref in published:
            continue
        groups: dict[tuple[int, Protocol], list[Pod]] = defaultdict(list)
        for pod in workload.pods:
            if _public(pod, space):
                for port in documented_ports(pod):
                    groups[port.container_port, port.protocol].append(pod)
        for (number, protocol), pods in sorted(groups.items()):
            addresses = tuple(sorted({one for pod in pods for one in _public(pod, space)}))
            yield Door(
                entry=Entry(workload.ref, Via.ENDPOINT, number, protocol, addresses),
                subject=workload.ref,
                audience=Audience.UNKNOWN,
                sources=(),
                confidence=Confidence.LOW,
                hops=(_address_hop(str(workload.ref), addresses),),
                backends=Backends((Backend(workload.ref, number, tuple(pods)),)),
                reason="whether the internet addresses of its pods are routed is not known here",
            )


def _public_of(backend: Backend, space: AddressSpace) -> list[str]:
    """Give the internet addresses of the pods; other endpoints are no way into the cluster."""
    return [address for pod in backend.pods for address in _public(pod, space)]


def _public(pod: Pod, space: AddressSpace) -> list[str]:
    """Give the internet addresses of a pod's own; those of its node are the node's."""
    if pod.spec.host_network or not pod.has_network:
        return []
    known = (normal_address(text) for text in pod.status.addresses())
    return [address for address in known if address and space.is_public(address)]


def _address_hop(where: str, addresses: tuple[str, ...]) -> Hop:
    shown = ", ".join(addresses[:_SHOWN])
    more = len(addresses) - _SHOWN
    return Hop(where, "status.podIPs", f"{shown} and {more} more" if more > 0 else shown)
