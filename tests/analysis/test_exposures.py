"""Doors followed to their targets: identity, and what policies leave open."""

from itertools import permutations
from typing import Any

import pytest

from auditor.kube.resources import NETWORK_POLICIES, PODS
from auditor.model.exposure import Exposure, ExposureVerdict, Via
from auditor.model.reading import ReadState
from tests.analysis.clusters import a_node, a_service, exposures_via, facts_of
from tests.kube.manifests import Object, a_pod, a_workload, an_object

APP = {"app": "front"}
FRONT = a_workload("Deployment", "front", labels=APP, ports=[{"containerPort": 8080}])
BACK = a_workload("Deployment", "back", labels={"app": "back"})
SERVICE = a_service(
    type="LoadBalancer",
    selector=APP,
    ports=[
        {"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080},
        {"name": "https", "port": 443, "targetPort": 8443, "nodePort": 30443},
        {"name": "quic", "port": 443, "targetPort": 8443, "nodePort": 30443, "protocol": "UDP"},
    ],
    externalIPs=["203.0.113.7"],
)
NODE = a_node("n", "ExternalIP=203.0.113.9")


def a_policy(name: str = "deny", namespace: str = "web", **spec: Any) -> Object:
    return an_object("NetworkPolicy", name, namespace, spec={"podSelector": {}, **spec})


def the_exposure(*objects: Object, **rest: Any) -> Exposure:
    service = a_service(type="LoadBalancer", selector=APP, uid="1")
    facts = facts_of(service, FRONT, *objects, **rest)
    (exposure,) = exposures_via(facts, Via.LOAD_BALANCER)
    return exposure


def test_every_door_port_and_protocol_is_an_exposure_of_its_own() -> None:
    found = facts_of(SERVICE, FRONT, NODE).exposures
    assert [
        (item.entry.via.value, item.entry.port, item.entry.protocol.value) for item in found
    ] == [
        ("LoadBalancer", 80, "TCP"),
        ("LoadBalancer", 443, "TCP"),
        ("LoadBalancer", 443, "UDP"),
        ("NodePort", 30080, "TCP"),
        ("NodePort", 30443, "TCP"),
        ("NodePort", 30443, "UDP"),
        ("externalIPs", 80, "TCP"),
        ("externalIPs", 443, "TCP"),
        ("externalIPs", 443, "UDP"),
    ]
    assert len({item.id for item in found}) == len(found)


def test_a_door_to_several_workloads_is_an_exposure_for_each() -> None:
    other = a_workload("StatefulSet", "other", labels=APP)
    service = a_service(type="LoadBalancer", uid="1", selector=APP)
    found = exposures_via(facts_of(service, FRONT, other), Via.LOAD_BALANCER)
    assert [str(item.target.workload) for item in found] == [
        "Deployment/web/front",
        "StatefulSet/web/other",
    ]


def test_ids_and_order_do_not_depend_on_the_order_of_objects() -> None:
    orders = permutations([SERVICE, FRONT, BACK, NODE])
    assert len({tuple(item.id for item in facts_of(*order).exposures) for order in orders}) == 1


def test_an_id_survives_what_comes_and_goes() -> None:
    plain = facts_of(SERVICE, FRONT, NODE).exposures
    older = a_node("m", "ExternalIP=198.51.100.1")
    moved = facts_of({**SERVICE, "metadata": {**SERVICE["metadata"], "uid": "2"}}, FRONT, older)
    assert [item.id for item in plain] == [item.id for item in moved.exposures]


def test_an_id_names_the_cluster_and_the_target() -> None:
    def ids(*objects: Object, provider: str = "eks") -> set[str]:
        return {item.id for item in facts_of(SERVICE, *objects, provider=provider).exposures}

    assert not ids(FRONT) & ids(FRONT, provider="gke")
    assert not ids(FRONT) & ids(a_workload("StatefulSet", "front", labels=APP))


def test_a_door_that_leads_nowhere_is_blocked_and_says_so() -> None:
    (exposure,) = facts_of(a_service(externalIPs=["203.0.113.7"], selector=APP)).exposures
    assert exposure.verdict is ExposureVerdict.BLOCKED
    assert (exposure.target.workload, exposure.target.port) == (None, None)
    assert exposure.reason == "no endpoint answers behind it"


def test_a_door_whose_backends_were_not_read_is_unknown_and_says_so() -> None:
    service = a_service(externalIPs=["203.0.113.7"], selector=APP)
    (exposure,) = facts_of(service, states={PODS: ReadState.FORBIDDEN}).exposures
    assert exposure.verdict is ExposureVerdict.UNKNOWN
    assert exposure.reason == "pods is forbidden"


def test_a_target_that_no_policy_selects_is_exposed() -> None:
    exposure = the_exposure()
    assert exposure.verdict is ExposureVerdict.EXPOSED
    assert exposure.reason is None


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"podSelector": {"matchLabels": APP}},
        {"policyTypes": ["Ingress", "Egress"]},
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}},
    ],
)
def test_a_target_that_an_ingress_policy_selects_is_unknown_and_names_it(spec: Object) -> None:
    exposure = the_exposure(a_policy(**spec))
    assert exposure.verdict is ExposureVerdict.UNKNOWN
    assert "NetworkPolicy/web/deny" in (exposure.reason or "")
    assert exposure.path[-1].hop == "NetworkPolicy/web/deny"


@pytest.mark.parametrize(
    "policy",
    [
        a_policy(policyTypes=["Egress"]),
        a_policy(namespace="other"),
        a_policy(podSelector={"matchLabels": {"app": "back"}}),
        a_policy(podSelector={"matchExpressions": [{"key": "app", "operator": "Unknown"}]}),
    ],
)
def test_a_policy_that_does_not_isolate_the_target_for_ingress_changes_nothing(
    policy: Object,
) -> None:
    assert the_exposure(policy).verdict is ExposureVerdict.EXPOSED


def test_a_policy_that_isolates_one_pod_of_several_counts() -> None:
    pods = [a_pod(f"p{n}", owner="StatefulSet/p", labels={**APP, "n": str(n)}) for n in range(2)]
    service = a_service(type="LoadBalancer", uid="1", selector=APP)
    policy = a_policy(podSelector={"matchLabels": {"n": "1"}})
    (exposure,) = exposures_via(facts_of(service, *pods, policy), Via.LOAD_BALANCER)
    assert exposure.verdict is ExposureVerdict.UNKNOWN


def test_policies_that_nothing_enforces_leave_the_target_exposed_and_are_named() -> None:
    exposure = the_exposure(a_policy(), assume_cni="flannel")
    assert exposure.verdict is ExposureVerdict.EXPOSED
    assert exposure.path[-1].hop == "NetworkPolicy/web/deny"
    assert exposure.path[-1].note == "declared, not enforced by flannel, as is assumed"


@pytest.mark.parametrize("cni", ["reference", "azure-cni"])
def test_policies_that_something_may_enforce_leave_it_unknown(cni: str) -> None:
    assert the_exposure(a_policy(), assume_cni=cni).verdict is ExposureVerdict.UNKNOWN


@pytest.mark.parametrize(
    "state", [ReadState.FORBIDDEN, ReadState.PARTIAL, ReadState.FAILED, ReadState.STALE]
)
def test_policies_that_were_not_all_read_leave_it_unknown(state: ReadState) -> None:
    exposure = the_exposure(states={NETWORK_POLICIES: state})
    assert exposure.verdict is ExposureVerdict.UNKNOWN
    assert exposure.reason == f"networkpolicies.networking.k8s.io is {state.value}"


def test_a_source_that_holds_no_policy_at_all_is_exposed_and_says_so() -> None:
    exposure = the_exposure(states={NETWORK_POLICIES: ReadState.NOT_PROVIDED})
    assert exposure.verdict is ExposureVerdict.EXPOSED
    assert exposure.path[-1].note == "the source holds no policy at all"


def test_the_path_goes_from_the_door_to_the_target() -> None:
    hops = [(hop.hop, hop.field) for hop in the_exposure().path]
    assert hops[0] == ("Service/web/front", "spec.type")
    assert ("Service/web/front", "spec.selector") in hops
    assert all(hop and field for hop, field in hops)


def test_an_exposure_is_as_sure_as_its_door() -> None:
    (door,) = facts_of(a_service(type="LoadBalancer", uid="1", selector=APP), FRONT).doors
    assert the_exposure().confidence is door.confidence
