"""Which distribution of Kubernetes a cluster is, by signs that have to agree."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from auditor.catalogue.distributions import DistributionEntry
from auditor.kube.cluster_scope import Node
from auditor.kube.inventory import Inventory
from auditor.model.audit import Distribution


def recognise_distribution(
    inventory: Inventory, known: Mapping[str, DistributionEntry], cloud: str | None
) -> Distribution:
    """Tell the distribution, and the cloud that its nodes say they are in.

    One sign names it where no other sign contradicts; signs of several name none.
    """
    signs: dict[str, dict[str, None]] = defaultdict(dict)
    for name, sign in _signs(inventory, known):
        signs[name].setdefault(sign)
    outranked = {name for found in signs for name in known[found].outranks}
    left = [name for name in signs if name not in outranked]
    evidence = tuple(f"{name}: {sign}" for name in sorted(left) for sign in signs[name])
    if len(left) == 1:
        return Distribution(left[0], cloud or known[left[0]].cloud, evidence)
    if left:
        return Distribution(None, cloud, (*evidence, "the signs do not agree"))
    return Distribution(None, cloud, ())


def _signs(
    inventory: Inventory, known: Mapping[str, DistributionEntry]
) -> Iterator[tuple[str, str]]:
    namespaces = {item.metadata.name for item in inventory.namespaces}
    version = inventory.kubernetes_version or ""
    for entry in known.values():
        if any(text in version for text in entry.versions):
            yield entry.id, f"the server's version {version}"
        for name in entry.namespaces:
            if name in namespaces:
                yield entry.id, f"namespace {name}"
        for node in inventory.nodes:
            yield from ((entry.id, sign) for sign in _of_node(entry, node))


def _of_node(entry: DistributionEntry, node: Node) -> Iterator[str]:
    """Give the signs of one node, worded alike for all nodes of a kind."""
    for label in entry.node_labels:
        key, equals, value = label.partition("=")
        if key in node.metadata.labels and (not equals or node.metadata.labels[key] == value):
            yield f"label {label} of nodes"
    scheme, separator, _ = (node.spec.provider_id or "").partition("://")
    if separator and scheme in entry.provider_ids:
        yield f"providerID {scheme}:// of nodes"
    kubelet = node.status.node_info.kubelet_version
    if any(text in kubelet for text in entry.versions):
        yield f"kubelet version {kubelet}"
