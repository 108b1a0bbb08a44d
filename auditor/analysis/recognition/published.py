"""Which Services lead to a workload, and to which port of it."""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from auditor.analysis.workloads import WorkloadIndex
from auditor.kube.inventory import Inventory
from auditor.kube.network import Service, ServicePort
from auditor.kube.pods import Container
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol

PortName = tuple[int | str, Protocol]


class PublishedPort(Struct, frozen=True):
    """A port of a Service."""

    service: ObjectRef
    port: ServicePort

    target: PortName
    """The port of the pod, by number or name, and its protocol."""


def declared_by(container: Container) -> frozenset[PortName]:
    """Give the ports that a container documents, each by number and by name."""
    numbers = ((port.container_port, port.protocol) for port in container.ports)
    names = ((port.name, port.protocol) for port in container.ports if port.name)
    return frozenset((*numbers, *names))


def published_ports(
    inventory: Inventory, workloads: WorkloadIndex
) -> Mapping[ObjectRef, tuple[PublishedPort, ...]]:
    """Give the Service ports whose selector picks pods of each workload."""
    found: dict[ObjectRef, list[PublishedPort]] = defaultdict(list)
    for service in inventory.services:
        ports = _ports_of(service)
        selected = dict.fromkeys(map(workloads.workload, workloads.selected_by(service)))
        for ref in selected:
            found[ref] += ports
    return {ref: tuple(ports) for ref, ports in found.items()}


def _ports_of(service: Service) -> list[PublishedPort]:
    ref = ObjectRef("Service", service.metadata.namespace, service.metadata.name)
    return [PublishedPort(ref, port, _target(port)) for port in service.spec.ports]


def _target(port: ServicePort) -> PortName:
    return (port.port if port.target_port is None else port.target_port, port.protocol)
