"""OpenShift Routes (route.openshift.io/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class RouteTarget(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Service that a Route sends to (RouteTargetReference); a weight of 0 gets nothing."""

    kind: str = "Service"
    name: str = ""
    weight: int = 100


class RoutePort(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Which port of the pods (RoutePort): a number, or the name of a Service port."""

    target_port: int | str | None = None


class RouteTls(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """How TLS is served, and what becomes of plain HTTP (TLSConfig)."""

    termination: str = ""
    insecure_edge_termination_policy: str = ""
    """`None` or empty refuses plain HTTP, `Allow` serves it, `Redirect` sends it on."""


class RouteSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a Route asks for (RouteSpec)."""

    host: str = ""
    path: str = ""
    to: RouteTarget = field(default_factory=RouteTarget)
    alternate_backends: tuple[RouteTarget, ...] = ()
    port: RoutePort | None = None
    tls: RouteTls | None = None
    wildcard_policy: str = ""


class RouteIngressCondition(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a router says of a Route (RouteIngressCondition)."""

    type: str = ""
    status: str = ""
    reason: str = ""


class RouteIngress(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A router that has seen a Route (RouteIngress)."""

    host: str = ""
    router_name: str = ""
    conditions: tuple[RouteIngressCondition, ...] = ()


class RouteStatus(Struct, frozen=True, gc=False, omit_defaults=True):
    """What became of a Route."""

    ingress: tuple[RouteIngress, ...] = ()


class Route(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Route."""

    metadata: ObjectMeta
    spec: RouteSpec = field(default_factory=RouteSpec)
    status: RouteStatus = field(default_factory=RouteStatus)
