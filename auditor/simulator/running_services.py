"""What a cluster adds to Services: addresses, node ports, and the slices of their endpoints."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, ip_network
from typing import Any

from auditor.kube.network import SERVICE_NAME_LABEL
from auditor.simulator.running_names import (
    DISCOVERY,
    Manifest,
    Uids,
    number,
    owned_by,
    suffix,
)

_NODE_PORTS = range(30_000, 32_768)
"""By default (kube-apiserver, `--service-node-port-range`)."""
_DEFAULT_RANGE = "10.96.0.0/20"
_RESERVED = 256
"""First addresses of the range that are left to Services that ask for one."""

_SlicePorts = tuple[tuple[str, str, int], ...]
"""Name, protocol and number of each port of a slice."""


class Addresses:
    """The ClusterIPs and node ports of one cluster."""

    def __init__(self, services: Iterable[Manifest]) -> None:
        """Keep what Services ask for by themselves; the range is that of the first that does."""
        services = list(services)
        asked = [
            address
            for service in services
            if (address := service["spec"].get("clusterIP", "None")) != "None"
        ]
        base = f"{asked[0]}/20" if asked else _DEFAULT_RANGE
        self._network = ip_network(base, strict=False)
        self._taken = set(asked)
        self._ports = {
            port["nodePort"]
            for service in services
            for port in service["spec"].get("ports") or ()
            if port.get("nodePort")
        }

    def fill_in(self, service: Manifest) -> None:
        """Fill in what a server fills in when a Service is created.

        Raises:
            ValueError: addresses or node ports have run out.
        """
        spec = service["spec"]
        where = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
        spec.setdefault("type", "ClusterIP")
        for port in spec.get("ports") or ():
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port["port"])
        if spec["type"] == "ExternalName":
            return
        if "clusterIP" not in spec:
            spec["clusterIP"] = self._address(where)
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        if _opens_node_ports(spec):
            for port in spec.get("ports") or ():
                port["nodePort"] = port.get("nodePort") or self._node_port(where, port)

    def _address(self, where: str) -> str:
        size = self._network.num_addresses - 1 - _RESERVED
        start = number("address", where, below=size)
        for step in range(size):
            value = int(self._network.network_address) + _RESERVED + (start + step) % size
            address = str(IPv4Address(value))
            if address not in self._taken:
                self._taken.add(address)
                return address
        raise ValueError(f"no ClusterIP is left for {where}")

    def _node_port(self, where: str, port: Manifest) -> int:
        start = number("port", where, str(port["port"]), port["protocol"], below=len(_NODE_PORTS))
        for step in range(len(_NODE_PORTS)):
            found = _NODE_PORTS[(start + step) % len(_NODE_PORTS)]
            if found not in self._ports:
                self._ports.add(found)
                return found
        raise ValueError(f"no node port is left for {where}")


def _opens_node_ports(spec: Manifest) -> bool:
    if spec["type"] == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts", True) is not False
    return bool(spec["type"] == "NodePort")


def endpoint_slices(
    services: Iterable[Manifest],
    pods: Iterable[Manifest],
    nodes: Iterable[Manifest],
    uids: Uids,
) -> Iterator[Manifest]:
    """Give the slices of Services with a selector: one for each way in which ports resolve.

    Pods of one Service differ in that where they name their ports differently.
    """
    of_namespace: dict[str, list[Manifest]] = defaultdict(list)
    for pod in pods:
        if (pod.get("status") or {}).get("podIP"):
            of_namespace[pod["metadata"].get("namespace", "default")].append(pod)
    zones = {node["metadata"]["name"]: _zone(node) for node in nodes}
    for service in services:
        selector = service["spec"].get("selector")
        if not selector or service["spec"]["type"] == "ExternalName":
            continue
        groups: dict[_SlicePorts, list[Manifest]] = defaultdict(list)
        for pod in of_namespace[service["metadata"]["namespace"]]:
            if selector.items() <= (pod["metadata"].get("labels") or {}).items():
                groups[tuple(_ports(service, pod))].append(_endpoint(pod, zones))
        # A controller keeps an empty slice where nothing is selected.
        for ports, endpoints in (groups or {(): []}).items():
            yield _slice(service, ports, endpoints, uids)


def _zone(node: Manifest) -> str | None:
    zone: str | None = (node["metadata"].get("labels") or {}).get("topology.kubernetes.io/zone")
    return zone


def _ports(service: Manifest, pod: Manifest) -> Iterator[tuple[str, str, int]]:
    """Resolve the ports of a Service at one pod; a name that the pod lacks is left out."""
    for port in service["spec"].get("ports") or ():
        target = port["targetPort"]
        resolved = target if isinstance(target, int) else _named(pod, target, port["protocol"])
        if resolved is not None:
            yield port.get("name", ""), port["protocol"], resolved


def _named(pod: Manifest, name: str, protocol: str) -> int | None:
    spec = pod["spec"]
    sidecars = [
        each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"
    ]
    for container in (*spec["containers"], *sidecars):
        for port in container.get("ports") or ():
            if (port.get("name"), port.get("protocol", "TCP")) == (name, protocol):
                found: int = port["containerPort"]
                return found
    return None


def _endpoint(pod: Manifest, zones: dict[str, str | None]) -> Manifest:
    metadata, status = pod["metadata"], pod["status"]
    said = [each for each in status.get("conditions") or () if each["type"] == "Ready"]
    is_ready = said[0]["status"] == "True" if said else status.get("phase") == "Running"
    target = {
        "kind": "Pod",
        "namespace": metadata.get("namespace", "default"),
        "name": metadata["name"],
    }
    if "uid" in metadata:
        target["uid"] = metadata["uid"]
    made: dict[str, Any] = {
        "addresses": [status["podIP"]],
        "conditions": {"ready": is_ready, "serving": is_ready, "terminating": False},
        "targetRef": target,
    }
    node = pod["spec"].get("nodeName")
    if node:
        made["nodeName"] = node
        made |= {"zone": zones[node]} if zones.get(node) else {}
    return made


def _slice(
    service: Manifest, ports: _SlicePorts, endpoints: list[Manifest], uids: Uids
) -> Manifest:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    labels = (service["metadata"].get("labels") or {}) | {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        SERVICE_NAME_LABEL: name,
    }
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    made: Manifest = {
        "apiVersion": DISCOVERY,
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-{suffix(namespace, name, *(f'{port}' for port in ports))}",
            "namespace": namespace,
            "labels": labels,
            "ownerReferences": owned_by(service),
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [
            {"name": named, "protocol": protocol, "port": resolved}
            for named, protocol, resolved in ports
        ],
    }
    uids.give(made)
    return made
