"""The resources that an audit reads: one list for the reader, the checks and the role."""

from msgspec import Struct

from auditor.kube.admin_policies import AdminPolicy
from auditor.kube.cluster_scope import Namespace, Node
from auditor.kube.config_maps import ConfigMap
from auditor.kube.contour import HTTPProxy
from auditor.kube.gateway_routes import GatewayRoute
from auditor.kube.gateways import GATEWAY_API, Gateway, GatewayClass, ReferenceGrant
from auditor.kube.ingress import Ingress, IngressClass
from auditor.kube.istio import IstioGateway, VirtualService
from auditor.kube.network import Endpoints, EndpointSlice, Service
from auditor.kube.other_ways import OtherWay
from auditor.kube.pods import CronJob, Pod, Workload
from auditor.kube.policies import NetworkPolicy
from auditor.kube.rbac import Binding, Role
from auditor.kube.routes import Route
from auditor.kube.storage import PersistentVolume, PersistentVolumeClaim
from auditor.kube.traefik import IngressRoute


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
REFERENCE_GRANTS = "referencegrants.gateway.networking.k8s.io"
ISTIO_GATEWAYS = "gateways.networking.istio.io"
VIRTUAL_SERVICES = "virtualservices.networking.istio.io"
HTTP_PROXIES = "httpproxies.projectcontour.io"

_RBAC = "rbac.authorization.k8s.io"


def _way(
    type_: type[Struct], name: str, kind: str, *versions: str, namespaced: bool = True
) -> Resource:
    """Make a kind that is a door, or that a door is followed through."""
    group = name.partition(".")[2]
    return Resource(name, group, kind, type_, namespaced, supports=INGRESSES, versions=versions)


def _gateway_route(kind: str, *versions: str) -> Resource:
    return _way(GatewayRoute, f"{kind.lower()}s.{GATEWAY_API}", kind, *versions)


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


FOLLOWED_WAYS = (
    _way(Gateway, GATEWAYS, "Gateway", "v1", "v1beta1"),
    _way(GatewayClass, GATEWAY_CLASSES, "GatewayClass", "v1", "v1beta1", namespaced=False),
    _gateway_route("HTTPRoute", "v1", "v1beta1"),
    _gateway_route("GRPCRoute", "v1", "v1alpha2"),
    _gateway_route("TLSRoute", "v1", "v1alpha3", "v1alpha2"),
    _gateway_route("TCPRoute", "v1", "v1alpha2"),
    _gateway_route("UDPRoute", "v1", "v1alpha2"),
    _way(ReferenceGrant, REFERENCE_GRANTS, "ReferenceGrant", "v1", "v1beta1", "v1alpha2"),
    _way(IstioGateway, ISTIO_GATEWAYS, "Gateway", "v1", "v1beta1", "v1alpha3"),
    _way(VirtualService, VIRTUAL_SERVICES, "VirtualService", "v1", "v1beta1", "v1alpha3"),
    _way(Route, ROUTES, "Route", "v1"),
    _way(IngressRoute, "ingressroutes.traefik.io", "IngressRoute", "v1alpha1"),
    _way(IngressRoute, "ingressroutetcps.traefik.io", "IngressRouteTCP", "v1alpha1"),
    _way(IngressRoute, "ingressrouteudps.traefik.io", "IngressRouteUDP", "v1alpha1"),
    _way(HTTPProxy, HTTP_PROXIES, "HTTPProxy", "v1"),
)
"""Kinds beyond Services and Ingresses that are followed from the door to the pod."""

GATEWAY_ROUTES = tuple(item.name for item in FOLLOWED_WAYS if item.type is GatewayRoute)
"""Kinds of routes of the Gateway API."""
INGRESS_ROUTES = tuple(item.name for item in FOLLOWED_WAYS if item.type is IngressRoute)
"""Traefik's kinds of routes."""

ADDED_ROUTES = frozenset({*GATEWAY_ROUTES, *INGRESS_ROUTES, HTTP_PROXIES, ROUTES, VIRTUAL_SERVICES})
"""Kinds of routes that no cluster serves unless somebody adds them."""
GATEWAYS_OF_ROUTES = frozenset({GATEWAYS, GATEWAY_CLASSES, REFERENCE_GRANTS, ISTIO_GATEWAYS})
"""What some of them are followed through."""

UNFOLLOWED_WAYS = (
    _way(OtherWay, f"listenersets.{GATEWAY_API}", "ListenerSet", "v1"),
    _way(OtherWay, "xlistenersets.gateway.networking.x-k8s.io", "XListenerSet", "v1alpha1"),
    _way(OtherWay, "targetgroupbindings.elbv2.k8s.aws", "TargetGroupBinding", "v1beta1"),
    _way(OtherWay, "multiclusteringresses.networking.gke.io", "MultiClusterIngress", "v1"),
    _way(OtherWay, "ingressroutes.traefik.containo.us", "IngressRoute", "v1alpha1"),
    _way(OtherWay, "virtualservers.k8s.nginx.org", "VirtualServer", "v1"),
    _way(OtherWay, "transportservers.k8s.nginx.org", "TransportServer", "v1", "v1alpha1"),
    _way(OtherWay, "mappings.getambassador.io", "Mapping", "v3alpha1", "v2"),
    _way(OtherWay, "apisixroutes.apisix.apache.org", "ApisixRoute", "v2"),
)
"""Kinds of doors that are not followed. It is read whether there are any: while there are, no way
can be said to be closed."""

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
    *FOLLOWED_WAYS,
    *UNFOLLOWED_WAYS,
)

OTHER_WAYS = tuple(item.name for item in (*FOLLOWED_WAYS, *UNFOLLOWED_WAYS))
"""Kinds beyond Services and Ingresses that are ways in, or that ways are followed through. No way
can be said to be closed while one of them was not read."""

ADDED_APIS = (*OTHER_WAYS, *ADMIN_POLICIES)
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
