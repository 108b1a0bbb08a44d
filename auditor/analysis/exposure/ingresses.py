"""Doors of Ingresses: who can dial them is decided by the front of the controller that serves them.

The order of evidence is that of load balancers: the address that was published, then the class and
annotations, then the controller's default. Where a controller's own pods are the way in, every door
of theirs counts, and the widest of them decides.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from auditor.analysis.exposure.backends import BackendFinder, service_ref
from auditor.analysis.exposure.door import Backends, Door
from auditor.analysis.exposure.ingress_classes import Served, serving_controller
from auditor.analysis.exposure.ingress_sources import Admitted, admitted_by
from auditor.analysis.exposure.paths import WIDEST_FIRST
from auditor.analysis.exposure.plain_http import plain_answer
from auditor.analysis.exposure.serving import Site
from auditor.catalogue.ingress_controllers import Front, IngressController
from auditor.catalogue.load_balancers import Scheme
from auditor.kube.ingress import Ingress, IngressBackend, IngressClass
from auditor.kube.inventory import Inventory
from auditor.kube.network import Service
from auditor.kube.pods import Pod
from auditor.kube.resources import INGRESS_CLASSES, SERVICES
from auditor.model.addresses import ALL_ADDRESSES, normal_address
from auditor.model.audience import Audience
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence, least_confident

_HTTP, _HTTPS = 80, 443


class IngressSite(Struct, frozen=True):
    """What is known of the cluster that helps to follow its Ingresses."""

    site: Site
    inventory: Inventory
    fronts: Mapping[str, tuple[Door, ...]]
    """By controller, the doors that lead to its own pods."""
    controllers: tuple[IngressController, ...]
    """Those that are known."""
    pods: Mapping[str, tuple[Pod, ...]] = {}
    """By controller, its own pods."""

    @property
    def classes(self) -> tuple[IngressClass, ...]:
        """The classes that were read."""
        return self.inventory.ingress_classes

    @property
    def classes_are_known(self) -> bool:
        """Whether every class was read."""
        return self.inventory.state(INGRESS_CLASSES).is_complete

    def service(self, namespace: str | None, name: str) -> Service | None:
        """Find a Service by name."""
        return next(
            (
                item
                for item in self.inventory.services
                if (item.metadata.namespace, item.metadata.name) == (namespace, name)
            ),
            None,
        )


class _Reach(Struct, frozen=True):
    """Who can dial the front of an Ingress, before its own list of sources."""

    audience: Audience
    confidence: Confidence
    hops: tuple[Hop, ...]
    addresses: tuple[str, ...] = ()
    reason: str | None = None
    ports: frozenset[int] = frozenset()


class _Route(Struct, frozen=True):
    """One way through an Ingress."""

    host: str | None
    path: str | None
    backend: IngressBackend
    has_tls: bool


def ingress_ref(ingress: Ingress) -> ObjectRef:
    """Name an Ingress."""
    return ObjectRef("Ingress", ingress.metadata.namespace, ingress.metadata.name)


def ingress_doors(ingress: Ingress, known: IngressSite, finder: BackendFinder) -> Iterator[Door]:
    """Give one door for each host and path of an Ingress, and for its default backend."""
    ref = ingress_ref(ingress)
    served = serving_controller(
        ingress,
        known.classes,
        known.controllers,
        known.site.cloud,
        classes_are_known=known.classes_are_known,
    )
    reach = _reach(ingress, served, known)
    admitted = _admitted(ingress, served.controller, reach, known)
    for route in _routes(ingress):
        wanted = _HTTPS if route.has_tls else _HTTP
        port = wanted if not reach.ports or wanted in reach.ports else min(reach.ports)
        service_hops, backends = _backends(ingress, route.backend, known, finder)
        yield Door(
            entry=Entry(
                ref, Via.INGRESS, port, Protocol.TCP, reach.addresses, route.host, route.path
            ),
            subject=ref,
            audience=admitted.audience,
            sources=admitted.sources,
            confidence=least_confident(reach.confidence, admitted.confidence),
            hops=(*served.hops, *reach.hops, *admitted.hops, *service_hops),
            backends=backends,
            reason=admitted.reason or reach.reason,
            plain=plain_answer(
                ingress, served, reach.ports, known.inventory, has_tls=route.has_tls
            ),
            comes_from=_proxies(served.controller, known),
        )


def _proxies(controller: IngressController | None, known: IngressSite) -> tuple[Pod, ...]:
    """Give the pods that pass packets on; a cloud's load balancer stands elsewhere."""
    if controller is None or controller.front is not Front.SERVICE:
        return ()
    return known.pods.get(controller.id, ())


def _routes(ingress: Ingress) -> Iterator[_Route]:
    secured = {host for item in ingress.spec.tls for host in item.hosts}
    covers_all = any(not item.hosts for item in ingress.spec.tls)
    for rule in ingress.spec.rules:
        has_tls = covers_all or rule.host in secured
        for path in rule.http.paths if rule.http else ():
            yield _Route(rule.host or None, path.path or "/", path.backend, has_tls)
    if ingress.spec.default_backend is not None:
        yield _Route(None, None, ingress.spec.default_backend, bool(ingress.spec.tls))


def _reach(ingress: Ingress, served: Served, known: IngressSite) -> _Reach:
    """Tell who can dial the front: by published addresses, the controller's doors, its scheme."""
    published = _published(ingress, known)
    controller = served.controller
    if controller is not None and controller.front is Front.SERVICE:
        behind = _behind_its_pods(controller, known, frozenset(_names(ingress)))
        return (
            published
            if published and _is_wider(published, behind)
            else behind or _nobody(controller, known, published)
        )
    if published is not None:
        return published
    if controller is None:
        return _Reach(Audience.UNKNOWN, Confidence.LOW, (), _names(ingress), served.reason)
    return _by_scheme(ingress, controller, served, known.site)


def _published(ingress: Ingress, known: IngressSite) -> _Reach | None:
    """Read who can dial it off the addresses in its status; None where there is none."""
    space = known.site.space
    addresses = [a for name in _names(ingress) if (a := normal_address(name))]
    if not addresses:
        return None
    public = [address for address in addresses if space.is_public(address)]
    note = "an internet address" if public else "a private address"
    hop = Hop(
        str(ingress_ref(ingress)),
        "status.loadBalancer.ingress[].ip",
        ", ".join(public or addresses),
        note,
    )
    audience = Audience.INTERNET if public else Audience.PRIVATE_NETWORK
    return _Reach(audience, Confidence.HIGH, (hop,), _names(ingress))


def _behind_its_pods(
    controller: IngressController, known: IngressSite, published: frozenset[str]
) -> _Reach | None:
    """Take the widest of the doors that lead to the controller's pods.

    Where it is installed twice, the published address tells which of the two serves an Ingress.
    """
    doors = known.fronts.get(controller.id, ())
    if not doors:
        return None
    mine = {
        workload
        for door in doors
        if published & set(door.entry.addresses)
        for workload in door.workloads()
    }
    doors = tuple(door for door in doors if mine & set(door.workloads())) or doors
    widest = min(doors, key=lambda door: WIDEST_FIRST.index(door.audience))
    alike = [door for door in doors if door.audience is widest.audience]
    return _Reach(
        widest.audience,
        widest.confidence,
        (*widest.hops, *(hop for backend in widest.backends.found[:1] for hop in backend.hops)),
        tuple(sorted({address for door in alike for address in door.entry.addresses})),
        widest.reason,
        frozenset(door.entry.port for door in alike if door.entry.port),
    )


def _is_wider(one: _Reach, other: _Reach | None) -> bool:
    return other is None or WIDEST_FIRST.index(one.audience) < WIDEST_FIRST.index(other.audience)


def _nobody(controller: IngressController, known: IngressSite, published: _Reach | None) -> _Reach:
    """Tell of a controller to whose pods no door leads."""
    if published is not None:
        return published
    reason = f"no door leads to a pod of {controller.id}"
    if not known.site.pods_are_known:
        reason = f"the pods of {controller.id} were not read"
    return _Reach(Audience.UNKNOWN, Confidence.LOW, (), reason=reason)


def _by_scheme(
    ingress: Ingress, controller: IngressController, served: Served, site: Site
) -> _Reach:
    """Tell who can dial a load balancer that a controller makes in its cloud."""
    where = str(ingress_ref(ingress))
    if controller.class_parameters_decide and served.has_parameters:
        reason = "the parameters of its class may set the scheme, and were not read"
        return _Reach(Audience.UNKNOWN, Confidence.LOW, (), _names(ingress), reason)
    scheme, hop, confirmed = _scheme(ingress, controller, site, where)
    if scheme is Scheme.INTERNAL and not confirmed:
        reason = f"that {hop.note} is not confirmed"
        return _Reach(Audience.UNKNOWN, Confidence.LOW, (hop,), _names(ingress), reason)
    audience = Audience.INTERNET if scheme is Scheme.INTERNET else Audience.PRIVATE_NETWORK
    return _Reach(audience, Confidence.MEDIUM, (hop,), _names(ingress))


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


def _admitted(
    ingress: Ingress, controller: IngressController | None, reach: _Reach, known: IngressSite
) -> Admitted:
    """Narrow who can dial it by the sources that the Ingress itself names."""
    everyone = ALL_ADDRESSES.cidrs() if reach.audience is Audience.INTERNET else ()
    if controller is None or reach.audience is not Audience.INTERNET:
        return Admitted(reach.audience, everyone, ())
    return admitted_by(
        ingress.metadata.annotations,
        controller,
        known.site.space,
        str(ingress_ref(ingress)),
        everyone,
    )


def _backends(
    ingress: Ingress, backend: IngressBackend, known: IngressSite, finder: BackendFinder
) -> tuple[Iterable[Hop], Backends]:
    """Follow a backend to the Service that it names, and on to its pods."""
    where = str(ingress_ref(ingress))
    wanted = backend.service
    if wanted is None or not wanted.name:
        resource = backend.resource
        named = f"{resource.kind}/{resource.name}" if resource else "nothing that is read here"
        return (), Backends((), reason=f"its backend is {named}, which is not followed")
    service = known.service(ingress.metadata.namespace, wanted.name)
    name = wanted.port.name or wanted.port.number or ""
    hop = Hop(where, "spec.rules[].http.paths[].backend.service", f"{wanted.name}:{name}")
    if service is None:
        state = known.inventory.state(SERVICES)
        if state.is_complete:
            return (hop,), Backends((), is_dangling=True)
        return (hop,), Backends((), reason=f"{SERVICES} is {state.value}")
    for port in service.spec.ports:
        if wanted.port.number == port.port or (
            wanted.port.name is not None and wanted.port.name == port.name
        ):
            return (hop,), finder.find(service, port)
    missing = Hop(str(service_ref(service)), "spec.ports", f"{name}", "no such port")
    return (hop, missing), Backends((), is_dangling=True)


def _names(ingress: Ingress) -> tuple[str, ...]:
    found = {
        normal_address(item.ip) or item.ip if item.ip else item.hostname
        for item in ingress.status.load_balancer.ingress
    }
    return tuple(sorted(name for name in found if name))
