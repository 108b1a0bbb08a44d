"""An Ingress, or a route of an ingress controller's own kind, that the internet can dial.

## What it reports
An Ingress, OpenShift Route, IngressRoute of Traefik or HTTPProxy of Contour that leads to something
and that anybody on the internet may dial: the address that was published for it is public, or the
Service, host port or cloud load balancer of the controller that serves it faces the internet and no
list of sources that the controller reads narrows that.

## Why it matters
Behind one open front every host and path is one more application for everybody to try (OWASP Docker
D03: expose only the ports you need).

## How to fix
Serve it by a class whose controller has an internal front, or name its clients in the annotation
that its controller reads. Where the world is the audience, accept the finding by an exception.

## Subject and identity
The Ingress or route. One finding for each port, 443 where a host has TLS and else 80; the evidence
lists the routes; no discriminator.

## Known gaps
Which ports a cloud's load balancer listens on is not read; parameters of a class, middlewares,
cloud firewalls and web application firewalls are not read either. Some of them make the verdict
`unknown`, none of them makes it `pass`. Which of Traefik's entry points a route uses is not known:
every door to Traefik counts.

## References
Kubernetes documentation, Ingress and Ingress Controllers; the sources of the catalogue's
`ingress_controllers.yaml`; OpenShift, Traefik and Contour: the documentation of their routes.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.routes import judge_internet_routes
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
from auditor.model.exposure import Via
from auditor.model.verdict import Severity


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from judge_internet_routes(facts, Via.INGRESS)


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
    may_come_from=frozenset({*INGRESS_ROUTES, HTTP_PROXIES, ROUTES}),
    reads=frozenset({NODES, NETWORK_POLICIES, *INGRESS_ROUTES, HTTP_PROXIES, ROUTES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no Ingress and no route of an ingress controller",
)
