"""From a Service port to the pods, or addresses, that it sends packets to (core/v1 Service)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from auditor.analysis.exposure.door import Backend, Backends
from auditor.analysis.workloads import WorkloadIndex, documented_ports
from auditor.kube.inventory import Inventory
from auditor.kube.network import Endpoint, EndpointSlice, Service, ServicePort
from auditor.kube.pods import Pod
from auditor.kube.resources import ENDPOINT_SLICES, PODS, SERVICES
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef


class BackendFinder:
    """Finds the backends of Service ports in one inventory."""

    def __init__(self, inventory: Inventory, workloads: WorkloadIndex) -> None:
        """Index the endpoint slices by their Service."""
        self._inventory = inventory
        self._workloads = workloads
        self.services: Mapping[tuple[str | None, str], Service] = {
            (item.metadata.namespace, item.metadata.name): item for item in inventory.services
        }
        self._found: dict[tuple[str | None, str, ServicePort], Backends] = {}
        self._slices: dict[tuple[str | None, str], list[EndpointSlice]] = defaultdict(list)
        for item in inventory.endpoint_slices:
            if item.service_name:
                self._slices[(item.metadata.namespace, item.service_name)].append(item)

    def slices_of(self, service: Service) -> tuple[EndpointSlice, ...]:
        """Give the endpoint slices of a Service."""
        return tuple(self._slices.get((service.metadata.namespace, service.metadata.name), ()))

    def find(self, service: Service, port: ServicePort) -> Backends:
        """Find what one port of a Service sends to; asked again, the answer is the same object."""
        key = (service.metadata.namespace, service.metadata.name, port)
        found = self._found.get(key)
        if found is None:
            selects = bool(service.spec.selector)
            found = self._selected(service, port) if selects else self._listed(service, port)
            self._found[key] = found
        return found

    def named(
        self, namespace: str | None, name: str, wanted: int | str | None, hop: Hop
    ) -> tuple[tuple[Hop, ...], Backends]:
        """Follow a reference to a port of a Service, by number or name, with the hops to it.

        No port is the only one of the Service. `hop` is the reference as it is written.
        """
        service = self.services.get((namespace, name))
        if service is None:
            state = self._inventory.state(SERVICES)
            if state.is_complete:
                return (hop,), Backends((), is_dangling=True)
            return (hop,), Backends((), reason=f"{SERVICES} is {state.value}")
        ports = service.spec.ports
        if wanted is None and len(ports) == 1:
            return (hop,), self.find(service, ports[0])
        for port in ports:
            if wanted is not None and wanted in {port.port, port.name}:
                return (hop,), self.find(service, port)
        missing = Hop(str(service_ref(service)), "spec.ports", f"{wanted or ''}", "no such port")
        return (hop, missing), Backends((), is_dangling=True)

    def _selected(self, service: Service, port: ServicePort) -> Backends:
        groups: dict[tuple[ObjectRef, int], list[Pod]] = defaultdict(list)
        for pod in self._workloads.selected_by(service):
            number = target_port_of(pod, port)
            if number is not None:
                groups[(self._workloads.workload(pod), number)].append(pod)
        hop = _selector_hop(service)
        found = tuple(
            Backend(workload, number, tuple(pods), (hop, *_target_hops(service, port, number)))
            for (workload, number), pods in sorted(
                groups.items(), key=lambda item: (item[0][0].sort_key(), item[0][1])
            )
        )
        return self._settled(found, PODS)

    def _listed(self, service: Service, port: ServicePort) -> Backends:
        backends: dict[tuple[str, int | None], Backend] = {}
        for item in self.slices_of(service):
            numbers = [p.port for p in item.ports if (p.name or "") == (port.name or "")]
            for endpoint in item.endpoints:
                for number in numbers:
                    backend = self._endpoint_backend(item, endpoint, number)
                    backends.setdefault(
                        (str(backend.workload or endpoint.addresses), number), backend
                    )
        return self._settled(tuple(backends.values()), ENDPOINT_SLICES)

    def _endpoint_backend(
        self, item: EndpointSlice, endpoint: Endpoint, number: int | None
    ) -> Backend:
        where = f"EndpointSlice/{item.metadata.namespace}/{item.metadata.name}"
        hop = Hop(where, "endpoints[].addresses", ", ".join(endpoint.addresses))
        ref = endpoint.target_ref
        if ref is None or ref.kind != "Pod":
            return Backend(None, number, (), (hop,), endpoint.addresses)
        namespace = ref.namespace or item.metadata.namespace
        workload = self._workloads.owner_of(namespace, ref.name)
        pods = self._workloads.pods_of(workload) if workload else ()
        return Backend(workload or ObjectRef("Pod", namespace, ref.name), number, pods, (hop,))

    def _settled(self, found: tuple[Backend, ...], resource: str) -> Backends:
        if found:
            return Backends(found)
        state = self._inventory.state(resource)
        if state.is_complete:
            return Backends((), is_dangling=True)
        return Backends((), reason=f"{resource} is {state.value}")


def target_port_of(pod: Pod, port: ServicePort) -> int | None:
    """Give the pod's port that a Service port sends to.

    A named target is looked up in the pod by name and protocol; None where no container has it.
    """
    if port.target_port is None or port.target_port in {0, ""}:
        return port.port
    if isinstance(port.target_port, int):
        return port.target_port
    for documented in documented_ports(pod):
        if documented.name == port.target_port and documented.protocol is port.protocol:
            return documented.container_port
    return None


def service_ref(service: Service) -> ObjectRef:
    """Name a Service."""
    return ObjectRef("Service", service.metadata.namespace, service.metadata.name)


def _selector_hop(service: Service) -> Hop:
    return Hop(
        str(service_ref(service)), "spec.selector", labels_text(service.spec.selector.items())
    )


def _target_hops(service: Service, port: ServicePort, number: int) -> Iterable[Hop]:
    target = port.target_port if port.target_port is not None else port.port
    note = f"container port {number}" if isinstance(target, str) else ""
    field = f"spec.ports[{port.name or port.port}].targetPort"
    yield Hop(str(service_ref(service)), field, str(target), note)


def labels_text(labels: Iterable[tuple[str, str]]) -> str:
    """Write labels as kubectl's selector flag takes them."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels))
