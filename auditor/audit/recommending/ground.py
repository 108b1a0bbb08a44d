"""What every search for needs looks at, and what is noted on the way."""

from collections.abc import Iterator

from auditor.analysis.exposure.backends import service_ref
from auditor.analysis.exposure.door import Backend
from auditor.analysis.facts import Facts
from auditor.audit.recommending.needs import EVERYBODY, Need, Source
from auditor.kube.network import Service
from auditor.model.addresses import AddressSet, normal_address
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol

HEADLESS = "None"
"""The cluster address of a Service that has none (core/v1 ServiceSpec.clusterIP)."""


class Ground:
    """The facts of one cluster, and what the searches took for granted."""

    def __init__(self, facts: Facts) -> None:
        """Index what the searches ask for."""
        self.facts = facts
        self.outside: set[tuple[ObjectRef, str]] = set()
        self.assumed: dict[str, None] = {}
        self._on_nodes = {
            workload.ref
            for workload in facts.workloads
            if any(pod.spec.host_network for pod in workload.pods)
        }

    def assume(self, text: str) -> None:
        """Note what is taken for granted, once."""
        self.assumed[text] = None

    def is_on_node(self, workload: ObjectRef) -> bool:
        """Whether a pod of a workload is on its node's network, where policies have no effect."""
        return workload in self._on_nodes

    def service_named(self, host: str, own: str) -> Service | None:
        """Find the Service that a host names, itself or one of its pods.

        Kubernetes DNS specification 1.1.0, sections 2.3 and 2.4; a Service of one's own namespace
        goes by its bare name.
        """
        parts = host.removesuffix(".").split(".")
        for name, rest in ((parts[0], parts[1:]), (parts[1] if parts[1:] else "", parts[2:])):
            namespace = rest[0] if rest and rest[0] != "svc" else own
            found = self.facts.backends.services.get((namespace, name))
            if found is not None and rest[1:2] in ([], ["svc"]):
                return found
        return None

    def note_outside(self, workload: ObjectRef, host: str) -> None:
        """Note a host that is no Service; one word may be anything."""
        if "." in host and not host.endswith((".local", ".svc", ".localhost")):
            self.outside.add((workload, host))

    def to_service(
        self, source: ObjectRef, service: Service, wanted: int | None, why: str
    ) -> Iterator[Need]:
        """Follow a Service to all that it sends to; no port means each of its ports."""
        if service.spec.external_name:
            self.note_outside(source, service.spec.external_name)
        for port in service.spec.ports:
            for backend in self.facts.backends.find(service, port).found:
                reached = {port.port}
                if service.spec.cluster_ip == HEADLESS:
                    reached.add(backend.port or port.port)
                if backend.port is None or (wanted is not None and wanted not in reached):
                    continue
                if backend.workload is None:
                    yield from self._to_addresses(source, backend, backend.port, port.protocol, why)
                    continue
                asking = self.seen_as(source, backend.workload, backend.port)
                yield Need(asking, backend.workload, backend.port, port.protocol, why)

    def _to_addresses(
        self, source: ObjectRef, backend: Backend, port: int, protocol: Protocol, why: str
    ) -> Iterator[Need]:
        known = [normal_address(text) for text in backend.addresses]
        if cidrs := AddressSet.of(text for text in known if text).cidrs():
            yield Need(source, cidrs, port, protocol, why)
        for host, address in zip(backend.addresses, known, strict=True):
            if address is None:
                self.note_outside(source, host)

    def seen_as(self, source: ObjectRef, destination: ObjectRef, port: int) -> Source:
        """Tell whom a policy sees where a workload calls: one on its node's network is the node."""
        if not self.is_on_node(source):
            return source
        self.assume(
            f"{source} is on its node's network, which a policy cannot name by labels: everybody "
            f"is admitted to {destination} on {port}; an ipBlock of the nodes would narrow that"
        )
        return EVERYBODY


def names(source: ObjectRef, service: Service) -> str:
    """Say that a workload's settings name a Service."""
    return f"{source} names {service_ref(service)}"
