"""Doors of the Gateway API: each route at each listener that takes it, host by host, path by path.

A backend in another namespace needs a ReferenceGrant there ("Cross namespace routing"); one whose
weight is 0 gets nothing; one that requests are copied to gets them all the same.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from auditor.analysis.exposure.door import Backends, Door, Refusal
from auditor.analysis.exposure.fronts import Front, not_known
from auditor.analysis.exposure.gateway_attachment import Attachment, Gateways, attachments
from auditor.analysis.exposure.gateway_fronts import gateway_front
from auditor.analysis.exposure.plain_http import PlainAnswer
from auditor.analysis.exposure.route_doors import Led, route_door, together
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.analysis.recognition.gateways import ServedGateway
from auditor.catalogue.ingress_controllers import IngressController, Plain
from auditor.kube.gateway_routes import BackendRef, GatewayRoute, MethodMatch, RouteMatch, RouteRule
from auditor.kube.gateways import GATEWAY_API, Gateway, ReferenceGrant
from auditor.kube.resources import (
    GATEWAY_ROUTES,
    GATEWAYS,
    NAMESPACES,
    REFERENCE_GRANTS,
)
from auditor.model.audience import Audience
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence


class GatewayRoutes:
    """Makes the doors of one cluster's routes."""

    def __init__(
        self,
        around: Surroundings,
        served: tuple[ServedGateway, ...],
        controllers: tuple[IngressController, ...],
    ) -> None:
        """Index Gateways and grants; `served` tells who serves each Gateway."""
        inventory = around.inventory
        self._around = around
        self._controllers = controllers
        self._served = {item.ref: item for item in served}
        self._gateways = Gateways(
            {
                (item.metadata.namespace or "", item.metadata.name): item
                for item in inventory.ways(GATEWAYS, Gateway)
            },
            inventory.state(GATEWAYS).is_complete,
            around.namespace_labels,
            inventory.state(NAMESPACES).is_complete,
        )
        self._grants: Mapping[str, list[ReferenceGrant]] = defaultdict(list)
        for grant in inventory.ways(REFERENCE_GRANTS, ReferenceGrant):
            self._grants[grant.metadata.namespace or ""].append(grant)
        self._fronts: dict[tuple[ObjectRef, int], Front] = {}

    def doors(self) -> Iterator[Door]:
        """Give the doors of all routes, kind by kind."""
        for name in GATEWAY_ROUTES:
            for route in self._around.inventory.ways(name, GatewayRoute):
                sent = tuple(self._sent(route))
                for attachment in attachments(route, self._gateways):
                    yield from self._doors(route, attachment, sent)

    def _doors(
        self, route: GatewayRoute, attachment: Attachment, sent: tuple[tuple[str | None, Led], ...]
    ) -> Iterator[Door]:
        ref = ObjectRef(route.kind, route.metadata.namespace, route.metadata.name)
        front, listener = self._front(attachment), attachment.listener
        attached = Hop(str(ref), "spec.parentRefs", _parent_text(attachment))
        for path, (hops, backends) in sent:
            yield route_door(
                Entry(
                    ref,
                    Via.GATEWAY,
                    listener.port if listener else None,
                    Protocol.UDP if route.kind == "UDPRoute" else Protocol.TCP,
                    front.addresses,
                    attachment.host,
                    path,
                ),
                front,
                (attached, *hops),
                backends,
                refusal=attachment.refusal,
                plain=_plain(ref, attachment),
            )

    def _front(self, attachment: Attachment) -> Front:
        gateway, listener = attachment.gateway, attachment.listener
        if gateway is None or listener is None:
            refusal = attachment.refusal
            if refusal is not None and refusal.is_sure:
                return Front(audience=Audience.NONE, confidence=Confidence.HIGH)
            return not_known(refusal.reason if refusal else "its Gateway was not read")
        ref = ObjectRef("Gateway", gateway.metadata.namespace, gateway.metadata.name)
        key = (ref, listener.port)
        if key not in self._fronts:
            self._fronts[key] = gateway_front(
                gateway, self._served[ref], listener.port, self._around, self._controllers
            )
        return self._fronts[key]

    def _sent(self, route: GatewayRoute) -> Iterator[tuple[str | None, Led]]:
        """Give where each path of a route leads."""
        by_path: dict[str | None, list[Led]] = defaultdict(list)
        for number, rule in enumerate(route.spec.rules):
            for path in dict.fromkeys(_paths(route.kind, rule)):
                for ref in _references(rule):
                    where = f"spec.rules[{number}].backendRefs"
                    by_path[path].append(self._backends(route, ref, where))
        for path, led in by_path.items():
            for one in together(led):
                yield path, one

    def _backends(self, route: GatewayRoute, ref: BackendRef, where: str) -> Led:
        home = route.metadata.namespace or ""
        there = ref.namespace or home
        source = str(ObjectRef(route.kind, home, route.metadata.name))
        hop = Hop(source, where, f"{ref.kind}/{there}/{ref.name}:{ref.port or ''}")
        if (ref.group, ref.kind) != ("", "Service"):
            return (hop,), Backends(
                (), reason=f"its backend is a {ref.kind}, which is not followed"
            )
        granted: tuple[Hop, ...] = ()
        if there != home:
            grant = self._grant(route, ref, there)
            if isinstance(grant, Refusal):
                return (hop,), Backends((), refusal=grant)
            granted = (grant,)
        hops, backends = self._around.finder.named(there, ref.name, ref.port, hop)
        return (*hops, *granted), backends

    def _grant(self, route: GatewayRoute, ref: BackendRef, there: str) -> Hop | Refusal:
        """Find what lets a route refer to a Service of another namespace (ReferenceGrant)."""
        home = route.metadata.namespace or ""
        for grant in self._grants.get(there, ()):
            lets_in = any(
                (item.group, item.kind, item.namespace) == (GATEWAY_API, route.kind, home)
                for item in grant.spec.sources
            )
            to_it = any(
                (item.group, item.kind) == ("", "Service") and item.name in (None, "", ref.name)
                for item in grant.spec.to
            )
            if lets_in and to_it:
                where = f"ReferenceGrant/{there}/{grant.metadata.name}"
                return Hop(where, "spec.from", f"{route.kind} of {home}", "lets it refer there")
        reason = f"no ReferenceGrant of {there} lets a {route.kind} of {home} refer to {ref.name}"
        state = self._around.inventory.state(REFERENCE_GRANTS)
        if state.is_complete:
            return Refusal(reason)
        return Refusal(f"{reason}, and {REFERENCE_GRANTS} is {state.value}", is_sure=False)


def _paths(kind: str, rule: RouteRule) -> Iterator[str | None]:
    if not rule.matches:
        yield "/" if kind == "HTTPRoute" else None
    for match in rule.matches:
        yield _path(kind, match)


def _path(kind: str, match: RouteMatch) -> str | None:
    if kind == "HTTPRoute":
        return match.path.value if match.path else "/"
    method = match.method
    if kind == "GRPCRoute" and isinstance(method, MethodMatch):
        parts = [part for part in (method.service, method.method) if part]
        return f"/{'/'.join(parts)}" if parts else None
    return None


def _references(rule: RouteRule) -> Iterator[BackendRef]:
    for ref in rule.backend_refs:
        if ref.weight > 0:
            yield ref
    for item in rule.filters:
        if item.request_mirror is not None:
            yield item.request_mirror.backend_ref


def _parent_text(attachment: Attachment) -> str:
    parent, listener = attachment.parent, attachment.listener
    name = parent.name if parent.namespace is None else f"{parent.namespace}/{parent.name}"
    return f"{name}, listener {listener.name}" if listener else name


def _plain(ref: ObjectRef, attachment: Attachment) -> PlainAnswer | None:
    """Tell what becomes of plain HTTP at a listener; other protocols have none."""
    listener, gateway = attachment.listener, attachment.gateway
    if listener is None or gateway is None or ref.kind not in {"HTTPRoute", "GRPCRoute"}:
        return None
    where = str(ObjectRef("Gateway", gateway.metadata.namespace, gateway.metadata.name))
    field = f"spec.listeners[{listener.name}].protocol"
    if listener.protocol == "HTTP":
        return PlainAnswer(Plain.SERVED, Hop(where, field, "HTTP", "plain HTTP is served"))
    return PlainAnswer(
        Plain.REFUSED, Hop(where, field, listener.protocol, "there is no plain HTTP on it")
    )
