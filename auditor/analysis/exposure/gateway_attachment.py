"""Which listeners of which Gateways a route attaches to (Gateway API, "Attaching to Gateways").

A listener takes a route by its kind, by its namespace and by a host that both have. What refuses it
is told, so that a route which leads nowhere can be explained.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from auditor.analysis.exposure.door import Refusal
from auditor.analysis.exposure.hostnames import NoCommonHostError, common_host
from auditor.kube.gateway_routes import GatewayRoute, ParentRef, RouteParentStatus
from auditor.kube.gateways import GATEWAY_API, Gateway, Listener
from auditor.model.identity import ObjectRef

_KINDS = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute",),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
"""Kinds that a listener takes where it names none (AllowedRoutes.kinds), by its protocol."""
_ENDS_TLS = "Terminate"
_NAME_LABEL = "kubernetes.io/metadata.name"
"""Every namespace carries its name so (core/v1)."""
_WITHOUT_HOSTS = ("TCPRoute", "UDPRoute")
_WITHOUT_NAMES = ("TCP", "UDP")


class Attachment(Struct, frozen=True):
    """A route at a listener, for one host; refused ones are told too."""

    parent: ParentRef
    gateway: Gateway | None
    listener: Listener | None
    host: str | None = None
    refusal: Refusal | None = None


class Gateways(Struct, frozen=True):
    """The Gateways and namespaces of a cluster, and how surely these are all."""

    known: Mapping[tuple[str, str], Gateway]
    are_all: bool
    labels: Mapping[str, Mapping[str, str]]
    """Labels of namespaces that were read."""
    labels_are_all: bool


def attachments(route: GatewayRoute, gateways: Gateways) -> Iterator[Attachment]:
    """Give where a route attaches; a parent that takes it nowhere is given with the refusals."""
    home = route.metadata.namespace or ""
    for parent in route.spec.parent_refs:
        if (parent.group, parent.kind) != (GATEWAY_API, "Gateway"):
            continue
        gateway = gateways.known.get((parent.namespace or home, parent.name))
        if gateway is None:
            where = f"Gateway/{parent.namespace or home}/{parent.name}"
            reason = f"{where} is not there" if gateways.are_all else f"{where} was not read"
            refusal = Refusal(reason, is_sure=gateways.are_all)
            yield Attachment(parent, None, None, refusal=refusal)
            continue
        yield from _at(route, parent, gateway, gateways)


def _at(
    route: GatewayRoute, parent: ParentRef, gateway: Gateway, gateways: Gateways
) -> Iterator[Attachment]:
    listeners = [
        item
        for item in gateway.spec.listeners
        if parent.section_name in (None, item.name) and parent.port in (None, item.port)
    ]
    said = _status(route, parent)
    if not listeners:
        wanted = parent.section_name or parent.port or "at all"
        none = Refusal(f"{_ref(gateway)} has no listener {wanted}", is_sure=said is not True)
        yield Attachment(parent, gateway, None, refusal=none)
        return
    taken: list[Attachment] = []
    refused: list[tuple[Attachment, Refusal]] = []
    for listener in listeners:
        for found in _for_hosts(route, parent, gateway, listener, gateways):
            if found.refusal is not None and found.refusal.is_sure:
                refused.append((found, found.refusal))
            else:
                taken.append(found)
    word = _refused_by_status(route, parent, gateway)
    for found in taken:
        yield replace(found, refusal=word or found.refusal)
    for found, refusal in () if taken else refused:
        if said:
            reason = f"{refusal.reason}, yet its status says that the route is accepted"
            yield replace(found, refusal=Refusal(reason, is_sure=False))
        else:
            yield found


def _for_hosts(
    route: GatewayRoute,
    parent: ParentRef,
    gateway: Gateway,
    listener: Listener,
    gateways: Gateways,
) -> Iterator[Attachment]:
    """Give the attachments at one listener, one a host; or why there is none."""
    refusal = _kind_refusal(route, listener) or _namespace_refusal(
        route, gateway, listener, gateways
    )
    if refusal is not None and refusal.is_sure:
        yield Attachment(parent, gateway, listener, refusal=refusal)
        return
    wanted = () if route.kind in _WITHOUT_HOSTS else route.spec.hostnames
    hosts: dict[str | None, None] = {}
    # A listener that sees no names has none, whatever is written.
    served_name = None if listener.protocol in _WITHOUT_NAMES else listener.hostname
    for name in wanted or (None,):
        try:
            hosts[common_host(served_name, name)] = None
        except NoCommonHostError:
            continue
    for host in hosts:
        yield Attachment(parent, gateway, listener, host, refusal)
    if not hosts:
        names = ", ".join(wanted)
        served = f"listener {listener.name} serves {listener.hostname}, and the route {names}"
        reason = f"no hostname in common: {served}"
        yield Attachment(parent, gateway, listener, refusal=Refusal(reason))


def _kind_refusal(route: GatewayRoute, listener: Listener) -> Refusal | None:
    kinds = tuple(item.kind for item in listener.allowed_routes.kinds if item.group == GATEWAY_API)
    if not listener.allowed_routes.kinds:
        kinds = _KINDS.get(listener.protocol, ())
        ends_tls = listener.tls is None or listener.tls.mode == _ENDS_TLS
        if listener.protocol == "TLS" and ends_tls:
            kinds = ("TLSRoute", "TCPRoute")
        if listener.protocol not in _KINDS:
            reason = f"what listener {listener.name} of protocol {listener.protocol} takes"
            return Refusal(f"{reason} depends on its controller", is_sure=False)
    if route.kind in kinds:
        return None
    takes = " and ".join(kinds) or "no known kind"
    return Refusal(f"listener {listener.name} takes {takes}, and no route of the kind {route.kind}")


def _namespace_refusal(
    route: GatewayRoute, gateway: Gateway, listener: Listener, gateways: Gateways
) -> Refusal | None:
    """Tell whether a listener refuses routes of a namespace (RouteNamespaces)."""
    allowed, home = listener.allowed_routes.namespaces, route.metadata.namespace or ""
    who = f"listener {listener.name} of {_ref(gateway)}"
    if allowed.source == "Same" and home != gateway.metadata.namespace:
        return Refusal(f"{who} takes routes of its own namespace only, not of {home}")
    if allowed.source in {"All", "Same"}:
        return None
    if allowed.source != "Selector" or allowed.selector is None:
        return Refusal(f"{who} takes routes of no namespace")
    labels = gateways.labels.get(home)
    if allowed.selector.matches({_NAME_LABEL: home, **(labels or {})}):
        return None
    if labels is None and not gateways.labels_are_all:
        return Refusal(f"{who} takes namespaces by labels, and {home} was not read", is_sure=False)
    return Refusal(f"{who} takes namespaces by labels, which {home} does not carry")


def _status(route: GatewayRoute, parent: ParentRef) -> bool | None:
    """Tell what controllers say of the route as it is now; None where they say nothing.

    Where several serve its parent, it is enough that one accepts the route.
    """
    said = [
        condition.status == "True"
        for item in _statuses(route, parent)
        for condition in item.conditions
        if condition.type == "Accepted" and _is_current(route, condition.observed_generation)
    ]
    return any(said) if said else None


def _refused_by_status(route: GatewayRoute, parent: ParentRef, gateway: Gateway) -> Refusal | None:
    """Take the controller's word that it refuses a route; an older word leaves it open."""
    if _status(route, parent):
        return None
    for item in _statuses(route, parent):
        for condition in item.conditions:
            if condition.type == "Accepted" and condition.status == "False":
                told = f"the controller of {_ref(gateway)} does not accept it: {condition.reason}"
                if _is_current(route, condition.observed_generation):
                    return Refusal(told)
                return Refusal(f"{told}, which it said of an earlier state", is_sure=False)
    return None


def _statuses(route: GatewayRoute, parent: ParentRef) -> Iterator[RouteParentStatus]:
    home = route.metadata.namespace
    for item in route.status.parents:
        ref = item.parent_ref
        if (ref.name, ref.namespace or home, ref.section_name, ref.port) == (
            parent.name,
            parent.namespace or home,
            parent.section_name,
            parent.port,
        ):
            yield item


def _is_current(route: GatewayRoute, observed: int | None) -> bool:
    known = route.metadata.generation
    return known is None or observed is None or observed >= known


def _ref(gateway: Gateway) -> ObjectRef:
    return ObjectRef("Gateway", gateway.metadata.namespace, gateway.metadata.name)
