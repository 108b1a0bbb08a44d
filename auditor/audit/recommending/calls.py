"""Who calls whom, as far as objects say so: settings that name a Service, doors, replicas."""

from collections.abc import Iterable, Iterator

from auditor.analysis.agreed import BEYOND_THE_CLUSTER
from auditor.analysis.exposure.backends import service_ref
from auditor.analysis.exposure.door import Door
from auditor.analysis.workloads import WorkloadPods
from auditor.audit.recommending.ground import HEADLESS, Ground, names
from auditor.audit.recommending.needs import EVERYBODY, Need, Source
from auditor.kube.references import HostReference
from auditor.model.audience import Audience
from auditor.model.exposure import ROUTED, Via
from auditor.model.identity import ObjectRef

_KEEPS_SOURCE = "Local"
"""The `externalTrafficPolicy` under which a policy sees the client's address."""


def calls_of_settings(ground: Ground) -> Iterator[Need]:
    """Follow the Services that settings name to the pods behind them."""
    for workload in ground.facts.workloads:
        for reference in sorted(_references(workload), key=str):
            service = ground.service_named(reference.host, workload.namespace)
            if service is None:
                ground.note_outside(workload.ref, reference.host)
            else:
                why = names(workload.ref, service)
                yield from ground.to_service(workload.ref, service, reference.port, why)


def _references(workload: WorkloadPods) -> set[HostReference]:
    return {
        reference
        for pod in workload.pods
        for container in pod.spec.all_containers()
        for held in (container.env, container.args, container.command)
        for reference in held.references
    }


def calls_of_replicas(ground: Ground) -> Iterator[Need]:
    """Let the pods of a StatefulSet find each other by its headless Service.

    That is what such a Service is for (Kubernetes, StatefulSets, "Stable Network ID").
    """
    for service in ground.facts.inventory.services:
        if service.spec.cluster_ip != HEADLESS:
            continue
        for port in service.spec.ports:
            for backend in ground.facts.backends.find(service, port).found:
                replicas = backend.workload
                if replicas is None or replicas.kind != "StatefulSet" or backend.port is None:
                    continue
                why = f"the pods of {replicas} find each other by {service_ref(service)}"
                yield Need(replicas, replicas, backend.port, port.protocol, why)


def calls_by_doors(ground: Ground) -> Iterator[Need]:
    """Leave open what doors lead to, for whom a policy sees there."""
    for door in ground.facts.doors:
        if not _is_meant(ground, door):
            continue
        why = f"{door.entry.object} leads to it"
        for backend in door.backends.found:
            if backend.workload is None or backend.port is None:
                continue
            for source in _comers(ground, door, backend.workload, backend.port):
                yield Need(source, backend.workload, backend.port, door.entry.protocol, why)


def _is_meant(ground: Ground, door: Door) -> bool:
    """Whether somebody made the door: an address of a pod is none, unless people declared it."""
    if door.entry.via is Via.ENDPOINT:
        agreed = ground.facts.agreed
        doors = (item for item in ground.facts.exposures if item.entry == door.entry)
        return any(agreed.covering(item) for item in doors)
    is_shut = door.refusal is not None and door.refusal.is_sure
    is_wanted = door.audience in {*BEYOND_THE_CLUSTER, Audience.CLUSTER}
    return is_wanted and not is_shut


def _comers(ground: Ground, door: Door, destination: ObjectRef, port: int) -> Iterable[Source]:
    if door.comes_from:
        passing = map(ground.facts.workloads.workload, door.comes_from)
        return dict.fromkeys(ground.seen_as(item, destination, port) for item in passing)
    if door.entry.via in ROUTED:
        ground.assume(
            f"{door.entry.object} is served by a load balancer of the cloud, or by a controller "
            f"that is not in the source: everybody is admitted to {destination} on {port}; name "
            "who serves it to narrow that"
        )
        return (EVERYBODY,)
    service = door.service
    keeps_source = door.entry.via is Via.ENDPOINT or (
        service is not None and service.spec.external_traffic_policy == _KEEPS_SOURCE
    )
    if keeps_source and door.sources and door.audience is not Audience.UNKNOWN:
        return (door.sources,)
    if service is not None and not keeps_source:
        ground.assume(
            f"a node may stand in for the clients of {door.entry.object}: everybody is admitted "
            f"to {destination} on {port}; externalTrafficPolicy Local would let the rule name them"
        )
    return (EVERYBODY,)
