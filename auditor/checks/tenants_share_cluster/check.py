"""Several tenants live in one cluster.

## What it reports
Namespaces of different tenants in one cluster, system namespaces aside. Where a namespace's tenant
comes from is configured in `segments`.

## Why it matters
Tenants that share a cluster share its API server, its nodes' kernels and its mistakes.

## How to fix
Give each tenant a cluster, or accept the sharing by an exception that names who decided it.

## Subject and identity
The pair of tenants. One finding for each pair; what cannot be told is one `unknown` on the cluster.

## Known gaps
A namespace without any object and without a Namespace object is not seen.

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
    sharing = share_of_cluster(facts.segments, Dimension.TENANT)
    yield from judge_sharing(facts, sharing, Dimension.TENANT, "cluster")


CHECK = Check(
    slug="tenants-share-cluster",
    family=Family.TENANCY,
    severity=Severity.MEDIUM,
    title="Tenants share a cluster",
    remediation="Give each tenant a cluster of its own, or accept the sharing by an exception.",
    needs=frozenset({NAMESPACES}),
    subjects_from=frozenset({NAMESPACES}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no namespace outside the system's",
)
