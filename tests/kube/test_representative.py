"""Pods made from templates, where the source holds none: nothing hides, nothing is made up."""

import pytest

from auditor.kube.inventory import Inventory
from auditor.kube.owners import intermediates, workload_of
from auditor.kube.resources import PODS
from auditor.model.reading import ReadState
from tests.kube.manifests import Object, a_pod, a_workload, owned_by, read

WORKLOADS = (
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
)
LIVE = {"uid": "2f7c"}


def workloads_with_pods(inventory: Inventory) -> list[str]:
    known = intermediates(inventory.workloads)
    return sorted(str(workload_of(pod, known)) for pod in inventory.pods)


def manifests(*objects: Object) -> Inventory:
    return read(objects, {PODS: ReadState.NOT_PROVIDED})


@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_manifest_of_any_workload_gets_a_pod_of_its_own(kind: str) -> None:
    inventory = manifests(a_workload(kind, "x", labels={"app": "x"}, ports=[{"containerPort": 80}]))
    assert workloads_with_pods(inventory) == [f"{kind}/web/x"]
    (pod,) = inventory.pods
    assert pod.metadata.labels == {"app": "x"}
    assert [port.container_port for port in pod.spec.containers[0].ports] == [80]
    assert pod.has_network


@pytest.mark.parametrize("kind", WORKLOADS)
def test_where_pods_were_read_a_live_workload_without_one_has_none(kind: str) -> None:
    assert not read([a_workload(kind, "x", meta=LIVE)]).pods


@pytest.mark.parametrize("kind", WORKLOADS)
def test_where_no_pods_could_be_read_a_live_workload_gets_one(kind: str) -> None:
    assert workloads_with_pods(manifests(a_workload(kind, "x", meta=LIVE))) == [f"{kind}/web/x"]


def test_a_manifest_beside_bare_pods_gets_its_pod_too() -> None:
    inventory = read([a_pod("lonely"), a_workload("Deployment", "x")])
    assert workloads_with_pods(inventory) == ["Deployment/web/x", "Pod/web/lonely"]


def test_a_workload_with_a_pod_gets_no_second_one() -> None:
    inventory = read([a_pod("x-0", owner="StatefulSet/x"), a_workload("StatefulSet", "x")])
    assert [pod.metadata.name for pod in inventory.pods] == ["x-0"]


def test_a_deployment_whose_pod_was_read_through_its_replicaset_gets_none() -> None:
    pod = a_pod("x-1-abc", owner="ReplicaSet/x-1", labels={"pod-template-hash": "1"})
    inventory = read([pod, a_workload("Deployment", "x")])
    assert [pod.metadata.name for pod in inventory.pods] == ["x-1-abc"]


def test_a_replicaset_of_a_deployment_that_is_there_gets_none() -> None:
    owned = a_workload("ReplicaSet", "x-1", meta=owned_by("Deployment", "x"))
    inventory = manifests(owned, a_workload("Deployment", "x"))
    assert workloads_with_pods(inventory) == ["Deployment/web/x"]


def test_a_job_of_a_cronjob_that_is_there_gets_none() -> None:
    owned = a_workload("Job", "x-28000000", meta=owned_by("CronJob", "x"))
    assert workloads_with_pods(manifests(owned, a_workload("CronJob", "x"))) == ["CronJob/web/x"]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job"])
def test_a_workload_of_an_operator_is_not_hidden(kind: str) -> None:
    inventory = manifests(a_workload(kind, "x", meta={**LIVE, **owned_by("Grafana", "main")}))
    assert workloads_with_pods(inventory) == [f"{kind}/web/x"]


def test_a_replicaset_whose_deployment_was_not_read_speaks_for_it() -> None:
    inventory = manifests(a_workload("ReplicaSet", "x-1", meta=owned_by("Deployment", "x")))
    assert workloads_with_pods(inventory) == ["Deployment/web/x"]


def test_a_workload_without_a_template_gets_no_pod() -> None:
    empty = a_workload("Deployment", "x")
    empty["spec"] = {}
    assert not manifests(empty).pods


def test_coverage_says_that_pods_were_made() -> None:
    coverage = manifests(a_workload("Deployment", "x")).coverage[PODS]
    assert (coverage.state, coverage.count) == (ReadState.COMPLETE, 1)
    assert coverage.detail == "1 made from workload templates"


def test_a_forbidden_list_of_pods_stays_forbidden() -> None:
    inventory = read([a_workload("Deployment", "x")], {PODS: ReadState.FORBIDDEN})
    assert inventory.state(PODS) is ReadState.FORBIDDEN
    assert workloads_with_pods(inventory) == ["Deployment/web/x"]


def test_a_source_without_any_workload_provides_no_pods() -> None:
    assert manifests().state(PODS) is ReadState.NOT_PROVIDED
