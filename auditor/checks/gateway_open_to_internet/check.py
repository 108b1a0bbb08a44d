"""A route of a Gateway that the internet can dial.

## What it reports
A route of the Gateway API (HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute), or a VirtualService
of Istio, that a listener of its Gateway takes, that leads to something, and whose Gateway anybody
on the internet may dial: by the address in its status, the Service that was made for it, its class,
or what its controller does by default.

## Why it matters
Behind one open Gateway every route is one more application for everybody to try, and a listener
that takes routes of all namespaces lets each of them publish (OWASP Docker D03: expose only the
ports you need).

## How to fix
Attach it to a Gateway with an internal address, or close the listener to its namespace by
`allowedRoutes`. Where the world is the audience, accept the finding by an exception.

## Subject and identity
The route. One finding for each port of a listener; the evidence lists hosts, paths and what answers
there; no discriminator.

## Known gaps
Policies that implementations attach to Gateways and routes (Cloud Armor, Envoy Gateway's
SecurityPolicy, AuthorizationPolicies of Istio) are not read: they may admit fewer. Parameters of a
class make the verdict `unknown`. ListenerSets are not followed: where there are any, `pass` of the
ways behind them is not given.

## References
Gateway API: "API Overview", "Attaching Routes to Gateways", ReferenceGrant, GEP-1762; Istio:
Gateway and VirtualService; the sources of the catalogue's `gateway_controllers.yaml`.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.routes import judge_internet_routes
from auditor.kube.resources import (
    GATEWAY_ROUTES,
    GATEWAYS_OF_ROUTES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    SERVICES,
    VIRTUAL_SERVICES,
)
from auditor.model.exposure import Via
from auditor.model.verdict import Severity

_ROUTES = frozenset({*GATEWAY_ROUTES, VIRTUAL_SERVICES})


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from judge_internet_routes(facts, Via.GATEWAY)


CHECK = Check(
    slug="gateway-open-to-internet",
    family=Family.EXPOSURE,
    severity=Severity.MEDIUM,
    title="Route of a Gateway is open to the internet",
    remediation=(
        "Attach it to a Gateway with an internal address, or close the listener to its namespace. "
        "If the internet is its audience, accept it by an exception."
    ),
    needs=frozenset({PODS, SERVICES}),
    subjects_from=frozenset(),
    may_come_from=_ROUTES,
    reads=_ROUTES | GATEWAYS_OF_ROUTES | {NAMESPACES, NETWORK_POLICIES, NODES},
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no route of a Gateway",
)
