"""The inventory: one cluster at one moment, and how completely each resource of it was read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from auditor.kube.admin_policies import AdminPolicy
from auditor.kube.cluster_scope import Namespace, Node
from auditor.kube.config_maps import ConfigMap
from auditor.kube.ingress import Ingress, IngressClass
from auditor.kube.network import Endpoints, EndpointSlice, Service
from auditor.kube.pods import AnyWorkload, CronJob, Pod, Workload
from auditor.kube.policies import NetworkPolicy
from auditor.kube.rbac import Binding, Role
from auditor.kube.representative import representative_pods
from auditor.kube.resources import (
    CLUSTER_ROLES,
    CONFIG_MAPS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    INGRESS_CLASSES,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    OTHER_WAYS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    RESOURCES,
    ROLES,
    SERVICES,
)
from auditor.kube.storage import PersistentVolume, PersistentVolumeClaim
from auditor.model.connection import Connection
from auditor.model.reading import Coverage, ReadProblem, ReadState

_Way = TypeVar("_Way", bound=Struct)


class Inventory(Struct, frozen=True, kw_only=True):
    """Everything the checks read of one cluster. Objects are ordered by namespace and name."""

    namespaces: tuple[Namespace, ...] = ()
    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    """Read ones, and representatives of workloads that have none."""
    workloads: tuple[AnyWorkload, ...] = ()
    services: tuple[Service, ...] = ()
    endpoint_slices: tuple[EndpointSlice, ...] = ()
    network_policies: tuple[NetworkPolicy, ...] = ()
    admin_policies: tuple[AdminPolicy, ...] = ()
    """Of all three kinds, kind by kind."""
    ingresses: tuple[Ingress, ...] = ()
    ingress_classes: tuple[IngressClass, ...] = ()
    cluster_roles: tuple[Role, ...] = ()
    roles: tuple[Role, ...] = ()
    bindings: tuple[Binding, ...] = ()
    other_ways: Mapping[str, tuple[Struct, ...]] = {}
    """By resource name, doors beyond Services and Ingresses and what they are followed through;
    none without objects."""
    persistent_volumes: tuple[PersistentVolume, ...] = ()
    persistent_volume_claims: tuple[PersistentVolumeClaim, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()
    """Those that a rule names."""
    coverage: Mapping[str, Coverage]
    """By resource name, one for each resource that an audit reads."""
    problems: tuple[ReadProblem, ...] = ()
    kubernetes_version: str | None = None
    connection: Connection | None = None
    """How the API server was reached; None where the source is files."""

    def ways(self, resource: str, kind: type[_Way]) -> tuple[_Way, ...]:
        """Give the objects of one of the `other_ways`, as the type that it decodes into."""
        return tuple(item for item in self.other_ways.get(resource, ()) if isinstance(item, kind))

    def state(self, resource: str) -> ReadState:
        """Tell how completely a resource was read."""
        return self.coverage[resource].state

    def incarnation(self) -> str | None:
        """Give kube-system's uid, by which a re-created cluster is told from the old one."""
        return next(
            (
                namespace.metadata.uid
                for namespace in self.namespaces
                if namespace.metadata.name == "kube-system"
            ),
            None,
        )


def assemble(
    objects: Mapping[str, Sequence[Any]],
    coverage: Mapping[str, Coverage],
    problems: Iterable[ReadProblem] = (),
    kubernetes_version: str | None = None,
    connection: Connection | None = None,
) -> Inventory:
    """Put decoded objects, by resource name, together into an inventory.

    Representative pods are made here, and Endpoints are turned into the slices that they mirror;
    the coverage of `pods` and `endpointslices` says so.
    """
    sorted_objects = {
        resource.name: _ordered(objects.get(resource.name, ())) for resource in RESOURCES
    }
    everything = [item for group in sorted_objects.values() for item in group]
    workloads = tuple(item for item in everything if isinstance(item, Workload | CronJob))
    pods: tuple[Pod, ...] = tuple(sorted_objects[PODS])
    made = representative_pods(
        workloads, pods, pods_were_read=coverage[PODS].state is not ReadState.NOT_PROVIDED
    )
    slices = _with_mirrored_endpoints(
        tuple(sorted_objects[ENDPOINT_SLICES]), tuple(sorted_objects[ENDPOINTS])
    )
    return Inventory(
        namespaces=tuple(sorted_objects[NAMESPACES]),
        nodes=tuple(sorted_objects[NODES]),
        pods=_ordered((*pods, *made)),
        workloads=workloads,
        services=tuple(sorted_objects[SERVICES]),
        endpoint_slices=slices,
        network_policies=tuple(sorted_objects[NETWORK_POLICIES]),
        admin_policies=tuple(item for item in everything if isinstance(item, AdminPolicy)),
        ingresses=tuple(sorted_objects[INGRESSES]),
        ingress_classes=tuple(sorted_objects[INGRESS_CLASSES]),
        cluster_roles=tuple(sorted_objects[CLUSTER_ROLES]),
        roles=tuple(sorted_objects[ROLES]),
        bindings=tuple(item for item in everything if isinstance(item, Binding)),
        other_ways={name: sorted_objects[name] for name in OTHER_WAYS if sorted_objects[name]},
        persistent_volumes=tuple(sorted_objects[PERSISTENT_VOLUMES]),
        persistent_volume_claims=tuple(sorted_objects[PERSISTENT_VOLUME_CLAIMS]),
        config_maps=tuple(sorted_objects[CONFIG_MAPS]),
        coverage=_settled_coverage(coverage, len(made), slices),
        problems=tuple(problems),
        kubernetes_version=kubernetes_version,
        connection=connection,
    )


def _ordered(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(
        sorted(items, key=lambda item: (item.metadata.namespace or "", item.metadata.name))
    )


def _with_mirrored_endpoints(
    slices: tuple[EndpointSlice, ...], endpoints: tuple[Endpoints, ...]
) -> tuple[EndpointSlice, ...]:
    """Add slices for the Endpoints objects whose Service has none (a cluster mirrors them)."""
    sliced = {(item.metadata.namespace, item.service_name) for item in slices}
    mirrored = (
        made
        for item in endpoints
        if (item.metadata.namespace, item.metadata.name) not in sliced
        for made in item.as_slices()
    )
    return (*slices, *mirrored)


def _settled_coverage(
    coverage: Mapping[str, Coverage], made_pods: int, slices: tuple[EndpointSlice, ...]
) -> dict[str, Coverage]:
    settled = dict(coverage)
    pods = settled[PODS]
    if made_pods:
        count = pods.count + made_pods
        state = ReadState.COMPLETE if pods.state is ReadState.NOT_PROVIDED else pods.state
        detail = f"{made_pods} made from workload templates"
        detail = f"{pods.detail}; {detail}" if pods.detail else detail
        settled[PODS] = Coverage(PODS, state, count, detail)
    own, older = settled[ENDPOINT_SLICES], settled[ENDPOINTS]
    if own.state is ReadState.NOT_PROVIDED and older.state is not ReadState.NOT_PROVIDED:
        settled[ENDPOINT_SLICES] = Coverage(
            ENDPOINT_SLICES, older.state, len(slices), "mirrored from Endpoints"
        )
    return settled
