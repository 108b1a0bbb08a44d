"""Istio's Gateways and VirtualServices (networking.istio.io)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class IstioPort(Struct, frozen=True, gc=False, omit_defaults=True):
    """A port of the Service before the proxies (networking Port)."""

    number: int = 0
    name: str = ""
    protocol: str = ""


class IstioServerTls(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Where TLS ends, or plain HTTP is sent on (ServerTLSSettings)."""

    https_redirect: bool = False
    mode: str = ""


class IstioServer(Struct, frozen=True, gc=False, omit_defaults=True):
    """A port and the hosts that are served there (Server)."""

    port: IstioPort = field(default_factory=IstioPort)
    hosts: tuple[str, ...] = ()
    """`[namespace/]host`; the namespace limits which VirtualServices may bind."""
    tls: IstioServerTls | None = None


class IstioGatewaySpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """Which proxies serve which ports (Gateway)."""

    selector: dict[str, str] = field(default_factory=dict)
    """Labels of the proxies' pods, in any namespace."""
    servers: tuple[IstioServer, ...] = ()


class IstioGateway(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Gateway of Istio."""

    metadata: ObjectMeta
    spec: IstioGatewaySpec = field(default_factory=IstioGatewaySpec)


class PortSelector(Struct, frozen=True, gc=False, omit_defaults=True):
    """A port of a destination."""

    number: int = 0


class Destination(Struct, frozen=True, gc=False, omit_defaults=True):
    """A host of the mesh's registry (Destination)."""

    host: str = ""
    port: PortSelector | None = None


class WeightedDestination(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where requests go (RouteDestination, HTTPRouteDestination); alone, 0 is all of them."""

    destination: Destination = field(default_factory=Destination)
    weight: int = 0


class MirrorPolicy(Struct, frozen=True, gc=False, omit_defaults=True):
    """A destination that gets copies of requests (HTTPMirrorPolicy)."""

    destination: Destination = field(default_factory=Destination)


class StringMatch(Struct, frozen=True, gc=False, omit_defaults=True):
    """A text to be matched; one of the three is set."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


class IstioMatch(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Which requests or connections a route takes; what does not tell the way is not read."""

    uri: StringMatch | None = None
    port: int | None = None
    """The gateway's port."""
    gateways: tuple[str, ...] = ()
    sni_hosts: tuple[str, ...] = ()


class Delegate(Struct, frozen=True, gc=False, omit_defaults=True):
    """A VirtualService that a route hands its requests to."""

    name: str = ""
    namespace: str | None = None


class IstioRedirect(Struct, frozen=True, gc=False, omit_defaults=True):
    """An answer that sends the client elsewhere (HTTPRedirect)."""

    scheme: str | None = None


class IstioRoute(Struct, frozen=True, gc=False, omit_defaults=True):
    """A route for HTTP, TLS or TCP (HTTPRoute, TLSRoute, TCPRoute)."""

    matches: tuple[IstioMatch, ...] = field(default=(), name="match")
    route: tuple[WeightedDestination, ...] = ()
    redirect: IstioRedirect | None = None
    delegate: Delegate | None = None
    mirror: Destination | None = None
    mirrors: tuple[MirrorPolicy, ...] = ()


class VirtualServiceSpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where requests for some hosts go (VirtualService)."""

    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    """`[namespace/]name`; `mesh`, and none at all, are the sidecars."""
    http: tuple[IstioRoute, ...] = ()
    tls: tuple[IstioRoute, ...] = ()
    tcp: tuple[IstioRoute, ...] = ()


class VirtualService(Struct, frozen=True, gc=False, omit_defaults=True):
    """A VirtualService."""

    metadata: ObjectMeta
    spec: VirtualServiceSpec = field(default_factory=VirtualServiceSpec)
