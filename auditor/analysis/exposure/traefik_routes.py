"""Doors of Traefik's own routes: IngressRoute, IngressRouteTCP and IngressRouteUDP (traefik.io)."""

import re
from collections.abc import Iterator

from auditor.analysis.exposure.admission import Admitted, as_the_front, left_open
from auditor.analysis.exposure.door import Backends, Door
from auditor.analysis.exposure.fronts import Front, controller_front
from auditor.analysis.exposure.plain_http import PlainAnswer
from auditor.analysis.exposure.route_doors import Led, route_door, together
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.catalogue.ingress_controllers import IngressController, Plain
from auditor.kube.resources import INGRESS_ROUTES
from auditor.kube.traefik import IngressRoute, TraefikRoute, TraefikService
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol

_TRAEFIK = "traefik"
"""The catalogue's id of the controller."""
_HTTP, _HTTPS = 80, 443

_HOSTS = re.compile(r"\bHost(?:SNI)?\(([^)]*)\)")
_PATHS = re.compile(r"\bPath(?:Prefix)?\(([^)]*)\)")
_TEXT = re.compile(r"[`\"']([^`\"']*)[`\"']")


class TraefikRoutes:
    """Makes the doors of one cluster's routes of Traefik."""

    def __init__(self, around: Surroundings, controllers: tuple[IngressController, ...]) -> None:
        """Bind the cluster around them."""
        self._around = around
        self._controller = next(item for item in controllers if item.id == _TRAEFIK)

    def doors(self) -> Iterator[Door]:
        """Give the doors of all routes, kind by kind."""
        for name in INGRESS_ROUTES:
            for item in self._around.inventory.ways(name, IngressRoute):
                yield from self._doors(item)

    def _doors(self, item: IngressRoute) -> Iterator[Door]:
        ref = ObjectRef(item.kind, item.metadata.namespace, item.metadata.name)
        front = controller_front(self._controller, self._around)
        for number, route in enumerate(item.spec.routes):
            field = f"spec.routes[{number}]"
            rule = Hop(str(ref), f"{field}.match", route.match or "(everything)")
            admitted = _admitted(route, front, str(ref), field)
            for hops, backends in together(
                self._led(item, route, Hop(str(ref), f"{field}.services", ""))
            ):
                yield route_door(
                    Entry(
                        ref,
                        Via.INGRESS,
                        _port(item, front),
                        Protocol.UDP if item.kind == "IngressRouteUDP" else Protocol.TCP,
                        front.addresses,
                        _first(_HOSTS, route.match),
                        (_first(_PATHS, route.match) or "/") if _is_http(item) else None,
                    ),
                    front,
                    (rule, *hops),
                    backends,
                    admitted=admitted,
                    plain=_plain(item, str(ref)),
                )

    def _led(self, item: IngressRoute, route: TraefikRoute, hop: Hop) -> Iterator[Led]:
        """Give where a rule leads, by each of its services that gets requests."""
        for service in route.services:
            if service.weight != 0 or len(route.services) == 1:
                yield self._backends(item, service, hop)

    def _backends(self, item: IngressRoute, service: TraefikService, hop: Hop) -> Led:
        there = service.namespace or item.metadata.namespace
        value = f"{service.kind}/{there}/{service.name}:{service.port or ''}"
        named = Hop(hop.hop, hop.field, value)
        if service.kind != "Service":
            reason = f"its service is a {service.kind}, which is not followed"
            return (named,), Backends((), reason=reason)
        port = service.port
        wanted = int(port) if isinstance(port, str) and port.isdecimal() else port
        return self._around.finder.named(there, service.name, wanted, named)


def _admitted(route: TraefikRoute, front: Front, where: str, field: str) -> Admitted:
    """Leave it open who is admitted where middlewares handle the requests: they are not read."""
    if not route.middlewares:
        return as_the_front(front)
    names = ", ".join(item.name for item in route.middlewares)
    because = "the named middlewares may admit named sources only, or ask for a login"
    return left_open(front, Hop(where, f"{field}.middlewares", names, because))


def _is_http(item: IngressRoute) -> bool:
    return item.kind == "IngressRoute"


def _port(item: IngressRoute, front: Front) -> int | None:
    """Give the port to dial; entry points, which have names alone here, are not read."""
    if _is_http(item):
        return front.port(_HTTPS if item.spec.tls else _HTTP)
    return next(iter(front.ports)) if len(front.ports) == 1 else None


def _first(wanted: re.Pattern[str], rule: str) -> str | None:
    """Read the first name that a rule gives to a matcher, v2's and v3's spelling alike."""
    found = wanted.search(rule)
    text = _TEXT.search(found[1]) if found else None
    return None if text is None or text[1] in {"", "*"} else text[1]


def _plain(item: IngressRoute, where: str) -> PlainAnswer | None:
    """Tell what becomes of plain HTTP; a route with TLS takes requests under TLS alone."""
    if not _is_http(item):
        return None
    if item.spec.tls is not None:
        return PlainAnswer(Plain.REFUSED, Hop(where, "spec.tls", "set", "it takes TLS alone"))
    reason = "an entry point of Traefik, which is not read, may redirect"
    points = ", ".join(item.spec.entry_points) or "all"
    return PlainAnswer(Plain.UNKNOWN, Hop(where, "spec.entryPoints", points), reason)
