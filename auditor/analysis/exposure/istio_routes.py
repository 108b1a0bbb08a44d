"""Doors of Istio: VirtualServices at the servers of the Gateways that they name.

A Gateway picks its proxies by labels, in any namespace; a server's port is the port of the Service
before them (networking.istio.io, Gateway and VirtualService).
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.analysis.exposure.door import Backends, Door, Refusal
from auditor.analysis.exposure.fronts import Front, behind_doors
from auditor.analysis.exposure.hostnames import NoCommonHostError, common_host
from auditor.analysis.exposure.plain_http import PlainAnswer
from auditor.analysis.exposure.route_doors import Led, route_door
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.catalogue.ingress_controllers import Plain
from auditor.kube.istio import (
    Destination,
    IstioGateway,
    IstioMatch,
    IstioRoute,
    IstioServer,
    VirtualService,
)
from auditor.kube.resources import ISTIO_GATEWAYS, VIRTUAL_SERVICES
from auditor.model.audience import Audience
from auditor.model.exposure import HOST_PORTS, Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

_MESH = "mesh"
"""The sidecars: no way in."""
_HTTP = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB"})
_ENDS_ELSEWHERE = frozenset({"PASSTHROUGH", "AUTO_PASSTHROUGH"})
"""Modes of TLS that a proxy does not end."""


class _Bound(Struct, frozen=True):
    """A VirtualService at one server of a Gateway, for one host; refused ones are told too."""

    gateway: IstioGateway
    server: IstioServer
    host: str | None
    refusal: Refusal | None = None


class IstioRoutes:
    """Makes the doors of one cluster's VirtualServices."""

    def __init__(self, around: Surroundings) -> None:
        """Index the Gateways."""
        self._around = around
        inventory = around.inventory
        self._gateways = {
            (item.metadata.namespace or "", item.metadata.name): item
            for item in inventory.ways(ISTIO_GATEWAYS, IstioGateway)
        }
        self._are_all = inventory.state(ISTIO_GATEWAYS).is_complete
        self._services = {
            (item.metadata.namespace or "", item.metadata.name): item
            for item in inventory.ways(VIRTUAL_SERVICES, VirtualService)
        }
        self._fronts: dict[tuple[ObjectRef, int], Front] = {}

    def doors(self) -> Iterator[Door]:
        """Give the doors of all VirtualServices."""
        for item in self._services.values():
            for written in item.spec.gateways:
                if written == _MESH:
                    continue
                home = item.metadata.namespace or ""
                namespace, slash, name = written.rpartition("/")
                key = (namespace if slash else home, name)
                gateway = self._gateways.get(key)
                if gateway is None:
                    yield self._without_gateway(item, "/".join(key))
                    continue
                for bound in _bound(item, gateway):
                    yield from self._doors(item, bound, written)

    def _without_gateway(self, item: VirtualService, name: str) -> Door:
        ref = _ref(item)
        sure = self._are_all
        reason = f"Gateway/{name} {'is not there' if sure else 'was not read'}"
        return Door(
            entry=Entry(ref, Via.GATEWAY, None, Protocol.TCP),
            subject=ref,
            audience=Audience.NONE if sure else Audience.UNKNOWN,
            sources=(),
            confidence=Confidence.HIGH if sure else Confidence.LOW,
            hops=(Hop(str(ref), "spec.gateways", name),),
            backends=Backends(()),
            reason=None if sure else reason,
            refusal=Refusal(reason, is_sure=sure),
        )

    def _doors(self, item: VirtualService, bound: _Bound, written: str) -> Iterator[Door]:
        ref, port = _ref(item), bound.server.port
        front = self._front(bound)
        hop = Hop(str(ref), "spec.gateways", written, f"port {port.number} of its proxies")
        seen: set[tuple[str | None, str]] = set()
        for path, destination, note in self._targets(item, bound, written):
            hops, backends = self._backends(item, destination, note)
            key = (path, ",".join(f"{one.workload}:{one.port}" for one in backends.found))
            if key in seen:
                continue
            seen.add(key)
            yield route_door(
                Entry(
                    ref, Via.GATEWAY, port.number, Protocol.TCP, front.addresses, bound.host, path
                ),
                front,
                (hop, *hops),
                backends,
                refusal=bound.refusal,
                plain=_plain(bound),
            )

    def _front(self, bound: _Bound) -> Front:
        """Tell who can dial a port of a Gateway's proxies: by the doors that lead to them."""
        gateway, number = bound.gateway, bound.server.port.number
        ref = ObjectRef("Gateway", gateway.metadata.namespace, gateway.metadata.name)
        if (ref, number) in self._fronts:
            return self._fronts[ref, number]
        labels = gateway.spec.selector
        refs, pods = self._around.proxies(labels) if labels else ((), ())
        text = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        hop = Hop(str(ref), "spec.selector", text)
        doors = tuple(
            door
            for door in self._around.doors_to(refs)
            if door.service_port == number
            or (door.entry.via in HOST_PORTS and door.entry.port == number)
        )
        found = behind_doors(doors, (), pods)
        if found is None:
            known = "no door leads to its proxies" if refs else "its proxies were not read"
            reason = f"{known}, the pods labelled {text or '(nothing)'}"
            front = Front(
                audience=Audience.UNKNOWN,
                confidence=Confidence.LOW,
                hops=(hop,),
                reason=f"{reason}, on port {number}",
                pods=pods,
            )
        else:
            front = Front(
                audience=found.audience,
                confidence=found.confidence,
                hops=(hop, *found.hops),
                addresses=found.addresses,
                reason=found.reason,
                ports=found.ports,
                sources=found.sources,
                doors=found.doors,
                pods=pods,
            )
        self._fronts[ref, number] = front
        return front

    def _targets(
        self, item: VirtualService, bound: _Bound, written: str
    ) -> Iterator[tuple[str | None, Destination, str]]:
        """Give where a VirtualService sends what comes by a server, by path."""
        for kind, routes in _routes(item, bound.server):
            for route in routes:
                paths = list(_paths(route, kind, bound.server.port.number, written))
                for destination, note in self._destinations(item, route):
                    for path in dict.fromkeys(paths):
                        yield path, destination, note

    def _destinations(
        self, item: VirtualService, route: IstioRoute, *, is_delegate: bool = False
    ) -> Iterator[tuple[Destination, str]]:
        """Give where a route sends to, what it copies to, and what it hands on to others."""
        for one in route.route:
            if one.weight > 0 or len(route.route) == 1:
                yield one.destination, ""
        if route.mirror is not None:
            yield route.mirror, "gets a copy of each request"
        for mirrored in route.mirrors:
            yield mirrored.destination, "gets a copy of each request"
        if route.delegate is not None and not is_delegate:
            home = route.delegate.namespace or item.metadata.namespace or ""
            other = self._services.get((home, route.delegate.name))
            for inner in other.spec.http if other else ():
                for destination, note in self._destinations(item, inner, is_delegate=True):
                    host = _full(destination.host, home)
                    yield Destination(host, destination.port), note

    def _backends(self, item: VirtualService, destination: Destination, note: str) -> Led:
        home = item.metadata.namespace or ""
        port = destination.port.number if destination.port else None
        value = destination.host if port is None else f"{destination.host}:{port}"
        hop = Hop(str(_ref(item)), "spec.http[].route[].destination", value, note)
        parts = _full(destination.host, home).split(".")
        if len(parts) < _PARTS or parts[2] != "svc":
            reason = f"{destination.host} is no Service of this cluster"
            return (hop,), Backends((), reason=f"{reason}, and what it stands for is not read")
        return self._around.finder.named(parts[1], parts[0], port, hop)


_PARTS = 3
"""Parts of the shortest name of a Service that says so: `name.namespace.svc`."""


def _full(host: str, namespace: str) -> str:
    """Write a short name in full: it belongs to the namespace of who wrote it."""
    return host if "." in host else f"{host}.{namespace}.svc.cluster.local"


def _ref(item: VirtualService) -> ObjectRef:
    return ObjectRef("VirtualService", item.metadata.namespace, item.metadata.name)


def _bound(item: VirtualService, gateway: IstioGateway) -> Iterator[_Bound]:
    """Give the servers that a VirtualService binds to; where there is none, those that refuse it.

    A server's host may name the namespace whose VirtualServices it takes.
    """
    found: dict[tuple[int, str | None], _Bound] = {}
    refused: list[_Bound] = []
    for server in gateway.spec.servers:
        if _only_redirects(server):
            continue
        for written in server.hosts or ("*",):
            namespace, slash, name = written.rpartition("/")
            if namespace == ".":
                namespace = gateway.metadata.namespace or ""
            if slash and namespace not in {"*", item.metadata.namespace}:
                where = f"Gateway/{gateway.metadata.namespace}/{gateway.metadata.name}"
                reason = (
                    f"{where} takes VirtualServices of the namespace {namespace} only for {written}"
                )
                refused.append(_Bound(gateway, server, None, Refusal(reason)))
                continue
            for host in item.spec.hosts or ("*",):
                try:
                    common = common_host(name, host)
                except NoCommonHostError:
                    hosts = ", ".join(server.hosts)
                    reason = f"port {server.port.number} serves {hosts}, and it is for {host}"
                    refused.append(_Bound(gateway, server, None, Refusal(reason)))
                else:
                    key = (server.port.number, common)
                    found.setdefault(key, _Bound(gateway, server, common))
    yield from found.values() or _once(refused)


def _only_redirects(server: IstioServer) -> bool:
    """Whether a server answers every request with the address under HTTPS, and sends none on."""
    protocol = server.port.protocol.upper()
    return protocol in _HTTP and server.tls is not None and server.tls.https_redirect


def _once(refused: Iterable[_Bound]) -> Iterator[_Bound]:
    seen: dict[int, _Bound] = {}
    for item in refused:
        seen.setdefault(item.server.port.number, item)
    yield from seen.values()


def _routes(
    item: VirtualService, server: IstioServer
) -> Iterator[tuple[str, tuple[IstioRoute, ...]]]:
    """Give the routes that count for a server, by its protocol and by who ends TLS."""
    protocol = server.port.protocol.upper()
    passes_tls = server.tls is not None and server.tls.mode in _ENDS_ELSEWHERE
    if protocol in _HTTP or (protocol == "HTTPS" and not passes_tls):
        yield "http", item.spec.http
    elif protocol in {"HTTPS", "TLS"} and passes_tls:
        yield "tls", item.spec.tls
    else:
        yield "tcp", item.spec.tcp


def _paths(route: IstioRoute, kind: str, port: int, written: str) -> Iterator[str | None]:
    """Give the paths of a route at a port of a Gateway; none where it is for others."""
    if not route.matches:
        yield "/" if kind == "http" else None
    for match in route.matches:
        if match.port not in {None, 0, port} or (match.gateways and written not in match.gateways):
            continue
        yield _path(match) if kind == "http" else None


def _path(match: IstioMatch) -> str | None:
    if match.uri is None:
        return "/"
    return match.uri.exact or match.uri.prefix


def _plain(bound: _Bound) -> PlainAnswer | None:
    """Tell what becomes of plain HTTP at a server; other protocols have none."""
    server, gateway = bound.server, bound.gateway
    where = f"Gateway/{gateway.metadata.namespace}/{gateway.metadata.name}"
    protocol = server.port.protocol.upper()
    if protocol in {"HTTPS", "TLS"}:
        hop = Hop(where, "spec.servers[].port.protocol", protocol, "there is no plain HTTP on it")
        return PlainAnswer(Plain.REFUSED, hop)
    if protocol not in _HTTP:
        return None
    hop = Hop(where, "spec.servers[].port.protocol", protocol, "plain HTTP is served")
    return PlainAnswer(Plain.SERVED, hop)
