"""No policy isolates a workload for egress: it may dial whatever it can find.

## What it reports
A workload of which some pod is isolated for egress by nothing that has an effect: no NetworkPolicy
selects it for egress, no Admin or Baseline policy denies what nobody named, or the network plugin
enforces none of them. Pods on their node's network are left out, since no policy holds there, and
so are system namespaces, which serve everybody by design.

## Why it matters
Egress is how a captured pod looks around, fetches its tools and carries data away (OWASP Kubernetes
2022 K07, 2025 K05; Docker D03, threat 3).

## How to fix
Add a NetworkPolicy that selects the pods with `policyTypes: [Egress]` and names what they need; DNS
is nearly always among it.

## Subject and identity
The workload. No discriminator.

## Known gaps
Policies of vendors (Cilium, Calico) and of meshes are not read yet: a workload that only those
isolate fails. A rule that admits everything still isolates in the words of the API; see
`egress-to-internet-unrestricted`.

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
    return judge_isolation(facts, Direction.EGRESS)


CHECK = Check(
    slug="workload-egress-not-isolated",
    family=Family.SEGMENTATION,
    severity=Severity.LOW,
    title="Workload is not isolated for egress",
    remediation=(
        "Add a NetworkPolicy that selects its pods for egress and names what they need, DNS among "
        "it."
    ),
    needs=ISOLATION_NEEDS,
    subjects_from=frozenset({PODS}),
    reads=ISOLATION_READS,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_EGRESS,),
    nothing_to_judge="no pod with a network of its own",
)
