"""The API server can be dialled by the whole internet.

## What it reports
A cluster whose API server has a public endpoint that admits any address: by what the cloud says of
it, where a connector read that. Of a cluster that is known by a kubeconfig alone, a public address
or a name is `unknown`: who may dial it is for the cloud's list, or a firewall, to say.

## Why it matters
Whoever finds a token, or an unpatched flaw, has the whole cluster, from anywhere (OWASP Docker D03:
orchestration interfaces on the internet; OWASP Kubernetes 2025 K06). A login does not make it a
private place.

## How to fix
Make the endpoint private and reach it through a VPN or a bastion, or name the ranges that
administer it: `publicAccessCidrs` on EKS, authorised networks on GKE, authorised IP ranges on AKS.

## Subject and identity
The cluster. One finding; no discriminator.

## Known gaps
A private address is taken for the only one: an API server that is published elsewhere too, by a
forwarded port for example, is not seen. Names are never resolved. An endpoint that is reached
through this machine (a tunnel) is `unknown`.

## References
EKS user guide, Cluster API server endpoint; GKE and AKS documentation on authorised networks; OWASP
Docker D03.
"""

from collections.abc import Iterator

from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.connections import api_server_door, without_connection
from auditor.model.audience import Audience
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    door = api_server_door(facts)
    if door is None:
        yield from without_connection(facts)
        return
    verdict, text = _verdict(door)
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=f"the API server {text}",
        evidence=door.hops,
        reason=door.reason if verdict is Verdict.UNKNOWN else None,
    )


def _verdict(door: Door) -> tuple[Verdict, str]:
    if door.audience is Audience.INTERNET:
        return Verdict.FAIL, "is open to the internet"
    if door.audience is Audience.UNKNOWN:
        return Verdict.UNKNOWN, "may be open to the internet"
    if door.audience is Audience.ALLOW_LISTED:
        return Verdict.PASS, "is open to named public ranges only"
    return Verdict.PASS, "is not open to public addresses"


CHECK = Check(
    slug="api-server-open-to-internet",
    family=Family.CONTROL_PLANE,
    severity=Severity.CRITICAL,
    title="API server is open to the internet",
    remediation=(
        "Make the endpoint private, or name the public ranges that administer the cluster in the "
        "cloud's list of authorised networks."
    ),
    needs=frozenset(),
    subjects_from=frozenset(),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.API_EXPOSURE,),
    nothing_to_judge="how the API server is reached is not part of the source",
)
