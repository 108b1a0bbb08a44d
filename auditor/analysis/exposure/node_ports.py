"""Doors on nodes: node ports of Services, host ports and host-network listeners of pods."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct

from auditor.analysis.exposure.backends import BackendFinder, service_ref
from auditor.analysis.exposure.door import Backend, Backends, Door, everyone_dialling
from auditor.analysis.nodes import NodeFacts, PublicAddress, pool_hops
from auditor.analysis.workloads import WorkloadIndex, WorkloadPods
from auditor.kube.network import Service, ServicePort
from auditor.kube.pods import Pod
from auditor.model.addresses import ALL_IPV4, LOOPBACK_ADDRESSES, normal_address
from auditor.model.audience import AddressSpace, Audience
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
_HOPS_SHOWN = 3
"""Public node addresses that the evidence of one door lists."""


def node_port_doors(service: Service, nodes: NodeFacts, finder: BackendFinder) -> Iterator[Door]:
    """Give one door for each node port that a Service has or will be given.

    A Service of type LoadBalancer is allocated node ports too, unless it says not to (core/v1
    `allocateLoadBalancerNodePorts`, true by default). Every node answers on a node port.
    """
    ref = service_ref(service)
    every_node = [node.metadata.name for node in nodes.nodes]
    # kube-proxy listens for the families of the Service (core/v1 ipFamilies).
    families = service.spec.ip_families
    public = nodes.public_on(every_node, families)
    audience = nodes.audience_of_all(families)
    shown, everyone = tuple(_public_hops(public)), tuple[str, ...]()
    if audience is Audience.INTERNET and not public:
        everyone = ALL_IPV4.cidrs()
        shown = tuple(hop for pool in nodes.public_pools for hop in pool_hops(pool))
    for port in service.spec.ports:
        opened = _opening_hop(service, port)
        if opened is None:
            continue
        yield Door(
            entry=Entry(
                ref, Via.NODE_PORT, port.node_port or None, port.protocol, _addresses_of(public)
            ),
            subject=ref,
            audience=audience,
            sources=everyone_dialling(_addresses_of(public)) or everyone,
            confidence=_confidence(audience),
            hops=(opened, *shown),
            backends=finder.find(service, port),
            reason=nodes.why_unknown() if audience is Audience.UNKNOWN else None,
            service=service,
            service_port=port.port,
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


class _Listener(Struct, frozen=True, order=True):
    """A port of the node that a container opens; `host_ip` is empty for every address."""

    via: Via
    protocol: Protocol
    number: int
    host_ip: str


def host_doors(workloads: WorkloadIndex, nodes: NodeFacts, space: AddressSpace) -> Iterator[Door]:
    """Give one door for each port that a workload's pods open on the nodes they run on.

    A host-network pod listens on its node directly; the API server copies its container ports to
    host ports, so such a port is one door and not two.
    """
    for workload in workloads:
        opened: dict[_Listener, dict[int, list[Pod]]] = defaultdict(lambda: defaultdict(list))
        for pod in workload.pods:
            if pod.has_network:
                for listener, container_port in _listeners(pod):
                    opened[listener][container_port].append(pod)
        for listener, behind in sorted(opened.items(), key=lambda item: item[0]):
            yield _host_door(workload, listener, behind, nodes, space)


def _listeners(pod: Pod) -> Iterator[tuple[_Listener, int]]:
    """Give the listeners of a pod, each with the container port behind it."""
    for container in pod.spec.all_containers():
        for port in container.ports:
            host_ip = normal_address(port.host_ip or "") or port.host_ip or ""
            host_ip = "" if host_ip in _EVERY_ADDRESS else host_ip
            inner = port.container_port
            if pod.spec.host_network:
                yield _Listener(Via.HOST_NETWORK, port.protocol, inner, host_ip), inner
            elif port.host_port:
                yield _Listener(Via.HOST_PORT, port.protocol, port.host_port, host_ip), inner


def _host_door(
    workload: WorkloadPods,
    listener: _Listener,
    behind: Mapping[int, list[Pod]],
    nodes: NodeFacts,
    space: AddressSpace,
) -> Door:
    ref, number = str(workload.ref), listener.number
    pods = tuple(pod for group in behind.values() for pod in group)
    note = f"listens on {number}/{listener.protocol}"
    hops = [Hop(ref, "spec.hostNetwork", "true", note)]
    if listener.via is Via.HOST_PORT:
        hops = [Hop(ref, "spec.containers[].ports[].hostPort", str(number), note)]
    if listener.host_ip:
        hops.append(Hop(ref, "spec.containers[].ports[].hostIP", listener.host_ip))
    audience, public = _host_audience(listener.host_ip, pods, nodes, space)
    bound = normal_address(listener.host_ip)
    dialled = (bound,) if bound else _addresses_of(public)
    return Door(
        entry=Entry(workload.ref, listener.via, number, listener.protocol, dialled),
        subject=workload.ref,
        audience=audience,
        sources=everyone_dialling(dialled) if audience is Audience.INTERNET else (),
        confidence=_confidence(audience),
        hops=(*hops, *_public_hops(public)),
        backends=Backends(
            tuple(
                Backend(workload.ref, port, tuple(group)) for port, group in sorted(behind.items())
            )
        ),
        reason=nodes.why_unknown() if audience is Audience.UNKNOWN else None,
        bound_address=listener.host_ip or None,
    )


def _host_audience(
    host_ip: str, pods: tuple[Pod, ...], nodes: NodeFacts, space: AddressSpace
) -> tuple[Audience, tuple[PublicAddress, ...]]:
    """Tell who reaches a host port: by its own address, else by the nodes of its pods."""
    bound = normal_address(host_ip)
    if bound is not None:
        if bound in LOOPBACK_ADDRESSES:
            return Audience.NONE, ()
        return (Audience.INTERNET if space.is_public(bound) else Audience.PRIVATE_NETWORK), ()
    names = _possible_nodes(pods, nodes)
    return nodes.audience(names), nodes.public_on(names)


def _possible_nodes(pods: tuple[Pod, ...], nodes: NodeFacts) -> list[str]:
    """Name the nodes that pods run on; a pod without a node yet may come to run on any."""
    names = {pod.spec.node_name for pod in pods}
    if None in names or "" in names:
        return [node.metadata.name for node in nodes.nodes]
    return [name for name in names if name]


def _addresses_of(public: tuple[PublicAddress, ...]) -> tuple[str, ...]:
    return tuple(sorted({address.address for address in public}))


def _public_hops(public: tuple[PublicAddress, ...]) -> Iterator[Hop]:
    for address in public[:_HOPS_SHOWN]:
        yield address.hop()
    if len(public) > _HOPS_SHOWN:
        yield Hop(
            "Node", "status.addresses", f"{len(public) - _HOPS_SHOWN} more internet addresses"
        )


def _confidence(audience: Audience) -> Confidence:
    """Tell how sure the audience of a node's port is: a firewall may still stand before it."""
    return Confidence.LOW if audience is Audience.UNKNOWN else Confidence.MEDIUM
