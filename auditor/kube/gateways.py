"""Gateways, their classes, and the grants that let references cross namespaces (Gateway API)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta
from auditor.kube.selectors import LabelSelector

GATEWAY_API = "gateway.networking.k8s.io"
"""The API group."""
GATEWAY_NAME_LABEL = "gateway.networking.k8s.io/gateway-name"
"""Stands on what an implementation makes for a Gateway (GEP-1762)."""


class ParametersRef(Struct, frozen=True, gc=False, omit_defaults=True):
    """An object of the implementation's own that configures a Gateway or a class."""

    group: str = ""
    kind: str = ""
    name: str = ""


class GatewayClassSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Which controller serves a class (GatewayClassSpec)."""

    controller_name: str = ""
    parameters_ref: ParametersRef | None = None


class GatewayClass(Struct, frozen=True, gc=False, omit_defaults=True):
    """A class of Gateways."""

    metadata: ObjectMeta
    spec: GatewayClassSpec = field(default_factory=GatewayClassSpec)


class RouteNamespaces(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Routes of which namespaces a listener takes (RouteNamespaces)."""

    source: str = field(default="Same", name="from")
    """`All`, `Same`, `Selector` or `None`."""
    selector: LabelSelector | None = None


class RouteGroupKind(Struct, frozen=True, gc=False, omit_defaults=True):
    """A kind of route (RouteGroupKind)."""

    kind: str = ""
    group: str = GATEWAY_API


class AllowedRoutes(Struct, frozen=True, gc=False, omit_defaults=True):
    """Which routes a listener takes (AllowedRoutes); no kinds are those of its protocol."""

    namespaces: RouteNamespaces = field(default_factory=RouteNamespaces)
    kinds: tuple[RouteGroupKind, ...] = ()


class ListenerTls(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where TLS ends (GatewayTLSConfig)."""

    mode: str = "Terminate"


class Listener(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A port of a Gateway (Listener)."""

    name: str = ""
    port: int = 0
    protocol: str = "HTTP"
    hostname: str | None = None
    tls: ListenerTls | None = None
    allowed_routes: AllowedRoutes = field(default_factory=AllowedRoutes)


class GatewayAddress(Struct, frozen=True, gc=False, omit_defaults=True):
    """An address that a Gateway asks for or was given (GatewaySpecAddress)."""

    value: str = ""
    type: str = "IPAddress"


class GatewayInfrastructure(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What an implementation makes the Gateway's infrastructure by (GatewayInfrastructure)."""

    parameters_ref: ParametersRef | None = None


class GatewaySpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a Gateway asks for (GatewaySpec)."""

    gateway_class_name: str = ""
    listeners: tuple[Listener, ...] = ()
    addresses: tuple[GatewayAddress, ...] = ()
    infrastructure: GatewayInfrastructure | None = None


class GatewayStatus(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a Gateway listens (GatewayStatus)."""

    addresses: tuple[GatewayAddress, ...] = ()


class Gateway(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Gateway."""

    metadata: ObjectMeta
    spec: GatewaySpec = field(default_factory=GatewaySpec)
    status: GatewayStatus = field(default_factory=GatewayStatus)


class GrantFrom(Struct, frozen=True, gc=False, omit_defaults=True):
    """Who may refer (ReferenceGrantFrom)."""

    group: str = ""
    kind: str = ""
    namespace: str = ""


class GrantTo(Struct, frozen=True, gc=False, omit_defaults=True):
    """To what (ReferenceGrantTo); no name is every object of the kind."""

    group: str = ""
    kind: str = ""
    name: str | None = None


class ReferenceGrantSpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """Which references from other namespaces are let in (ReferenceGrantSpec)."""

    sources: tuple[GrantFrom, ...] = field(default=(), name="from")
    to: tuple[GrantTo, ...] = ()


class ReferenceGrant(Struct, frozen=True, gc=False, omit_defaults=True):
    """A grant of references into its own namespace."""

    metadata: ObjectMeta
    spec: ReferenceGrantSpec = field(default_factory=ReferenceGrantSpec)
