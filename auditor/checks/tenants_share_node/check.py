"""Pods of several tenants run on one node.

## What it reports
Nodes that run pods of different tenants, system namespaces aside.

## Why it matters
A container that breaks out of its tenant's pod holds the node, and with it the neighbour's pods.

## How to fix
Give each tenant nodes of its own: taint them, and let only that tenant's pods tolerate the taint.

## Subject and identity
The pair of tenants. One finding for each pair; what cannot be told is one `unknown` on the cluster.

## Known gaps
Pods that are not placed yet, as in manifests, make the verdict `unknown`.

## References
OWASP Docker D03, threat 5; OWASP Kubernetes 2022 K07, multi-cluster isolation.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.segments.sharing import Dimension, share_of_nodes
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.sharing import judge_sharing
from auditor.kube.resources import NAMESPACES, PODS
from auditor.model.verdict import Severity


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    sharing, unplaced = share_of_nodes(facts.segments, facts.workloads, Dimension.TENANT)
    yield from judge_sharing(facts, sharing, Dimension.TENANT, "node", unplaced=unplaced)


CHECK = Check(
    slug="tenants-share-node",
    family=Family.TENANCY,
    severity=Severity.MEDIUM,
    title="Tenants share a node",
    remediation="Give each tenant nodes of its own by taints, tolerations and node selectors.",
    needs=frozenset({NAMESPACES, PODS}),
    subjects_from=frozenset({NAMESPACES, PODS}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no namespace outside the system's",
)
