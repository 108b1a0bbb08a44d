"""Clusters of different tenants or risk levels sit in one network.

## What it reports
Clusters that sit in one VPC or virtual network, or in networks that are peered, and hold different
tenants, or risk levels that `risk_levels.may_share_network` does not allow together. It speaks of
the fleet: of all clusters that were audited together, by what their clouds say of their networks.

## Why it matters
Nodes, load balancers and private API endpoints of one network are neighbours: whoever breaks into
one cluster starts inside the network of the other (OWASP Kubernetes 2022 K07, multi-cluster
isolation).

## How to fix
Give each tenant, and each risk level, a network of its own, and join networks by what names the
ports that are needed.

## Subject and identity
The pair of tenants or of risk levels. One finding for each pair and network; the discriminator is
the network's id. What cannot be told is one `unknown` on the fleet.

## Known gaps
Networks that a transit gateway joins are `unknown`: its route tables are not read. Neither are
network ACLs, firewalls, VPN connections and private links. A cluster that is known by a kubeconfig
alone has no network; files have none either, and are left out.

## References
OWASP Docker D03, threat 5; OWASP Kubernetes 2022 K07.
"""

from collections.abc import Iterable, Iterator

from auditor.analysis.segments.networks import Fleet, Junction, Member, junctions
from auditor.analysis.segments.sharing import Dimension, Pair, forbidden
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import (
    SEGMENTATION_CONTROLS,
    Check,
    Family,
    Judgement,
    NoParameters,
    of_the_fleet,
)
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject, fleet_subject
from auditor.model.verdict import Severity, Verdict

_SHOWN = 3
"""Clusters that one reason names before it only counts."""
_DIMENSIONS = (Dimension.TENANT, Dimension.RISK_LEVEL)


def _judge(fleet: Fleet, _: NoParameters) -> Iterator[Judgement]:
    met = tuple(junctions(fleet.members))
    count = 0
    for junction in met:
        for dimension in _DIMENSIONS:
            allowed = fleet.configuration.risk_levels.may_share_network
            pairs = junction.pairs(dimension)
            exempt = allowed if dimension is Dimension.RISK_LEVEL else ()
            for pair in forbidden(pairs, exempt):
                count += 1
                yield _meeting(junction, dimension, pair, pairs[pair])
    reasons = tuple(_reasons(fleet.members, met))
    if reasons or not count:
        yield Judgement(
            subject=fleet_subject(),
            verdict=Verdict.UNKNOWN if reasons else Verdict.PASS,
            summary="clusters that must be apart may share a network"
            if reasons
            else "no clusters that must be apart share a network",
            evidence=(Hop("Fleet", "networks that clusters share", str(len(met))),),
            reason="; ".join(reasons) or None,
        )


def _meeting(
    junction: Junction, dimension: Dimension, pair: Pair, members: tuple[Member, Member]
) -> Judgement:
    together = f"{dimension.value}s {pair[0]} and {pair[1]}"
    how = f"have clusters that share the network {junction.network}"
    if junction.is_hub:
        how = f"have clusters that {junction.network} joins"
    reason = f"the route tables of {junction.network} are not read" if junction.is_hub else None
    return Judgement(
        subject=dimension.pair_ref(pair),
        verdict=Verdict.UNKNOWN if junction.is_hub else Verdict.FAIL,
        summary=f"{together} {how}",
        evidence=tuple(_hops(junction, dimension, pair, members)),
        discriminator=junction.network,
        reason=reason,
        clusters=tuple(sorted(member.cluster_id for member in members)),
    )


def _hops(
    junction: Junction, dimension: Dimension, pair: Pair, members: tuple[Member, Member]
) -> Iterator[Hop]:
    for value, member in zip(pair, members, strict=True):
        where = str(cluster_subject(member.cluster_id))
        field = "networks"
        if junction.is_hub or member not in junction.inside:
            field = "networks' hubs" if junction.is_hub else "networks' peers"
        yield Hop(where, field, junction.network, f"{dimension.value} {value}")


def _reasons(members: tuple[Member, ...], met: tuple[Junction, ...]) -> Iterator[str]:
    """Say what keeps the rest of the fleet from a `pass`."""
    unplaced = [member.cluster_id for member in members if not member.networks]
    if unplaced:
        yield f"the networks of {_listed(unplaced)} are not known"
    alone = [
        member.cluster_id
        for member in members
        if member.networks and (member.peers is None or member.hubs is None)
    ]
    if alone:
        yield f"what the networks of {_listed(alone)} are joined with was not read"
    for dimension in _DIMENSIONS:
        untold = {
            member.cluster_id
            for junction in met
            for member in junction.members
            if not member.values(dimension)
        }
        if untold:
            yield f"the {dimension.value} of {_listed(untold)} cannot be told"


def _listed(ids: Iterable[str]) -> str:
    ordered = sorted(ids)
    more = len(ordered) - _SHOWN
    shown = ", ".join(ordered[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


CHECK = Check(
    slug="clusters-share-network",
    family=Family.TENANCY,
    severity=Severity.HIGH,
    title="Clusters that must be apart share a network",
    remediation="Give each tenant and each risk level a network of its own.",
    needs=frozenset(),
    subjects_from=frozenset(),
    judge=of_the_fleet,
    judge_fleet=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no second cluster",
)
