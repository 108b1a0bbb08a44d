"""Contour's routes (projectcontour.io/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class ProxyTls(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """That TLS is served (TLS); with which certificate is not read."""

    passthrough: bool = False


class VirtualHost(Struct, frozen=True, gc=False, omit_defaults=True):
    """What makes an HTTPProxy a root (VirtualHost)."""

    fqdn: str = ""
    tls: ProxyTls | None = None


class ProxyCondition(Struct, frozen=True, gc=False, omit_defaults=True):
    """Which requests are taken (MatchCondition); headers are not read."""

    prefix: str | None = None
    exact: str | None = None


class ProxyService(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where requests go (Service); alone, a weight of 0 is all of them."""

    name: str = ""
    port: int = 0
    weight: int = 0
    mirror: bool = False


class ProxyRedirect(Struct, frozen=True, gc=False, omit_defaults=True):
    """An answer that sends the client elsewhere (HTTPRequestRedirectPolicy)."""

    scheme: str | None = None


class ProxyRoute(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Requests and where they go (Route)."""

    conditions: tuple[ProxyCondition, ...] = ()
    services: tuple[ProxyService, ...] = ()
    permit_insecure: bool = False
    """Serves plain HTTP where the host has TLS, which otherwise is redirected."""
    request_redirect_policy: ProxyRedirect | None = None


class ProxyInclude(Struct, frozen=True, gc=False, omit_defaults=True):
    """Another HTTPProxy that takes a part of the requests (Include)."""

    name: str = ""
    namespace: str | None = None
    conditions: tuple[ProxyCondition, ...] = ()


class TcpProxy(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where connections go (TCPProxy)."""

    services: tuple[ProxyService, ...] = ()
    include: ProxyInclude | None = None


class HTTPProxySpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a proxy asks for (HTTPProxySpec)."""

    virtualhost: VirtualHost | None = None
    routes: tuple[ProxyRoute, ...] = ()
    includes: tuple[ProxyInclude, ...] = ()
    tcp_proxy: TcpProxy | None = field(default=None, name="tcpproxy")
    ingress_class_name: str | None = None


class HTTPProxyStatus(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What became of a proxy (HTTPProxyStatus)."""

    current_status: str = ""
    """`valid`, `invalid` or `orphaned`."""


class HTTPProxy(Struct, frozen=True, gc=False, omit_defaults=True):
    """A route of Contour."""

    metadata: ObjectMeta
    spec: HTTPProxySpec = field(default_factory=HTTPProxySpec)
    status: HTTPProxyStatus = field(default_factory=HTTPProxyStatus)
