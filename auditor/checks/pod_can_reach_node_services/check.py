"""A pod may open connections to services of the nodes: kubelet, etcd, SSH and the like.

## What it reports
A workload of which some pod may dial a node's address on a port of a known host service, as far as
policies decide that have an effect. Pods on their node's network are left out, since they are there
already, and so are system namespaces.

## Why it matters
A kubelet runs commands in every pod of its node, etcd holds every Secret; whoever may dial them
needs one credential or one flaw more (OWASP Docker D03, threat 6; OWASP Kubernetes 2025 K06).

## How to fix
Add an egress policy that names what the workload needs. Leave the nodes' addresses out of its
blocks.

## Subject and identity
The workload. No discriminator; the summary names the services.

## Known gaps
Whether something listens is not asked: nothing is sent to a node. A firewall on the nodes is not
seen. Many plugins let every pod reach its own node whatever policies say, and whether a block of
addresses speaks of nodes depends on the plugin: where that is not known the verdict is `unknown`.

## References
Kubernetes documentation, Ports and Protocols; Network Policies.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.openings import Opening, opening
from auditor.analysis.reachability.standing import Direction
from auditor.analysis.workloads import WorkloadPods
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.host_services import NodePort, services_on_nodes
from auditor.checks.check import Check, Control, Family, Judgement, NoParameters
from auditor.checks.inside import INSIDE_NEEDS, INSIDE_READS, judge_opening
from auditor.checks.segmentation import classes_judged
from auditor.kube.resources import NODES, PODS
from auditor.model.exposure import Hop
from auditor.model.ports import PortSet
from auditor.model.verdict import Severity, Verdict


def _ports_of(services: tuple[NodePort, ...]) -> PortSet:
    return PortSet.of((item.protocol, item.first, item.last) for item in services)


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    entities, services = facts.reachability.entities, services_on_nodes()
    nodes, wanted = entities.nodes, _ports_of(services)
    bits = [1 << at for at in range(nodes.bit_length()) if nodes >> at & 1]
    known: dict[tuple[int, ...], Opening] = {}
    for workload, classes in classes_judged(facts):
        if classes not in known:
            pairs = [(entities.bit(number), bit) for number in classes for bit in bits]
            known[classes] = opening(facts.reachability, pairs, wanted, Direction.EGRESS)
        yield _judged(facts, workload, known[classes], services)


def _judged(
    facts: Facts, workload: WorkloadPods, found: Opening, services: tuple[NodePort, ...]
) -> Judgement:
    verdict, reason = judge_opening(facts, found)
    if not facts.nodes.addresses:
        verdict, reason = Verdict.UNKNOWN, "no node shows an address"
    open_ones = found.sure or found.maybe
    named = [item.name for item in services if (item.protocol, item.first) in open_ones]
    words = {
        Verdict.FAIL: f"may reach host services on nodes: {', '.join(named[:3])} and the like",
        Verdict.PASS: "cannot reach the host services of nodes",
        Verdict.UNKNOWN: "may perhaps reach host services of nodes",
    }
    node = next(iter(facts.nodes.addresses.items()), None)
    hops = (Hop(f"Node/{node[1]}", "status.addresses[]", node[0]),) if node else ()
    return Judgement(
        subject=workload.ref,
        verdict=verdict,
        summary=f"{workload.ref} {words[verdict]}",
        evidence=(*found.hops, *hops) or (Hop("Node", "status.addresses[]", "none"),),
        reason=reason,
    )


CHECK = Check(
    slug="pod-can-reach-node-services",
    family=Family.HOST,
    severity=Severity.MEDIUM,
    title="Pod can reach services of the nodes",
    remediation=(
        "Add an egress policy that names what the workload needs, and leave the nodes' addresses "
        "out of it."
    ),
    needs=INSIDE_NEEDS | {NODES},
    subjects_from=frozenset({PODS}),
    reads=INSIDE_READS - {NODES},
    judge=_judge,
    controls=(Control.DOCKER_D03, Control.K8S_2025_K05),
    topics=(Topic.SEG_EGRESS, Topic.NODE_EXPOSURE),
    nothing_to_judge="no pod with a network of its own",
)
