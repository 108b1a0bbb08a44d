"""A node carries an internet address.

## What it reports
Nodes whose `status.addresses` hold an internet address, as ExternalIP or as InternalIP, by their
pool. The evidence lists the addresses and what listens there: node ports, host ports, host-network
ports and the kubelet.

## Why it matters
Every listener of such a node is one firewall rule away from the internet (OWASP Kubernetes 2025
K06: overly exposed components).

## How to fix
Put the pool into private subnets and reach the internet through a NAT gateway.

## Subject and identity
The node pool, or the Node where no label names a pool. One finding for each; no discriminator.

## Known gaps
The cloud's own record of a pool is not read by this version, nor its firewalls. Privately used
public ranges are named in `internal_cidrs`.

## References
Kubernetes API reference, core/v1 NodeAddress; Kubernetes documentation, "Ports and Protocols".
"""

from collections import defaultdict
from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.nodes import PublicAddress, pool_of
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import NODES, PODS, SERVICES
from auditor.model.exposure import Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Severity, Verdict

KUBELET_PORT = 10250
"""Where every node's kubelet listens (Kubernetes documentation, "Ports and Protocols")."""

_SHOWN = 10
"""Listeners and addresses that the evidence lists before it only counts."""


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    pools: dict[ObjectRef, set[str]] = defaultdict(set)
    for node in facts.nodes.nodes:
        pools[pool_of(node)].add(node.metadata.name)
    for pool, names in sorted(pools.items(), key=lambda item: item[0].sort_key()):
        public = facts.nodes.public_on(names)
        is_told = facts.nodes.addressed.issuperset(names)
        verdict = Verdict.PASS if is_told else Verdict.UNKNOWN
        text = "has no internet address" if is_told else "has a node that shows no address"
        if public:
            verdict, text = Verdict.FAIL, "has an internet address"
        private = Hop(str(pool), "status.addresses", "no internet address shown")
        yield Judgement(
            subject=pool,
            verdict=verdict,
            summary=f"{pool} {text}",
            evidence=tuple(_evidence(facts, names, public)) if public else (private,),
            reason="a node shows no address" if verdict is Verdict.UNKNOWN else None,
        )


def _evidence(facts: Facts, names: set[str], public: tuple[PublicAddress, ...]) -> Iterator[Hop]:
    hops = [address.hop() for address in public]
    hops.append(Hop(f"Node/{public[0].node}", "kubelet", str(KUBELET_PORT), "listens there"))
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
