"""A pod may reach the metadata service of its cloud, where the node's own credentials are.

## What it reports
A workload of which some pod may dial the address under which the cloud gives a machine its
credentials, as far as policies decide that have an effect, where nothing else is known to stop it.
Pods on their node's network and system namespaces are left out.

## Why it matters
What answers there answers for the node: one request from one captured pod, or one that it can be
talked into, gives the credentials of the node, and often of more (OWASP Docker D03, threat 6; OWASP
Kubernetes 2025 K08, metadata access).

## How to fix
Give pods identities of their own (IRSA, Pod Identity, Workload Identity), and deny the address:
leave 169.254.0.0/16 out of egress policies, require IMDSv2 with a hop limit of 1.

## Subject and identity
The workload. No discriminator.

## Known gaps
The hop limit and the options of machines are the cloud's to tell and are not read yet: where they
stop pods, a `fail` is wrong, and an exception is the way. A metadata proxy on the nodes that was
seen (GKE's, kube2iam, kiam) makes it `unknown`, since what it lets through is not read. Whose cloud
machines are in is told by `spec.providerID` or by the source; where neither tells, one `unknown` of
the cluster stands in place of a finding for each workload.

## References
Vendors' documentation of instance metadata; Kubernetes documentation, Network Policies.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.openings import Opening, opening
from auditor.analysis.reachability.standing import Direction
from auditor.analysis.workloads import WorkloadPods
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.host_services import MetadataEndpoint, metadata_endpoints_of
from auditor.checks.check import Check, Control, Family, Judgement, NoParameters
from auditor.checks.inside import INSIDE_NEEDS, INSIDE_READS, judge_opening
from auditor.checks.segmentation import classes_judged
from auditor.kube.resources import NODES, PODS
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.ports import PortSet, Protocol
from auditor.model.verdict import Severity, Verdict

_HTTP = PortSet.of([(Protocol.TCP, 80, 80)])
"""Metadata services answer over plain HTTP."""
_NO_CLOUD = frozenset({"k3s", "kind", "vsphere"})
"""What `spec.providerID` may name that gives machines no metadata service."""
_PROXIES = ("gke-metadata-server", "kube2iam", "kiam-agent", "kiam", "aad-pod-identity-nmi", "nmi")
"""Agents that stand before a metadata service."""


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    cloud = facts.site.cloud
    if cloud in _NO_CLOUD:
        return
    endpoints = metadata_endpoints_of(cloud)
    if not endpoints:
        yield _untold(facts, cloud)
        return
    proxies = [
        Hop(str(workload.ref), "metadata.name", workload.ref.name, "stands before the service")
        for workload in facts.workloads
        if workload.ref.kind == "DaemonSet" and workload.ref.name in _PROXIES
    ]
    entities = facts.reachability.entities
    pieces = sorted({entities.address(item.address) for item in endpoints})
    known: dict[tuple[int, ...], Opening] = {}
    for workload, classes in classes_judged(facts):
        if classes not in known:
            pairs = [(entities.bit(number), piece) for number in classes for piece in pieces]
            known[classes] = opening(facts.reachability, pairs, _HTTP, Direction.EGRESS)
        yield _judged(facts, workload, known[classes], endpoints, tuple(proxies))


def _untold(facts: Facts, cloud: str | None) -> Judgement:
    subject = cluster_subject(facts.cluster.id)
    seen = cloud or "none of the nodes tells"
    return Judgement(
        subject=subject,
        verdict=Verdict.UNKNOWN,
        summary="whether the machines have a metadata service cannot be told",
        evidence=(Hop(str(subject), "spec.providerID", seen),),
        reason="the cloud of the nodes is not known: spec.providerID of the nodes would tell"
        if cloud is None
        else f"the metadata service of {cloud} is not in the catalogue",
    )


def _judged(
    facts: Facts,
    workload: WorkloadPods,
    found: Opening,
    endpoints: tuple[MetadataEndpoint, ...],
    proxies: tuple[Hop, ...],
) -> Judgement:
    verdict, reason = judge_opening(facts, found)
    if verdict is Verdict.FAIL and proxies:
        verdict, reason = Verdict.UNKNOWN, f"{proxies[0].hop} stands before the service"
    elif verdict is Verdict.FAIL and not any(facts.site.cloud in item.clouds for item in endpoints):
        verdict = Verdict.UNKNOWN
        reason = f"that {endpoints[0].name} gives credentials there was not confirmed"
    words = {
        Verdict.FAIL: "may reach the metadata service",
        Verdict.PASS: "cannot reach the metadata service",
        Verdict.UNKNOWN: "may perhaps reach the metadata service",
    }
    shown = Hop("Cluster", "metadata service", endpoints[0].address, endpoints[0].name)
    return Judgement(
        subject=workload.ref,
        verdict=verdict,
        summary=f"{workload.ref} {words[verdict]} at {endpoints[0].address}",
        evidence=(*found.hops, *proxies, shown),
        reason=reason,
    )


CHECK = Check(
    slug="pod-can-reach-cloud-metadata",
    family=Family.HOST,
    severity=Severity.HIGH,
    title="Pod can reach the cloud's metadata service",
    remediation=(
        "Give pods identities of their own, leave 169.254.0.0/16 out of egress policies, and "
        "require IMDSv2 with a hop limit of 1."
    ),
    needs=INSIDE_NEEDS | {NODES},
    subjects_from=frozenset({PODS}),
    reads=INSIDE_READS - {NODES},
    judge=_judge,
    controls=(Control.DOCKER_D03, Control.K8S_2025_K08),
    topics=(Topic.METADATA,),
    nothing_to_judge="no pod with a network of its own, or no cloud under the nodes",
)
