"""Routes of the Gateway API: HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute."""

from msgspec import Struct, field

from auditor.kube.gateways import GATEWAY_API
from auditor.kube.meta import ObjectMeta


class ParentRef(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a route attaches to (ParentReference): a Gateway, a listener of it, or another kind."""

    name: str = ""
    namespace: str | None = None
    group: str = GATEWAY_API
    kind: str = "Gateway"
    section_name: str | None = None
    """The name of a listener."""
    port: int | None = None


class BackendRef(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a rule sends to (BackendRef); a weight of 0 gets nothing."""

    name: str = ""
    namespace: str | None = None
    group: str = ""
    kind: str = "Service"
    port: int | None = None
    weight: int = 1


class Redirect(Struct, frozen=True, gc=False, omit_defaults=True):
    """An answer that sends the client elsewhere (HTTPRequestRedirectFilter)."""

    scheme: str | None = None


class Mirror(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A backend that gets a copy of each request (HTTPRequestMirrorFilter)."""

    backend_ref: BackendRef = field(default_factory=BackendRef)


class RouteFilter(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a rule does beside sending on; only what changes where a packet goes is read."""

    type: str = ""
    request_redirect: Redirect | None = None
    request_mirror: Mirror | None = None


class PathMatch(Struct, frozen=True, gc=False, omit_defaults=True):
    """A path of a request (HTTPPathMatch)."""

    value: str = "/"


class MethodMatch(Struct, frozen=True, gc=False, omit_defaults=True):
    """A method of gRPC (GRPCMethodMatch)."""

    service: str | None = None
    method: str | None = None


class RouteMatch(Struct, frozen=True, gc=False, omit_defaults=True):
    """Which requests a rule takes; an HTTPRoute has paths, a GRPCRoute methods.

    `method` is a text in an HTTPRoute (GET), which is not read.
    """

    path: PathMatch | None = None
    method: MethodMatch | str | None = None


class RouteRule(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A rule of a route: without a match it takes everything."""

    matches: tuple[RouteMatch, ...] = ()
    filters: tuple[RouteFilter, ...] = ()
    backend_refs: tuple[BackendRef, ...] = ()


class GatewayRouteSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a route asks for; routes of TCP and UDP have no hostnames."""

    parent_refs: tuple[ParentRef, ...] = ()
    hostnames: tuple[str, ...] = ()
    rules: tuple[RouteRule, ...] = ()


class RouteCondition(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a controller says of a route (meta/v1 Condition)."""

    type: str = ""
    status: str = ""
    reason: str = ""
    observed_generation: int | None = None


class RouteParentStatus(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a controller says of a route at one parent (RouteParentStatus)."""

    parent_ref: ParentRef = field(default_factory=ParentRef)
    conditions: tuple[RouteCondition, ...] = ()


class GatewayRouteStatus(Struct, frozen=True, gc=False, omit_defaults=True):
    """What became of a route (RouteStatus)."""

    parents: tuple[RouteParentStatus, ...] = ()


class RouteMeta(ObjectMeta, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Metadata with the generation of the spec, by which an old status is told."""

    generation: int | None = None


class GatewayRoute(Struct, frozen=True, gc=False, omit_defaults=True):
    """A route of any kind of the Gateway API."""

    metadata: RouteMeta
    kind: str = ""
    spec: GatewayRouteSpec = field(default_factory=GatewayRouteSpec)
    status: GatewayRouteStatus = field(default_factory=GatewayRouteStatus)
