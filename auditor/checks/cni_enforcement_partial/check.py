"""Policies use something that the network plugin does not enforce everywhere.

## What it reports
Nodes on which no agent of the policy engine runs, while others have one; and policies that use
egress, ranges of ports (`endPort`) or SCTP where the engine, or the version that runs, does not
enforce it.

## Why it matters
The policies look complete and work on most days. A pod that is moved to a node without an agent,
or that sends where only egress rules would stop it, has no policy at all (OWASP Kubernetes 2022
K07, 2025 K05).

## How to fix
Let the agent's DaemonSet tolerate every taint, keep workloads off nodes that cannot run it
(Fargate, Windows, virtual nodes), and bring the engine to a version that enforces what the policies
use.

## Subject and identity
The cluster. One finding; no discriminator.

## Known gaps
Admin policies and a plugin's own kinds of policy are not read by this version. Where a policy uses
`endPort` or SCTP and it was not confirmed that the plugin enforces it, the verdict is `unknown`.
Where nothing is enforced at all, `policies-not-enforced` says it instead.

## References
Kubernetes documentation, Network Policies; KEP-2079; `docs/contract.md`, Enforcement.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.recognition.cni_enforcement import (
    Enforcement,
    enforces_feature,
    policy_hops,
)
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.policies import NetworkPolicy
from auditor.kube.resources import CONFIG_MAPS, NETWORK_POLICIES, NODES, PODS
from auditor.model.audit import Enforces
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    policies = facts.inventory.network_policies
    told = facts.enforcement
    if not policies or (told.is_known and told.cni.enforces is Enforces.NONE):
        return
    lacking = _lacking(told, policies)
    unproven = _unproven(told, policies)
    verdict, reason = Verdict.PASS, None
    summary = f"{told.name} enforces all that network policies use, on every node"
    if lacking:
        verdict, summary = Verdict.FAIL, f"network policies are enforced in part: {lacking}"
    elif told.reason or unproven:
        verdict, reason = Verdict.UNKNOWN, told.reason or unproven
        summary = "whether all that network policies use is enforced is not known"
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=summary,
        evidence=(*told.hops, *policy_hops(policies, "declared")),
        reason=reason,
    )


def _lacking(told: Enforcement, policies: tuple[NetworkPolicy, ...]) -> str | None:
    """Say what is known not to be enforced."""
    if told.cni.assumed:
        return None
    if told.cni.enforces is Enforces.MIXED:
        return told.reason
    lacking = [name for name, known in _used(told, policies) if known is Enforces.NONE]
    return f"{told.name} does not enforce {' and '.join(lacking)}" if lacking else None


def _unproven(told: Enforcement, policies: tuple[NetworkPolicy, ...]) -> str | None:
    """Say what policies use and the engine is not known to enforce."""
    unproven = [name for name, known in _used(told, policies) if known is Enforces.UNKNOWN]
    if not unproven:
        return None
    shown = ", ".join(version or "without a tag" for version in told.recognised.versions)
    return f"whether {told.name} {shown} enforces {' and '.join(unproven)} was not confirmed"


def _used(told: Enforcement, policies: tuple[NetworkPolicy, ...]) -> Iterator[tuple[str, Enforces]]:
    """Give each thing that some policy uses and not every plugin enforces, and what is known."""
    engine, versions = told.recognised.engine, told.recognised.versions
    ports = [port for policy in policies for port in policy.ports()]
    if any(policy.isolates_ingress for policy in policies):
        yield "ingress", _direction(told, Enforces.EGRESS)
    if any(policy.isolates_egress for policy in policies):
        # A plugin of which nothing else is known enforces egress in each of its versions.
        of_version = enforces_feature(engine.egress, versions) if engine and engine.egress else None
        yield "egress", of_version or _direction(told, Enforces.INGRESS)
    if any(port.end_port is not None for port in ports):
        yield "endPort", enforces_feature(engine.end_port if engine else None, versions)
    if any(port.protocol == "SCTP" for port in ports):
        yield "SCTP", enforces_feature(engine.sctp if engine else None, versions)


def _direction(told: Enforcement, other: Enforces) -> Enforces:
    return Enforces.NONE if told.cni.enforces is other else Enforces.FULL


CHECK = Check(
    slug="cni-enforcement-partial",
    family=Family.CNI,
    severity=Severity.HIGH,
    title="Network policies are enforced only in part",
    remediation=(
        "Run the engine's agent on every node that runs pods, and a version that enforces what the "
        "policies use."
    ),
    needs=frozenset({NETWORK_POLICIES, NODES, PODS}),
    subjects_from=frozenset(),
    reads=frozenset({CONFIG_MAPS}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.CNI,),
    nothing_to_judge="no network policy that is enforced",
)
