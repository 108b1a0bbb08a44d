"""Doors of Ingresses: who can dial them is decided by the front of the controller that serves them.

The order of evidence is that of load balancers: the cloud's own word, the address that was
published, then the class and annotations, then the controller's default. Where a controller's own
pods are the way in, every door of theirs counts, and the widest of them decides.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from auditor.analysis.exposure.door import Backends, Door
from auditor.analysis.exposure.fronts import (
    Front,
    by_address,
    by_cloud,
    controller_front,
    not_known,
)
from auditor.analysis.exposure.ingress_classes import Served, serving_controller
from auditor.analysis.exposure.ingress_sources import admitted_by
from auditor.analysis.exposure.plain_http import plain_answer
from auditor.analysis.exposure.route_doors import route_door
from auditor.analysis.exposure.serving import Site
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.catalogue.ingress_controllers import Front as Stands
from auditor.catalogue.ingress_controllers import IngressController
from auditor.catalogue.load_balancers import Scheme
from auditor.kube.ingress import Ingress, IngressBackend
from auditor.kube.resources import INGRESS_CLASSES
from auditor.model.addresses import normal_address
from auditor.model.audience import Audience
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

_HTTP, _HTTPS = 80, 443


class _Route(Struct, frozen=True):
    """One way through an Ingress."""

    host: str | None
    path: str | None
    backend: IngressBackend
    has_tls: bool


def ingress_ref(ingress: Ingress) -> ObjectRef:
    """Name an Ingress."""
    return ObjectRef("Ingress", ingress.metadata.namespace, ingress.metadata.name)


def ingress_doors(
    ingress: Ingress, around: Surroundings, controllers: tuple[IngressController, ...]
) -> Iterator[Door]:
    """Give one door for each host and path of an Ingress, and for its default backend."""
    ref, inventory = ingress_ref(ingress), around.inventory
    served = serving_controller(
        ingress,
        inventory.ingress_classes,
        controllers,
        around.site.cloud,
        classes_are_known=inventory.state(INGRESS_CLASSES).is_complete,
    )
    front = _front(ingress, served, around)
    admitted = admitted_by(
        ingress.metadata.annotations, served.controller, front, around.site.space, str(ref)
    )
    for route in _routes(ingress):
        port = front.port(_HTTPS if route.has_tls else _HTTP)
        service_hops, backends = _backends(ingress, route.backend, around)
        yield route_door(
            Entry(ref, Via.INGRESS, port, Protocol.TCP, front.addresses, route.host, route.path),
            replace(front, hops=(*served.hops, *front.hops)),
            tuple(service_hops),
            backends,
            admitted=admitted,
            plain=plain_answer(ingress, served, front.ports, inventory, has_tls=route.has_tls),
        )


def _routes(ingress: Ingress) -> Iterator[_Route]:
    secured = {host for item in ingress.spec.tls for host in item.hosts}
    covers_all = any(not item.hosts for item in ingress.spec.tls)
    for rule in ingress.spec.rules:
        has_tls = covers_all or rule.host in secured
        for path in rule.http.paths if rule.http else ():
            yield _Route(rule.host or None, path.path or "/", path.backend, has_tls)
    if ingress.spec.default_backend is not None:
        yield _Route(None, None, ingress.spec.default_backend, bool(ingress.spec.tls))


def _front(ingress: Ingress, served: Served, around: Surroundings) -> Front:
    """Tell who can dial the front: by published addresses, the controller's doors, its scheme."""
    names = _names(ingress)
    where = str(ingress_ref(ingress))
    field = "status.loadBalancer.ingress[].ip"
    published = by_cloud(names, around.site, _ports(ingress, around.site, names)) or by_address(
        names, around.site.space, where, field
    )
    controller = served.controller
    if controller is not None and controller.front is Stands.SERVICE:
        return controller_front(controller, around, published, names)
    if published is not None:
        return published
    if controller is None:
        return not_known(served.reason or "nobody may serve it", addresses=names)
    return _by_scheme(ingress, controller, served, around.site)


def _ports(ingress: Ingress, site: Site, names: tuple[str, ...]) -> Iterable[int]:
    """Give the ports of its load balancer; those of its scheme where the cloud lists none."""
    return site.balancers.listeners(names) or ((_HTTP, _HTTPS) if ingress.spec.tls else (_HTTP,))


def _by_scheme(
    ingress: Ingress, controller: IngressController, served: Served, site: Site
) -> Front:
    """Tell who can dial a load balancer that a controller makes in its cloud."""
    names = _names(ingress)
    if controller.class_parameters_decide and served.has_parameters:
        reason = "the parameters of its class may set the scheme, and were not read"
        return not_known(reason, addresses=names)
    scheme, hop, confirmed = _scheme(ingress, controller, site, str(ingress_ref(ingress)))
    if scheme is Scheme.INTERNAL and not confirmed:
        return not_known(f"that {hop.note} is not confirmed", hop, addresses=names)
    audience = Audience.INTERNET if scheme is Scheme.INTERNET else Audience.PRIVATE_NETWORK
    return Front(audience=audience, confidence=Confidence.MEDIUM, hops=(hop,), addresses=names)


def _scheme(
    ingress: Ingress, controller: IngressController, site: Site, where: str
) -> tuple[Scheme, Hop, bool]:
    for rule in controller.rules:
        if (value := rule.match(ingress.metadata.annotations)) is not None:
            field = f"metadata.annotations[{rule.annotation}]"
            hop = Hop(where, field, value, f"{controller.id}: {rule.scheme}")
            return rule.scheme, hop, rule.confirmed
    own = site.controller_schemes.get(controller.id)
    if own is not None:
        scheme = Scheme.INTERNET if own == "internet-facing" else Scheme.INTERNAL
        note = f"{controller.id}: {own}, by its controller's flag"
        return scheme, Hop(where, "spec.ingressClassName", controller.id, note), own == "internal"
    default = controller.default
    scheme = default.scheme if default else Scheme.INTERNET
    note = f"{controller.id}: {scheme} by default"
    hop = Hop(where, "spec.ingressClassName", controller.id, note)
    flag_is_known = site.pods_are_known or default is None or default.flag is None
    return scheme, hop, bool(default and default.confirmed and flag_is_known)


def _backends(
    ingress: Ingress, backend: IngressBackend, around: Surroundings
) -> tuple[Iterable[Hop], Backends]:
    """Follow a backend to the Service that it names, and on to its pods."""
    where = str(ingress_ref(ingress))
    wanted = backend.service
    if wanted is None or not wanted.name:
        resource = backend.resource
        named = f"{resource.kind}/{resource.name}" if resource else "nothing that is read here"
        return (), Backends((), reason=f"its backend is {named}, which is not followed")
    port = wanted.port.name or wanted.port.number or ""
    hop = Hop(where, "spec.rules[].http.paths[].backend.service", f"{wanted.name}:{port}")
    return around.finder.named(ingress.metadata.namespace, wanted.name, port, hop)


def _names(ingress: Ingress) -> tuple[str, ...]:
    found = {
        normal_address(item.ip) or item.ip if item.ip else item.hostname
        for item in ingress.status.load_balancer.ingress
    }
    return tuple(sorted(name for name in found if name))
