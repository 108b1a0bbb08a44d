"""A Service claims addresses that Kubernetes does not manage.

## What it reports
A Service of any type that sets `spec.externalIPs`.

## Why it matters
Every node answers for those addresses, so whoever may write Services can take traffic that was
meant for others (CVE-2020-8554), and the door stands outside of every load balancer's control.

## How to fix
Remove `externalIPs` and use a load balancer; refuse the field at admission with the
`DenyServiceExternalIPs` plugin.

## Subject and identity
The Service. One finding for each; no discriminator.

## Known gaps
Whether anything routes to the addresses is not known.

## References
Kubernetes Service documentation, "External IPs"; CVE-2020-8554.
"""

from collections.abc import Iterator

from auditor.analysis.exposure.backends import service_ref
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import SERVICES
from auditor.model.exposure import Hop
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for service in facts.inventory.services:
        ref = service_ref(service)
        claimed = ", ".join(service.spec.external_ips)
        yield Judgement(
            subject=ref,
            verdict=Verdict.FAIL if claimed else Verdict.PASS,
            summary=f"{ref} claims {claimed or 'no external addresses'}",
            evidence=(Hop(str(ref), "spec.externalIPs", claimed or "none"),),
        )


CHECK = Check(
    slug="external-ips-service",
    family=Family.EXPOSURE,
    severity=Severity.HIGH,
    title="Service claims external addresses",
    remediation="Remove spec.externalIPs, use a load balancer, and refuse the field at admission.",
    needs=frozenset({SERVICES}),
    subjects_from=frozenset({SERVICES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no Service",
)
