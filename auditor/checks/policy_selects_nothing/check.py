"""A policy selects no workload: it protects nothing.

## What it reports
A NetworkPolicy, Admin or Baseline policy that speaks to no pod that was read and to no template of
a workload: its selector names labels or namespaces that nothing carries, or it is broken.

## Why it matters
Most often a label was renamed or misspelt, and what the policy was meant to isolate is open. The
API server accepts it without a word (OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Correct the selector, or delete the policy.

## Subject and identity
The policy. No discriminator.

## Known gaps
A policy for pods that come and go without a workload (bare Jobs, operators' pods) is reported while
none is there.

## References
Kubernetes documentation, Network Policies, `podSelector`; Labels and Selectors.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.drafts import Draft
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.segmentation import unseen_admin_policies
from auditor.kube.resources import ADMIN_POLICIES, NAMESPACES, NETWORK_POLICIES, PODS
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from unseen_admin_policies(facts)
    for draft in facts.reachability.drafts.values():
        yield _judged(facts, draft)


def _judged(facts: Facts, draft: Draft) -> Judgement:
    entities = facts.reachability.entities
    field = "spec.subject" if draft.is_admin else "spec.podSelector"
    selected = facts.reachability.membership.of(draft.subject).maybe & entities.living
    first = next(entities.numbers(selected), None)
    if first is not None:
        refs = facts.owners.workloads.get(first, ())
        value = f"selects {refs[0]}" if refs else "selects pods"
        return _said(draft, Verdict.PASS, "selects pods", Hop(str(draft.ref), field, value))
    if (ref := _template(facts, draft)) is not None:
        hop = Hop(str(draft.ref), field, f"selects {ref}", "it has no pod now")
        return _said(draft, Verdict.PASS, "selects a workload without a pod", hop)
    broken = next((item.message for item in draft.issues if item.field.startswith(field)), "")
    hop = Hop(str(draft.ref), field, "selects nothing", broken)
    # A label of a namespace that was not read may be the one that is asked for.
    if draft.is_admin and not facts.inventory.state(NAMESPACES).is_complete:
        reason = f"{NAMESPACES} is {facts.inventory.state(NAMESPACES).value}"
        return _said(draft, Verdict.UNKNOWN, "may select nothing", hop, reason)
    return _said(draft, Verdict.FAIL, "selects no workload", hop)


def _template(facts: Facts, draft: Draft) -> ObjectRef | None:
    """Find a workload whose pods the policy would select if there were any."""
    for workload in facts.inventory.workloads:
        template = workload.template()
        if template is None:
            continue
        namespace = workload.metadata.namespace or ""
        if facts.reachability.membership.would_hold(
            draft.subject, namespace, template.metadata.labels
        ):
            return ObjectRef(workload.kind, namespace, workload.metadata.name)
    return None


def _said(
    draft: Draft, verdict: Verdict, words: str, hop: Hop, reason: str | None = None
) -> Judgement:
    return Judgement(
        subject=draft.ref,
        verdict=verdict,
        summary=f"{draft.ref} {words}",
        evidence=(hop,),
        reason=reason,
    )


CHECK = Check(
    slug="policy-selects-nothing",
    family=Family.SEGMENTATION,
    severity=Severity.LOW,
    title="Policy selects nothing",
    remediation="Correct the selector, or delete the policy.",
    needs=frozenset({NETWORK_POLICIES, PODS}),
    subjects_from=frozenset({NETWORK_POLICIES}),
    reads=frozenset({*ADMIN_POLICIES, NAMESPACES}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_INGRESS, Topic.SEG_EGRESS),
    nothing_to_judge="no network policy",
)
