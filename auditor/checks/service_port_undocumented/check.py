"""A Service sends to a container port that no container documents.

## What it reports
A port of a Service whose target port none of the selected pods' containers lists under `ports`,
by number and protocol, or by name.

## Why it matters
Strict port management starts with a list of ports (OWASP Docker D03, mitigation 1). A port that is
served but documented nowhere was never reviewed.

## How to fix
List the port in the container's `ports`, or take it out of the Service.

## Subject and identity
The Service. One finding for each Service port and protocol; no discriminator.

## Known gaps
Init containers' ports do not count. A Service without a selector is not judged.

## References
Kubernetes API reference, core/v1 Container `ports`: not listing a port does not close it.
"""

from collections.abc import Iterator

from auditor.analysis.exposure.backends import service_ref, target_port_of
from auditor.analysis.facts import Facts
from auditor.analysis.workloads import documented_ports
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.network import Service, ServicePort
from auditor.kube.pods import Pod
from auditor.kube.resources import PODS, SERVICES
from auditor.model.exposure import Hop
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for service in facts.inventory.services:
        pods = facts.workloads.selected_by(service)
        for port in service.spec.ports if pods else ():
            yield _judge_port(facts, service, port, pods)


def _judge_port(
    facts: Facts, service: Service, port: ServicePort, pods: tuple[Pod, ...]
) -> Judgement:
    ref = service_ref(service)
    lacking = next((pod for pod in pods if not _documents(pod, port)), None)
    target = port.target_port if port.target_port is not None else port.port
    workload = facts.workloads.workload(lacking or pods[0])
    text = "documents no port" if lacking else "documents port"
    return Judgement(
        subject=ref,
        verdict=Verdict.FAIL if lacking else Verdict.PASS,
        summary=f"{ref} sends {port.port}/{port.protocol} to {target}: {workload} {text} {target}",
        evidence=(
            Hop(str(ref), f"spec.ports[{port.name or port.port}].targetPort", str(target)),
            Hop(str(workload), "spec.containers[].ports", _ports_text(lacking or pods[0])),
        ),
        port=port.port,
        protocol=port.protocol,
        workloads=tuple(dict.fromkeys(facts.workloads.workload(pod) for pod in pods)),
    )


def _documents(pod: Pod, port: ServicePort) -> bool:
    number = target_port_of(pod, port)
    return number is not None and any(
        documented.container_port == number and documented.protocol is port.protocol
        for documented in documented_ports(pod)
    )


def _ports_text(pod: Pod) -> str:
    ports = (f"{port.container_port}/{port.protocol}" for port in documented_ports(pod))
    return ", ".join(ports) or "none"


CHECK = Check(
    slug="service-port-undocumented",
    family=Family.PORTS,
    severity=Severity.LOW,
    title="Service sends to an undocumented port",
    remediation="List the port in the container's ports, or take it out of the Service.",
    needs=frozenset({SERVICES, PODS}),
    subjects_from=frozenset({SERVICES}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no Service that selects a pod",
)
