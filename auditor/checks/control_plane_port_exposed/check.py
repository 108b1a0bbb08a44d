"""An entry point leads to etcd, a kubelet, or another control port of the cluster.

## What it reports
A load balancer, node port, external address, host port or Ingress that is open to the internet or
to the private network and leads to a port of etcd, the kubelet, the scheduler, the controller
manager, the container runtime or the Docker API: on an address of a node, in a pod on the node's
network, or in a pod that was recognised as that software.

## Why it matters
Each of these ports is the cluster itself: etcd holds every Secret, a kubelet runs commands in every
pod of its node, a Docker API is root. A client certificate is the only thing between them and
whoever may dial the door (OWASP Docker D03, threat 1; OWASP Kubernetes 2025 K06).

## How to fix
Delete the Service or rule that leads there. What has to be reached, such as metrics, belongs behind
a proxy with a login, inside the cluster.

## Subject and identity
The Service or Ingress, or the workload of a host port. One finding for each port that leads there;
the discriminator is what answers, with the way and the target port.

## Known gaps
A process of the node itself opens no door that the Kubernetes API shows: a kubelet that listens on
a public address is seen by `node-has-public-address` and by the checks of the cloud. The API server
is judged by checks of its own. An etcd of an application outside of the system's namespaces is
judged as a database. Where a policy selects the target and admits some sources and not all, the
verdict is `unknown`.

## References
Kubernetes documentation, Ports and Protocols; CIS Kubernetes Benchmark 1.12.0, 1.3.7, 1.4.2, 2.2,
4.2.1 and 4.2.4.
"""

from collections.abc import Iterator

from auditor.analysis.exposure.door import Backend, Door
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.host_services import NodePort, control_ports
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.ways import WAYS_NEED
from auditor.kube.resources import ENDPOINT_SLICES, INGRESSES, NODES, PODS, SERVICES
from auditor.model.addresses import normal_address
from auditor.model.audience import Audience
from auditor.model.exposure import ExposureVerdict, Hop, Via
from auditor.model.verdict import Severity, Verdict

_OPEN = (Audience.INTERNET, Audience.ALLOW_LISTED, Audience.PRIVATE_NETWORK)
_NEVER_NARROWER = (Via.NODE_PORT, Via.LOAD_BALANCER)
"""Doors that are open to the private network at least, whatever else is not known of them."""


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for door in facts.doors:
        for backend in door.backends.found:
            port = control_ports().get((door.entry.protocol, backend.port or 0))
            if port is None:
                continue
            hops, reason = _what_answers(facts, backend, port)
            if hops:
                yield _judged(facts, door, backend, port, hops, reason)


def _what_answers(
    facts: Facts, backend: Backend, port: NodePort
) -> tuple[tuple[Hop, ...], str | None]:
    """Give what shows that a control port answers; with a reason where it only may."""
    number = f"{backend.port}/{port.protocol}"
    if backend.workload is None:
        return _at_an_address(facts, backend, port, number)
    known = {item.id: item for item in facts.recognised.get(backend.workload, ()) if item.is_sure}
    found = next((known[name] for name in port.software if name in known), None)
    is_of_the_system = backend.workload.namespace in facts.configuration.system_namespaces
    if found and (is_of_the_system or port.anywhere):
        return found.evidence, None
    if any(pod.spec.host_network for pod in backend.pods):
        hop = Hop(str(backend.workload), "spec.hostNetwork", "true", f"{number}: {port.name}")
        return (hop,), _unless_confirmed(port)
    return (), None


def _at_an_address(
    facts: Facts, backend: Backend, port: NodePort, number: str
) -> tuple[tuple[Hop, ...], str | None]:
    for address in backend.addresses:
        node = facts.nodes.addresses.get(normal_address(address) or "")
        if node is not None:
            hop = Hop(f"Node/{node}", "status.addresses[]", address, f"{number}: {port.name}")
            return (hop,), _unless_confirmed(port)
    addresses = ", ".join(backend.addresses)
    hop = Hop("EndpointSlice", "endpoints[].addresses", addresses, f"{number}: {port.name}")
    return (hop,), f"{addresses} is no pod and no node that was read: what answers is not known"


def _unless_confirmed(port: NodePort) -> str | None:
    return None if port.confirmed else f"that {port.name} answers there was not confirmed"


def _judged(  # noqa: PLR0913, PLR0917 - what a judgement on a way is made of
    facts: Facts,
    door: Door,
    backend: Backend,
    port: NodePort,
    shown: tuple[Hop, ...],
    doubt: str | None,
) -> Judgement:
    way = facts.chains.follow(door, backend)
    decided, why = _verdict(door, way.verdict, way.reason, doubt)
    return Judgement(
        subject=door.subject,
        verdict=decided,
        summary=f"{door.entry.object}, {door.entry.via} {door.label()} {_WORDS[decided]} "
        f"{port.controls}, {door.for_whom()}",
        evidence=(*door.hops, *way.first_hops, *backend.hops, *shown, *way.last_hops),
        port=door.entry.port,
        protocol=door.entry.protocol,
        discriminator=":".join(
            (
                port.controls or port.name,
                door.entry.via,
                str(backend.port),
                f"{door.entry.host or ''}{door.entry.path or ''}",
            )
        ),
        reason=why,
        workloads=(backend.workload,) if backend.workload else (),
    )


def _verdict(
    door: Door, way: ExposureVerdict, reason: str | None, doubt: str | None
) -> tuple[Verdict, str | None]:
    """Judge a way to a control port: closed by a policy or for insiders only, it passes."""
    if way is ExposureVerdict.BLOCKED or door.audience in {Audience.CLUSTER, Audience.NONE}:
        return Verdict.PASS, None
    if way is ExposureVerdict.UNKNOWN:
        return Verdict.UNKNOWN, reason or "what stands on the way was not read"
    if door.audience not in _OPEN and door.entry.via not in _NEVER_NARROWER:
        return Verdict.UNKNOWN, door.reason or "who can dial the door cannot be told"
    return (Verdict.UNKNOWN, doubt) if doubt else (Verdict.FAIL, None)


_WORDS = {
    Verdict.FAIL: "leads to",
    Verdict.PASS: "is closed, or for insiders only, on the way to",
    Verdict.UNKNOWN: "may lead to",
}


CHECK = Check(
    slug="control-plane-port-exposed",
    family=Family.CONTROL_PLANE,
    severity=Severity.CRITICAL,
    title="Control plane port is exposed",
    remediation=(
        "Delete the Service, rule or host port that leads there. What must be reached belongs "
        "behind a proxy with a login."
    ),
    needs=WAYS_NEED,
    subjects_from=frozenset({ENDPOINT_SLICES, INGRESSES, NODES, PODS, SERVICES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.API_EXPOSURE, Topic.NODE_EXPOSURE),
    nothing_to_judge="no entry point leads to a port of the control plane",
)
