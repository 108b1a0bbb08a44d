"""Doors of Contour's HTTPProxies: a root with a host, and what it includes (projectcontour.io)."""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.exposure.door import Backends, Door, Refusal
from auditor.analysis.exposure.fronts import controller_front
from auditor.analysis.exposure.plain_http import PlainAnswer
from auditor.analysis.exposure.route_doors import Led, route_door, together
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.catalogue.ingress_controllers import IngressController, Plain
from auditor.kube.contour import HTTPProxy, ProxyCondition, ProxyService
from auditor.kube.resources import HTTP_PROXIES
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol

_CONTOUR = "contour"
"""The catalogue's id of the controller."""
_HTTP, _HTTPS = 80, 443
_DEEPEST = 8
"""Inclusions that are followed one into the other."""


class _Way(Struct, frozen=True):
    """A path of a root, the proxy that decides on it, and the Services that answer."""

    path: str | None
    proxy: HTTPProxy
    services: tuple[ProxyService, ...]
    hops: tuple[Hop, ...]
    permits_plain: bool = False
    is_missing: str | None = None
    """The proxy that is included and not there."""


class ContourRoutes:
    """Makes the doors of one cluster's HTTPProxies."""

    def __init__(self, around: Surroundings, controllers: tuple[IngressController, ...]) -> None:
        """Index the proxies."""
        self._around = around
        self._controller = next(item for item in controllers if item.id == _CONTOUR)
        inventory = around.inventory
        self._proxies = {
            (item.metadata.namespace or "", item.metadata.name): item
            for item in inventory.ways(HTTP_PROXIES, HTTPProxy)
        }
        self._are_all = inventory.state(HTTP_PROXIES).is_complete

    def doors(self) -> Iterator[Door]:
        """Give the doors of all roots; a proxy that no root includes is none."""
        for root in self._proxies.values():
            if root.spec.virtualhost is not None:
                for way in self._ways(root):
                    yield from self._doors(root, way)

    def _doors(self, root: HTTPProxy, way: _Way) -> Iterator[Door]:
        ref, host = _ref(root), root.spec.virtualhost
        front = controller_front(self._controller, self._around)
        has_tls = host is not None and host.tls is not None
        for hops, backends in together(self._led(way)):
            yield route_door(
                Entry(
                    ref,
                    Via.INGRESS,
                    front.port(_HTTPS if has_tls else _HTTP),
                    Protocol.TCP,
                    front.addresses,
                    (host.fqdn if host else "") or None,
                    way.path,
                ),
                front,
                (*way.hops, *hops),
                backends,
                refusal=self._refusal(root, way),
                plain=_plain(way, str(ref), has_tls=has_tls),
            )

    def _refusal(self, root: HTTPProxy, way: _Way) -> Refusal | None:
        for proxy in (root, way.proxy):
            if proxy.status.current_status == "invalid":
                return Refusal(f"Contour calls {_ref(proxy)} invalid")
        if way.is_missing is not None:
            there = "is not there" if self._are_all else "was not read"
            return Refusal(f"{way.is_missing} {there}", is_sure=self._are_all)
        return None

    def _ways(self, root: HTTPProxy) -> Iterator[_Way]:
        yield from self._http(root, "", (), 0)
        tcp = root.spec.tcp_proxy
        proxy = root
        hops: tuple[Hop, ...] = ()
        while tcp is not None:
            if tcp.services:
                yield _Way(None, proxy, tcp.services, hops)
            if tcp.include is None:
                return
            home = tcp.include.namespace or proxy.metadata.namespace or ""
            following = self._proxies.get((home, tcp.include.name))
            hops = (
                *hops,
                Hop(str(_ref(proxy)), "spec.tcpproxy.include", f"{home}/{tcp.include.name}"),
            )
            if following is None or len(hops) > _DEEPEST:
                yield _Way(None, proxy, (), hops, is_missing=f"HTTPProxy/{home}/{tcp.include.name}")
                return
            proxy, tcp = following, following.spec.tcp_proxy

    def _http(
        self, proxy: HTTPProxy, prefix: str, hops: tuple[Hop, ...], depth: int
    ) -> Iterator[_Way]:
        """Give the paths of a proxy and of those that it includes, under the prefix so far."""
        for route in proxy.spec.routes:
            path = _joined(prefix, route.conditions)
            if route.services and route.request_redirect_policy is None:
                yield _Way(path, proxy, route.services, hops, route.permit_insecure)
        for include in proxy.spec.includes:
            home = include.namespace or proxy.metadata.namespace or ""
            following = self._proxies.get((home, include.name))
            path = _joined(prefix, include.conditions)
            hop = Hop(str(_ref(proxy)), "spec.includes", f"{home}/{include.name}")
            if following is None or depth >= _DEEPEST:
                missing = f"HTTPProxy/{home}/{include.name}"
                yield _Way(path, proxy, (), (*hops, hop), is_missing=missing)
                continue
            yield from self._http(following, path, (*hops, hop), depth + 1)

    def _led(self, way: _Way) -> Iterator[Led]:
        """Give where a path leads, by each of its Services that gets requests."""
        if way.is_missing is not None:
            yield (), Backends(())
        weighted = any(item.weight for item in way.services)
        for service in way.services:
            if weighted and not service.weight and not service.mirror:
                continue
            where = str(_ref(way.proxy))
            hop = Hop(where, "spec.routes[].services", f"{service.name}:{service.port}")
            home = way.proxy.metadata.namespace
            yield self._around.finder.named(home, service.name, service.port or None, hop)


def _ref(proxy: HTTPProxy) -> ObjectRef:
    return ObjectRef("HTTPProxy", proxy.metadata.namespace, proxy.metadata.name)


def _joined(prefix: str, conditions: tuple[ProxyCondition, ...]) -> str:
    """Write the prefixes of a route and of what includes it as one path."""
    own = next((item.prefix or item.exact for item in conditions if item.prefix or item.exact), "")
    return f"{prefix.rstrip('/')}/{(own or '').lstrip('/')}" if own else prefix or "/"


def _plain(way: _Way, where: str, *, has_tls: bool) -> PlainAnswer | None:
    """Tell what becomes of plain HTTP: a host with TLS redirects, unless the route permits it."""
    if way.path is None:
        return None
    if not has_tls:
        hop = Hop(where, "spec.virtualhost.tls", "not set", "plain HTTP is served")
        return PlainAnswer(Plain.SERVED, hop)
    if way.permits_plain:
        hop = Hop(str(_ref(way.proxy)), "spec.routes[].permitInsecure", "true")
        return PlainAnswer(Plain.SERVED, hop)
    return PlainAnswer(Plain.REDIRECTED, Hop(where, "spec.virtualhost.tls", "set"))
