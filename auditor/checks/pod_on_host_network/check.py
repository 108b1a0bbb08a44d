"""A pod runs in its node's network namespace.

## What it reports
A workload whose pods set `hostNetwork: true`, outside the configured `system_namespaces`.

## Why it matters
Such a pod sees the node's loopback services, its metadata credentials and all its traffic, and
network policies do not apply to it (OWASP Docker D03: microservices reach host services).

## How to fix
Take `hostNetwork` out of the pod template. If the software must listen on the node, publish a
single port through a Service and accept the finding for real node agents with an exception.

## Subject and identity
The workload. One finding for each; no discriminator.

## Known gaps
What the pod listens on is judged by `host-port-open`.

## References
Kubernetes Pod Security Standards, baseline profile, "Host Namespaces"; CIS Kubernetes 5.2.5.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import (
    SEGMENTATION_CONTROLS,
    Check,
    Family,
    Judgement,
    NoParameters,
)
from auditor.kube.resources import PODS
from auditor.model.exposure import Hop
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for workload in facts.workloads:
        if workload.namespace in facts.segments.system_namespaces:
            continue
        offending = next((pod for pod in workload.pods if pod.spec.host_network), None)
        where = "in" if offending else "outside"
        hop = Hop(str(workload.ref), "spec.hostNetwork", "true" if offending else "false")
        yield Judgement(
            subject=workload.ref,
            verdict=Verdict.FAIL if offending else Verdict.PASS,
            summary=f"{workload.ref} runs {where} the network of its node",
            evidence=(hop,),
        )


CHECK = Check(
    slug="pod-on-host-network",
    family=Family.HOST,
    severity=Severity.HIGH,
    title="Pod runs in the network of its node",
    remediation="Remove hostNetwork from the pod template and publish single ports by a Service.",
    needs=frozenset({PODS}),
    subjects_from=frozenset({PODS}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HOST_ACCESS,),
    nothing_to_judge="no pod outside the system namespaces",
)
