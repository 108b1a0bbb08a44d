"""A database, file share, queue or the like can be reached from every namespace of the cluster.

## What it reports
A workload that was recognised as a traditional service, and that a pod of another namespace may
dial on a port of it without any policy naming that pod: no policy selects it, one admits everybody,
or the network plugin enforces none. Pods on their node's network are left out, and so are system
namespaces: the cluster's DNS is for everyone.

## Why it matters
These services trust their network: many ask for no password, or for one that every application
holds. They are what an attacker inside looks for first (OWASP Docker D03, threat 4; OWASP
Kubernetes 2022 K07, 2025 K05).

## How to fix
Add a NetworkPolicy that selects its pods and names the workloads that use it, on its port.

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
    return judge_openness(facts, SoftwareKind.LEGACY, with_system=False)


CHECK = Check(
    slug="legacy-service-open-to-cluster",
    family=Family.LEGACY,
    severity=Severity.MEDIUM,
    title="Traditional service is open to the whole cluster",
    remediation=(
        "Add a NetworkPolicy that selects its pods and names the workloads that use it, on its "
        "port."
    ),
    needs=INSIDE_NEEDS,
    subjects_from=frozenset({PODS}),
    reads=INSIDE_READS,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_INGRESS,),
    nothing_to_judge="no traditional service is recognised",
)
