"""Workloads of one tenant can talk to another's, and no rule says that they should.

## What it reports
Two tenants of which the pods of one can open connections to pods of the other that no rule names,
in either direction. A rule names a connection where it admits it and would not admit a stranger: a
pod that nobody thought of, in another namespace, without labels. System namespaces serve everybody
and are left out. Of two tenants that
share a namespace nobody can tell whose its workloads are: they are `unknown` at best.

## Why it matters
A tenant that is taken over, or means harm, is one connection away from its neighbours.

## How to fix
Deny by default in the namespaces of both, and admit what must cross by a rule that names it.

## Subject and identity
The pair of tenants, both directions together; the evidence names a connection each way and the
rules that decide it. What concerns namespaces whose tenant cannot be told is one `unknown` on the
cluster.

## Known gaps
What crosses through a load balancer, an Ingress, a mesh's gateway or a shared service is not seen
here. A rule that admits every pod on a port by its name counts as naming it, at the end that sends.
In a cluster of thousands of unlike pods and ports the pairs are followed in part, and the rest is
`unknown`.

## References
OWASP Docker D03, threats 3 and 5; OWASP Kubernetes 2022 K07, 2025 K05.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.segments.sharing import Dimension
from auditor.catalogue.frameworks import Topic
from auditor.checks.borders import BORDERS_NEED, BORDERS_READ, judge_borders
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import NAMESPACES, PODS
from auditor.model.verdict import Severity


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from judge_borders(facts, Dimension.TENANT)


CHECK = Check(
    slug="tenants-can-reach-each-other",
    family=Family.TENANCY,
    severity=Severity.HIGH,
    title="Tenants can reach each other",
    remediation=(
        "Add default denies to the namespaces of both, and admit what must cross by rules that "
        "name it."
    ),
    needs=BORDERS_NEED,
    subjects_from=frozenset({NAMESPACES, PODS}),
    reads=BORDERS_READ,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_INGRESS, Topic.SEG_EGRESS),
    nothing_to_judge="no two tenants have workloads here",
)
