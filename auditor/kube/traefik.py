"""Traefik's routes (traefik.io/v1alpha1): IngressRoute, IngressRouteTCP and IngressRouteUDP."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class TraefikService(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a route sends to; a weight of 0 gets nothing."""

    name: str = ""
    namespace: str | None = None
    kind: str = "Service"
    """`Service`, or `TraefikService` for one that shares out among others."""
    port: int | str | None = None
    weight: int | None = None


class MiddlewareRef(Struct, frozen=True, gc=False, omit_defaults=True):
    """Something that handles requests on their way, and may refuse them."""

    name: str = ""
    namespace: str | None = None


class TraefikRoute(Struct, frozen=True, gc=False, omit_defaults=True):
    """A rule and its services; routes of UDP have no rule."""

    match: str = ""
    services: tuple[TraefikService, ...] = ()
    middlewares: tuple[MiddlewareRef, ...] = ()


class TraefikTls(Struct, frozen=True, gc=False, omit_defaults=True):
    """That TLS is served; with which certificate is not read."""

    passthrough: bool = False


class IngressRouteSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a route asks for."""

    entry_points: tuple[str, ...] = ()
    routes: tuple[TraefikRoute, ...] = ()
    tls: TraefikTls | None = None


class IngressRoute(Struct, frozen=True, gc=False, omit_defaults=True):
    """A route of Traefik, of any of the three kinds."""

    metadata: ObjectMeta
    kind: str = ""
    spec: IngressRouteSpec = field(default_factory=IngressRouteSpec)
