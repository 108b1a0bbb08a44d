"""The network plugin cannot enforce network policies, or they are switched off in it.

## What it reports
A plugin that was recognised and enforces nothing: flannel, Azure CNI or GKE's first data plane
without an engine beside it; the Amazon VPC CNI without its agent, with the agent switched off or
before v1.14.0; kube-router, Cilium or Kube-OVN with a flag that switches policies off.

## Why it matters
The API server stores a NetworkPolicy whether or not anything enforces it. Without an engine every
pod reaches every other one, and a policy is only text (OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Switch enforcement on in the plugin, or install an engine beside it, such as Calico beside flannel.

## Subject and identity
The cluster. One finding; no discriminator.

## Known gaps
Values of environment variables and the cloud's own API are not read: a switch that stands only
there gives `unknown`. Of ConfigMaps those of Cilium, the Amazon VPC CNI and Terway are read. That
an agent is ready is not read, only that it runs. Where the nodes differ the verdict is `unknown`,
and `cni-enforcement-partial` names the nodes.

## References
`docs/contract.md`, Enforcement; Kubernetes documentation, Network Policies, prerequisites.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import CONFIG_MAPS, NODES, PODS
from auditor.model.audit import Enforces
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    told = facts.enforcement
    verdict, summary = Verdict.PASS, f"{told.name} enforces network policies"
    if not told.is_known:
        verdict, summary = Verdict.UNKNOWN, "whether network policies are enforced is not known"
    elif told.cni.enforces is Enforces.NONE:
        verdict, summary = Verdict.FAIL, f"{told.name} enforces no network policy"
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=summary,
        evidence=told.hops,
        reason=told.reason,
    )


CHECK = Check(
    slug="cni-without-policy-support",
    family=Family.CNI,
    severity=Severity.HIGH,
    title="Network plugin enforces no policies",
    remediation=(
        "Switch network policies on in the plugin, or install a policy engine beside it. Prove it "
        "with a connection that a policy must stop."
    ),
    needs=frozenset({NODES, PODS}),
    subjects_from=frozenset(),
    reads=frozenset({CONFIG_MAPS}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.CNI,),
    nothing_to_judge="no network plugin",
)
