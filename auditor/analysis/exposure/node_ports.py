"""Doors on nodes: node ports of Services, host ports and host-network listeners of pods."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from auditor.analysis.exposure.backends import BackendFinder, service_ref
from auditor.analysis.exposure.door import Backend, Backends, Door
from auditor.analysis.nodes import NodeFacts, PublicAddress
from auditor.analysis.workloads import WorkloadIndex, WorkloadPods
from auditor.kube.network import Service, ServicePort
from auditor.kube.pods import ContainerPort, Pod
from auditor.model.addresses import (
    ALL_IPV4,
    LOOPBACK_ADDRESSES,
    normal_address,
)
from auditor.model.audience import AddressSpace, Audience
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
_HOPS_SHOWN = 3
"""Public node addresses that the evidence of one door lists."""


def node_port_doors(service: Service, nodes: NodeFacts, finder: BackendFinder) -> Iterator[Door]:
    """Give one door for each node port that a Service has or will be given.

    A Service of type LoadBalancer is allocated node ports too, unless it says not to (core/v1
    `allocateLoadBalancerNodePorts`, true by default). Every node answers on a node port.
    """
    ref = service_ref(service)
    every_node = [node.metadata.name for node in nodes.nodes]
    for port in service.spec.ports:
        opened = _opening_hop(service, port)
        if opened is None:
            continue
        public = nodes.public_on(every_node)
        yield Door(
            entry=Entry(
                ref, Via.NODE_PORT, port.node_port or None, port.protocol, _addresses_of(public)
            ),
            subject=ref,
            audience=nodes.audience(public),
            sources=_sources(nodes.audience(public)),
            confidence=_confidence(nodes.audience(public)),
            hops=(opened, *_public_hops(public)),
            backends=finder.find(service, port),
            reason=nodes.why_unknown() if nodes.audience(public) is Audience.UNKNOWN else None,
            service=service,
            unallocated_port=None if port.node_port else f"{port.name or port.port}",
        )


def _opening_hop(service: Service, port: ServicePort) -> Hop | None:
    where = str(service_ref(service))
    name = port.name or port.port
    if service.spec.type not in ("NodePort", "LoadBalancer"):
        return None
    if port.node_port:
        return Hop(where, f"spec.ports[{name}].nodePort", str(port.node_port))
    if service.spec.type == "NodePort":
        return Hop(where, "spec.type", "NodePort", "the cluster allocates the port")
    if service.spec.allocate_load_balancer_node_ports and service.metadata.uid is None:
        field = "spec.allocateLoadBalancerNodePorts"
        return Hop(where, field, "true", "by default: the cluster allocates the port")
    return None


def host_doors(
    workloads: WorkloadIndex, nodes: NodeFacts, space: AddressSpace
) -> Iterator[Door]:
    """Give one door for each port that a workload's pods open on the nodes they run on.

    A host-network pod listens on its node directly; the API server copies its container ports to
    host ports, so such a port is one door and not two.
    """
    for workload in workloads:
        ports: dict[tuple[Via, Protocol, int, str], list[Pod]] = defaultdict(list)
        for pod in workload.pods:
            if pod.has_network:
                for via, number, port in _host_listeners(pod):
                    ports[(via, port.protocol, number, port.host_ip or "")].append(pod)
        for (via, protocol, number, host_ip), pods in sorted(ports.items()):
            yield _host_door(workload, via, protocol, number, host_ip, tuple(pods), nodes, space)


def _host_listeners(pod: Pod) -> Iterator[tuple[Via, int, ContainerPort]]:
    for container in pod.spec.all_containers():
        for port in container.ports:
            if pod.spec.host_network:
                yield Via.HOST_NETWORK, port.container_port, port
            elif port.host_port:
                yield Via.HOST_PORT, port.host_port, port


def _host_door(  # noqa: PLR0913 - the parts of one door
    workload: WorkloadPods,
    via: Via,
    protocol: Protocol,
    number: int,
    host_ip: str,
    pods: tuple[Pod, ...],
    nodes: NodeFacts,
    space: AddressSpace,
) -> Door:
    field = "spec.hostNetwork" if via is Via.HOST_NETWORK else "spec.containers[].ports[].hostPort"
    value = "true" if via is Via.HOST_NETWORK else str(number)
    hops = [Hop(str(workload.ref), field, value, f"listens on {number}/{protocol}")]
    audience, public = _host_audience(host_ip, pods, nodes, space)
    if host_ip not in _EVERY_ADDRESS:
        hops.append(Hop(str(workload.ref), "spec.containers[].ports[].hostIP", host_ip))
    target = _container_port(pods[0], via, protocol, number)
    return Door(
        entry=Entry(workload.ref, via, number, protocol, _dialled(host_ip, public)),
        subject=workload.ref,
        audience=audience,
        sources=_sources(audience),
        confidence=_confidence(audience),
        hops=(*hops, *_public_hops(public)),
        backends=Backends((Backend(workload.ref, target, pods),)),
        reason=nodes.why_unknown() if audience is Audience.UNKNOWN else None,
        bound_address=None if host_ip in _EVERY_ADDRESS else host_ip,
    )


def _host_audience(
    host_ip: str, pods: tuple[Pod, ...], nodes: NodeFacts, space: AddressSpace
) -> tuple[Audience, tuple[PublicAddress, ...]]:
    """Tell who reaches a host port: by its own address, else by the nodes of its pods."""
    bound = normal_address(host_ip) if host_ip not in _EVERY_ADDRESS else None
    if bound is not None:
        if bound in LOOPBACK_ADDRESSES:
            return Audience.NONE, ()
        return (Audience.INTERNET if space.is_public(bound) else Audience.PRIVATE_NETWORK), ()
    public = nodes.public_on(_possible_nodes(pods, nodes))
    return nodes.audience(public), public


def _possible_nodes(pods: tuple[Pod, ...], nodes: NodeFacts) -> Iterable[str]:
    """Name the nodes that pods run on; a pod without a node yet may come to run on any."""
    names = {pod.spec.node_name for pod in pods}
    if None in names or "" in names:
        return [node.metadata.name for node in nodes.nodes]
    return [name for name in names if name]


def _container_port(pod: Pod, via: Via, protocol: Protocol, number: int) -> int:
    for listener_via, listener_number, port in _host_listeners(pod):
        if (listener_via, port.protocol, listener_number) == (via, protocol, number):
            return port.container_port
    return number


def _addresses_of(public: tuple[PublicAddress, ...]) -> tuple[str, ...]:
    return tuple(sorted({address.address for address in public}))


def _dialled(host_ip: str, public: tuple[PublicAddress, ...]) -> tuple[str, ...]:
    return _addresses_of(public) if host_ip in _EVERY_ADDRESS else (host_ip,)


def _public_hops(public: tuple[PublicAddress, ...]) -> Iterator[Hop]:
    for address in public[:_HOPS_SHOWN]:
        yield address.hop()
    if len(public) > _HOPS_SHOWN:
        yield Hop("Node", "status.addresses", f"{len(public) - _HOPS_SHOWN} more internet addresses")


def _sources(audience: Audience) -> tuple[str, ...]:
    """Give the sources that reach a node's port: no list narrows them inside the cluster."""
    return ALL_IPV4.cidrs() if audience is Audience.INTERNET else ()


def _confidence(audience: Audience) -> Confidence:
    """Tell how sure the audience of a node's port is: a cloud firewall may still stand before it."""
    return Confidence.LOW if audience is Audience.UNKNOWN else Confidence.MEDIUM
