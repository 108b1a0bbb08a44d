"""From manifests as people apply them to what a cluster holds while it runs them.

No chance is in it: the same manifests give the same names, places and addresses. What is simulated
ends where a check stops looking: pods are running, and nothing ever fails or restarts.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from auditor.kube.network import SERVICE_NAME_LABEL
from auditor.simulator.running_names import CORE, DISCOVERY, Manifest, Uids, key_of, of_kind
from auditor.simulator.running_nodes import Places
from auditor.simulator.running_pods import WORKLOAD_KINDS, Controllers
from auditor.simulator.running_services import Addresses, endpoint_slices


def run_manifests(manifests: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give what a cluster would hold after these manifests were applied.

    The manifests come first, in their order: workloads and Services with what a server fills in
    (namespace, uid, ClusterIP, node ports), everything else as it was given. Behind them come
    ReplicaSets, pods and endpoint slices. A pod that fits on no node is pending. What the
    manifests hold already is not made again.

    Raises:
        ValueError: a node's addresses, ClusterIPs or node ports have run out.
        KeyError: a manifest lacks what an API server would ask for, such as its name.
    """
    given: list[Manifest] = [deepcopy(dict(item)) for item in manifests]
    nodes, services = of_kind(given, CORE, "Node"), of_kind(given, CORE, "Service")
    workloads = [item for item in given if (item["apiVersion"], item["kind"]) in WORKLOAD_KINDS]
    uids = Uids(nodes)
    for item in (*workloads, *services):
        item["metadata"].setdefault("namespace", "default")
        uids.give(item)
    addresses = Addresses(services)
    for service in services:
        addresses.fill_in(service)
    places = Places(nodes, of_kind(given, CORE, "Pod"))
    there = {key_of(item) for item in given}
    made = [item for item in Controllers(places, uids).make(workloads) if key_of(item) not in there]
    pods = of_kind((*given, *made), CORE, "Pod")
    unsliced = list(_without_slices(services, of_kind(given, DISCOVERY, "EndpointSlice")))
    return [*given, *made, *endpoint_slices(unsliced, pods, nodes, uids)]


def _without_slices(services: list[Manifest], slices: list[Manifest]) -> Iterator[Manifest]:
    """Give the Services whose endpoints the manifests do not write out themselves."""
    sliced = {
        (
            item["metadata"].get("namespace", "default"),
            (item["metadata"].get("labels") or {}).get(SERVICE_NAME_LABEL),
        )
        for item in slices
    }
    for service in services:
        if (service["metadata"]["namespace"], service["metadata"]["name"]) not in sliced:
            yield service
