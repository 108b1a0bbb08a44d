"""A port is open on every node and leads to a workload.

## What it reports
A node port of a Service that leads to a workload, the ones that a load balancer is allocated by
the way included (`allocateLoadBalancerNodePorts` is true by default). It fails whatever the nodes
are; who can dial it follows from the nodes' addresses.

## Why it matters
A node port bypasses the load balancer and its source ranges, on every node of the cluster.

## How to fix
Use a ClusterIP Service behind an Ingress or load balancer, and set
`allocateLoadBalancerNodePorts: false` where the load balancer does not need node ports.

## Subject and identity
The Service. One finding for each node port and protocol; the discriminator is the Service port
where the node port is not allocated yet.

## Known gaps
Cloud firewalls before the nodes are not read; kube-proxy's `nodePortAddresses` is not read.

## References
Kubernetes Service documentation, "type: NodePort" and "Disabling load balancer
NodePort allocation".
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.doors import judge_door, severity_on_nodes
from auditor.kube.resources import ENDPOINT_SLICES, NETWORK_POLICIES, NODES, PODS, SERVICES
from auditor.model.exposure import Via
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for door in facts.doors_via(Via.NODE_PORT):
        verdict, reason = Verdict.FAIL, None
        text = f"opens {door.label()} on every node, {door.for_whom()}"
        if door.backends.is_dangling:
            verdict, text = Verdict.PASS, f"opens {door.label()} on every node and leads nowhere"
        elif not door.backends.found:
            verdict, reason = Verdict.UNKNOWN, door.backends.reason
        yield judge_door(
            facts,
            door,
            verdict,
            f"{door.subject} {text}",
            reason=reason,
            severity=severity_on_nodes(door),
            discriminator=door.unallocated_port,
        )


CHECK = Check(
    slug="node-port-open",
    family=Family.EXPOSURE,
    severity=Severity.MEDIUM,
    title="Node port is open",
    remediation=(
        "Use a ClusterIP Service, and set allocateLoadBalancerNodePorts to false where the load "
        "balancer does not need node ports."
    ),
    needs=frozenset({SERVICES, PODS}),
    subjects_from=frozenset({SERVICES}),
    reads=frozenset({ENDPOINT_SLICES, NODES, NETWORK_POLICIES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE, Topic.NODE_EXPOSURE),
    nothing_to_judge="no node port",
)
