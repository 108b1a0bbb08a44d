"""A workload may reach any public address.

## What it reports
A workload whose pods may open connections to so many public addresses that they are the internet
(`docs/contract.md`, Addresses), on at least one port, as far as effective policies decide.

## Why it matters
This is how data leaves, and how a captured pod fetches its tools and reports to whoever sent it
(OWASP Kubernetes 2022 K07, 2025 K05; Docker D03).

## How to fix
Add an egress policy that names what the workload needs: DNS, the services it calls, the ranges of
its partners.

## Subject and identity
The workload. No discriminator.

## Known gaps
It judges what policies permit: a firewall, a NAT gateway or a proxy outside of the cluster may stop
it and is not seen. Policies of vendors and meshes, and rules by domain name, are not read. Pods on
their node's network and system namespaces are left out.

## References
Kubernetes documentation, Network Policies, "Default allow all egress traffic".
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.standing import Direction
from auditor.analysis.workloads import WorkloadPods
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.segmentation import (
    ISOLATION_NEEDS,
    ISOLATION_READS,
    classes_judged,
    open_verdict,
)
from auditor.kube.resources import PODS
from auditor.model.audience import Audience
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for workload, classes in classes_judged(facts):
        yield _judged(facts, workload, classes)


def _judged(facts: Facts, workload: WorkloadPods, classes: tuple[int, ...]) -> Judgement:
    found = facts.isolations.leaving(classes)
    isolation = facts.isolations.of(workload.ref, classes, Direction.EGRESS)
    sure, maybe = (facts.space.audience_of(item) for item in (found.sure, found.maybe))
    verdict, reason = Verdict.PASS, None
    if facts.reachability_gap:
        verdict, reason = Verdict.UNKNOWN, facts.reachability_gap
    elif sure is Audience.INTERNET:
        verdict, reason = open_verdict(facts)
    elif maybe is Audience.INTERNET:
        name = facts.reachability.profile.name
        verdict = Verdict.UNKNOWN
        reason = facts.enforcement.reason or f"it depends on {name} what its policies admit"
    words = {
        Verdict.PASS: "may not reach any public address it likes",
        Verdict.FAIL: "may reach any public address",
        Verdict.UNKNOWN: "may perhaps reach any public address",
    }
    return Judgement(
        subject=workload.ref,
        verdict=verdict,
        summary=f"{workload.ref} {words[verdict]}",
        evidence=(*found.rules, *isolation.hops),
        reason=reason,
    )


CHECK = Check(
    slug="egress-to-internet-unrestricted",
    family=Family.SEGMENTATION,
    severity=Severity.LOW,
    title="Egress to the internet is unrestricted",
    remediation=(
        "Add an egress policy that names what the workload needs: DNS, the services it calls, the "
        "ranges of its partners."
    ),
    needs=ISOLATION_NEEDS,
    subjects_from=frozenset({PODS}),
    reads=ISOLATION_READS,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_EGRESS,),
    nothing_to_judge="no pod with a network of its own",
)
