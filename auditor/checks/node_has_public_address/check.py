"""A node carries an internet address.

## What it reports
Nodes whose `status.addresses` hold an internet address, as ExternalIP or as InternalIP, by their
pool. The evidence lists the addresses and what listens there: node ports, host ports, host-network
ports and the kubelet. Where a cloud was asked, also a pool whose nodes it gives internet addresses,
even while the pool has no node or no node could be read.

## Why it matters
Every listener of such a node is one firewall rule away from the internet (OWASP Kubernetes 2025
K06: overly exposed components).

## How to fix
Put the pool into private subnets and reach the internet through a NAT gateway.

## Subject and identity
The node pool, or the Node where no label names a pool. One finding for each; no discriminator.

## Known gaps
Of clouds, managed node groups are read, not what Karpenter or an Auto Mode starts, and no firewall
of a node. Privately used public ranges are named in `internal_cidrs`.

## References
Kubernetes API reference, core/v1 NodeAddress; Kubernetes documentation, "Ports and Protocols".
"""

from collections import defaultdict
from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.nodes import PublicAddress, pool_hops, pool_of, pool_ref
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import NODES, PODS, SERVICES
from auditor.model.cloud import CloudNodePool
from auditor.model.exposure import Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Severity, Verdict

KUBELET_PORT = 10250
"""Where every node's kubelet listens (Kubernetes documentation, "Ports and Protocols")."""

_SHOWN = 10
"""Listeners and addresses that the evidence lists before it only counts."""


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    pools: dict[ObjectRef, set[str]] = defaultdict(set)
    by_cloud = {pool_ref(pool): pool for pool in facts.nodes.pools}
    for node in facts.nodes.nodes:
        pools[pool_of(node)].add(node.metadata.name)
    for pool in sorted(pools.keys() | by_cloud, key=ObjectRef.sort_key):
        yield _judgement(facts, pool, pools.get(pool, set()), by_cloud.get(pool))


def _judgement(
    facts: Facts, pool: ObjectRef, names: set[str], known: CloudNodePool | None
) -> Judgement:
    public = facts.nodes.public_on(names)
    told = tuple(pool_hops(known)) if known else ()
    by_cloud = known.has_public_addresses if known else None
    is_shown = bool(names) and facts.nodes.addressed.issuperset(names)
    if public or by_cloud:
        verdict = Verdict.FAIL
        text = "has an internet address" if public else "is given internet addresses by its cloud"
        evidence = (*_evidence(facts, names, public), *told)
    elif is_shown or (not names and by_cloud is False):
        verdict, text = Verdict.PASS, "has no internet address"
        evidence = told or (Hop(str(pool), "status.addresses", "no internet address shown"),)
    else:
        verdict, text = Verdict.UNKNOWN, "has a node that shows no address"
        if not names:
            text = "has no node, and what its cloud gives to nodes was not read"
        evidence = told or (Hop(str(pool), "status.addresses", "no internet address shown"),)
    return Judgement(
        subject=pool,
        verdict=verdict,
        summary=f"{pool} {text}",
        evidence=evidence,
        reason=text.replace("has a node that", "a node", 1) if verdict is Verdict.UNKNOWN else None,
    )


def _evidence(facts: Facts, names: set[str], public: tuple[PublicAddress, ...]) -> Iterator[Hop]:
    hops = [address.hop() for address in public]
    if public:
        kubelet = f"Node/{public[0].node}"
        hops.append(Hop(kubelet, "kubelet", str(KUBELET_PORT), "listens there"))
    hops += [
        Hop(str(door.subject), str(door.entry.via), door.label(), "listens there")
        for door in facts.doors_via(Via.NODE_PORT, Via.HOST_PORT, Via.HOST_NETWORK)
        if door.entry.via is Via.NODE_PORT or _runs_on(facts, door.subject, names)
    ]
    yield from hops[:_SHOWN]
    if len(hops) > _SHOWN:
        yield Hop("Node", "status.addresses", f"{len(hops) - _SHOWN} more addresses and listeners")


def _runs_on(facts: Facts, workload: ObjectRef, names: set[str]) -> bool:
    return any(pod.spec.node_name in names for pod in facts.workloads.pods_of(workload))


CHECK = Check(
    slug="node-has-public-address",
    family=Family.CONTROL_PLANE,
    severity=Severity.MEDIUM,
    title="Node has an internet address",
    remediation="Move the node pool into private subnets behind a NAT gateway.",
    needs=frozenset({NODES}),
    subjects_from=frozenset({NODES}),
    reads=frozenset({SERVICES, PODS}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.NODE_EXPOSURE,),
    nothing_to_judge="no node",
)
