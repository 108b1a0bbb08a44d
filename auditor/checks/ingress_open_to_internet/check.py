"""An Ingress whose controller faces the internet.

## What it reports
An Ingress that leads to something and that anybody on the internet may dial: the address that was
published for it is public, or the Service, host port or cloud load balancer of the controller that
serves it faces the internet and no list of sources that the controller reads narrows that.

## Why it matters
Behind one open front every host and path is one more application for everybody to try (OWASP Docker
D03: expose only the ports you need).

## How to fix
Serve it by a class whose controller has an internal front, or name its clients in the annotation
that its controller reads. Where the world is the audience, accept the finding by an exception.

## Subject and identity
The Ingress. One finding for each port, 443 where a host has TLS and else 80; the evidence lists the
routes; no discriminator.

## Known gaps
Which ports a cloud's load balancer listens on is not read; parameters of a class, middlewares,
cloud firewalls and web application firewalls are not read either. Some of them make the verdict
`unknown`, none of them makes it `pass`.

## References
Kubernetes documentation, Ingress and Ingress Controllers; the sources of the catalogue's
`ingress_controllers.yaml`.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.routes import Routes, judge_routes, reaches, routes_of, why_not_known
from auditor.kube.resources import (
    INGRESS_CLASSES,
    INGRESSES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    SERVICES,
)
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for routes in routes_of(facts, Via.INGRESS):
        verdict, text = _verdict(routes)
        summary = f"{routes[0].subject} {text} on {routes[0].label()}"
        reason = why_not_known(routes) if verdict is Verdict.UNKNOWN else None
        yield judge_routes(facts, routes, verdict, summary, reason)


def _verdict(routes: Routes) -> tuple[Verdict, str]:
    door = routes[0]
    if reaches(routes) is False:
        return Verdict.PASS, "leads to nothing"
    if door.audience is Audience.INTERNET:
        return Verdict.FAIL, "is open to the internet"
    if door.audience is Audience.UNKNOWN or door.reason:
        return Verdict.UNKNOWN, "may be open to the internet"
    return Verdict.PASS, f"is open to {door.audience.value} only"


CHECK = Check(
    slug="ingress-open-to-internet",
    family=Family.EXPOSURE,
    severity=Severity.MEDIUM,
    title="Ingress is open to the internet",
    remediation=(
        "Serve it by a class with an internal front, or list its clients in the annotation that "
        "its controller reads. If the internet is its audience, accept it by an exception."
    ),
    needs=frozenset({INGRESSES, INGRESS_CLASSES, SERVICES, PODS}),
    subjects_from=frozenset({INGRESSES}),
    reads=frozenset({NODES, NETWORK_POLICIES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no Ingress",
)
