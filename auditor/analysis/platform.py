"""Whether the cluster's network plugin enforces network policies.

Enforcement comes, in this order, from an assumption that the user states, from the recognised
plugin, from what a source without Nodes and system pods can only assume, else it is unknown
(`docs/contract.md`, Enforcement).
"""

from collections.abc import Mapping

from auditor.catalogue.cni_plugins import CniPlugin, assumable
from auditor.kube.inventory import Inventory
from auditor.kube.resources import NODES, PODS
from auditor.model.audit import Cni, Enforces
from auditor.model.reading import ReadState

_SYSTEM_NAMESPACE = "kube-system"


def describe_cni(
    inventory: Inventory,
    recognised: Cni,
    assume_cni: str | None,
    plugins: Mapping[str, CniPlugin],
) -> Cni:
    """Tell what plugs in the network, given the plugin that was recognised in the cluster.

    `assume_cni` is one of `assumable`, or None to take what was recognised.
    """
    if assume_cni is not None:
        evidence = f"assumed by --assume-cni {assume_cni}"
        enforces = assumable(plugins)[assume_cni]
        return Cni(assume_cni, enforces=enforces, assumed=True, evidence=(evidence,))
    was_seen = recognised.name or recognised.policy_engine
    if not was_seen and _holds_no_system(inventory):
        evidence = "the source holds no Node and no kube-system pod: full enforcement is assumed"
        return Cni(enforces=Enforces.FULL, assumed=True, evidence=(evidence,))
    return recognised


def _holds_no_system(inventory: Inventory) -> bool:
    """Whether the source is manifests: it was read without error and holds no system part.

    Where a server told its version there is a cluster, however empty: nothing is assumed of it.
    """
    if inventory.kubernetes_version is not None:
        return False
    readable = all(
        inventory.state(resource) in (ReadState.NOT_PROVIDED, ReadState.COMPLETE)
        for resource in (NODES, PODS)
    )
    return (
        readable
        and not inventory.nodes
        and not any(pod.metadata.namespace == _SYSTEM_NAMESPACE for pod in inventory.pods)
    )
