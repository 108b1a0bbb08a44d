"""The policy engine logs what it would deny and lets it pass.

## What it reports
Agents of Cilium that are started with `--policy-audit-mode`, or find it in `cilium-config`.

## Why it matters
Policies are there, an engine that can enforce them is there, and nothing is stopped. The mode is
meant for a trial, and is forgotten (OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Read what the mode logged, mend the policies, and switch it off.

## Subject and identity
The cluster. One finding; no discriminator.

## Known gaps
Values of environment variables are not read. The audit mode of single endpoints is not visible in
the Kubernetes API, and staged policies of Calico are not read.

## References
Cilium documentation, Creating policies from verdicts; `docs/contract.md`, Enforcement.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.recognition.cni import AuditMode
from auditor.analysis.recognition.cni_enforcement import Enforcement
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import CONFIG_MAPS, NODES, PODS
from auditor.model.audit import Enforces
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    told = facts.enforcement
    mode = AuditMode.UNKNOWN if told.cni.assumed else told.recognised.audit_mode
    if mode is AuditMode.OFF and told.cni.enforces is Enforces.NONE:
        return
    verdict, summary = _VERDICTS[mode]
    evidence = told.hops if told.cni.assumed else told.recognised.audit_hops or told.hops
    reason = "; ".join(filter(None, (told.reason, *_notes(told)))) or "no engine was recognised"
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=f"{told.name} {summary}",
        evidence=evidence,
        reason=reason if verdict is Verdict.UNKNOWN else None,
    )


def _notes(told: Enforcement) -> Iterator[str]:
    if not told.reason:
        yield from dict.fromkeys(hop.note for hop in told.recognised.audit_hops)


_VERDICTS = {
    AuditMode.OFF: (Verdict.PASS, "drops what policies deny"),
    AuditMode.ON: (Verdict.FAIL, "only logs what policies deny"),
    AuditMode.UNKNOWN: (Verdict.UNKNOWN, "may only log what policies deny"),
}


CHECK = Check(
    slug="cni-policy-audit-mode",
    family=Family.CNI,
    severity=Severity.HIGH,
    title="Policy engine only logs",
    remediation="Switch the audit mode of the policy engine off.",
    needs=frozenset({NODES, PODS}),
    subjects_from=frozenset(),
    reads=frozenset({CONFIG_MAPS}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.CNI,),
    nothing_to_judge="no engine enforces policies",
)
