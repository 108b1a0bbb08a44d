"""Which workload a pod belongs to: each rule of CONTRACT.md, `reachability --format json`."""

import pytest

from auditor.kube.owners import intermediates, workload_of
from tests.kube.manifests import Object, a_pod, a_workload, owned_by, read


def owner(pod: Object, *workloads: Object) -> str:
    inventory = read([pod, *workloads])
    (read_pod,) = (item for item in inventory.pods if item.metadata.name == pod["metadata"]["name"])
    return str(workload_of(read_pod, intermediates(inventory.workloads)))


def hashed(pod_owner: str, template_hash: str = "7d9f") -> Object:
    return a_pod("pod-x", owner=pod_owner, labels={"pod-template-hash": template_hash})


def test_a_bare_pod_is_itself() -> None:
    assert owner(a_pod("lonely")) == "Pod/web/lonely"


@pytest.mark.parametrize(
    "kind", ["DaemonSet", "StatefulSet", "ReplicationController", "Deployment", "Rollout", "Seldon"]
)
def test_a_controller_that_people_edit_is_the_workload(kind: str) -> None:
    assert owner(a_pod(owner=f"{kind}/x")) == f"{kind}/web/x"


def test_a_replicaset_climbs_to_its_controller() -> None:
    deployed = a_workload("ReplicaSet", "front-7d9f", meta=owned_by("Deployment", "front"))
    assert owner(hashed("ReplicaSet/front-7d9f"), deployed) == "Deployment/web/front"


def test_a_replicaset_climbs_to_a_controller_that_is_no_deployment() -> None:
    rolled = a_workload("ReplicaSet", "front-7d9f", meta=owned_by("Rollout", "front"))
    assert owner(hashed("ReplicaSet/front-7d9f"), rolled) == "Rollout/web/front"


def test_a_deployment_of_an_operator_stays_the_deployment() -> None:
    deployed = a_workload("ReplicaSet", "front-7d9f", meta=owned_by("Deployment", "front"))
    operated = a_workload("Deployment", "front", meta=owned_by("Grafana", "main"))
    assert owner(hashed("ReplicaSet/front-7d9f"), deployed, operated) == "Deployment/web/front"


def test_a_replicaset_that_nobody_controls_is_the_workload() -> None:
    alone = a_workload("ReplicaSet", "front-7d9f")
    assert owner(hashed("ReplicaSet/front-7d9f"), alone) == "ReplicaSet/web/front-7d9f"


def test_an_absent_replicaset_named_by_the_template_hash_is_its_deployment() -> None:
    assert owner(hashed("ReplicaSet/front-7d9f")) == "Deployment/web/front"


@pytest.mark.parametrize("template_hash", ["other", "", "d9f"])
def test_an_absent_replicaset_named_otherwise_is_itself(template_hash: str) -> None:
    pod = hashed("ReplicaSet/front-7d9f", template_hash)
    assert owner(pod) == "ReplicaSet/web/front-7d9f"


def test_a_rollout_does_not_change_the_name() -> None:
    before, after = hashed("ReplicaSet/front-1111", "1111"), hashed("ReplicaSet/front-2222", "2222")
    assert owner(before) == owner(after)


def test_a_job_climbs_to_its_cronjob() -> None:
    run = a_workload("Job", "backup-manual", meta=owned_by("CronJob", "backup"))
    assert owner(a_pod(owner="Job/backup-manual"), run) == "CronJob/web/backup"


def test_a_job_of_another_controller_stays_the_job() -> None:
    run = a_workload("Job", "train-worker-0", meta=owned_by("JobSet", "train"))
    assert owner(a_pod(owner="Job/train-worker-0"), run) == "Job/web/train-worker-0"


def test_a_job_that_nobody_controls_is_the_workload_whatever_its_name() -> None:
    run = a_workload("Job", "backup-28000000")
    assert owner(a_pod(owner="Job/backup-28000000"), run) == "Job/web/backup-28000000"


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("backup-28000000", "CronJob/web/backup"),
        ("nightly-backup-28000000", "CronJob/web/nightly-backup"),
        ("backup-2800000", "Job/web/backup-2800000"),
        ("backup-280000000", "Job/web/backup-280000000"),
        ("backup-2800000x", "Job/web/backup-2800000x"),
        ("backup28000000", "Job/web/backup28000000"),
        ("-28000000", "Job/web/-28000000"),
    ],
)
def test_an_absent_job_named_by_eight_digits_is_its_cronjob(job: str, expected: str) -> None:
    assert owner(a_pod(owner=f"Job/{job}")) == expected


def test_a_job_of_another_namespace_does_not_count_as_read() -> None:
    elsewhere = a_workload("Job", "backup-28000000", "other")
    assert owner(a_pod(owner="Job/backup-28000000"), elsewhere) == "CronJob/web/backup"


def test_a_static_pod_loses_its_nodes_name() -> None:
    pod = a_pod("kube-proxy-node-1", "kube-system", owner="Node/node-1")
    assert owner(pod) == "StaticPod/kube-system/kube-proxy"


def test_an_owner_without_kind_is_a_pod_of_that_name() -> None:
    assert owner(a_pod("x-1", owner="/x")) == "Pod/web/x"


def test_the_controller_is_the_owner_that_counts() -> None:
    pod = a_pod()
    pod["metadata"]["ownerReferences"] = [
        {"kind": "Backup", "name": "b"},
        {"kind": "DaemonSet", "name": "d", "controller": True},
    ]
    assert owner(pod) == "DaemonSet/web/d"
