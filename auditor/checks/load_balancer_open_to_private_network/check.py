"""A load balancer that the private network may dial, though nobody asked for it.

## What it reports
A port of a Service of type LoadBalancer that the VPC, LAN or peered networks reach, where no
declaration says that this workload's port is meant for more than the cluster.

## Why it matters
Inside a network an attacker moves by whatever answers (OWASP Docker D03, threat 2: needless
exposure in the LAN).

## How to fix
Use a ClusterIP Service, or write a declaration with the audience `private-network`, an owner and a
reason.

## Subject and identity
The Service. One finding for each port and protocol; no discriminator.

## Known gaps
An internet-facing load balancer is judged by `load-balancer-open-to-internet` alone.

## References
OWASP Docker Top 10 D03; the declarations of this tool's configuration.
"""

from collections.abc import Iterator

from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.doors import judge_door
from auditor.kube.resources import NETWORK_POLICIES, NODES, PODS, SERVICES
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for door in facts.doors_via(Via.LOAD_BALANCER):
        match door.audience:
            case Audience.PRIVATE_NETWORK if _is_declared(facts, door):
                verdict, text = Verdict.PASS, "is open to the private network, as declared"
            case Audience.PRIVATE_NETWORK if _may_be_declared(facts, door):
                verdict, text = Verdict.UNKNOWN, "is open to the private network, maybe as declared"
            case Audience.PRIVATE_NETWORK:
                verdict, text = Verdict.FAIL, "is open to the private network"
            case Audience.UNKNOWN:
                verdict, text = Verdict.UNKNOWN, "may be open to the private network"
            case audience:
                verdict, text = Verdict.NOT_APPLICABLE, f"is open to {audience.value}"
        summary = f"{door.subject} {text} on {door.label()}"
        reason = door.reason or door.backends.reason if verdict is Verdict.UNKNOWN else None
        yield judge_door(facts, door, verdict, summary, reason=reason)


def _may_be_declared(facts: Facts, door: Door) -> bool:
    """Whether there are declarations and the workloads that they may speak of were not read."""
    return bool(door.backends.reason and facts.configuration.declarations)


def _is_declared(facts: Facts, door: Door) -> bool:
    """Whether each workload behind it is declared to serve more than the cluster."""
    workloads = door.workloads()
    return bool(workloads) and all(
        any(
            declaration.admits(Audience.PRIVATE_NETWORK)
            for declaration in facts.declarations_for(
                workload, door.entry.port, door.entry.protocol
            )
        )
        for workload in workloads
    )


CHECK = Check(
    slug="load-balancer-open-to-private-network",
    family=Family.EXPOSURE,
    severity=Severity.LOW,
    title="Load balancer is open to the private network",
    remediation="Use a ClusterIP Service, or declare that the private network is its audience.",
    needs=frozenset({SERVICES}),
    subjects_from=frozenset({SERVICES}),
    reads=frozenset({NODES, PODS, NETWORK_POLICIES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no Service of type LoadBalancer",
)
