"""One load balancer serves several tenants.

## What it reports
A load balancer, or what passes requests on behind it, that serves doors of different tenants: the
Ingresses and routes of one controller or Gateway, and Services and routes that one address was
published for. Whose a door is, its own namespace tells, and those of the workloads behind it.

## Why it matters
What tenants share at the door, they share in trouble: a certificate, a header that one tenant's
route may set, a flood that is meant for one of them, and the controller's own mistakes.

## How to fix
Give each tenant an Ingress class or a Gateway of its own, with a load balancer of its own.

## Subject and identity
The pair of tenants. One finding for each pair; the evidence names the load balancers and a door of
each tenant. What cannot be told is one `unknown` on the cluster.

## Known gaps
Node ports are not counted: every node has them all. Routes whose controller and address are not in
the input (manifests) make the verdict `unknown` where several tenants have doors.

## References
OWASP Docker D03, threat 5; OWASP Kubernetes 2022 K07.
"""

from collections.abc import Iterator

from auditor.analysis.exposure.shared_balancers import share_of_balancers
from auditor.analysis.facts import Facts
from auditor.analysis.segments.sharing import Dimension
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.exposed import unseen_doors
from auditor.checks.sharing import judge_sharing
from auditor.checks.ways import WAYS_NEED
from auditor.kube.resources import (
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    OTHER_WAYS,
    PODS,
    SERVICES,
)
from auditor.model.verdict import Severity


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from unseen_doors(facts)
    sharing, unplaced = share_of_balancers(facts.doors, facts.segments, Dimension.TENANT)
    if sharing.values or sharing.untold:
        yield from judge_sharing(
            facts, sharing, Dimension.TENANT, "load balancer", unplaced=unplaced, field="serves"
        )


CHECK = Check(
    slug="tenants-share-load-balancer",
    family=Family.TENANCY,
    severity=Severity.MEDIUM,
    title="Tenants share a load balancer",
    remediation="Give each tenant an Ingress class or a Gateway with a load balancer of its own.",
    needs=(WAYS_NEED - {NETWORK_POLICIES, NODES}) | {NAMESPACES},
    subjects_from=frozenset({INGRESSES, NAMESPACES, PODS, SERVICES}),
    may_come_from=frozenset(OTHER_WAYS),
    reads=frozenset({*OTHER_WAYS, NODES}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.LB_EXPOSURE, Topic.HYGIENE),
    nothing_to_judge="no load balancer and no route",
)
