"""What controllers make of workloads: ReplicaSets and pods, each on its node and running."""

from collections.abc import Iterable, Iterator
from copy import deepcopy

from auditor.simulator.running_names import (
    APPS,
    BATCH,
    CORE,
    Manifest,
    Uids,
    owned_by,
    suffix,
    template_hash,
)
from auditor.simulator.running_nodes import Place, Places

WORKLOAD_KINDS = frozenset(
    [
        (APPS, "Deployment"),
        (APPS, "ReplicaSet"),
        (APPS, "StatefulSet"),
        (APPS, "DaemonSet"),
        (BATCH, "Job"),
        (BATCH, "CronJob"),
        (CORE, "ReplicationController"),
    ]
)


class Controllers:
    """The controllers of one cluster."""

    def __init__(self, places: Places, uids: Uids) -> None:
        """Let pods run at these places."""
        self._places = places
        self._uids = uids

    def make(self, workloads: Iterable[Manifest]) -> Iterator[Manifest]:
        """Make what the workloads ask for; a CronJob waits for its time, and makes nothing."""
        for workload in workloads:
            match workload["kind"]:
                case "Deployment":
                    made = self._replica_set(workload)
                    yield made
                    yield from self._replicas(made)
                case "StatefulSet":
                    yield from self._ordinals(workload)
                case "DaemonSet":
                    yield from self._one_a_node(workload)
                case "Job":
                    yield from self._of_job(workload)
                case "ReplicaSet" | "ReplicationController" if not _is_controlled(workload):
                    yield from self._replicas(workload)

    def _replica_set(self, deployment: Manifest) -> Manifest:
        spec, metadata = deployment["spec"], deployment["metadata"]
        hashed = {"pod-template-hash": template_hash(spec["template"])}
        template = deepcopy(spec["template"])
        labels = (template.get("metadata") or {}).get("labels") or {}
        template["metadata"] = {**(template.get("metadata") or {}), "labels": labels | hashed}
        selector = deepcopy(spec.get("selector") or {"matchLabels": labels})
        selector["matchLabels"] = (selector.get("matchLabels") or {}) | hashed
        replicas = spec.get("replicas", 1)
        made: Manifest = {
            "apiVersion": APPS,
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{metadata['name']}-{hashed['pod-template-hash']}",
                "namespace": metadata["namespace"],
                "labels": labels | hashed,
                "ownerReferences": owned_by(deployment),
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template},
            "status": {"replicas": replicas, "readyReplicas": replicas},
        }
        self._uids.give(made)
        return made

    def _replicas(self, owner: Manifest) -> Iterator[Manifest]:
        for index in range(owner["spec"].get("replicas", 1)):
            yield self._chosen(owner, _generated(owner, str(index)), {})

    def _ordinals(self, owner: Manifest) -> Iterator[Manifest]:
        revision = f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}"
        for index in range(owner["spec"].get("replicas", 1)):
            name = f"{owner['metadata']['name']}-{index}"
            labels = {
                "apps.kubernetes.io/pod-index": str(index),
                "controller-revision-hash": revision,
                "statefulset.kubernetes.io/pod-name": name,
            }
            yield self._chosen(owner, name, labels)

    def _one_a_node(self, owner: Manifest) -> Iterator[Manifest]:
        template = owner["spec"]["template"]
        labels = {"controller-revision-hash": template_hash(template)}
        for place in self._places.everywhere(template["spec"]):
            yield self._pod(owner, _generated(owner, place.name), labels, place)

    def _of_job(self, owner: Manifest) -> Iterator[Manifest]:
        name, uid = owner["metadata"]["name"], owner["metadata"]["uid"]
        labels = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "job-name": name,
        }
        for index in range(owner["spec"].get("parallelism", 1)):
            yield self._chosen(owner, _generated(owner, str(index)), labels)

    def _chosen(self, owner: Manifest, name: str, labels: dict[str, str]) -> Manifest:
        metadata = owner["metadata"]
        workload = f"{owner['kind']}/{metadata['namespace']}/{metadata['name']}"
        place = self._places.choose(owner["spec"]["template"]["spec"], workload)
        return self._pod(owner, name, labels, place)

    def _pod(
        self, owner: Manifest, name: str, labels: dict[str, str], place: Place | None
    ) -> Manifest:
        template = deepcopy(owner["spec"]["template"])
        own = template.get("metadata") or {}
        made: Manifest = {
            "apiVersion": CORE,
            "kind": "Pod",
            "metadata": {
                **own,
                "name": name,
                "namespace": owner["metadata"]["namespace"],
                "labels": (own.get("labels") or {}) | labels,
                "ownerReferences": owned_by(owner),
            },
            "spec": _with_host_ports(template["spec"]),
            "status": {"phase": "Pending"},
        }
        if place is not None:
            made["spec"]["nodeName"] = place.name
            made["status"] = _running(made["spec"], place)
        self._uids.give(made)
        return made


def _is_controlled(item: Manifest) -> bool:
    return bool(item["metadata"].get("ownerReferences"))


def _generated(owner: Manifest, which: str) -> str:
    metadata = owner["metadata"]
    return f"{metadata['name']}-{suffix(metadata['namespace'], metadata['name'], which)}"


def _with_host_ports(spec: Manifest) -> Manifest:
    """Fill in the host ports of a pod in its node's network, as an API server does."""
    if spec.get("hostNetwork"):
        for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
            for port in container.get("ports") or ():
                port.setdefault("hostPort", port["containerPort"])
    return spec


def _running(spec: Manifest, place: Place) -> Manifest:
    status: Manifest = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    address = place.address if spec.get("hostNetwork") else place.next_address()
    if place.address is not None:
        status |= {"hostIP": place.address, "hostIPs": [{"ip": place.address}]}
    if address is not None:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status
