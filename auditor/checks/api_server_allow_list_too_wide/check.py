"""The list of who may dial the API server admits too many.

## What it reports
A cluster whose API server has a public endpoint with a list of sources that is not the internet,
and yet admits more public addresses than the limit: the ranges of a whole provider, for example.
One that admits all of its cloud's own addresses beside the list (on GKE,
`gcpPublicCidrsAccessEnabled`) fails too.

## Why it matters
A list that holds a cloud's public ranges lets in everybody who rents a machine there (OWASP Docker
D03: orchestration interfaces on the internet).

## How to fix
Name the addresses of the offices, bastions and pipelines that administer the cluster, or make the
endpoint private.

## Subject and identity
The cluster. One finding; no discriminator.

## Parameters
`max_public_addresses` that the list may admit (65,536, a /16). An IPv6 /64 counts as one: that is
what one site is given at least.

## Known gaps
Only what a cloud's connector read is judged; of a kubeconfig alone, a public address or a name is
`unknown`. Whose the ranges are is not looked up.

## References
EKS user guide, Cluster API server endpoint; RFC 6177, IPv6 Address Assignment to End Sites.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement
from auditor.checks.connections import api_server_door, without_connection
from auditor.model.addresses import AddressSet
from auditor.model.audience import Audience
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict

_SITE = 2**64
"""Addresses of an IPv6 /64."""


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many public addresses a list may admit."""

    max_public_addresses: int = 65_536


def _judge(facts: Facts, parameters: Parameters) -> Iterator[Judgement]:
    door = api_server_door(facts)
    if door is None:
        yield from without_connection(facts)
        return
    subject = cluster_subject(facts.cluster.id)
    cloud = facts.cluster.cloud
    others = cloud.endpoint.also_admits if cloud and cloud.endpoint else None
    if others and door.audience is Audience.UNKNOWN:
        yield Judgement(
            subject=subject,
            verdict=Verdict.FAIL,
            summary=f"the API server's list is not all: it admits {others}",
            evidence=door.hops,
        )
        return
    if door.audience is not Audience.ALLOW_LISTED:
        is_told = door.audience is not Audience.UNKNOWN
        yield Judgement(
            subject=subject,
            verdict=Verdict.NOT_APPLICABLE if is_told else Verdict.UNKNOWN,
            summary=f"the API server is {door.for_whom()}, by no list"
            if is_told
            else "whether a list says who may dial the API server is not known",
            evidence=door.hops,
            reason=None if is_told else door.reason,
        )
        return
    public = AddressSet.of(door.sources) - facts.space.private
    count = public.ipv4.size() + -(-public.ipv6.size() // _SITE)
    is_wide = count > parameters.max_public_addresses
    said = f"{count:,} public addresses, of {parameters.max_public_addresses:,} that it may admit"
    yield Judgement(
        subject=subject,
        verdict=Verdict.FAIL if is_wide else Verdict.PASS,
        summary=f"the API server's list admits {said}",
        evidence=(*door.hops, Hop(str(subject), "admitted public addresses", f"{count:,}")),
    )


CHECK = Check(
    slug="api-server-allow-list-too-wide",
    family=Family.CONTROL_PLANE,
    severity=Severity.HIGH,
    title="List of who may dial the API server is too wide",
    remediation=(
        "Name the addresses of the offices, bastions and pipelines that administer the cluster, "
        "or make the endpoint private."
    ),
    needs=frozenset(),
    subjects_from=frozenset(),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.API_EXPOSURE,),
    parameters=Parameters,
    nothing_to_judge="how the API server is reached is not part of the source",
)
