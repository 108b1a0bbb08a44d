"""What the cloud says of the network plugin that it installs itself, beside what was seen.

Some plugins of clouds run inside the nodes' own programs and show no agent. Where pods and nodes
were read and none was seen, the cloud's word that policies are switched off is proof; its word that
they are switched on is not, as nothing was seen that would enforce them.
"""

from msgspec.structs import replace

from auditor.analysis.recognition.cni import RecognisedCni
from auditor.kube.inventory import Inventory
from auditor.kube.resources import NODES, PODS
from auditor.model.audit import Enforces
from auditor.model.cloud import ManagedPlugin
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject

_ON_AND_UNSEEN = "its cloud says that policies are switched on, and no agent of it was seen"


def with_the_clouds_word(
    seen: RecognisedCni, managed: ManagedPlugin | None, inventory: Inventory, cluster_id: str
) -> RecognisedCni:
    """Lay what the cloud says over what was recognised; an agent that was seen tells more."""
    if managed is None:
        return seen
    where = str(cluster_subject(cluster_id))
    told = tuple(
        Hop(where, fact.field, fact.value, f"{managed.plugin}, by its cloud")
        for fact in managed.evidence
    )
    hops = (*seen.hops, *told)
    if seen.cni.name is not None or seen.cni.policy_engine is not None:
        return replace(seen, hops=hops)
    evidence = (*(f"{hop.field} {hop.value} ({hop.note})" for hop in told), *seen.cni.evidence)
    cni = replace(seen.cni, name=managed.plugin, evidence=evidence)
    was_read = all(inventory.state(name).is_complete for name in (NODES, PODS))
    if managed.enforces is False and was_read and not seen.hops:
        cni = replace(cni, enforces=Enforces.NONE, evidence=evidence[: len(told)])
        return replace(seen, cni=cni, hops=hops, reason=None, is_sure=True)
    reason = _ON_AND_UNSEEN if managed.enforces else seen.reason
    return replace(seen, cni=cni, hops=hops, reason=reason)
