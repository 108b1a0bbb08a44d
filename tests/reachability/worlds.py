"""The clusters that tables of cases lay their policies over."""

from itertools import product

from tests.reachability.pieces import PROTOCOLS, Object
from tests.reachability.tables import World, a_namespace, a_pod

_SIDES = ("north", "south", "east", "west")
_IPS = {("east", "1"): ["fd00:3::2"], ("west", "1"): ["10.0.4.2", "fd00:4::2"]}
_PORTS: Object = {
    "0": {"web": ("TCP", 80), "dns": ("UDP", 53), "sig": ("SCTP", 9003)},
    "1": {"web": ("TCP", 8080), "dns": ("TCP", 53)},
}


def nine_pods() -> World:
    """Upstream's: three namespaces of three pods, each serving 80 and 81 by every protocol."""
    namespaces = [a_namespace(name, {}) for name in "xyz"]
    ports = {
        f"serve-{number}-{protocol.lower()}": (protocol, number)
        for number, protocol in product((80, 81), PROTOCOLS)
    }
    pods = [
        a_pod(
            name,
            namespace,
            labels={"pod": name},
            ips=[f"10.244.{1 + 'xyz'.index(namespace)}.{1 + 'abc'.index(name)}"],
            ports=ports,
        )
        for namespace, name in product("xyz", "abc")
    ]
    return World(namespaces + pods)


def four_sides() -> World:
    """Four namespaces of two pods that differ in named ports, two nodes, and an outside."""
    namespaces = [a_namespace(side, {"side": side}) for side in _SIDES]
    nodes = [_a_node("n1", "a", "172.16.0.1"), _a_node("n2", "b", "172.16.0.2")]
    pods = [
        a_pod(
            pod,
            side,
            labels={"side": side, "pod": pod},
            ips=_IPS.get((side, pod), [f"10.0.{1 + _SIDES.index(side)}.{1 + int(pod)}"]),
            ports=_PORTS[pod],
        )
        for side, pod in product(_SIDES, "01")
    ]
    outside = ("203.0.113.9", "2001:db8::9", "172.16.0.1", "172.16.0.2")
    return World(namespaces + nodes + pods, outside)


def odd_sides() -> World:
    """The four sides, but no Namespace object of east, and south/1 on the host network of n2."""
    world = four_sides()
    objects = [
        item
        for item in world.objects
        if (item["kind"], item["metadata"]["name"]) != ("Namespace", "east")
    ]
    for item in objects:
        if (item["metadata"].get("namespace"), item["metadata"]["name"]) == ("south", "1"):
            item["spec"] |= {"nodeName": "n2", "hostNetwork": True}
            item["status"] |= {"podIP": "172.16.0.2", "podIPs": [{"ip": "172.16.0.2"}]}
    return World(objects, world.addresses)


def _a_node(name: str, zone: str, address: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux", "zone": zone}},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": name},
            ]
        },
    }
