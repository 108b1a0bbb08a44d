"""Risk levels that must be apart live in one cluster.

## What it reports
Namespaces of two risk levels that `risk_levels.may_share_cluster` does not allow together, system
namespaces aside.

## Why it matters
What protects the dangerous neighbour is then all that protects the valuable one.

## How to fix
Separate the levels into clusters, or allow the pair in the configuration.

## Subject and identity
The pair of risk levels. One finding for each pair; what cannot be told is one `unknown` on the
cluster.

## Known gaps
A risk level that `risk_levels.order` does not know counts as untold.

## References
OWASP Docker D03, threat 5; OWASP Kubernetes 2022 K07, multi-cluster isolation.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.segments.sharing import Dimension, share_of_cluster
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.sharing import judge_sharing
from auditor.kube.resources import NAMESPACES
from auditor.model.verdict import Severity


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    allowed = facts.configuration.risk_levels.may_share_cluster
    sharing = share_of_cluster(facts.segments, Dimension.RISK_LEVEL)
    yield from judge_sharing(facts, sharing, Dimension.RISK_LEVEL, "cluster", allowed=allowed)


CHECK = Check(
    slug="risk-levels-share-cluster",
    family=Family.TENANCY,
    severity=Severity.HIGH,
    title="Risk levels share a cluster",
    remediation="Separate the levels into clusters, or allow the pair by may_share_cluster.",
    needs=frozenset({NAMESPACES}),
    subjects_from=frozenset({NAMESPACES}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no namespace outside the system's",
)
