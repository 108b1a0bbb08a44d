"""Random clusters, small enough that a question may be asked of every pair of pods.

Everything comes from one source of chance, so a seed gives a cluster back.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

from tests.reachability.pieces import PROTOCOLS, Object, parsed_network
from tests.reachability.random_parts import (
    NAMESPACE_KEYS,
    NAMESPACES,
    NODE_KEYS,
    POD_KEYS,
    PORT_NAMES,
    VALUES,
)
from tests.reachability.random_policies import PolicyWriter

Question = tuple[str, str, str, int]
"""Source, destination, protocol, port."""

POLICY_KINDS = (
    "NetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
)
_NODES = {"n1": ("172.16.0.1", "fd01::1"), "n2": ("172.16.0.2",)}
_ELSEWHERE = ("203.0.113.1", "8.8.8.8", "2001:db8::1", "2600::1")


def random_objects(random: Random) -> list[Object]:
    """Make a cluster: namespaces, nodes, pods and policies of one or two APIs."""
    # A namespace in four is only named by what is in it.
    objects = [_namespace(random, name) for name in NAMESPACES if random.random() < 0.75]
    objects += [_node(random, name) for name in random.sample(list(_NODES), random.randint(0, 2))]
    homes = random.sample(NAMESPACES, random.choice((2, 2, 3, 4)))
    objects += [_pod(random, f"p{n}", random.choice(homes)) for n in range(random.randint(3, 9))]
    writer = PolicyWriter(random, broken=random.random() < 0.25)
    objects += [
        writer.policy("NetworkPolicy", f"np{n}") for n in range(random.choice((0, 2, 4, 6, 9)))
    ]
    api = random.choice(("none", "v1alpha1", "v1alpha2", "v1alpha2"))
    if api == "v1alpha1":
        objects += [
            writer.policy("AdminNetworkPolicy", f"anp{n}") for n in range(random.randint(0, 3))
        ]
        if random.random() < 0.6:
            objects.append(writer.policy("BaselineAdminNetworkPolicy", "default"))
    elif api == "v1alpha2":
        objects += [
            writer.policy("ClusterNetworkPolicy", f"cnp{n}") for n in range(random.randint(1, 5))
        ]
    random.shuffle(objects)
    return objects


def random_change(random: Random, objects: list[Object]) -> list[Object]:
    """Give the cluster after one change to a pod, a namespace or a policy; the old one stays."""
    after = deepcopy(objects)
    changes: list[Callable[[Random, list[Object]], None]] = [
        _add_pod,
        _add_policy,
        _remove_or_relabel_pod,
        _remove_or_relabel_pod,
        _move_pod_to_phase,
        _remove_or_relabel_namespace,
        _remove_or_rewrite_policy,
        _remove_or_rewrite_policy,
    ]
    while after == objects:
        random.choice(changes)(random, after)
    return after


def questions(random: Random, objects: list[Object]) -> Iterator[Question]:
    """Ask of every ordered pair of living pods, and of some addresses, at telling ports."""
    pods = [
        f"pod:{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        for pod in _of_kind(objects, "Pod")
        if pod["status"].get("phase") not in ("Succeeded", "Failed")
    ]
    ports = sorted(telling_ports(objects))
    known = sorted(telling_addresses(objects))
    addresses = random.sample(known, min(10, len(known)))
    pairs = [(source, destination) for source in pods for destination in pods + addresses]
    pairs += [(address, pod) for address in addresses for pod in pods]
    for source, destination in pairs:
        for _ in range(6):
            yield source, destination, random.choice(("TCP", *PROTOCOLS)), random.choice(ports)


def telling_ports(objects: list[Object]) -> set[int]:
    """Give the ports that the objects write, and their neighbours: a range is wrong at its end."""
    written = {1, 65535}
    fields = ("port", "endPort", "number", "start", "end", "containerPort")
    for item in objects:
        written |= {v for k, v in _leaves(item) if k in fields and isinstance(v, int)}
    return {near for port in written for near in (port - 1, port, port + 1) if 1 <= near <= 65535}


def telling_addresses(objects: list[Object]) -> set[str]:
    """Give addresses outside the cluster: both ends of every block, and just outside them.

    None is a pod's own, but for that of a node, which host-network pods share: such an address is
    asked as the node's.
    """
    texts = {value for item in objects for key, value in _leaves(item) if isinstance(value, str)}
    found = {text for addresses in _NODES.values() for text in addresses} | set(_ELSEWHERE)
    pods = {pod_ip for pod in _of_kind(objects, "Pod") for pod_ip in _pod_ips(pod)} - found
    for text in texts:
        network = parsed_network(text)
        if network is None:
            continue
        first, last = int(network.network_address), int(network.broadcast_address)
        kind = type(network.network_address)
        for number in (first - 1, first, last, last + 1):
            if 0 < number < 2**network.max_prefixlen:
                found.add(str(kind(number)))
    return {text for text in found - pods if _is_plain(text)}


def _is_plain(text: str) -> bool:
    """Whether an address is not an IPv4 one in IPv6 clothes, which this is not about."""
    return not any(ip_address(text) in ip_network(block) for block in ("::/64", "64:ff9b::/96"))


def _namespace(random: Random, name: str) -> Object:
    metadata: Object = {"name": name, "labels": _labels(random, NAMESPACE_KEYS)}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _node(random: Random, name: str) -> Object:
    addresses = [{"type": "InternalIP", "address": text} for text in _NODES[name]]
    addresses.append({"type": "Hostname", "address": name})
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": _labels(random, NODE_KEYS)},
        "status": {"addresses": addresses},
    }


def _pod(random: Random, name: str, namespace: str) -> Object:
    spec: Object = {"nodeName": random.choice(list(_NODES)), "containers": _containers(random)}
    number = int(name[1:]) + 1
    family = random.choice(("4", "4", "6", "46", "46", "64", "none"))
    ips = {
        "4": [f"10.0.0.{number}"],
        "6": [f"fd00::{number:x}"],
        "46": [f"10.0.0.{number}", f"fd00::{number:x}"],
        "64": [f"fd00::{number:x}", f"10.0.0.{number}"],
        "none": [],
    }[family]
    if random.random() < 0.15:
        spec["hostNetwork"] = True
        ips = list(_NODES[spec["nodeName"]])
    status: Object = {"phase": random.choice(("Running",) * 8 + ("Pending", "Succeeded"))}
    if ips:
        status |= {"podIP": ips[0], "podIPs": [{"ip": text} for text in ips]}
    if random.random() < 0.1:
        status.pop("podIPs", None)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": _labels(random, POD_KEYS),
        },
        "spec": spec,
        "status": status,
    }


def _containers(random: Random) -> list[Object]:
    """Write containers; a name means one number of a protocol in a pod, another in the next."""
    named = {
        (name, random.choice(PROTOCOLS)): random.choice((53, 80, 81, 8080, 9090))
        for name in random.sample(PORT_NAMES, random.randint(0, 3))
        for _ in range(random.choice((1, 1, 2)))
    }
    containers: list[Object] = [{"name": "c0", "image": "app", "ports": [{"containerPort": 443}]}]
    for number, ((name, protocol), port) in enumerate(named.items(), 1):
        # One a container: within a container a name may not come twice.
        written: Object = {"name": name, "containerPort": port, "protocol": protocol}
        if protocol == "TCP" and random.random() < 0.5:
            del written["protocol"]
        containers.append({"name": f"c{number}", "image": "app", "ports": [written]})
    return containers


def _labels(random: Random, keys: tuple[str, ...]) -> dict[str, str] | None:
    labels = {key: random.choice(VALUES) for key in keys if random.random() < 0.8}
    return labels or random.choice(({}, None))


def _add_pod(random: Random, objects: list[Object]) -> None:
    taken = {pod["metadata"]["name"] for pod in _of_kind(objects, "Pod")}
    name = next(name for n in range(99) if (name := f"p{n}") not in taken)
    objects.append(_pod(random, name, random.choice(NAMESPACES)))


def _remove_or_relabel_pod(random: Random, objects: list[Object]) -> None:
    _remove_or(
        random,
        objects,
        ("Pod",),
        lambda pod: pod["metadata"].update(labels=_labels(random, POD_KEYS)),
    )


def _move_pod_to_phase(random: Random, objects: list[Object]) -> None:
    if pods := _of_kind(objects, "Pod"):
        phase = random.choice(("Pending", "Running", "Succeeded", "Failed"))
        random.choice(pods)["status"]["phase"] = phase


def _remove_or_relabel_namespace(random: Random, objects: list[Object]) -> None:
    _remove_or(
        random,
        objects,
        ("Namespace",),
        lambda item: item["metadata"].update(labels=_labels(random, NAMESPACE_KEYS)),
    )


def _add_policy(random: Random, objects: list[Object]) -> None:
    kinds = {item["kind"] for item in objects}
    admin = ["ClusterNetworkPolicy", "AdminNetworkPolicy"]
    if "ClusterNetworkPolicy" in kinds:
        admin = ["ClusterNetworkPolicy"]
    elif kinds & {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy"}:
        admin = ["AdminNetworkPolicy"]
    taken = {item["metadata"]["name"] for item in objects}
    name = next(name for n in range(99) if (name := f"added{n}") not in taken)
    kind = random.choice(("NetworkPolicy", "NetworkPolicy", *admin))
    objects.append(_writer(random).policy(kind, name))


def _remove_or_rewrite_policy(random: Random, objects: list[Object]) -> None:
    def rewrite(policy: Object) -> None:
        fresh = _writer(random).policy(policy["kind"], policy["metadata"]["name"])
        policy["spec"] = fresh["spec"]

    _remove_or(random, objects, POLICY_KINDS, rewrite)


def _remove_or(
    random: Random,
    objects: list[Object],
    kinds: tuple[str, ...],
    change: Callable[[Object], object],
) -> None:
    chosen = [item for item in objects if item["kind"] in kinds]
    if not chosen:
        return
    item = random.choice(chosen)
    if random.random() < 0.35:
        objects.remove(item)
    else:
        change(item)


def _writer(random: Random) -> PolicyWriter:
    return PolicyWriter(random, broken=random.random() < 0.25)


def _of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [item for item in objects if item["kind"] == kind]


def _pod_ips(pod: Object) -> set[str]:
    status = pod["status"]
    return {item["ip"] for item in status.get("podIPs", [])} | {status.get("podIP", "")}


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Give the values inside an object, each with the field that it, or its list, is under."""
    if isinstance(value, dict):
        for inner_key, inner in value.items():
            yield from _leaves(inner, inner_key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)
    else:
        yield key, value
