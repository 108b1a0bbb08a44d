"""Services and their endpoints (core/v1, discovery.k8s.io/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta
from auditor.model.ports import Protocol

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
"""Ties an EndpointSlice to its Service (discovery.k8s.io/v1)."""


class ServicePort(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A port of a Service (core/v1 ServicePort)."""

    port: int
    name: str | None = None
    protocol: Protocol = Protocol.TCP
    target_port: int | str | None = None
    node_port: int | None = None


class ServiceSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a Service asks for (core/v1 ServiceSpec)."""

    type: str = "ClusterIP"
    selector: dict[str, str] = field(default_factory=dict)
    ports: tuple[ServicePort, ...] = ()
    external_ips: tuple[str, ...] = field(default=(), name="externalIPs")
    external_name: str | None = None
    load_balancer_class: str | None = None
    load_balancer_source_ranges: tuple[str, ...] = ()
    allocate_load_balancer_node_ports: bool = True
    ip_families: tuple[str, ...] = ()
    external_traffic_policy: str = "Cluster"
    """`Local` passes the client's address on, and sends to pods of the node alone."""
    cluster_ip: str | None = field(default=None, name="clusterIP")


class LoadBalancerIngress(Struct, frozen=True, gc=False, omit_defaults=True):
    """An address that a load balancer was given (core/v1 LoadBalancerIngress)."""

    ip: str | None = None
    hostname: str | None = None


class LoadBalancerStatus(Struct, frozen=True, gc=False, omit_defaults=True):
    """The addresses of a load balancer."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What became of a Service."""

    load_balancer: LoadBalancerStatus = field(default_factory=LoadBalancerStatus)


class Service(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Service (core/v1)."""

    metadata: ObjectMeta
    spec: ServiceSpec = field(default_factory=ServiceSpec)
    status: ServiceStatus = field(default_factory=ServiceStatus)


class TargetRef(Struct, frozen=True, gc=False, omit_defaults=True):
    """The object behind an endpoint."""

    kind: str = ""
    namespace: str | None = None
    name: str = ""


class EndpointConditions(Struct, frozen=True, gc=False, omit_defaults=True):
    """Whether an endpoint answers; unset counts as ready (discovery.k8s.io/v1)."""

    ready: bool | None = None


class Endpoint(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Addresses that a Service sends to (discovery.k8s.io/v1 Endpoint)."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = field(default_factory=EndpointConditions)
    target_ref: TargetRef | None = None


class EndpointPort(Struct, frozen=True, gc=False, omit_defaults=True):
    """A port of an EndpointSlice; no number means all ports."""

    name: str | None = None
    port: int | None = None
    protocol: Protocol = Protocol.TCP


class EndpointSlice(Struct, frozen=True, gc=False, omit_defaults=True):
    """A part of a Service's endpoints (discovery.k8s.io/v1)."""

    metadata: ObjectMeta
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service_name(self) -> str | None:
        """Give the name of its Service."""
        return self.metadata.labels.get(SERVICE_NAME_LABEL)


class EndpointAddress(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """An address in an Endpoints object (core/v1 EndpointAddress)."""

    ip: str = ""
    target_ref: TargetRef | None = None


class EndpointSubset(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Addresses with their ports in an Endpoints object (core/v1 EndpointSubset)."""

    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class Endpoints(Struct, frozen=True, gc=False, omit_defaults=True):
    """The older way to write a Service's endpoints (core/v1)."""

    metadata: ObjectMeta
    subsets: tuple[EndpointSubset, ...] = ()

    def as_slices(self) -> tuple[EndpointSlice, ...]:
        """Give the slices that the API server's mirroring controller would make of it."""
        labels = {**self.metadata.labels, SERVICE_NAME_LABEL: self.metadata.name}
        metadata = ObjectMeta(self.metadata.name, self.metadata.namespace, labels=labels)
        return tuple(
            EndpointSlice(metadata, _endpoints_of(subset), subset.ports) for subset in self.subsets
        )


def _endpoints_of(subset: EndpointSubset) -> tuple[Endpoint, ...]:
    ready = (
        Endpoint((address.ip,), EndpointConditions(ready=True), address.target_ref)
        for address in subset.addresses
    )
    waiting = (
        Endpoint((address.ip,), EndpointConditions(ready=False), address.target_ref)
        for address in subset.not_ready_addresses
    )
    return (*ready, *waiting)
