"""Which ports of which workloads Ingresses and Routes lead to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from auditor.analysis.exposure.backends import BackendFinder
from auditor.analysis.exposure.door import Backend, Door
from auditor.kube.inventory import Inventory
from auditor.kube.network import Service, ServicePort
from auditor.kube.resources import ROUTES
from auditor.kube.routes import Route
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet, Protocol


def routed_ports(
    doors: Iterable[Door], inventory: Inventory, finder: BackendFinder
) -> Mapping[ObjectRef, PortSet]:
    """Give the ports of workloads that the doors of Ingresses, and Routes, lead to."""
    found: dict[ObjectRef, PortSet] = defaultdict(PortSet)
    for door in doors:
        _add(found, door.backends.found)
    services = {(item.metadata.namespace, item.metadata.name): item for item in inventory.services}
    for route in inventory.other_ways.get(ROUTES, ()):
        if isinstance(route, Route):
            for service, port in _ports_of(route, services):
                _add(found, finder.find(service, port).found)
    return dict(sorted(found.items(), key=lambda item: item[0].sort_key()))


def _add(found: dict[ObjectRef, PortSet], backends: Iterable[Backend]) -> None:
    for backend in backends:
        if backend.workload is not None and backend.port is not None:
            found[backend.workload] |= PortSet.of([(Protocol.TCP, backend.port, backend.port)])


def _ports_of(
    route: Route, services: Mapping[tuple[str | None, str], Service]
) -> Iterator[tuple[Service, ServicePort]]:
    """Give the Service ports of a Route; one that names no port leads to all of them."""
    wanted = route.spec.port.target_port if route.spec.port else None
    for target in (route.spec.to, *route.spec.alternate_backends):
        service = services.get((route.metadata.namespace, target.name))
        if service is None or target.kind != "Service":
            continue
        for port in service.spec.ports:
            names = (port.name, port.target_port, port.port if port.target_port is None else None)
            if wanted in (None, "") or wanted in names:
                yield service, port
