"""What answers behind a Service port."""

from typing import Any

import pytest

from auditor.analysis.exposure.door import Backends
from auditor.kube.resources import ENDPOINT_SLICES, PODS
from auditor.model.reading import ReadState
from tests.analysis.clusters import a_service, facts_of
from tests.kube.manifests import Object, a_pod, a_workload, an_object

APP = {"app": "front"}
HTTP = {"containerPort": 8080, "name": "http"}


def backends(service: Object, *objects: Object, **rest: Any) -> Backends:
    facts = facts_of(service, *objects, **rest)
    read_service = facts.inventory.services[0]
    return facts.backends.find(read_service, read_service.spec.ports[0])


def targets(service: Object, *objects: Object, **rest: Any) -> list[tuple[str, int | None]]:
    found = backends(service, *objects, **rest).found
    return [(str(backend.workload), backend.port) for backend in found]


def selecting(port: Object, **selector: str) -> Object:
    return a_service(selector=selector or APP, ports=[{"port": 80, **port}])


def a_slice(*endpoints: Object, ports: list[Object] | None = None, service: str = "db") -> Object:
    return an_object(
        "EndpointSlice",
        f"{service}-1",
        "web",
        meta={"labels": {"kubernetes.io/service-name": service}},
        endpoints=list(endpoints),
        ports=[{"port": 5432}] if ports is None else ports,
    )


@pytest.mark.parametrize(
    ("port", "number"),
    [
        ({}, 80),
        ({"targetPort": 0}, 80),
        ({"targetPort": ""}, 80),
        ({"targetPort": None}, 80),
        ({"targetPort": 8080}, 8080),
        ({"targetPort": 9999}, 9999),
        ({"targetPort": "http"}, 8080),
    ],
)
def test_the_target_port_is_a_number_a_name_or_the_port_itself(port: Object, number: int) -> None:
    pod = a_pod("front", labels=APP, ports=[HTTP])
    assert targets(selecting(port), pod) == [("Pod/web/front", number)]


def test_a_named_port_may_differ_from_pod_to_pod() -> None:
    pods = [
        a_pod("a", owner="StatefulSet/front", labels=APP, ports=[HTTP]),
        a_pod("b", owner="StatefulSet/front", labels=APP, ports=[{**HTTP, "containerPort": 9090}]),
        a_pod("c", owner="StatefulSet/front", labels=APP, ports=[]),
    ]
    assert targets(selecting({"targetPort": "http"}), *pods) == [
        ("StatefulSet/web/front", 8080),
        ("StatefulSet/web/front", 9090),
    ]


@pytest.mark.parametrize(("protocol", "number"), [("TCP", 1053), ("UDP", 2053)])
def test_one_name_may_stand_for_a_port_of_each_protocol(protocol: str, number: int) -> None:
    ports = [
        {"name": "dns", "containerPort": 1053},
        {"name": "dns", "containerPort": 2053, "protocol": "UDP"},
    ]
    service = selecting({"targetPort": "dns", "protocol": protocol})
    assert targets(service, a_pod("d", labels=APP, ports=ports)) == [("Pod/web/d", number)]


def test_only_pods_of_the_services_namespace_with_every_label_are_selected() -> None:
    pods = [
        a_pod("right", labels={**APP, "tier": "web"}),
        a_pod("lacks", labels={"app": "front"}),
        a_pod("other", labels={"app": "front", "tier": "db"}),
        a_pod("elsewhere", "shop", labels={**APP, "tier": "web"}),
    ]
    assert targets(selecting({}, app="front", tier="web"), *pods) == [("Pod/web/right", 80)]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_finished_pods_answer_nothing(phase: str) -> None:
    pod = a_pod(labels=APP, status={"phase": phase})
    found = backends(selecting({}), pod)
    assert found.found == ()
    assert found.is_dangling


def test_workloads_of_one_name_are_not_mistaken_for_each_other() -> None:
    front = a_workload("Deployment", "front", labels=APP)
    twin = a_workload("StatefulSet", "front", labels={"app": "other"})
    twin_run = a_workload("CronJob", "front", labels={"app": "third"})
    assert targets(selecting({}), front, twin, twin_run) == [("Deployment/web/front", 80)]
    assert targets(selecting({}, app="other"), front, twin, twin_run) == [
        ("StatefulSet/web/front", 80)
    ]


def test_a_selector_that_matches_nothing_dangles() -> None:
    found = backends(selecting({}), a_pod(labels={"app": "back"}))
    assert (found.found, found.is_dangling, found.reason) == ((), True, None)


def test_a_named_port_that_no_container_has_dangles() -> None:
    assert backends(selecting({"targetPort": "http"}), a_pod(labels=APP)).is_dangling


@pytest.mark.parametrize(
    "state",
    [
        ReadState.FORBIDDEN,
        ReadState.PARTIAL,
        ReadState.FAILED,
        ReadState.STALE,
        ReadState.NOT_PROVIDED,
    ],
)
def test_nothing_dangles_while_pods_are_not_all_read(state: ReadState) -> None:
    found = backends(selecting({}), states={PODS: state})
    assert not found.is_dangling
    assert found.reason == f"pods is {state.value}"


def test_pods_that_were_read_answer_whatever_else_is_missing() -> None:
    found = backends(selecting({}), a_pod(labels=APP), states={PODS: ReadState.PARTIAL})
    assert len(found.found) == 1


DB = a_service("db")


def test_a_service_without_selector_sends_to_its_slices() -> None:
    found = backends(DB, a_slice({"addresses": ["10.0.0.9"]}))
    (backend,) = found.found
    assert (backend.workload, backend.port) == (None, 5432)
    assert backend.hops[0].value == "10.0.0.9"


def test_a_service_without_selector_sends_to_its_endpoints() -> None:
    subsets = [{"addresses": [{"ip": "10.0.0.9"}], "ports": [{"port": 5432}]}]
    found = backends(DB, an_object("Endpoints", "db", "web", subsets=subsets))
    assert [(b.workload, b.port) for b in found.found] == [(None, 5432)]


def test_an_endpoint_that_refers_to_a_pod_is_its_workload() -> None:
    ref = {"kind": "Pod", "name": "db-0", "namespace": "web"}
    pod = a_pod("db-0", owner="StatefulSet/db")
    endpoint = {"addresses": ["10.0.0.9"], "targetRef": ref}
    assert targets(DB, a_slice(endpoint), pod) == [("StatefulSet/web/db", 5432)]


def test_an_endpoint_that_refers_to_a_pod_that_was_not_read_is_that_pod() -> None:
    endpoint = {"addresses": ["10.0.0.9"], "targetRef": {"kind": "Pod", "name": "db-0"}}
    assert targets(DB, a_slice(endpoint)) == [("Pod/web/db-0", 5432)]


def test_ports_of_slices_are_matched_by_name() -> None:
    service = a_service("db", ports=[{"name": "pg", "port": 5432}])
    ports = [{"name": "metrics", "port": 9187}, {"name": "pg", "port": 6432}]
    assert targets(service, a_slice({"addresses": ["10.0.0.9"]}, ports=ports)) == [("None", 6432)]


@pytest.mark.parametrize("ports", [[], [{"name": "metrics", "port": 9187}]])
def test_a_slice_without_a_port_of_that_name_is_not_sent_to(ports: list[Object]) -> None:
    service = a_service("db", ports=[{"name": "pg", "port": 5432}])
    found = backends(service, a_slice({"addresses": ["10.0.0.9"]}, ports=ports))
    assert found.is_dangling


def test_a_slice_port_without_a_number_means_every_port() -> None:
    assert targets(DB, a_slice({"addresses": ["10.0.0.9"]}, ports=[{}])) == [("None", None)]


def test_slices_of_another_service_or_namespace_do_not_count() -> None:
    elsewhere = a_slice({"addresses": ["10.0.0.9"]})
    elsewhere["metadata"]["namespace"] = "shop"
    other = a_slice({"addresses": ["10.0.0.9"]}, service="cache")
    assert backends(DB, elsewhere, other).is_dangling


def test_nothing_dangles_while_slices_are_not_all_read() -> None:
    found = backends(DB, states={ENDPOINT_SLICES: ReadState.FORBIDDEN})
    assert not found.is_dangling
    assert found.reason == "endpointslices.discovery.k8s.io is forbidden"
