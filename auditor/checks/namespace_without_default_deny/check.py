"""Some workload of a namespace is not isolated for ingress: there is no default deny that holds.

## What it reports
A namespace with at least one workload that nothing with an effect isolates for ingress: neither a
NetworkPolicy nor a tier of administrators. The evidence names the workloads, and says the same of
egress. System namespaces are left out.

## Why it matters
With a default deny, a new workload is closed until somebody opens it. Without one, it is open until
somebody remembers (OWASP Kubernetes 2022 K07, 2025 K05; Docker D03).

## How to fix
Add a NetworkPolicy with an empty `podSelector` and `policyTypes: [Ingress]` to the namespace, after
policies that admit what its workloads need.

## Subject and identity
The Namespace. No discriminator.

## Known gaps
It judges the workloads that are there: a namespace whose workloads are each selected by a policy of
their own passes, though the next workload would be open. Policies of vendors and of meshes are not
read yet. Namespaces without pods are not judged.

## References
Kubernetes documentation, Network Policies, "Default policies"; CIS Kubernetes Benchmark 1.12.0,
5.3.2.
"""

from collections import defaultdict
from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.standing import Direction
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.segmentation import (
    ISOLATION_NEEDS,
    ISOLATION_READS,
    WorkloadIsolation,
    isolations,
)
from auditor.kube.resources import PODS
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Severity, Verdict

_SHOWN = 5
"""Workloads that evidence names before it only counts."""


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    ingress, egress = (_by_namespace(facts, direction) for direction in Direction)
    for name in sorted(ingress):
        yield _judged(ObjectRef("Namespace", None, name), ingress[name], egress.get(name, []))


def _by_namespace(facts: Facts, direction: Direction) -> dict[str, list[WorkloadIsolation]]:
    found: dict[str, list[WorkloadIsolation]] = defaultdict(list)
    for item in isolations(facts, direction):
        found[item.workload.namespace].append(item)
    return found


def _judged(
    ref: ObjectRef, ingress: list[WorkloadIsolation], egress: list[WorkloadIsolation]
) -> Judgement:
    opened = [item for item in ingress if item.verdict is Verdict.FAIL]
    untold = [item for item in ingress if item.verdict is Verdict.UNKNOWN]
    leaving = sum(item.verdict is Verdict.PASS for item in egress)
    also = Hop(str(ref), "egress", f"{leaving} of {len(egress)} workloads are isolated")
    if opened or untold:
        shown = opened or untold
        words = "has no default deny for" if opened else "may have no default deny for"
        return Judgement(
            subject=ref,
            verdict=Verdict.FAIL if opened else Verdict.UNKNOWN,
            summary=f"{ref} {words} ingress: {len(shown)} of {len(ingress)} workloads",
            evidence=(*_hops(shown), also),
            reason=None if opened else untold[0].reason,
        )
    return Judgement(
        subject=ref,
        verdict=Verdict.PASS,
        summary=f"every workload of {ref} is isolated for ingress",
        evidence=(*_hops(ingress), also),
    )


def _hops(items: list[WorkloadIsolation]) -> tuple[Hop, ...]:
    hops = list(dict.fromkeys(hop for item in items[:_SHOWN] for hop in item.hops))
    if len(items) > _SHOWN:
        hops.append(Hop("Workload", "count", f"{len(items) - _SHOWN} more"))
    return tuple(hops)


CHECK = Check(
    slug="namespace-without-default-deny",
    family=Family.SEGMENTATION,
    severity=Severity.MEDIUM,
    title="Namespace has no default deny",
    remediation=(
        "Add a NetworkPolicy with an empty podSelector and policyTypes [Ingress] to the namespace, "
        "after policies that admit what its workloads need."
    ),
    needs=ISOLATION_NEEDS,
    subjects_from=frozenset({PODS}),
    reads=ISOLATION_READS,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_INGRESS,),
    nothing_to_judge="no namespace has a pod with a network of its own",
)
