"""The last hop of a way: what the policies before the pod let through, whoever seems to come."""

from typing import Any

import pytest

from auditor.model.exposure import Exposure, ExposureVerdict, Via
from auditor.model.reading import ReadState
from tests.analysis.clusters import a_node, a_service, exposures_via, facts_of
from tests.analysis.test_ingress_doors import a_class, an_ingress
from tests.kube.manifests import Object, a_pod, a_workload, an_object

APP = {"app": "front"}
FRONT = a_workload(
    "Deployment", "front", labels=APP, ports=[{"containerPort": 8080, "name": "http"}]
)
NODE = a_node("n", "InternalIP=10.0.0.1")
EXPOSED, BLOCKED, UNKNOWN = ExposureVerdict
EVERY_ADDRESS = {"ipBlock": {"cidr": "0.0.0.0/0"}}


def the_way(*rules: Object, local: bool, cni: str = "reference", **spec: Any) -> Exposure:
    """Follow a load balancer to a pod that one policy selects."""
    service = a_service(
        type="LoadBalancer",
        uid="1",
        selector=APP,
        ports=[{"port": 80, "targetPort": "http"}],
        externalTrafficPolicy="Local" if local else "Cluster",
        **spec,
    )
    policy = an_object(
        "NetworkPolicy",
        "p",
        "web",
        spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": list(rules)},
    )
    facts = facts_of(service, FRONT, NODE, policy, assume_cni=cni)
    (way,) = exposures_via(facts, Via.LOAD_BALANCER)
    return way


@pytest.mark.parametrize(
    ("rules", "local", "cluster"),
    [
        # Nobody, and pods only: a node may stand in for the client where it is not kept.
        ([], BLOCKED, UNKNOWN),
        ([{"from": [{"podSelector": {}}]}], BLOCKED, UNKNOWN),
        ([{"from": [{"namespaceSelector": {}}], "ports": [{"port": 8080}]}], BLOCKED, UNKNOWN),
        # Everybody, by the pod's port and not by the Service's.
        ([{}], EXPOSED, EXPOSED),
        ([{"ports": [{"port": "http"}]}], EXPOSED, EXPOSED),
        ([{"ports": [{"port": 80}]}], BLOCKED, UNKNOWN),
        ([{"ports": [{"port": 8080, "protocol": "UDP"}]}], BLOCKED, UNKNOWN),
        # Every address: is a node's among them?
        ([{"from": [EVERY_ADDRESS]}], EXPOSED, UNKNOWN),
        ([{"from": [EVERY_ADDRESS, {"podSelector": {}}]}], EXPOSED, UNKNOWN),
        # Some addresses, which may be the load balancer's.
        ([{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], UNKNOWN, UNKNOWN),
        # No load balancer has an address there: whoever comes from there, and nobody else.
        ([{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}], EXPOSED, UNKNOWN),
        (
            # The internet, whoever is left out of it.
            [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}],
            EXPOSED,
            UNKNOWN,
        ),
    ],
)
def test_whom_a_policy_sees_decides(
    rules: list[Object], local: ExposureVerdict, cluster: ExposureVerdict
) -> None:
    for is_local, expected in ((True, local), (False, cluster)):
        way = the_way(*rules, local=is_local)
        assert way.verdict is expected
        assert way.path[-1].hop == "NetworkPolicy/web/p"
        assert bool(way.reason) is (expected is not EXPOSED)


def test_what_would_settle_it_is_said() -> None:
    assert "externalTrafficPolicy Local" in (the_way(local=False).reason or "")
    assert "admits no outside address on TCP 8080" in (the_way(local=True).reason or "")


@pytest.mark.parametrize("cni", ["azure-cni", "flannel"])
def test_a_policy_that_may_have_no_effect_blocks_nothing(cni: str) -> None:
    assert the_way(local=True, cni=cni).verdict is not BLOCKED
    assert the_way({}, local=True, cni=cni).verdict is EXPOSED


def test_a_policy_that_was_not_read_may_admit_more() -> None:
    service = a_service(type="LoadBalancer", uid="1", selector=APP, externalTrafficPolicy="Local")
    policy = an_object(
        "NetworkPolicy", "p", "web", spec={"podSelector": {}, "policyTypes": ["Ingress"]}
    )
    states = {"networkpolicies.networking.k8s.io": ReadState.PARTIAL}
    facts = facts_of(service, FRONT, NODE, policy, states=states, assume_cni="reference")
    (way,) = exposures_via(facts, Via.LOAD_BALANCER)
    assert way.verdict is UNKNOWN
    assert "partial" in (way.reason or "")


def test_pods_that_have_finished_block_nothing() -> None:
    gone = a_pod("p", labels=APP, status={"phase": "Succeeded"}, owner="StatefulSet/p")
    service = a_service(type="LoadBalancer", uid="1", externalTrafficPolicy="Local")
    labels = {"kubernetes.io/service-name": service["metadata"]["name"]}
    endpoints = an_object(
        "EndpointSlice",
        "front-1",
        "web",
        meta={"labels": labels},
        endpoints=[{"addresses": ["10.1.0.1"], "targetRef": {"kind": "Pod", "name": "p"}}],
        ports=[{"name": "", "port": 8080}],
    )
    policy = an_object(
        "NetworkPolicy", "p", "web", spec={"podSelector": {}, "policyTypes": ["Ingress"]}
    )
    facts = facts_of(service, gone, NODE, endpoints, policy, assume_cni="reference")
    ways = exposures_via(facts, Via.LOAD_BALANCER)
    assert ways
    assert all(way.verdict is not BLOCKED for way in ways)


CONTROLLER = "registry.k8s.io/ingress-nginx/controller:v1.11"
EDGE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}


def the_route(*more: Object, rules: list[Object], controllers: int = 1) -> Exposure:
    """Follow an Ingress, whose controller is in the cluster, to a pod that one policy selects."""
    pods = [
        a_pod(
            f"nginx-{number}",
            "ingress",
            labels={"app": "nginx", "n": str(number)},
            image=CONTROLLER,
            owner=f"Deployment/nginx-{number}",
            ports=[{"containerPort": 443}],
        )
        for number in range(controllers)
    ]
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}
    front = a_service(
        "nginx", "ingress", uid="u", type="LoadBalancer", selector={"app": "nginx"}, status=status
    )
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": rules}
    facts = facts_of(
        *pods,
        front,
        FRONT,
        NODE,
        a_service("app", selector=APP, ports=[{"port": 80, "targetPort": "http"}]),
        a_class("nginx", "k8s.io/ingress-nginx"),
        an_ingress(class_name="nginx"),
        an_object("NetworkPolicy", "p", "web", spec=spec),
        *more,
        assume_cni="reference",
    )
    (way,) = exposures_via(facts, Via.INGRESS)
    return way


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # The controller's pods are the source, whatever the client's address is.
        ([{"from": [EDGE]}], EXPOSED),
        ([{"from": [EDGE], "ports": [{"port": "http"}]}], EXPOSED),
        ([{}], EXPOSED),
        ([], BLOCKED),
        ([{"from": [EVERY_ADDRESS]}], BLOCKED),
        ([{"from": [{"podSelector": {}}]}], BLOCKED),
        # The Service's port is not the pod's.
        ([{"from": [EDGE], "ports": [{"port": 80}]}], BLOCKED),
    ],
)
def test_behind_an_ingress_the_controller_is_the_source(
    rules: list[Object], expected: ExposureVerdict
) -> None:
    way = the_route(rules=rules)
    assert way.verdict is expected
    assert any(hop.hop == "NetworkPolicy/web/p" for hop in way.path)
    assert bool(way.reason) is (expected is BLOCKED)


def test_the_controllers_own_egress_counts() -> None:
    spec = {"podSelector": {}, "policyTypes": ["Egress"]}
    closed = an_object("NetworkPolicy", "closed", "ingress", spec=spec)
    way = the_route(closed, rules=[{}])
    assert way.verdict is BLOCKED
    assert any(hop.hop == "NetworkPolicy/ingress/closed" for hop in way.path)


def test_of_two_controllers_both_must_come_through() -> None:
    one = {"podSelector": {"matchLabels": {"n": "0"}}, **EDGE}
    assert the_route(rules=[{"from": [one]}], controllers=2).verdict is UNKNOWN
    assert the_route(rules=[{"from": [EDGE]}], controllers=2).verdict is EXPOSED
