"""A management interface that the private network can reach.

## What it reports
A workload that is recognised as a management interface to which a way leads from the private
network: an internal load balancer, a node port, a host port, host networking or an Ingress.

## Why it matters
Whoever gets a foothold in the VPC or a peer of it tries the consoles first (OWASP Docker D03:
needless exposure in the LAN).

## How to fix
Reach it through the cluster's API (`kubectl port-forward`), or a proxy that knows its users.

## Subject and identity
The workload. One finding for each way in; the discriminator names the software, the kind of door,
its object, and of a route the host and path. A workload without a way in has one of its own.

## Known gaps
Ways are followed through Services, the ports of nodes, Ingresses, Gateways (Gateway API and Istio),
the routes of OpenShift, Traefik and Contour, and pods' own internet addresses. Where other kinds of
doors are there (`docs/architecture.md` names them), or one of these could not be read, what would
`pass` is `unknown`; manifests are taken to hold none. Software is recognised by images, names,
labels, ports and flags; one that hides all of these is not seen. Where a network policy selects the
workload and admits some sources and not all, the verdict is `unknown`: whose address it sees
depends on the way. Severity is high for what manages the cluster, else medium.

## References
The catalogue's `management_interfaces.yaml` and its sources; OWASP Docker D03; OWASP Kubernetes Top
Ten 2025 K06.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.software import Software, SoftwareKind
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.ways import WAYS_NEED, judge_ways
from auditor.kube.resources import OTHER_WAYS, PODS
from auditor.model.audience import Audience
from auditor.model.verdict import Severity


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from judge_ways(facts, SoftwareKind.MANAGEMENT, Audience.PRIVATE_NETWORK, _rate)


def _rate(known: Software) -> Severity:
    return Severity.HIGH if known.orchestration_management else Severity.MEDIUM


CHECK = Check(
    slug="management-interface-open-to-private-network",
    family=Family.MANAGEMENT,
    severity=Severity.HIGH,
    title="Management interface is open to the private network",
    remediation=(
        "Use a ClusterIP Service and kubectl port-forward, or an authenticating proxy before it."
    ),
    needs=WAYS_NEED,
    reads=frozenset(OTHER_WAYS),
    subjects_from=frozenset({PODS}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.DASHBOARD,),
    nothing_to_judge="no management interface is recognised",
)
