"""Who owns a pod: the workload that people edit, with a name that survives a rollout.

Source of every rule: `docs/contract.md`, Workloads.
"""

import re
from collections.abc import Iterable, Mapping

from auditor.kube.meta import ObjectMeta, OwnerReference
from auditor.kube.pods import AnyWorkload, Pod
from auditor.model.identity import ObjectRef

_CRONJOB_RUN = re.compile(r"^(?P<cronjob>.+)-\d{8}$")
"""A CronJob names a Job after itself and the scheduled minute."""

_CLIMBED_KINDS = ("ReplicaSet", "Job")
"""Kinds that nobody edits when a controller made them; every other owner is the workload. A Job is
climbed to a CronJob only."""

Intermediates = Mapping[ObjectRef, ObjectMeta]


def intermediates(workloads: Iterable[AnyWorkload]) -> Intermediates:
    """Index the ReplicaSets and Jobs of an input, for climbing over them."""
    return {
        ObjectRef(workload.kind, workload.metadata.namespace, workload.metadata.name): (
            workload.metadata
        )
        for workload in workloads
        if workload.kind in _CLIMBED_KINDS
    }


def workload_of(pod: Pod, known: Intermediates) -> ObjectRef:
    """Name the workload that a pod belongs to."""
    namespace = pod.metadata.namespace
    owner = pod.metadata.controller()
    if owner is None:
        return ObjectRef("Pod", namespace, pod.metadata.name)
    if not owner.kind:
        return ObjectRef("Pod", namespace, owner.name)
    if owner.kind == "Node":
        return ObjectRef("StaticPod", namespace, pod.metadata.name.removesuffix(f"-{owner.name}"))
    direct = ObjectRef(owner.kind, namespace, owner.name)
    if owner.kind not in _CLIMBED_KINDS:
        return direct
    if direct in known:
        return climbed(direct, known[direct])
    return _guessed_controller(pod, owner) or direct


def climbed(ref: ObjectRef, meta: ObjectMeta) -> ObjectRef:
    """Climb from a ReplicaSet to its controller, from a Job to its CronJob; else stay."""
    above = meta.controller()
    if above is None:
        return ref
    from_replicaset = ref.kind == "ReplicaSet" and above.kind
    from_job = ref.kind == "Job" and above.kind == "CronJob"
    return ObjectRef(above.kind, ref.namespace, above.name) if from_replicaset or from_job else ref


def _guessed_controller(pod: Pod, owner: OwnerReference) -> ObjectRef | None:
    """Tell the controller of a ReplicaSet or Job that is not in the input, by its name."""
    namespace = pod.metadata.namespace
    if owner.kind == "ReplicaSet":
        template_hash = pod.metadata.labels.get("pod-template-hash")
        if template_hash and owner.name.endswith(f"-{template_hash}"):
            return ObjectRef("Deployment", namespace, owner.name.removesuffix(f"-{template_hash}"))
        return None
    run = _CRONJOB_RUN.match(owner.name)
    return ObjectRef("CronJob", namespace, run["cronjob"]) if run else None
