"""A console or tool can be reached from every namespace of the cluster.

## What it reports
A workload that was recognised as a management interface, and that a pod of another namespace may
dial on a port of it without any policy naming that pod: no policy selects it, one admits everybody,
or the network plugin enforces none. Pods on their node's network are left out: no policy holds
there, and `pod-can-reach-node-services` judges the nodes.

## Why it matters
A login is not a wall. Whoever takes over the least guarded pod can try the console's passwords and
its last vulnerability, and consoles can do everything (OWASP Docker D03, threat 2; OWASP Kubernetes
2022 K07, 2025 K05).

## How to fix
Add a NetworkPolicy that selects its pods and names who may connect: the ingress controller or the
proxy before it, and monitoring.

## Subject and identity
The workload. One finding for each software that it was recognised as; the discriminator is that
software.

## Known gaps
A policy that admits a whole tier of namespaces, though not all, is taken at its word. Policies of
vendors and of meshes are not read yet. Ports that no container documents are those the software is
known by.

## References
Kubernetes documentation, Network Policies; CIS Kubernetes Benchmark 1.12.0, 5.3.2.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.software import SoftwareKind
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.inside import INSIDE_NEEDS, INSIDE_READS, judge_openness
from auditor.kube.resources import PODS
from auditor.model.verdict import Severity


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    return judge_openness(facts, SoftwareKind.MANAGEMENT, with_system=True)


CHECK = Check(
    slug="management-interface-open-to-cluster",
    family=Family.MANAGEMENT,
    severity=Severity.MEDIUM,
    title="Management interface is open to the whole cluster",
    remediation=(
        "Add a NetworkPolicy that selects its pods and names who may connect: the proxy before it, "
        "and monitoring."
    ),
    needs=INSIDE_NEEDS,
    subjects_from=frozenset({PODS}),
    reads=INSIDE_READS,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.DASHBOARD, Topic.SEG_INGRESS),
    nothing_to_judge="no management interface is recognised",
)
