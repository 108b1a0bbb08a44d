"""Doors on nodes: node ports, host ports, host-network listeners."""

from typing import Any

import pytest

from auditor.kube.resources import NODES
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.reading import ReadState
from tests.analysis.clusters import a_node, a_service, exposures_via, facts_of, the_door
from tests.kube.manifests import Object, a_pod, a_workload

PRIVATE_NODE = a_node("n1", "InternalIP=10.0.0.1", "Hostname=n1")
PUBLIC_NODE = a_node("n2", "InternalIP=10.0.0.2", "ExternalIP=203.0.113.2")
NODE_PORT = a_service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}])


def a_host_pod(name: str = "agent", **port: Any) -> Object:
    spec = {key: port.pop(key) for key in ("hostNetwork", "nodeName") if key in port}
    pod = a_pod(name, ports=[{"containerPort": 9100, **port}])
    pod["spec"].update(spec)
    return pod


@pytest.mark.parametrize(
    ("nodes", "state", "audience"),
    [
        ([PRIVATE_NODE], ReadState.COMPLETE, Audience.PRIVATE_NETWORK),
        ([PUBLIC_NODE], ReadState.COMPLETE, Audience.INTERNET),
        ([PRIVATE_NODE, PUBLIC_NODE], ReadState.COMPLETE, Audience.INTERNET),
        ([PUBLIC_NODE], ReadState.PARTIAL, Audience.INTERNET),
        ([PRIVATE_NODE], ReadState.PARTIAL, Audience.UNKNOWN),
        ([PRIVATE_NODE], ReadState.STALE, Audience.UNKNOWN),
        ([], ReadState.COMPLETE, Audience.UNKNOWN),
        ([], ReadState.FORBIDDEN, Audience.UNKNOWN),
        ([], ReadState.FAILED, Audience.UNKNOWN),
        ([], ReadState.NOT_PROVIDED, Audience.UNKNOWN),
    ],
)
def test_the_nodes_are_the_audience_of_a_node_port(
    nodes: list[Object], state: ReadState, audience: Audience
) -> None:
    door = the_door(facts_of(NODE_PORT, *nodes, states={NODES: state}), Via.NODE_PORT)
    assert door.audience is audience
    assert (door.reason is not None) is (audience is Audience.UNKNOWN)
    if audience is Audience.UNKNOWN and state is not ReadState.COMPLETE:
        assert state.value in (door.reason or "")


def test_an_internal_address_that_is_public_counts() -> None:
    door = the_door(facts_of(NODE_PORT, a_node("n", "InternalIP=203.0.113.9")), Via.NODE_PORT)
    assert door.audience is Audience.INTERNET
    assert door.entry.addresses == ("203.0.113.9",)


def test_names_of_nodes_are_not_dialled() -> None:
    node = a_node("n", "InternalIP=10.0.0.1", "ExternalDNS=203.0.113.9", "Hostname=203.0.113.8")
    assert the_door(facts_of(NODE_PORT, node), Via.NODE_PORT).audience is Audience.PRIVATE_NETWORK


def test_an_internal_range_of_the_operator_is_private() -> None:
    facts = facts_of(NODE_PORT, PUBLIC_NODE, internal_cidrs=("203.0.113.0/24",))
    assert the_door(facts, Via.NODE_PORT).audience is Audience.PRIVATE_NETWORK


@pytest.mark.parametrize(
    ("addresses", "sources"),
    [
        (["ExternalIP=203.0.113.2"], ("0.0.0.0/0",)),
        (["ExternalIP=2001:db8::2"], ("::/0",)),
        (["ExternalIP=203.0.113.2", "ExternalIP=2001:db8::2"], ("0.0.0.0/0", "::/0")),
        (["InternalIP=10.0.0.1"], ()),
    ],
)
def test_sources_are_everyone_of_the_families_of_the_public_addresses(
    addresses: list[str], sources: tuple[str, ...]
) -> None:
    node = a_node("n", *addresses)
    assert the_door(facts_of(NODE_PORT, node), Via.NODE_PORT).sources == sources
    pod = a_host_pod(hostPort=80, nodeName="n")
    assert the_door(facts_of(pod, node), Via.HOST_PORT).sources == sources


def test_a_node_port_is_dialled_on_every_public_address() -> None:
    other = a_node("n3", "ExternalIP=198.51.100.3", "ExternalIP=2001:db8::3")
    door = the_door(facts_of(NODE_PORT, PUBLIC_NODE, other, PRIVATE_NODE), Via.NODE_PORT)
    assert door.entry.addresses == ("198.51.100.3", "2001:db8::3", "203.0.113.2")
    assert door.entry.port == 30080


@pytest.mark.parametrize(
    ("spec", "uid", "ports"),
    [
        ({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}, "1", [30080]),
        ({"type": "NodePort", "ports": [{"port": 80}]}, None, [None]),
        ({"type": "NodePort", "ports": [{"port": 80}, {"port": 81}]}, None, [None, None]),
        ({"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080}]}, "1", [30080]),
        ({"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080}]}, None, [30080]),
        ({"type": "LoadBalancer", "ports": [{"port": 80}]}, None, [None]),
        ({"type": "LoadBalancer", "ports": [{"port": 80}]}, "1", []),
        ({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, None, []),
        (
            {
                "type": "LoadBalancer",
                "allocateLoadBalancerNodePorts": False,
                "ports": [{"port": 80, "nodePort": 30080}],
            },
            "1",
            [30080],
        ),
        ({"type": "ClusterIP", "ports": [{"port": 80, "nodePort": 30080}]}, "1", []),
        ({"ports": [{"port": 80, "nodePort": 0}]}, None, []),
        ({"type": "NodePort", "ports": [{"port": 80, "nodePort": 0}]}, None, [None]),
        ({"type": "NodePort", "ports": []}, None, []),
    ],
)
def test_a_node_port_is_open_where_one_is_or_will_be_allocated(
    spec: Object, uid: str | None, ports: list[int | None]
) -> None:
    doors = facts_of(a_service(uid=uid, **spec)).doors_via(Via.NODE_PORT)
    assert [door.entry.port for door in doors] == ports
    assert [door.unallocated_port is not None for door in doors] == [port is None for port in ports]


@pytest.mark.parametrize(
    ("host_ip", "audience"),
    [
        (None, Audience.INTERNET),
        ("", Audience.INTERNET),
        ("0.0.0.0", Audience.INTERNET),
        ("::", Audience.INTERNET),
        ("127.0.0.1", Audience.NONE),
        ("127.1.2.3", Audience.NONE),
        ("::1", Audience.NONE),
        ("10.0.0.2", Audience.PRIVATE_NETWORK),
        ("203.0.113.2", Audience.INTERNET),
    ],
)
@pytest.mark.parametrize(
    ("via", "port"),
    [(Via.HOST_PORT, {"hostPort": 9100}), (Via.HOST_NETWORK, {"hostNetwork": True})],
)
def test_a_host_port_listens_where_its_host_ip_says(
    via: Via, port: Object, host_ip: str | None, audience: Audience
) -> None:
    pod = a_host_pod(nodeName="n2", hostIP=host_ip, **port)
    door = the_door(facts_of(pod, PUBLIC_NODE), via)
    assert door.audience is audience
    assert str(door.subject) == "Pod/web/agent"


def test_a_host_ip_that_is_no_address_narrows_nothing() -> None:
    pod = a_host_pod(hostPort=80, hostIP="eth0", nodeName="n2")
    door = the_door(facts_of(pod, PUBLIC_NODE), Via.HOST_PORT)
    assert door.audience is Audience.INTERNET
    assert door.entry.addresses == ("203.0.113.2",)


def test_a_host_port_is_judged_by_the_nodes_of_its_pods() -> None:
    nodes = (PRIVATE_NODE, PUBLIC_NODE)
    on_private = the_door(facts_of(a_host_pod(hostPort=80, nodeName="n1"), *nodes), Via.HOST_PORT)
    assert on_private.audience is Audience.PRIVATE_NETWORK
    on_public = the_door(facts_of(a_host_pod(hostPort=80, nodeName="n2"), *nodes), Via.HOST_PORT)
    assert on_public.audience is Audience.INTERNET


@pytest.mark.parametrize("node_name", [{}, {"nodeName": ""}])
def test_a_pod_without_a_node_may_come_to_run_on_any(node_name: Object) -> None:
    pod = a_host_pod(hostPort=80, **node_name)
    door = the_door(facts_of(pod, PRIVATE_NODE, PUBLIC_NODE), Via.HOST_PORT)
    assert door.audience is Audience.INTERNET


def test_a_host_port_without_nodes_is_unknown() -> None:
    facts = facts_of(a_host_pod(hostPort=80), states={NODES: ReadState.FORBIDDEN})
    door = the_door(facts, Via.HOST_PORT)
    assert door.audience is Audience.UNKNOWN
    assert "forbidden" in (door.reason or "")


def test_a_loopback_port_needs_no_nodes_to_be_nobodys() -> None:
    pod = a_host_pod(hostPort=80, hostIP="127.0.0.1")
    door = the_door(facts_of(pod, states={NODES: ReadState.FORBIDDEN}), Via.HOST_PORT)
    assert door.audience is Audience.NONE


def test_a_host_network_port_that_also_claims_a_host_port_is_one_door() -> None:
    facts = facts_of(a_host_pod(hostNetwork=True, hostPort=9100), PUBLIC_NODE)
    (door,) = facts.doors
    assert (door.entry.via, door.entry.port) == (Via.HOST_NETWORK, 9100)


def test_the_host_port_is_dialled_and_the_container_port_answers() -> None:
    facts = facts_of(a_host_pod(hostPort=80, nodeName="n2"), PUBLIC_NODE)
    (exposure,) = exposures_via(facts, Via.HOST_PORT)
    assert (exposure.entry.port, exposure.target.port) == (80, 9100)
    assert str(exposure.target.workload) == "Pod/web/agent"
    assert exposure.entry.addresses == ("203.0.113.2",)


def test_pods_of_one_workload_are_one_door() -> None:
    pods = [
        a_pod(f"agent-{n}", owner="DaemonSet/agent", ports=[{"containerPort": 80, "hostPort": 80}])
        for n in range(3)
    ]
    assert str(the_door(facts_of(*pods), Via.HOST_PORT).subject) == "DaemonSet/web/agent"


def test_a_template_with_a_host_port_is_a_door() -> None:
    agent = a_workload("DaemonSet", "agent", ports=[{"containerPort": 80, "hostPort": 80}])
    assert str(the_door(facts_of(agent), Via.HOST_PORT).subject) == "DaemonSet/web/agent"


def test_finished_pods_listen_nowhere() -> None:
    pod = a_host_pod(hostPort=80)
    pod["status"] = {"phase": "Succeeded"}
    assert not facts_of(pod).doors


def test_protocols_are_told_apart() -> None:
    ports = [
        {"containerPort": 53, "hostPort": 53},
        {"containerPort": 53, "hostPort": 53, "protocol": "UDP"},
    ]
    doors = facts_of(a_pod(ports=ports)).doors_via(Via.HOST_PORT)
    assert [door.entry.protocol.value for door in doors] == ["TCP", "UDP"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_loopback_twin_does_not_hide_a_port_for_the_internet(order: int) -> None:
    ports = [
        {"containerPort": 80, "hostPort": 80, "hostIP": "1.2.3.4"},
        {"containerPort": 80, "hostPort": 80, "hostIP": "127.0.0.1"},
    ][::order]
    (exposure,) = exposures_via(facts_of(a_pod(ports=ports)), Via.HOST_PORT)
    assert exposure.audience is Audience.INTERNET
    assert exposure.entry.addresses[0] == "1.2.3.4"
