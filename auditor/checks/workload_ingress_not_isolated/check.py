"""No policy isolates a workload for ingress: whoever is inside may dial every port of it.

## What it reports
A workload of which some pod is isolated for ingress by nothing that has an effect: no NetworkPolicy
selects it for ingress, no Admin or Baseline policy denies what nobody named, or the network plugin
enforces none of them. Pods on their node's network are left out, since no policy holds there, and
so are system namespaces, which serve everybody by design.

## Why it matters
One captured pod can then try every port of this one. A policy that admits what is needed turns the
cluster from one flat network into segments (OWASP Kubernetes 2022 K07, 2025 K05; Docker D03).

## How to fix
Add a NetworkPolicy that selects the pods with `policyTypes: [Ingress]` and names who may connect; a
default deny for the namespace is the usual start.

## Subject and identity
The workload. No discriminator.

## Known gaps
Policies of vendors (Cilium, Calico) and of meshes are not read yet: a workload that only those
isolate fails. What a policy then admits is not judged here; see `policy-admits-everyone`.
Administrators' policies cannot speak of addresses outside of the cluster on ingress: a tier that
denies all pods counts as isolation.

## References
Kubernetes documentation, Network Policies, "The two sorts of pod isolation"; CIS Kubernetes
Benchmark 1.12.0, 5.3.2.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.standing import Direction
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.segmentation import ISOLATION_NEEDS, ISOLATION_READS, judge_isolation
from auditor.kube.resources import PODS
from auditor.model.verdict import Severity


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    return judge_isolation(facts, Direction.INGRESS)


CHECK = Check(
    slug="workload-ingress-not-isolated",
    family=Family.SEGMENTATION,
    severity=Severity.MEDIUM,
    title="Workload is not isolated for ingress",
    remediation=(
        "Add a NetworkPolicy that selects its pods for ingress and names who may connect, or a "
        "default deny for the namespace."
    ),
    needs=ISOLATION_NEEDS,
    subjects_from=frozenset({PODS}),
    reads=ISOLATION_READS,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_INGRESS,),
    nothing_to_judge="no pod with a network of its own",
)
