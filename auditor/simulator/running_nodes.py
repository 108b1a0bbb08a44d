"""Where pods run: a scheduler without chance, and the addresses of each node's pods."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, ip_network
from itertools import count
from typing import Any

from auditor.simulator.running_names import Manifest

_ANYWHERE = int(IPv4Address("10.244.0.0"))
"""Where pods live if neither a pod CIDR nor an address of a node says more."""
_UPPER_HALF, _RANGE = 0x8000, 0x100


class Place:
    """A node, and the addresses that it has for pods."""

    def __init__(self, node: Manifest, index: int, taken: set[str]) -> None:
        """Read a Node; `taken` are addresses of pods that came with one."""
        self.name: str = node["metadata"]["name"]
        self.labels: Mapping[str, str] = node["metadata"].get("labels") or {}
        self.zone = self.labels.get("topology.kubernetes.io/zone")
        self._taints = (node.get("spec") or {}).get("taints") or []
        self.address = _internal_address(node)
        self._free = _pod_addresses(node, self.address, index)
        self._taken = taken

    def fits(self, spec: Mapping[str, Any]) -> bool:
        """Whether a pod may run here, by its node selector and its tolerations."""
        wanted: Mapping[str, str] = spec.get("nodeSelector") or {}
        tolerations = spec.get("tolerations") or []
        return wanted.items() <= self.labels.items() and all(
            taint.get("effect") == "PreferNoSchedule"
            or any(_tolerates(toleration, taint) for toleration in tolerations)
            for taint in self._taints
        )

    def next_address(self) -> str:
        """Take an address for a pod.

        Raises:
            ValueError: the node's range has none left.
        """
        for address in self._free:
            if address not in self._taken:
                self._taken.add(address)
                return address
        raise ValueError(f"node {self.name} has no address left for a pod")


class Places:
    """The nodes of a cluster, and who runs where."""

    def __init__(self, nodes: Iterable[Manifest], pods: Iterable[Manifest]) -> None:
        """Begin with the pods that are there already."""
        statuses = [pod.get("status") or {} for pod in pods]
        taken = {status["podIP"] for status in statuses if "podIP" in status}
        self._places = [Place(node, index, taken) for index, node in enumerate(nodes)]
        self._pods: Counter[str] = Counter()
        self._pods_of: Counter[tuple[str, str]] = Counter()

    def everywhere(self, spec: Mapping[str, Any]) -> list[Place]:
        """Give the nodes that a DaemonSet's pods run on."""
        return [place for place in self._places if place.fits(spec)]

    def choose(self, spec: Mapping[str, Any], workload: str) -> Place | None:
        """Choose a node for one more pod of a workload; None where it fits nowhere.

        Pods of one workload are spread first, then all pods; of equals the first is taken.
        """
        named = spec.get("nodeName")
        fitting = [
            place for place in self._places if (place.name == named if named else place.fits(spec))
        ]
        if not fitting:
            return None
        best = min(fitting, key=lambda at: (self._pods_of[workload, at.name], self._pods[at.name]))
        self._pods_of[workload, best.name] += 1
        self._pods[best.name] += 1
        return best


def _internal_address(node: Manifest) -> str | None:
    addresses = (node.get("status") or {}).get("addresses") or []
    return next((each["address"] for each in addresses if each["type"] == "InternalIP"), None)


def _pod_addresses(node: Manifest, address: str | None, index: int) -> Iterator[str]:
    """Give the addresses of a node's pods: of its pod CIDR, else of the network around the node.

    Plugins that take pod addresses out of the cloud's network set no pod CIDR. The first two
    addresses of a range are the network's and its gateway's.
    """
    cidr = (node.get("spec") or {}).get("podCIDR")
    if cidr:
        network = ip_network(cidr)
        last = int(network.broadcast_address)
        for value in count(int(network.network_address) + 2):
            if value >= last:
                return
            yield str(type(network.network_address)(value))
    around = int(IPv4Address(address)) & 0xFFFF0000 if address and "." in address else _ANYWHERE
    first = around + _UPPER_HALF + index * _RANGE
    for value in range(first + 2, first + _RANGE - 1):
        yield str(IPv4Address(value))


def _tolerates(toleration: Mapping[str, str], taint: Mapping[str, str]) -> bool:
    """Whether a taint is tolerated (core/v1 Toleration)."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    exists = toleration.get("operator") == "Exists"
    if not toleration.get("key"):
        return exists
    same_value = toleration.get("value", "") == taint.get("value", "")
    return toleration["key"] == taint["key"] and (exists or same_value)
