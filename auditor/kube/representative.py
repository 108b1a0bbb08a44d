"""Representative pods: what a workload's template would run, where no pod was read.

Manifests hold Deployments, not pods. A pod made from the template lets every check judge it as it
would judge the running one. In a capture of a live cluster the pods that were read are the truth,
so nothing is made up there: a workload with a uid comes from an API server.
"""

from collections.abc import Iterable

from auditor.kube.meta import ObjectMeta, OwnerReference
from auditor.kube.owners import climbed, intermediates, workload_of
from auditor.kube.pods import AnyWorkload, Pod
from auditor.model.identity import ObjectRef


def representative_pods(
    workloads: Iterable[AnyWorkload], pods: Iterable[Pod], *, pods_were_read: bool
) -> tuple[Pod, ...]:
    """Make one pod for each workload that people edit and that has none.

    A ReplicaSet or Job gets one only where what controls it is not in the input: it speaks for it.
    `pods_were_read` tells whether the source held pods at all: if it did not, workloads that come
    from an API server get a representative too.
    """
    workloads = tuple(workloads)
    known = intermediates(workloads)
    populated = {workload_of(pod, known) for pod in pods}
    refs = [ObjectRef(w.kind, w.metadata.namespace, w.metadata.name) for w in workloads]
    present = set(refs)
    made = []
    for workload, ref in zip(workloads, refs, strict=True):
        edited = climbed(ref, workload.metadata)
        from_live_cluster = pods_were_read and workload.metadata.uid is not None
        if edited in populated or from_live_cluster or (edited != ref and edited in present):
            continue
        if pod := _pod_from_template(workload):
            made.append(pod)
    return tuple(made)


def _pod_from_template(workload: AnyWorkload) -> Pod | None:
    template = workload.template()
    if template is None:
        return None
    meta = ObjectMeta(
        name=workload.metadata.name,
        namespace=workload.metadata.namespace,
        labels=template.metadata.labels,
        annotations=template.metadata.annotations,
        owner_references=(OwnerReference(workload.kind, workload.metadata.name, controller=True),),
    )
    return Pod(meta, template.spec)
