"""A load balancer that the whole internet may dial.

## What it reports
A port of a Service of type LoadBalancer whose scheme faces the internet and whose source ranges
admit the internet. Ranges are compared by arithmetic: `::/0`, two halves of the address space, and
everything but a few holes are the internet. Where nothing tells the scheme it is taken to face the
internet, with low confidence and marked as assumed.

## Why it matters
Every open port is scanned within minutes (OWASP Docker D03: expose only the ports you need).

## How to fix
Make the load balancer internal, or name the clients in `spec.loadBalancerSourceRanges`. Where the
world is the audience, accept the finding by an exception with an owner.

## Subject and identity
The Service. One finding for each port and protocol; no discriminator.

## Known gaps
The cloud's own record of the load balancer is not read by this version; security groups named by
an annotation make the verdict `unknown`, and so do source ranges where it cannot be told which
controller serves the Service, and so whether it honours them. So does a load balancer that an
annotation names by its id. Pools of addresses, as of MetalLB, are not read: until the status shows
an address, one of them is taken to face the internet unless a private one is asked for.

## References
Kubernetes Service documentation, "Internal load balancer" and `loadBalancerSourceRanges`.
"""

from collections.abc import Iterator

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
            case Audience.INTERNET:
                verdict, text = Verdict.FAIL, "is open to the internet"
            case audience if door.reason or audience is Audience.UNKNOWN:
                verdict, text = Verdict.UNKNOWN, "may be open to the internet"
            case audience:
                verdict, text = Verdict.PASS, f"is open to {audience.value} only"
        summary = f"{door.subject} {text} on {door.label()}"
        reason = door.reason if verdict is Verdict.UNKNOWN else None
        yield judge_door(facts, door, verdict, summary, reason=reason)


CHECK = Check(
    slug="load-balancer-open-to-internet",
    family=Family.EXPOSURE,
    severity=Severity.MEDIUM,
    title="Load balancer is open to the internet",
    remediation=(
        "Make the load balancer internal or list its clients in spec.loadBalancerSourceRanges. "
        "If the internet is its audience, accept it by an exception."
    ),
    needs=frozenset({SERVICES}),
    subjects_from=frozenset({SERVICES}),
    reads=frozenset({NODES, PODS, NETWORK_POLICIES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no Service of type LoadBalancer",
)
