"""An Ingress that the private network may dial, and that nobody declared to be for it.

## What it reports
An Ingress, OpenShift Route, IngressRoute of Traefik or HTTPProxy of Contour whose front is open to
the private network, and behind which some workload is not declared to serve more than the cluster.

## Why it matters
The VPC and its peers are larger than they look: one machine there that is taken over can try every
application that is open to it (OWASP Docker D03).

## How to fix
Serve it inside the cluster by its Service, or declare that the private network is its audience.

## Subject and identity
The Ingress or route. One finding for each port; the evidence lists the routes; no discriminator.

## Known gaps
As for `ingress-open-to-internet`. Declarations are compared by the port that a client dials.

## References
Kubernetes documentation, Ingress; `docs/contract.md`, Files people write, Declarations.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.routes import Routes, judge_routes, leads, reaches, routes_of, why_not_known
from auditor.kube.resources import (
    HTTP_PROXIES,
    INGRESS_CLASSES,
    INGRESS_ROUTES,
    INGRESSES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    ROUTES,
    SERVICES,
)
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for routes in routes_of(facts, Via.INGRESS):
        verdict, text = _verdict(facts, routes)
        summary = f"{routes[0].subject} {text} on {routes[0].label()}"
        reason = why_not_known(routes) if verdict is Verdict.UNKNOWN else None
        yield judge_routes(facts, routes, verdict, summary, reason)


def _verdict(facts: Facts, routes: Routes) -> tuple[Verdict, str]:
    routes = tuple(door for door in routes if leads(door) is not False)
    if not routes:
        return Verdict.PASS, "leads to nothing"
    audience = min((door.audience for door in routes), key=_NEAREST.index)
    if audience is Audience.UNKNOWN:
        return Verdict.UNKNOWN, "may be open to the private network"
    if audience is not Audience.PRIVATE_NETWORK:
        return Verdict.NOT_APPLICABLE, f"is open to {audience.value}"
    declared = list(_is_declared(facts, routes))
    if reaches(routes) is None and facts.configuration.declarations:
        return Verdict.UNKNOWN, "is open to the private network, maybe as declared"
    if declared and all(declared):
        return Verdict.PASS, "is open to the private network, as declared"
    return Verdict.FAIL, "is open to the private network"


_NEAREST = (
    Audience.PRIVATE_NETWORK,
    Audience.UNKNOWN,
    Audience.INTERNET,
    Audience.ALLOW_LISTED,
    Audience.CLUSTER,
    Audience.NONE,
)
"""What decides where routes of one object have several audiences."""


def _is_declared(facts: Facts, routes: Routes) -> Iterator[bool]:
    """Tell of each workload behind it whether it is declared to serve more than the cluster."""
    for door in routes:
        for workload in door.workloads():
            found = facts.declarations_for(workload, door.entry.port, door.entry.protocol)
            yield any(item.admits(Audience.PRIVATE_NETWORK) for item in found)


CHECK = Check(
    slug="ingress-open-to-private-network",
    family=Family.EXPOSURE,
    severity=Severity.LOW,
    title="Ingress is open to the private network",
    remediation=(
        "Serve it inside the cluster by its Service, or declare that the private network is its "
        "audience."
    ),
    needs=frozenset({INGRESSES, INGRESS_CLASSES, SERVICES, PODS}),
    subjects_from=frozenset({INGRESSES}),
    may_come_from=frozenset({*INGRESS_ROUTES, HTTP_PROXIES, ROUTES}),
    reads=frozenset({NODES, NETWORK_POLICIES, *INGRESS_ROUTES, HTTP_PROXIES, ROUTES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no Ingress and no route of an ingress controller",
)
