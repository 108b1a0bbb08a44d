"""A management interface that the internet can reach, even if it asks for a login.

## What it reports
A workload that is recognised as a management interface, such as a dashboard, a CI/CD server or a
database console, to which a way leads from the internet.

## Why it matters
A console is one password, or one unpatched flaw, away from whatever it manages (OWASP Docker D03:
orchestration interfaces on the internet). A login page is no wall.

## How to fix
Reach it through the cluster's API (`kubectl port-forward`), a VPN or a proxy that knows its users.

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
depends on the way. Severity is critical for what manages the cluster, else the catalogue's.

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
    yield from judge_ways(facts, SoftwareKind.MANAGEMENT, Audience.INTERNET, _rate)


def _rate(known: Software) -> Severity:
    """Whoever reaches what manages the cluster has the cluster."""
    return Severity.CRITICAL if known.orchestration_management else known.severity_if_exposed


CHECK = Check(
    slug="management-interface-open-to-internet",
    family=Family.MANAGEMENT,
    severity=Severity.CRITICAL,
    title="Management interface is open to the internet",
    remediation=(
        "Take it off the internet: make the door internal, or remove it and use kubectl "
        "port-forward, a VPN or an authenticating proxy."
    ),
    needs=WAYS_NEED,
    reads=frozenset(OTHER_WAYS),
    subjects_from=frozenset({PODS}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.DASHBOARD, Topic.LB_EXPOSURE),
    nothing_to_judge="no management interface is recognised",
)
