"""A pod opens a port on the node it runs on.

## What it reports
A workload whose containers claim a `hostPort`, or run in the host's network and document a port:
each such port is a listener on the node.

## Why it matters
A host port bypasses Services, load balancers and their source ranges, and with many network
plugins the policies too.

## How to fix
Publish the port by a Service. If it must be the node's, bind it to an address with `hostIP`.

## Subject and identity
The workload. One finding for each port and protocol; the discriminator is the `hostIP`, if set.

## Known gaps
What a host-network container listens on without documenting it is not seen. Severity is high where
a node that the pods run on has an internet address, else medium.

## References
Kubernetes Pod Security Standards, baseline profile, "Host Ports"; CIS Kubernetes 5.2.12.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.doors import judge_door, severity_on_nodes
from auditor.kube.resources import NETWORK_POLICIES, NODES, PODS
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for door in facts.doors_via(Via.HOST_PORT, Via.HOST_NETWORK):
        opens = f"{door.subject} opens {door.label()} on its node by {door.entry.via}"
        yield judge_door(
            facts,
            door,
            Verdict.PASS if door.audience is Audience.NONE else Verdict.FAIL,
            f"{opens}, {door.for_whom()}",
            severity=severity_on_nodes(door),
            discriminator=door.bound_address,
        )


CHECK = Check(
    slug="host-port-open",
    family=Family.EXPOSURE,
    severity=Severity.MEDIUM,
    title="Port of the node is open",
    remediation="Publish the port by a Service, or bind it to one address of the node by hostIP.",
    needs=frozenset({PODS}),
    subjects_from=frozenset({PODS}),
    reads=frozenset({NODES, NETWORK_POLICIES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.HOST_ACCESS, Topic.NODE_EXPOSURE),
    nothing_to_judge="no pod opens a port of its node",
)
