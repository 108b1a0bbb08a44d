"""What a door's audience and verdict are while nodes and pods are only partly known."""

from auditor.model.audience import Audience
from auditor.model.exposure import ExposureVerdict
from tests.analysis.clusters import facts_of

PORTS = [{"port": 80, "targetPort": "http", "nodePort": 30080}]


def node(name: str, *addresses: str) -> dict[str, object]:
    listed = [{"type": "InternalIP", "address": address} for address in addresses]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"addresses": listed},
    }


def service(**spec: object) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "front", "namespace": "web"},
        "spec": {"type": "NodePort", "ports": PORTS, **spec},
    }


def pod(**spec: object) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "front", "namespace": "web", "labels": {"app": "front"}},
        "spec": spec,
    }


def test_a_node_that_shows_no_address_leaves_the_audience_open() -> None:
    facts = facts_of(node("a", "10.0.0.1"), node("b"), service(selector={"app": "front"}))
    assert facts.doors[0].audience is Audience.UNKNOWN


def test_a_pod_on_a_node_that_was_not_listed_leaves_the_audience_open() -> None:
    container = {"name": "c", "ports": [{"containerPort": 80, "hostPort": 8080}]}
    facts = facts_of(node("a", "10.0.0.1"), pod(nodeName="gone", containers=[container]))
    assert facts.doors[0].audience is Audience.UNKNOWN


def test_a_sidecar_serves_under_its_port_name() -> None:
    sidecar = {
        "name": "proxy",
        "restartPolicy": "Always",
        "ports": [{"name": "http", "containerPort": 8080}],
    }
    start = {"name": "start", "ports": [{"name": "http", "containerPort": 1}]}
    found = facts_of(
        pod(initContainers=[start, sidecar], containers=[{"name": "main"}]),
        service(selector={"app": "front"}),
    )
    (exposure,) = found.exposures
    assert exposure.target.port == 8080


def test_an_endpoint_of_a_pod_that_was_not_read_may_be_blocked_by_its_namespace() -> None:
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "front-1",
            "namespace": "web",
            "labels": {"kubernetes.io/service-name": "front"},
        },
        "endpoints": [{"addresses": ["10.1.0.1"], "targetRef": {"kind": "Pod", "name": "gone"}}],
        "ports": [{"port": 80}],
    }
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "web"},
        "spec": {"podSelector": {"matchLabels": {"app": "other"}}},
    }
    bare = facts_of(service(), endpoints)
    assert [item.verdict for item in bare.exposures] == [ExposureVerdict.EXPOSED]
    behind = facts_of(service(), endpoints, policy)
    assert [item.verdict for item in behind.exposures] == [ExposureVerdict.UNKNOWN]
