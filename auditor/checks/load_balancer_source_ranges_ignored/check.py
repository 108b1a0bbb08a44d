"""Source ranges are declared, and the load balancer does not honour them.

## What it reports
A Service of type LoadBalancer that names source ranges in `spec.loadBalancerSourceRanges` or in
`service.beta.kubernetes.io/load-balancer-source-ranges`, under settings with which its controller
ignores them. Where the cloud was asked, its firewalls decide: ranges that they go beyond are
ignored, whatever the settings say.

## Why it matters
Somebody believes that the door is closed to all but a few. It is not.

## How to fix
Remove the setting that the evidence names, or put the ranges where that controller reads them.

## Subject and identity
The Service. One finding for each; no discriminator.

## Known gaps
Which controller serves a Service is told from its class, annotations, nodes and the controllers
that run; where that is not enough the verdict is `unknown`. What most of the smaller clouds, and
software such as MetalLB, do with ranges is not confirmed: they are `unknown` too. Versions of
controllers are not compared.

## References
kubernetes-sigs/aws-load-balancer-controller, docs/guide/service/annotations.md.
"""

from collections.abc import Iterator

from auditor.analysis.exposure.backends import service_ref
from auditor.analysis.exposure.load_balancers import LOAD_BALANCER_TYPE, ranges_in_force
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import NODES, PODS, SERVICES
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for service in facts.inventory.services:
        if service.spec.type != LOAD_BALANCER_TYPE:
            continue
        declared = ranges_in_force(service, facts.site)
        if declared is None:
            continue
        verdict = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.UNKNOWN}[
            declared.honoured
        ]
        yield Judgement(
            subject=service_ref(service),
            verdict=verdict,
            summary=f"{service_ref(service)} declares source ranges that {_SUMMARY[verdict]}",
            evidence=(declared.hop, *([declared.ignored] if declared.ignored else [])),
            reason=declared.reason,
        )


_SUMMARY = {
    Verdict.PASS: "its controller honours",
    Verdict.FAIL: "its controller ignores",
    Verdict.UNKNOWN: "its controller may ignore",
}

CHECK = Check(
    slug="load-balancer-source-ranges-ignored",
    family=Family.EXPOSURE,
    severity=Severity.HIGH,
    title="Declared source ranges are ignored",
    remediation="Remove the setting that switches source ranges off, or put them where it reads.",
    needs=frozenset({SERVICES}),
    subjects_from=frozenset({SERVICES}),
    reads=frozenset({NODES, PODS}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no load balancer that declares source ranges",
)
