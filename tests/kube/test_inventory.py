"""The inventory: order, mirrored endpoints, incarnation, and what policies isolate."""

import pytest

from auditor.kube.policies import NetworkPolicy
from auditor.kube.resources import ENDPOINT_SLICES, ENDPOINTS
from auditor.model.reading import ReadState
from tests.kube.manifests import Object, a_pod, an_object, read

OLDER = an_object(
    "Endpoints",
    "db",
    "web",
    subsets=[
        {
            "addresses": [{"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "name": "db-0"}}],
            "notReadyAddresses": [{"ip": "10.0.0.2"}],
            "ports": [{"name": "pg", "port": 5432}],
        },
        {"addresses": [{"ip": "10.0.0.3"}], "ports": [{"port": 53, "protocol": "UDP"}]},
    ],
)


def a_slice(service: str, name: str = "s", namespace: str = "web") -> Object:
    labels = {"kubernetes.io/service-name": service}
    return an_object(
        "EndpointSlice", name, namespace, meta={"labels": labels}, endpoints=[], ports=[]
    )


def test_objects_are_ordered_by_namespace_and_name() -> None:
    inventory = read([a_pod("b", "z"), a_pod("c", "a"), a_pod("a", "z")])
    names = [(pod.metadata.namespace, pod.metadata.name) for pod in inventory.pods]
    assert names == [("a", "c"), ("z", "a"), ("z", "b")]


def test_endpoints_are_mirrored_to_slices_of_their_service() -> None:
    first, second = read([OLDER]).endpoint_slices
    assert first.service_name == second.service_name == "db"
    assert first.metadata.namespace == "web"
    assert [endpoint.addresses for endpoint in first.endpoints] == [("10.0.0.1",), ("10.0.0.2",)]
    assert [endpoint.conditions.ready for endpoint in first.endpoints] == [True, False]
    assert first.endpoints[0].target_ref is not None
    assert [(port.name, port.port, port.protocol.value) for port in first.ports] == [
        ("pg", 5432, "TCP")
    ]
    assert second.ports[0].protocol.value == "UDP"


def test_endpoints_of_a_service_that_has_slices_are_not_mirrored() -> None:
    inventory = read([OLDER, a_slice("db")])
    assert [item.metadata.name for item in inventory.endpoint_slices] == ["s"]


def test_a_slice_of_the_same_name_elsewhere_does_not_stop_mirroring() -> None:
    inventory = read([OLDER, a_slice("db", namespace="other")])
    assert len(inventory.endpoint_slices) == 3


def test_coverage_of_slices_says_that_they_were_mirrored() -> None:
    coverage = read([OLDER], {ENDPOINT_SLICES: ReadState.NOT_PROVIDED}).coverage[ENDPOINT_SLICES]
    assert coverage.state is ReadState.COMPLETE
    assert coverage.detail == "mirrored from Endpoints"
    assert coverage.count == 2


def test_without_either_slices_stay_not_provided() -> None:
    states = {ENDPOINT_SLICES: ReadState.NOT_PROVIDED, ENDPOINTS: ReadState.NOT_PROVIDED}
    assert read([], states).state(ENDPOINT_SLICES) is ReadState.NOT_PROVIDED


def test_the_incarnation_is_the_uid_of_kube_system() -> None:
    inventory = read(
        [
            an_object("Namespace", "default", meta={"uid": "1"}),
            an_object("Namespace", "kube-system", meta={"uid": "2"}),
        ]
    )
    assert inventory.incarnation() == "2"
    assert read([]).incarnation() is None


@pytest.mark.parametrize(
    ("spec", "isolates"),
    [
        ({}, True),
        ({"policyTypes": []}, True),
        ({"policyTypes": None}, True),
        ({"policyTypes": ["Ingress"]}, True),
        ({"policyTypes": ["Egress", "Ingress"]}, True),
        ({"policyTypes": ["Egress"]}, False),
        ({"egress": [{}]}, True),
    ],
)
def test_a_policy_isolates_for_ingress_unless_its_types_leave_it_out(
    spec: Object, isolates: bool
) -> None:
    policy = an_object("NetworkPolicy", "p", "web", spec={"podSelector": {}, **spec})
    (read_policy,) = read([policy]).network_policies
    assert isinstance(read_policy, NetworkPolicy)
    assert read_policy.isolates_ingress is isolates


@pytest.mark.parametrize(
    ("phase", "has_network"),
    [("Running", True), ("Pending", True), ("", True), ("Succeeded", False), ("Failed", False)],
)
def test_finished_pods_have_no_network(phase: str, has_network: bool) -> None:
    (pod,) = read([a_pod(status={"phase": phase})]).pods
    assert pod.has_network is has_network
