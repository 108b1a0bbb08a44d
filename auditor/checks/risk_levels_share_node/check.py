"""Pods of risk levels that must be apart run on one node.

## What it reports
Nodes that run pods of two risk levels which `risk_levels.may_share_node` does not allow together,
system namespaces aside.

## Why it matters
A container that breaks out of the dangerous pod holds the node, and with it the valuable one.

## How to fix
Give each risk level nodes of its own by taints and tolerations, or allow the pair.

## Subject and identity
The pair of risk levels. One finding for each pair; what cannot be told is one `unknown` on the
cluster.

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
    allowed = facts.configuration.risk_levels.may_share_node
    dimension = Dimension.RISK_LEVEL
    sharing, unplaced = share_of_nodes(facts.segments, facts.workloads, dimension)
    yield from judge_sharing(facts, sharing, dimension, "node", allowed=allowed, unplaced=unplaced)


CHECK = Check(
    slug="risk-levels-share-node",
    family=Family.TENANCY,
    severity=Severity.HIGH,
    title="Risk levels share a node",
    remediation="Give each risk level nodes of its own, or allow the pair by may_share_node.",
    needs=frozenset({NAMESPACES, PODS}),
    subjects_from=frozenset({NAMESPACES, PODS}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no namespace outside the system's",
)
