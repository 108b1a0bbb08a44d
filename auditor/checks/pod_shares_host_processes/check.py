"""A pod shares its node's processes or inter-process communication.

## What it reports
A workload whose pods set `hostPID: true` or `hostIPC: true`.

## Why it matters
With `hostPID` a container sees and signals every process of the node, and reads the environment
of each through `/proc`; with `hostIPC` it reads shared memory of the node.

## How to fix
Take `hostPID` and `hostIPC` out of the pod template. Accept real node agents by an exception.

## Subject and identity
The workload. One finding for each; no discriminator.

## Known gaps
`shareProcessNamespace`, which stays inside the pod, is not reported.

## References
Kubernetes Pod Security Standards, baseline profile, "Host Namespaces"; CIS Kubernetes 5.2.3, 5.2.4.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import Check, Control, Family, Judgement, NoParameters
from auditor.kube.pods import PodSpec
from auditor.kube.resources import PODS
from auditor.model.exposure import Hop
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for workload in facts.workloads:
        shared = next((found for pod in workload.pods if (found := _shared(pod.spec))), ())
        fields = shared or ("hostPID", "hostIPC")
        yield Judgement(
            subject=workload.ref,
            verdict=Verdict.FAIL if shared else Verdict.PASS,
            summary=f"{workload.ref} shares {' and '.join(shared) or 'no processes'} of its node",
            evidence=tuple(
                Hop(str(workload.ref), f"spec.{field}", "true" if shared else "false")
                for field in fields
            ),
        )


def _shared(spec: PodSpec) -> tuple[str, ...]:
    settings = (("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc))
    return tuple(field for field, is_set in settings if is_set)


CHECK = Check(
    slug="pod-shares-host-processes",
    family=Family.HOST,
    severity=Severity.HIGH,
    title="Pod shares the processes of its node",
    remediation="Remove hostPID and hostIPC from the pod template.",
    needs=frozenset({PODS}),
    subjects_from=frozenset({PODS}),
    judge=_judge,
    controls=(Control.DOCKER_D03,),
    topics=(Topic.HOST_ACCESS,),
    nothing_to_judge="no pod",
)
