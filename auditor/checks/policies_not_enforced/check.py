"""Network policies are declared and nothing in the cluster enforces them.

## What it reports
A cluster that holds at least one NetworkPolicy, and whose network plugin was recognised and
enforces none: by its nature, its version or its switches.

## Why it matters
Somebody wrote these policies and relies on them. Everything that they forbid is open, and nothing
says so: the API server accepts them without a word (OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Switch enforcement on in the plugin, or install an engine beside it. Test first what the policies
will stop: nobody has ever seen them at work.

## Subject and identity
The cluster. One finding; the evidence names the first policies. No discriminator.

## Known gaps
NetworkPolicies only: policies of a plugin's own kinds are not read. What cannot be told of the
plugin makes the verdict `unknown`; see `cni-without-policy-support`.

## References
`docs/contract.md`, Enforcement; Kubernetes documentation, Network Policies, prerequisites.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.recognition.cni_enforcement import policy_hops
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import CONFIG_MAPS, NETWORK_POLICIES, NODES, PODS
from auditor.model.audit import Enforces
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    policies = facts.inventory.network_policies
    if not policies:
        return
    told = facts.enforcement
    count = f"{len(policies)} network policies" if len(policies) > 1 else "a network policy"
    verdict, summary = Verdict.PASS, f"{told.name} enforces {count}"
    if not told.is_known:
        verdict, summary = Verdict.UNKNOWN, f"whether {count} are enforced is not known"
    elif told.cni.enforces is Enforces.NONE:
        verdict, summary = Verdict.FAIL, f"{count} declared, not enforced by {told.name}"
    note = "declared, not enforced" if verdict is Verdict.FAIL else "declared"
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=summary,
        evidence=(*policy_hops(policies, note), *told.hops),
        reason=told.reason,
    )


CHECK = Check(
    slug="policies-not-enforced",
    family=Family.CNI,
    severity=Severity.CRITICAL,
    title="Network policies are not enforced",
    remediation=(
        "Switch network policies on in the plugin, or install a policy engine beside it. Until "
        "then treat every pod as reachable by every other one."
    ),
    needs=frozenset({NETWORK_POLICIES, NODES, PODS}),
    subjects_from=frozenset(),
    reads=frozenset({CONFIG_MAPS}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.CNI,),
    nothing_to_judge="no network policy",
)
