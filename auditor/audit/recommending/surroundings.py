"""What a workload needs of its surroundings: the API server, its mesh, and to be scraped."""

from collections.abc import Iterator

from auditor.analysis.workloads import documented_ports
from auditor.audit.recommending.ground import HEADLESS, Ground
from auditor.audit.recommending.needs import Need
from auditor.kube.meta import SCRAPE, SCRAPE_PORT
from auditor.kube.network import Service
from auditor.kube.pods import Pod
from auditor.model.addresses import AddressSet, normal_address
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol

_PROMETHEUS = "prometheus"
"""The catalogue's id of what scrapes."""
_API_SERVICE = ("default", "kubernetes")
"""The Service through which pods call the API server (Kubernetes, Accessing the API from a Pod)."""


def calls_to_api_server(ground: Ground) -> Iterator[Need]:
    """Let those call the API server whose service account was given a role."""
    service = ground.facts.backends.services.get(_API_SERVICE)
    ends = tuple(_api_server(ground, service)) if service else ()
    given = _accounts_with_roles(ground)
    for workload in ground.facts.workloads:
        accounts = {(workload.namespace, pod.spec.service_account_name) for pod in workload.pods}
        if not accounts & given or ground.is_on_node(workload.ref):
            continue
        if not ends:
            ground.assume(
                f"the service account of {workload.ref} was given a role, and where the API server "
                "is the source does not tell: what it calls there is cut"
            )
        why = f"the service account of {workload.ref} was given a role"
        for addresses, port in ends:
            yield Need(workload.ref, addresses, port, Protocol.TCP, why)


def _accounts_with_roles(ground: Ground) -> set[tuple[str, str]]:
    return {
        (subject.namespace or binding.metadata.namespace or "", subject.name)
        for binding in ground.facts.inventory.bindings
        for subject in binding.subjects
        if subject.kind == "ServiceAccount"
    }


def _api_server(ground: Ground, service: Service) -> Iterator[tuple[tuple[str, ...], int]]:
    """Give where packets to it go, before and after the Service's address is replaced.

    Which of both an egress rule sees is left to the plugin (networking.k8s.io/v1, field text of
    `ipBlock`; Kubernetes, Network Policies, "Behavior of to and from selectors").
    """
    own = normal_address(service.spec.cluster_ip or "")
    if own and service.spec.cluster_ip != HEADLESS:
        for port in service.spec.ports:
            yield AddressSet.of([own]).cidrs(), port.port
    for part in ground.facts.backends.slices_of(service):
        told = (normal_address(each) for item in part.endpoints for each in item.addresses)
        addresses = AddressSet.of(text for text in told if text).cidrs()
        for endpoint in part.ports:
            if addresses and endpoint.port:
                yield addresses, endpoint.port


def calls_to_mesh(ground: Ground) -> Iterator[Need]:
    """Let what is in a mesh, or asked to be, reach the mesh's control plane."""
    services = ground.facts.inventory.services
    for mesh in ground.facts.meshes:
        asked = set(mesh.asked_in)
        members = {item.ref for item in ground.facts.workloads if item.namespace in asked}.union(
            mesh.members
        )
        if not members:
            continue
        ground.assume(
            f"the mesh {mesh.id} is there: what it carries over ports of its own, such as 15008 of "
            "Istio's ambient mode, is not in the proposal; read its page on NetworkPolicies"
        )
        control = set(mesh.control_plane)
        behind = [
            service
            for service in services
            if any(
                ground.facts.workloads.workload(pod) in control
                for pod in ground.facts.workloads.selected_by(service)
            )
        ]
        for member in sorted(members - control, key=ObjectRef.sort_key):
            for service in behind:
                why = f"{member} is in the mesh {mesh.id}"
                yield from ground.to_service(member, service, None, why)


def calls_of_scraping(ground: Ground) -> Iterator[Need]:
    """Let what is recognised as Prometheus scrape what asks for it."""
    scrapers = [
        ref
        for ref, found in ground.facts.recognised.items()
        if any(item.id == _PROMETHEUS and item.is_sure for item in found)
    ]
    for workload in ground.facts.workloads:
        ports = {port for pod in workload.pods for port in _scraped(pod)}
        if ports and not scrapers:
            ground.assume(
                f"{workload.ref} asks to be scraped, and nothing in the source is known to do so: "
                "that is cut"
            )
        for source in scrapers:
            for port in sorted(ports):
                asking = ground.seen_as(source, workload.ref, port)
                why = f"{workload.ref} asks to be scraped"
                yield Need(asking, workload.ref, port, Protocol.TCP, why)


def _scraped(pod: Pod) -> Iterator[int]:
    annotations = pod.metadata.annotations
    if annotations.get(SCRAPE) != "true":
        return
    told = annotations.get(SCRAPE_PORT, "")
    if told.isascii() and told.isdecimal() and 0 < int(told[:6]) < 65_536:
        yield int(told[:6])
    else:
        yield from (p.container_port for p in documented_ports(pod) if p.protocol is Protocol.TCP)
