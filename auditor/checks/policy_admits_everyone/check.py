"""A rule of a policy admits all sources on all ports.

## What it reports
An ingress rule that admits every pod of every namespace and every outside address, on every port:
a rule without `from` and `ports`, or one whose peers come to the same. Of Admin and Baseline
policies, a rule that allows all pods on all ports: they cannot speak of outside addresses on
ingress.

## Why it matters
Such a policy looks like segmentation and is none. An Admin policy of this kind overrides every
NetworkPolicy below it (OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Name in the rule who needs to connect, and on which ports; or delete the policy.

## Subject and identity
The policy. One finding for each such rule; the discriminator is the rule's place.

## Known gaps
Ingress rules only. A rule is judged by itself: two rules that together admit everyone are not
found. Whether the plugin enforces the policy makes no difference.

## References
Kubernetes documentation, Network Policies, "Allow all ingress traffic".
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.drafts import Draft, DraftRule
from auditor.analysis.reachability.standing import Action, Direction
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.segmentation import unseen_admin_policies
from auditor.kube.resources import ADMIN_POLICIES, NETWORK_POLICIES
from auditor.model.exposure import Hop
from auditor.model.ports import ALL_PORTS
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from unseen_admin_policies(facts)
    outside = facts.reachability.outside
    for draft in facts.reachability.drafts.values():
        wanted = facts.reachability.entities.stranger | (0 if draft.is_admin else outside)
        wide = [rule for rule in draft.rules if _admits(facts, wanted, rule)]
        for rule in wide:
            yield _judged(draft, rule)
        if not wide:
            yield Judgement(
                subject=draft.ref,
                verdict=Verdict.PASS,
                summary=f"{draft.ref} admits nobody without naming them",
                evidence=(Hop(str(draft.ref), "spec.ingress", f"{_count(draft)} rules"),),
            )


def _count(draft: Draft) -> int:
    return sum(rule.direction is Direction.INGRESS for rule in draft.rules)


def _admits(facts: Facts, wanted: int, rule: DraftRule) -> bool:
    """Whether an ingress rule admits some entities on all ports; a stranger stands for all pods."""
    if rule.direction is not Direction.INGRESS or rule.action is not Action.ALLOW:
        return False
    if rule.ports.sure != ALL_PORTS:
        return False
    return not wanted & ~facts.reachability.membership.of(rule.peers).sure


def _judged(draft: Draft, rule: DraftRule) -> Judgement:
    whom = "all pods" if draft.is_admin else "all pods and all addresses"
    return Judgement(
        subject=draft.ref,
        verdict=Verdict.FAIL,
        summary=f"{draft.ref} admits {whom} on all ports by {rule.origin.field}",
        evidence=(Hop(str(draft.ref), rule.origin.field, f"admits {whom} on all ports"),),
        discriminator=rule.origin.field,
    )


CHECK = Check(
    slug="policy-admits-everyone",
    family=Family.SEGMENTATION,
    severity=Severity.MEDIUM,
    title="Policy admits everyone",
    remediation="Name in the rule who needs to connect and on which ports, or delete the policy.",
    needs=frozenset({NETWORK_POLICIES}),
    subjects_from=frozenset({NETWORK_POLICIES}),
    reads=frozenset(ADMIN_POLICIES),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_INGRESS,),
    nothing_to_judge="no network policy",
)
