"""Ways to control ports of the cluster: what answers there, and who can dial the door."""

from typing import Any

import pytest

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.kube.resources import NETWORK_POLICIES
from auditor.model.cluster import Cluster, Files
from auditor.model.finding import Finding
from auditor.model.reading import ReadState
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration
from tests.analysis.clusters import AT, a_node, a_service
from tests.kube.manifests import Object, a_pod, an_object, read

FAIL, PASS, UNKNOWN, NONE = Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE
NODE = a_node("n1", "InternalIP=10.0.1.10")
PUBLIC = {"loadBalancer": {"ingress": [{"ip": "203.0.113.30"}]}}
INTERNAL = {"loadBalancer": {"ingress": [{"ip": "10.0.9.30"}]}}


def door(port: int, **spec: Any) -> Object:
    """Write the Service `x` in kube-system that leads to a port."""
    given: dict[str, Any] = {"type": "LoadBalancer", "status": PUBLIC, "uid": "u"} | spec
    return a_service("x", "kube-system", ports=[{"port": 443, "targetPort": port}], **given)


def addresses(port: int, *found: str) -> Object:
    """Write what the Service `x` leads to without a selector."""
    return an_object(
        "EndpointSlice",
        "x-1",
        "kube-system",
        meta={"labels": {"kubernetes.io/service-name": "x"}},
        endpoints=[{"addresses": [address]} for address in found],
        ports=[{"port": port}],
    )


def pod(image: str = "app", namespace: str = "kube-system", **spec: bool) -> Object:
    return a_pod("p", namespace, labels={"app": "x"}, image=image, spec=dict(spec))


def found(*objects: Object, states: dict[str, ReadState] | None = None) -> list[Finding]:
    cluster = Cluster(id="kubeconfig/t", name="t", provider="kubeconfig", access=Files(""))
    result = audit(cluster, read(objects, states), Rules.of(Configuration()), AT)
    return [item for item in result.findings if item.check == "control-plane-port-exposed"]


def verdict(*objects: Object, states: dict[str, ReadState] | None = None) -> Verdict:
    (finding,) = found(*objects, states=states)
    return finding.verdict


SELECTED = {"selector": {"app": "x"}}


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        # An address of a node: whatever is confirmed to listen there.
        ((NODE, door(10250), addresses(10250, "10.0.1.10")), FAIL),
        ((NODE, door(10250, status=INTERNAL), addresses(10250, "10.0.1.10")), FAIL),
        ((NODE, door(10250, type="NodePort"), addresses(10250, "10.0.1.10")), FAIL),
        ((NODE, door(10257), addresses(10257, "10.0.1.10")), FAIL),
        ((NODE, door(2379), addresses(2379, "10.0.1.10")), FAIL),
        ((NODE, door(10250, type="ClusterIP"), addresses(10250, "10.0.1.10")), NONE),
        # Not confirmed to be what listens there, or nobody knows whose address it is.
        ((NODE, door(2375), addresses(2375, "10.0.1.10")), UNKNOWN),
        ((NODE, door(2379), addresses(2379, "10.0.7.7")), UNKNOWN),
        # Another port of a node is no control port; the API server is judged elsewhere.
        ((NODE, door(9100), addresses(9100, "10.0.1.10")), NONE),
        ((NODE, door(6443), addresses(6443, "10.0.1.10")), NONE),
        # Pods on the node's network, and what was recognised.
        ((NODE, door(10259, **SELECTED), pod(hostNetwork=True)), FAIL),
        ((NODE, door(2379, **SELECTED), pod("registry.k8s.io/etcd:3.5.16-0")), FAIL),
        ((NODE, door(10250, **SELECTED), pod("example/metrics-server:1")), NONE),
    ],
)
def test_what_answers_decides(objects: tuple[Object, ...], expected: Verdict) -> None:
    assert verdict(*objects) is expected


def test_an_etcd_of_an_application_is_a_database_and_not_the_clusters() -> None:
    own = a_service(
        "x",
        "shop",
        type="NodePort",
        selector={"app": "x"},
        ports=[{"port": 2379, "nodePort": 30379}],
    )
    assert verdict(NODE, own, pod("quay.io/coreos/etcd:v3.5.16", "shop")) is NONE


def test_a_policy_on_the_way_leaves_it_open_and_nothing_enforces_it_under_flannel() -> None:
    policy = an_object("NetworkPolicy", "deny", "ci", spec={"podSelector": {}})
    service = a_service(
        "x", "ci", type="NodePort", selector={"app": "x"}, ports=[{"port": 2375, "nodePort": 32375}]
    )
    docker = pod("docker:27-dind", "ci")
    flannel = a_pod(
        "kube-flannel-n1",
        "kube-system",
        owner="DaemonSet/kube-flannel-ds",
        image="flannel/flannel:v0.25.7",
        spec={"nodeName": "n1", "hostNetwork": True},
        status={"phase": "Running"},
    )
    assert verdict(NODE, service, docker) is FAIL
    assert verdict(NODE, service, docker, policy) is UNKNOWN
    assert verdict(NODE, service, docker, policy, flannel) is FAIL


def test_a_way_through_policies_that_could_not_be_read_is_unknown() -> None:
    service = a_service(
        "x", "ci", type="NodePort", selector={"app": "x"}, ports=[{"port": 2375, "nodePort": 32375}]
    )
    states = {NETWORK_POLICIES: ReadState.FORBIDDEN}
    assert verdict(NODE, service, pod("docker:27-dind", "ci"), states=states) is UNKNOWN


def test_one_finding_tells_each_way_apart() -> None:
    both = found(NODE, door(10250), addresses(10250, "10.0.1.10"))
    assert len({item.id for item in both}) == len(both)
    (only,) = both
    assert only.discriminator == "kubelet:LoadBalancer:10250:"
    assert str(only.subject) == "Service/kube-system/x"
