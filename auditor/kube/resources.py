"""The resources that an audit reads: one list for the reader, the checks and the role."""

from msgspec import Struct

from auditor.kube.admin_policies import AdminPolicy
from auditor.kube.cluster_scope import Namespace, Node
from auditor.kube.config_maps import ConfigMap
from auditor.kube.gateways import Gateway, GatewayClass
from auditor.kube.ingress import Ingress, IngressClass
from auditor.kube.network import Endpoints, EndpointSlice, Service
from auditor.kube.other_ways import OtherWay
from auditor.kube.pods import CronJob, Pod, Workload
from auditor.kube.policies import NetworkPolicy
from auditor.kube.rbac import Binding, Role
from auditor.kube.routes import Route
from auditor.kube.storage import PersistentVolume, PersistentVolumeClaim


class Resource(Struct, frozen=True):
    """A kind of object as the API serves it."""

    name: str
    """The plural, or `plural.group` outside the core group."""
    group: str
    kind: str
    type: type[Struct]
    """What an object of this kind is decoded into."""
    namespaced: bool = True
    supports: str | None = None
    """The resource that it helps to complete; no check needs it for itself."""
    is_named: bool = False
    """Objects are read one by one, by the names that a rule gives; they are never listed."""
    versions: tuple[str, ...] = ("v1",)
    """API versions whose objects decode into `type`, the preferred one first."""

    @property
    def plural(self) -> str:
        """Give the name without the group."""
        return self.name.partition(".")[0]


NAMESPACES = "namespaces"
NODES = "nodes"
PODS = "pods"
SERVICES = "services"
ENDPOINT_SLICES = "endpointslices.discovery.k8s.io"
ENDPOINTS = "endpoints"
NETWORK_POLICIES = "networkpolicies.networking.k8s.io"
ADMIN_NETWORK_POLICIES = "adminnetworkpolicies.policy.networking.k8s.io"
BASELINE_ADMIN_NETWORK_POLICIES = "baselineadminnetworkpolicies.policy.networking.k8s.io"
CLUSTER_NETWORK_POLICIES = "clusternetworkpolicies.policy.networking.k8s.io"
ADMIN_POLICIES = (
    ADMIN_NETWORK_POLICIES,
    BASELINE_ADMIN_NETWORK_POLICIES,
    CLUSTER_NETWORK_POLICIES,
)
"""Kinds of policies of a cluster's administrator."""
INGRESSES = "ingresses.networking.k8s.io"
INGRESS_CLASSES = "ingressclasses.networking.k8s.io"
CLUSTER_ROLES = "clusterroles.rbac.authorization.k8s.io"
CLUSTER_ROLE_BINDINGS = "clusterrolebindings.rbac.authorization.k8s.io"
ROLES = "roles.rbac.authorization.k8s.io"
ROLE_BINDINGS = "rolebindings.rbac.authorization.k8s.io"
PERSISTENT_VOLUMES = "persistentvolumes"
PERSISTENT_VOLUME_CLAIMS = "persistentvolumeclaims"
CONFIG_MAPS = "configmaps"
ROUTES = "routes.route.openshift.io"
GATEWAYS = "gateways.gateway.networking.k8s.io"
GATEWAY_CLASSES = "gatewayclasses.gateway.networking.k8s.io"

_GATEWAY_API = "gateway.networking.k8s.io"
_RBAC = "rbac.authorization.k8s.io"


def _other_way(group: str, kind: str, plural: str, *versions: str) -> Resource:
    name = f"{plural}.{group}"
    return Resource(name, group, kind, OtherWay, supports=INGRESSES, versions=versions)


def _admin(name: str, kind: str, *versions: str) -> Resource:
    group = name.partition(".")[2]
    return Resource(
        name,
        group,
        kind,
        AdminPolicy,
        namespaced=False,
        supports=NETWORK_POLICIES,
        versions=versions,
    )


RESOURCES = (
    Resource(NAMESPACES, "", "Namespace", Namespace, namespaced=False),
    Resource(NODES, "", "Node", Node, namespaced=False),
    Resource(PODS, "", "Pod", Pod),
    Resource(SERVICES, "", "Service", Service),
    Resource(ENDPOINTS, "", "Endpoints", Endpoints, supports=ENDPOINT_SLICES),
    Resource("replicationcontrollers", "", "ReplicationController", Workload, supports=PODS),
    Resource("deployments.apps", "apps", "Deployment", Workload, supports=PODS),
    Resource("daemonsets.apps", "apps", "DaemonSet", Workload, supports=PODS),
    Resource("statefulsets.apps", "apps", "StatefulSet", Workload, supports=PODS),
    Resource("replicasets.apps", "apps", "ReplicaSet", Workload, supports=PODS),
    Resource("jobs.batch", "batch", "Job", Workload, supports=PODS),
    Resource(
        # v1beta1 until Kubernetes 1.25, in the same shape.
        "cronjobs.batch",
        "batch",
        "CronJob",
        CronJob,
        supports=PODS,
        versions=("v1", "v1beta1"),
    ),
    Resource(
        ENDPOINT_SLICES,
        "discovery.k8s.io",
        "EndpointSlice",
        EndpointSlice,
        # v1beta1 until Kubernetes 1.25; the fields that are read are the same.
        versions=("v1", "v1beta1"),
    ),
    Resource(NETWORK_POLICIES, "networking.k8s.io", "NetworkPolicy", NetworkPolicy),
    _admin(ADMIN_NETWORK_POLICIES, "AdminNetworkPolicy", "v1alpha1"),
    _admin(BASELINE_ADMIN_NETWORK_POLICIES, "BaselineAdminNetworkPolicy", "v1alpha1"),
    _admin(CLUSTER_NETWORK_POLICIES, "ClusterNetworkPolicy", "v1beta1", "v1alpha2"),
    Resource(INGRESSES, "networking.k8s.io", "Ingress", Ingress),
    Resource(INGRESS_CLASSES, "networking.k8s.io", "IngressClass", IngressClass, namespaced=False),
    Resource(CLUSTER_ROLES, _RBAC, "ClusterRole", Role, namespaced=False),
    Resource(CLUSTER_ROLE_BINDINGS, _RBAC, "ClusterRoleBinding", Binding, namespaced=False),
    Resource(ROLE_BINDINGS, _RBAC, "RoleBinding", Binding),
    Resource(ROLES, _RBAC, "Role", Role, supports=ROLE_BINDINGS),
    Resource(PERSISTENT_VOLUMES, "", "PersistentVolume", PersistentVolume, namespaced=False),
    Resource(PERSISTENT_VOLUME_CLAIMS, "", "PersistentVolumeClaim", PersistentVolumeClaim),
    Resource(CONFIG_MAPS, "", "ConfigMap", ConfigMap, is_named=True),
    Resource(
        GATEWAYS,
        _GATEWAY_API,
        "Gateway",
        Gateway,
        supports=INGRESSES,
        versions=("v1", "v1beta1"),
    ),
    Resource(
        GATEWAY_CLASSES,
        _GATEWAY_API,
        "GatewayClass",
        GatewayClass,
        namespaced=False,
        supports=INGRESSES,
        versions=("v1", "v1beta1"),
    ),
    _other_way("networking.istio.io", "Gateway", "gateways", "v1", "v1beta1", "v1alpha3"),
    Resource(ROUTES, "route.openshift.io", "Route", Route, supports=INGRESSES),
    _other_way("traefik.io", "IngressRoute", "ingressroutes", "v1alpha1"),
    _other_way("traefik.io", "IngressRouteTCP", "ingressroutetcps", "v1alpha1"),
    _other_way("traefik.io", "IngressRouteUDP", "ingressrouteudps", "v1alpha1"),
    _other_way("projectcontour.io", "HTTPProxy", "httpproxies", "v1"),
)

OTHER_WAYS = tuple(item.name for item in RESOURCES if item.type in (Gateway, OtherWay, Route))
"""Kinds of doors that this version does not follow. It reads whether there are any: no way can be
said to be closed while one of them may be a way in."""

ADDED_APIS = (*OTHER_WAYS, *ADMIN_POLICIES, GATEWAY_CLASSES)
"""Kinds that no cluster serves unless somebody adds them."""

RESOURCE_BY_NAME = {resource.name: resource for resource in RESOURCES}
RESOURCE_BY_KIND = {(resource.group, resource.kind): resource for resource in RESOURCES}
RESOURCES_BY_PLURAL = {resource.plural: resource for resource in reversed(RESOURCES)}
"""Of two with one plural, the first."""


_OLD_GROUP = "extensions"
"""Where workloads and network policies were served before Kubernetes 1.16, in the same shape."""


def resource_of(api_version: str, kind: str) -> Resource | None:
    """Give the resource of an object by its `apiVersion` and `kind`; None if no check reads it."""
    group, slash, _ = api_version.partition("/")
    found = RESOURCE_BY_KIND.get((group if slash else "", kind))
    if found is None and group == _OLD_GROUP:
        return next((item for item in RESOURCES if item.kind == kind and item.group), None)
    return found
