"""A file server that the cluster mounts can be reached by pods that do not mount it.

## What it reports
A server of NFS, SMB or iSCSI that a PersistentVolume or a pod's volume names, where some other
workload, or any pod that no policy names, may dial its port as far as effective policies decide.

## Why it matters
File servers of this kind trust addresses: who can dial them can often read and write every export,
whatever the permissions of volumes say. It is the node that mounts a volume, so no pod needs to
reach the server at all (OWASP Docker D03, threat 4; OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Deny the server's address to pods: an egress policy that names what workloads need, or an ingress
policy where the server runs in the cluster. Let the server admit the nodes only.

## Subject and identity
The PersistentVolume that names the server, or the workload that mounts it by itself. The
discriminator is the server.

## Known gaps
A server that is named by a DNS name outside of the cluster is `unknown`: audits never resolve
names. A firewall before the server is not seen. Of CSI drivers those of kubernetes-csi for NFS and
SMB are known; volumes of a cloud's file services are not read.

## References
Kubernetes documentation, Volumes (nfs, iscsi, csi, flexVolume), Persistent Volumes.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.evidence import explanation_hops
from auditor.analysis.reachability.explaining import explain
from auditor.analysis.reachability.openings import Opening
from auditor.analysis.reachability.standing import Allowed
from auditor.analysis.shares import Share, find_shares
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.inside import INSIDE_NEEDS, INSIDE_READS, judge_opening
from auditor.kube.network import Service
from auditor.kube.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, SERVICES
from auditor.model.addresses import normal_address
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for share in find_shares(facts.inventory, facts.workloads):
        yield _judged(facts, share)


def _judged(facts: Facts, share: Share) -> Judgement:
    servers = _entities_of(facts, share.server)
    found, stranger = _reached(facts, share, servers)
    verdict, reason = judge_opening(facts, found)
    if not servers:
        verdict = Verdict.UNKNOWN
        reason = f"{share.server} is a name, and audits never resolve names"
    words = {
        Verdict.FAIL: f"can be reached by pods that do not mount it, such as {stranger}",
        Verdict.PASS: "cannot be reached by pods that do not mount it",
        Verdict.UNKNOWN: "may be reached by pods that do not mount it",
    }
    users = ", ".join(sorted(map(str, share.mounted_by))[:3]) or "nobody"
    return Judgement(
        subject=share.subject,
        verdict=verdict,
        summary=f"{share.kind} server {share.server} of {share.subject} {words[verdict]}",
        evidence=(share.hop, Hop(str(share.subject), "mounted by", users), *found.hops),
        discriminator=share.server,
        reason=reason,
    )


def _entities_of(facts: Facts, server: str) -> tuple[int, ...]:
    """Tell what a server is: pods of a Service, a pod, a node, or an outside address."""
    entities = facts.reachability.entities
    address = normal_address(server)
    service = _service_of(facts, server, address)
    if service is not None:
        pods = facts.workloads.selected_by(service)
        numbers = {entities.number_of(pod) for pod in pods}
        return tuple(sorted(entities.bit(number) for number in numbers if number is not None))
    if address is None:
        return ()
    for pod in facts.inventory.pods:
        if address in pod.status.addresses() and not pod.spec.host_network:
            number = entities.number_of(pod)
            return () if number is None else (entities.bit(number),)
    if address in facts.nodes.addresses:
        return (entities.node(address),)
    return (entities.address(address),)


def _service_of(facts: Facts, server: str, address: str | None) -> Service | None:
    """Find the Service that a server is, by its name in the cluster's DNS or by its address."""
    name, _, rest = server.partition(".")
    namespace, _, suffix = rest.partition(".")
    is_service_name = suffix == "svc" or suffix.startswith("svc.")
    for service in facts.inventory.services:
        where = (service.metadata.name, service.metadata.namespace)
        if is_service_name and where == (name, namespace):
            return service
        if address is not None and service.spec.cluster_ip == address:
            return service
    return None


def _reached(
    facts: Facts, share: Share, servers: tuple[int, ...]
) -> tuple[Opening, ObjectRef | str]:
    """Tell on which of its ports others than those that mount it may dial a server."""
    reachability, entities = facts.reachability, facts.reachability.entities
    others: dict[int, ObjectRef | str] = {}
    for ref, numbers in facts.owners.classes.items():
        if ref not in share.mounted_by and ref.namespace not in facts.segments.system_namespaces:
            others |= dict.fromkeys(map(entities.bit, numbers), ref)
    others.setdefault(entities.stranger, "any pod of another namespace")
    everyone = 0
    for bit in others:
        everyone |= bit
    sure = maybe = PortSet()
    pair: tuple[int, int] | None = None
    for server in servers:
        answer = reachability.sources_of(server, everyone & ~server)
        least, first = _open(facts, answer.least, share.ports)
        most, perhaps = _open(facts, answer.most, share.ports)
        if first or perhaps:
            pair = pair if pair and sure else (first or perhaps, server)
        sure, maybe = sure | least, maybe | most
    if pair is None:
        pair = (entities.stranger, servers[0]) if servers else None
    hops = explanation_hops(explain(reachability, *pair), reachability.profile.name) if pair else ()
    who = others.get(pair[0], "others") if pair else "others"
    return Opening(sure, maybe, hops), who


def _open(facts: Facts, allowed: Allowed, wanted: PortSet) -> tuple[PortSet, int]:
    """Give the wanted ports that somebody has, and the first who has one."""
    found, first = PortSet(), 0
    for number, others in allowed.items():
        if ports := facts.reachability.ports[number] & wanted:
            found, lowest = found | ports, others & -others
            # A pod that is there shows more than the stranger, whose bit is the lowest of pods.
            real = others & ~facts.reachability.entities.stranger
            first = first or (real & -real if real else lowest)
    return found, first


CHECK = Check(
    slug="file-share-reachable-by-all-pods",
    family=Family.LEGACY,
    severity=Severity.MEDIUM,
    title="File share can be reached by pods that do not mount it",
    remediation=(
        "Deny the server's address to pods by policy, and let the server admit the nodes only: it "
        "is the node that mounts a volume."
    ),
    needs=INSIDE_NEEDS | {PERSISTENT_VOLUMES, PERSISTENT_VOLUME_CLAIMS, SERVICES},
    subjects_from=frozenset({PERSISTENT_VOLUMES, PODS}),
    reads=INSIDE_READS,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_EGRESS, Topic.SEG_INGRESS),
    nothing_to_judge="no volume comes from a file server in the network",
)
