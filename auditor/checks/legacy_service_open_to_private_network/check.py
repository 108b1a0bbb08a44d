"""A database, file share, queue or other traditional service that the private network can reach.

## What it reports
A workload that is recognised as a file share, database, cache, queue, directory, remote desktop,
debug or CI/CD service, to which a way leads from the private network.

## Why it matters
Such services trust their network, and the VPC with its peers is larger than the team that runs them
(OWASP Docker D03: needless exposure in the LAN, and threat 4).

## How to fix
Use a ClusterIP Service for clients inside the cluster. Where clients elsewhere need it, accept the
finding by an exception with an owner.

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
depends on the way.

## References
The catalogue's `legacy_services.yaml` and its sources; OWASP Docker D03; OWASP Kubernetes Top Ten
2025 K06.
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
    yield from judge_ways(facts, SoftwareKind.LEGACY, Audience.PRIVATE_NETWORK, _rate)


def _rate(_: Software) -> Severity:
    return Severity.HIGH


CHECK = Check(
    slug="legacy-service-open-to-private-network",
    family=Family.LEGACY,
    severity=Severity.HIGH,
    title="Traditional service is open to the private network",
    remediation=(
        "Use a ClusterIP Service for clients inside the cluster; for others, accept it by an "
        "exception."
    ),
    needs=WAYS_NEED,
    reads=frozenset(OTHER_WAYS),
    subjects_from=frozenset({PODS}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no traditional service is recognised",
)
