"""Running manifests: what controllers make, where pods run, and how Services reach them."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.simulator.running import run_manifests

Item = dict[str, Any]
Key = tuple[str, str, str]

ZONES = ("a", "b")
PORT_NAMES = ("http", "grpc")


def node(name: str, **changes: Any) -> Item:
    number = int(name.removeprefix("node-"))
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": ZONES[number % 2]}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels | changes.pop("labels", {})},
        "spec": changes.pop("spec", {}),
        "status": {"addresses": [{"type": "InternalIP", "address": f"10.9.0.{number + 10}"}]},
    }


def template(app: str, *, port_name: str | None = "http", port: int = 8080, **spec: Any) -> Item:
    named = {"name": port_name} if port_name else {}
    container = {"name": "main", "image": "app", "ports": [{**named, "containerPort": port}]}
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **spec}}


def workload(kind: str, name: str, made: Item | None = None, **spec: Any) -> Item:
    api_version = {"Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    own = made or template(name)
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "web"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": own, **spec},
    }


def service(name: str, *ports: Item, **spec: Any) -> Item:
    selected = {"selector": {"app": name}} | spec
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "web"},
        "spec": {**selected, "ports": list(ports or [{"port": 80, "targetPort": "http"}])},
    }


def of(items: Iterable[Item], kind: str) -> list[Item]:
    return [item for item in items if item["kind"] == kind]


def only(items: Iterable[Item], kind: str) -> Item:
    (found,) = of(items, kind)
    return found


def key(kind: str, item: Mapping[str, Any]) -> Key:
    return kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]


@st.composite
def clusters(draw: st.DrawFn) -> list[Item]:
    """Some nodes, workloads of all kinds, and Services that name their ports or number them."""
    nodes = [node(f"node-{number}") for number in range(draw(st.integers(1, 4)))]
    items = list(nodes)
    for name in draw(st.lists(st.sampled_from(["cart", "feed", "api"]), unique=True)):
        made = template(
            name,
            port_name=draw(st.sampled_from((*PORT_NAMES, None))),
            hostNetwork=draw(st.booleans()),
        )
        if draw(st.booleans()):
            chosen = draw(st.sampled_from(nodes))["metadata"]["name"]
            made["spec"]["nodeSelector"] = {"kubernetes.io/hostname": chosen}
        kind = draw(st.sampled_from(["Deployment", "StatefulSet", "DaemonSet", "Job"]))
        count = draw(st.integers(0, 3))
        size = {"parallelism": count} if kind == "Job" else {"replicas": count}
        items.append(workload(kind, name, made, **size))
        target = draw(st.sampled_from((*PORT_NAMES, 8080)))
        sort = draw(st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]))
        items.append(service(name, {"port": 80, "targetPort": target}, type=sort))
    return items


@given(clusters())
def test_it_is_deterministic_and_changes_nothing_that_was_given(items: list[Item]) -> None:
    before = deepcopy(items)
    assert run_manifests(items) == run_manifests(deepcopy(items))
    assert items == before


@given(clusters())
def test_running_the_result_once_more_changes_nothing(items: list[Item]) -> None:
    once = run_manifests(items)
    assert run_manifests(once) == once


@given(clusters())
def test_every_pod_runs_on_a_node_that_is_there_and_that_it_selects(items: list[Item]) -> None:
    objects = run_manifests(items)
    labels = {item["metadata"]["name"]: item["metadata"]["labels"] for item in of(objects, "Node")}
    for pod in of(objects, "Pod"):
        assert pod["status"]["phase"] == "Running"
        wanted = pod["spec"].get("nodeSelector", {}).items()
        assert wanted <= labels[pod["spec"]["nodeName"]].items()


@given(clusters())
def test_every_pod_has_an_address_of_its_own_or_its_nodes(items: list[Item]) -> None:
    objects = run_manifests(items)
    own = []
    for pod in of(objects, "Pod"):
        status = pod["status"]
        assert status["podIPs"] == [{"ip": status["podIP"]}]
        if pod["spec"].get("hostNetwork"):
            assert status["podIP"] == status["hostIP"]
        else:
            own.append(status["podIP"])
    hosts = [each["status"]["addresses"][0]["address"] for each in of(objects, "Node")]
    assert len(set(own) | set(hosts)) == len(own) + len(hosts)


@given(clusters())
def test_every_owner_is_there_and_every_uid_once(items: list[Item]) -> None:
    objects = run_manifests(items)
    uids = {key(item["kind"], item): item["metadata"].get("uid") for item in objects}
    given_uids = [uid for uid in uids.values() if uid]
    assert len(set(given_uids)) == len(given_uids)
    assert len(uids) == len(objects)
    for item in objects:
        for owner in item["metadata"].get("ownerReferences", ()):
            place = item["metadata"]["namespace"]
            assert uids[owner["kind"], place, owner["name"]] == owner["uid"]


@given(clusters())
def test_every_pod_has_its_workload_at_the_end_of_the_chain(items: list[Item]) -> None:
    objects = run_manifests(items)
    known = {key(item["kind"], item): item for item in objects}
    workloads = {key(item["kind"], item) for item in items}
    for pod in of(objects, "Pod"):
        at = pod
        while owners := at["metadata"].get("ownerReferences"):
            at = known[owners[0]["kind"], "web", owners[0]["name"]]
        assert key(at["kind"], at) in workloads
        assert at["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


@given(clusters())
def test_every_selected_pod_is_in_a_slice_of_its_service(items: list[Item]) -> None:
    objects = run_manifests(items)
    for one in of(objects, "Service"):
        sliced = {
            endpoint["targetRef"]["name"]: (endpoint["addresses"][0], endpoint["nodeName"])
            for item in of(objects, "EndpointSlice")
            if item["metadata"]["labels"]["kubernetes.io/service-name"] == one["metadata"]["name"]
            for endpoint in item["endpoints"]
            if endpoint["conditions"]["ready"]
        }
        assert sliced == {
            pod["metadata"]["name"]: (pod["status"]["podIP"], pod["spec"]["nodeName"])
            for pod in of(objects, "Pod")
            if one["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        }


@given(clusters())
def test_services_have_addresses_and_node_ports_of_their_own(items: list[Item]) -> None:
    services = of(run_manifests(items), "Service")
    addresses = [one["spec"]["clusterIP"] for one in services]
    assert len(set(addresses)) == len(services)
    node_ports = [port.get("nodePort") for one in services for port in one["spec"]["ports"]]
    opened = [number for number in node_ports if number is not None]
    assert all(30_000 <= number < 32_768 for number in opened)
    assert len(set(opened)) == len(opened)
    assert len(opened) == sum(one["spec"]["type"] != "ClusterIP" for one in services)


@pytest.mark.parametrize(
    ("kind", "spec", "names"),
    [
        ("StatefulSet", {"replicas": 2}, ["cart-0", "cart-1"]),
        ("StatefulSet", {}, ["cart-0"]),
        ("Deployment", {"replicas": 0}, []),
    ],
)
def test_workloads_have_the_pods_they_ask_for(kind: str, spec: Item, names: list[str]) -> None:
    objects = run_manifests([node("node-0"), workload(kind, "cart", **spec)])
    assert [pod["metadata"]["name"] for pod in of(objects, "Pod")] == names


def test_a_deployment_has_a_replica_set_whose_hash_follows_the_template() -> None:
    one, other = (
        only(run_manifests([workload("Deployment", "cart", template("cart", port=port))]), kind)
        for port, kind in ((8080, "ReplicaSet"), (8081, "ReplicaSet"))
    )
    for made in (one, other):
        hashed = made["metadata"]["labels"]["pod-template-hash"]
        assert made["metadata"]["name"] == f"cart-{hashed}"
        assert made["spec"]["selector"]["matchLabels"]["pod-template-hash"] == hashed
        assert made["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] == hashed
    assert one["metadata"]["name"] != other["metadata"]["name"]


def test_a_daemon_set_runs_on_every_node_that_it_tolerates() -> None:
    taint = {"key": "dedicated", "value": "ledger", "effect": "NoSchedule"}
    nodes = [node("node-0"), node("node-1"), node("node-2", spec={"taints": [taint]})]
    everywhere = workload("DaemonSet", "cni", template("cni", tolerations=[{"operator": "Exists"}]))
    objects = run_manifests([*nodes, everywhere, workload("DaemonSet", "agent")])
    places: dict[str, list[str]] = {"cni": [], "agent": []}
    for pod in of(objects, "Pod"):
        places[pod["metadata"]["labels"]["app"]].append(pod["spec"]["nodeName"])
    assert places == {"cni": ["node-0", "node-1", "node-2"], "agent": ["node-0", "node-1"]}


@pytest.mark.parametrize(
    ("toleration", "runs"),
    [
        ({"key": "dedicated", "value": "ledger", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "operator": "Exists"}, True),
        ({"key": "dedicated", "value": "other"}, False),
        ({"key": "dedicated", "value": "ledger", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_a_taint_keeps_out_who_does_not_tolerate_it(toleration: Item, runs: bool) -> None:
    taint = {"key": "dedicated", "value": "ledger", "effect": "NoSchedule"}
    made = template("cart", tolerations=[toleration])
    tainted = node("node-0", spec={"taints": [taint]})
    pod = only(run_manifests([tainted, workload("StatefulSet", "cart", made)]), "Pod")
    assert pod["status"]["phase"] == ("Running" if runs else "Pending")
    assert ("nodeName" in pod["spec"]) is runs


def test_replicas_are_spread_over_the_nodes() -> None:
    nodes = [node(f"node-{number}") for number in range(3)]
    objects = run_manifests([*nodes, workload("Deployment", "cart", replicas=6)])
    places = [pod["spec"]["nodeName"] for pod in of(objects, "Pod")]
    assert sorted(places) == sorted(["node-0", "node-1", "node-2"] * 2)


def test_pods_live_in_the_pod_range_of_their_node() -> None:
    given_range = node("node-0", spec={"podCIDR": "10.44.7.0/24"})
    pod = only(run_manifests([given_range, workload("StatefulSet", "cart")]), "Pod")
    assert ip_address(pod["status"]["podIP"]) in ip_network("10.44.7.0/24")


def test_a_full_node_says_so() -> None:
    small = node("node-0", spec={"podCIDR": "10.44.7.0/30"})
    with pytest.raises(ValueError, match="node-0 has no address left"):
        run_manifests([small, workload("Deployment", "cart", replicas=2)])


def test_pods_of_one_service_may_name_a_port_differently() -> None:
    old = workload("StatefulSet", "old", template("cart", port=8080))
    new = workload("StatefulSet", "new", template("cart", port=9090))
    bare = workload("StatefulSet", "bare", template("cart", port_name=None))
    objects = run_manifests([node("node-0"), old, new, bare, service("cart")])
    resolved = {
        item["endpoints"][0]["targetRef"]["name"]: [port["port"] for port in item["ports"]]
        for item in of(objects, "EndpointSlice")
    }
    assert resolved == {"old-0": [8080], "new-0": [9090], "bare-0": []}


def test_a_named_port_is_found_by_its_protocol_and_in_sidecars() -> None:
    made = template("cart", port_name="dns", port=5353)
    made["spec"]["containers"][0]["ports"][0]["protocol"] = "UDP"
    sidecar = {"name": "proxy", "restartPolicy": "Always", "ports": [{"containerPort": 15090}]}
    sidecar["ports"] = [{"name": "stats", "containerPort": 15090}]
    made["spec"]["initContainers"] = [sidecar]
    ports = [
        {"name": "dns-tcp", "port": 53, "targetPort": "dns"},
        {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
        {"name": "stats", "port": 80, "targetPort": "stats"},
        {"name": "plain", "port": 7000},
    ]
    objects = run_manifests(
        [node("node-0"), workload("StatefulSet", "cart", made), service("cart", *ports)]
    )
    assert only(objects, "EndpointSlice")["ports"] == [
        {"name": "dns", "protocol": "UDP", "port": 5353},
        {"name": "stats", "protocol": "TCP", "port": 15090},
        {"name": "plain", "protocol": "TCP", "port": 7000},
    ]


@pytest.mark.parametrize(
    ("spec", "opened"),
    [
        ({"type": "NodePort"}, True),
        ({"type": "LoadBalancer"}, True),
        ({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, False),
        ({"clusterIP": "None"}, False),
        ({}, False),
    ],
)
def test_node_ports_are_opened_where_a_server_would(spec: Item, opened: bool) -> None:
    made = only(run_manifests([service("cart", **spec)]), "Service")
    assert ("nodePort" in made["spec"]["ports"][0]) is opened


def test_what_a_service_asks_for_it_gets() -> None:
    asked = service(
        "dns", {"port": 53, "nodePort": 30053}, type="NodePort", clusterIP="172.20.0.10"
    )
    first, second = of(run_manifests([asked, service("cart")]), "Service")
    assert first["spec"]["ports"][0]["nodePort"] == 30053
    assert first["spec"]["clusterIPs"] == ["172.20.0.10"]
    assert ip_address(second["spec"]["clusterIP"]) in ip_network("172.20.0.0/16")


def test_a_service_without_a_pod_has_an_empty_slice_and_an_alias_has_none() -> None:
    alias = service("mail", type="ExternalName", externalName="mail.example")
    objects = run_manifests([service("cart"), alias])
    assert only(objects, "EndpointSlice")["endpoints"] == []
    assert "clusterIP" not in of(objects, "Service")[1]["spec"]


def test_host_network_pods_have_host_ports() -> None:
    agent = workload("DaemonSet", "agent", template("agent", hostNetwork=True, port=9100))
    pod = only(run_manifests([node("node-0"), agent]), "Pod")
    assert pod["spec"]["containers"][0]["ports"][0]["hostPort"] == 9100


def test_what_was_given_passes_through_unchanged() -> None:
    static = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "proxy-node-0", "namespace": "web", "labels": {"app": "erp"}},
        "spec": {"nodeName": "node-0", "containers": [{"name": "proxy"}]},
        "status": {"phase": "Running", "podIP": "10.9.128.2"},
    }
    written = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "erp-vm",
            "namespace": "web",
            "labels": {"kubernetes.io/service-name": "erp"},
        },
        "endpoints": [{"addresses": ["172.18.9.14"]}],
    }
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "x"},
    }
    given_items = [node("node-0"), static, written, policy]
    objects = run_manifests([*given_items, service("erp"), workload("StatefulSet", "cart")])
    assert objects[: len(given_items)] == given_items
    assert of(objects, "EndpointSlice") == [written]
    # The address of the pod that was there is not given away again.
    assert of(objects, "Pod")[1]["status"]["podIP"] == "10.9.128.3"


def test_a_pod_that_is_not_ready_is_listed_as_such() -> None:
    waiting = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "cart-x", "namespace": "web", "labels": {"app": "cart"}},
        "spec": {"containers": [{"name": "main"}]},
        "status": {
            "phase": "Running",
            "podIP": "10.9.1.2",
            "conditions": [{"type": "Ready", "status": "False"}],
        },
    }
    objects = run_manifests([waiting, service("cart", {"port": 80})])
    (endpoint,) = only(objects, "EndpointSlice")["endpoints"]
    assert endpoint["conditions"] == {"ready": False, "serving": False, "terminating": False}


def test_a_cron_job_waits_for_its_time() -> None:
    inner = {"jobTemplate": {"spec": {"template": template("nightly")}}}
    nightly = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly"},
        "spec": inner,
    }
    (only_item,) = run_manifests([nightly])
    assert only_item["metadata"]["namespace"] == "default"
