"""Doors of OpenShift Routes: the router that admitted one is the way in.

Routers run as `router-<name>` in `openshift-ingress`, the name of their IngressController
(operator.openshift.io); which of them have seen a Route, its status tells.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.analysis.exposure.backends import service_ref
from auditor.analysis.exposure.door import Backends, Door, Refusal
from auditor.analysis.exposure.fronts import Front, behind_doors, controller_front
from auditor.analysis.exposure.ingress_sources import admitted_by
from auditor.analysis.exposure.plain_http import PlainAnswer
from auditor.analysis.exposure.route_doors import Led, route_door, together
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.catalogue.ingress_controllers import IngressController, Plain
from auditor.kube.network import Service, ServicePort
from auditor.kube.resources import ROUTES, SERVICES
from auditor.kube.routes import Route, RouteTarget
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol

_ROUTER = "openshift-router"
"""The catalogue's id of the controller."""
_HOME = "openshift-ingress"
_PREFIX = "router-"
_HTTP, _HTTPS = 80, 443


class OpenShiftRoutes:
    """Makes the doors of one cluster's Routes."""

    def __init__(self, around: Surroundings, controllers: tuple[IngressController, ...]) -> None:
        """Bind the cluster around them."""
        self._around = around
        self._controller = next(item for item in controllers if item.id == _ROUTER)
        self._fronts: dict[tuple[str, ...], Front] = {}

    def doors(self) -> Iterator[Door]:
        """Give one door for each Route, and one for each of its Services that answers nobody."""
        for route in self._around.inventory.ways(ROUTES, Route):
            ref = ObjectRef("Route", route.metadata.namespace, route.metadata.name)
            front = self._front(tuple(sorted({item.router_name for item in route.status.ingress})))
            admitted = admitted_by(
                route.metadata.annotations,
                self._controller,
                front,
                self._around.site.space,
                str(ref),
            )
            tls = route.spec.tls
            has_tls = tls is not None
            is_passed = tls is not None and tls.termination == "passthrough"
            for hops, backends in together(self._led(route, str(ref))):
                yield route_door(
                    Entry(
                        ref,
                        Via.INGRESS,
                        front.port(_HTTPS if has_tls else _HTTP),
                        Protocol.TCP,
                        front.addresses,
                        route.spec.host or None,
                        None if is_passed else route.spec.path or "/",
                    ),
                    front,
                    hops,
                    backends,
                    admitted=admitted,
                    refusal=_refusal(route),
                    plain=_plain(route, str(ref)),
                )

    def _front(self, routers: tuple[str, ...]) -> Front:
        """Tell who can dial the routers of some names; without names, all that are there."""
        if routers not in self._fronts:
            self._fronts[routers] = self._found(frozenset(filter(None, routers)))
        return self._fronts[routers]

    def _found(self, routers: frozenset[str]) -> Front:
        refs = [
            ObjectRef("Deployment", _HOME, service.metadata.name)
            for service in self._around.finder.services.values()
            if _is_router(service, routers)
        ] or [ObjectRef("Deployment", _HOME, f"{_PREFIX}{name}") for name in sorted(routers)]
        doors = {
            id(door): door
            for ref in refs
            for door in (
                *self._around.doors_to([ref]),
                *self._around.doors_of(ObjectRef("Service", _HOME, ref.name)),
            )
        }
        pods = {
            id(pod): pod
            for door in doors.values()
            for backend in door.backends.found
            for pod in backend.pods
        }
        found = behind_doors(tuple(doors.values()), (), tuple(pods.values()))
        if found is None:
            return controller_front(self._controller, self._around)
        usual = frozenset(port for port in found.ports if port in {_HTTP, _HTTPS})
        return replace(found, ports=usual or found.ports)

    def _led(self, route: Route, where: str) -> Iterator[Led]:
        """Give where a Route leads, by each of its Services that gets requests."""
        for target in (route.spec.to, *route.spec.alternate_backends):
            if target.weight > 0 or not route.spec.alternate_backends:
                yield self._backends(route, target, where)

    def _backends(self, route: Route, target: RouteTarget, where: str) -> Led:
        hop = Hop(where, "spec.to", f"{target.kind}/{target.name}")
        if target.kind != "Service":
            return (hop,), Backends((), reason=f"its target is a {target.kind}")
        finder = self._around.finder
        service = finder.services.get((route.metadata.namespace, target.name))
        if service is None:
            state = self._around.inventory.state(SERVICES)
            if state.is_complete:
                return (hop,), Backends((), is_dangling=True)
            return (hop,), Backends((), reason=f"{SERVICES} is {state.value}")
        wanted = route.spec.port.target_port if route.spec.port else None
        ports = [port for port in service.spec.ports if _is_wanted(port, wanted)]
        if not ports:
            missing = Hop(str(service_ref(service)), "spec.ports", f"{wanted}", "no such port")
            return (hop, missing), Backends((), is_dangling=True)
        every = [finder.find(service, port) for port in ports]
        merged = tuple(one for item in every for one in item.found)
        return (hop,), Backends(merged) if merged else every[0]


def _is_router(service: Service, routers: frozenset[str]) -> bool:
    name = service.metadata.name
    if service.metadata.namespace != _HOME or not name.startswith(_PREFIX):
        return False
    return not routers or name.removeprefix(_PREFIX) in routers


def _is_wanted(port: ServicePort, wanted: int | str | None) -> bool:
    """Whether a Route leads to a Service port: by its name, or the number of the pods' port."""
    if wanted in {None, ""}:
        return True
    number = port.target_port if port.target_port is not None else port.port
    return wanted in {port.name, port.target_port, number}


def _refusal(route: Route) -> Refusal | None:
    """Take the routers' word that none of them admitted a Route."""
    said = [
        condition
        for item in route.status.ingress
        for condition in item.conditions
        if condition.type == "Admitted"
    ]
    if said and all(condition.status == "False" for condition in said):
        return Refusal(f"no router admits it: {said[0].reason}")
    return None


def _plain(route: Route, where: str) -> PlainAnswer:
    """Tell what becomes of plain HTTP (TLSConfig.insecureEdgeTerminationPolicy)."""
    tls = route.spec.tls
    if tls is None:
        return PlainAnswer(Plain.SERVED, Hop(where, "spec.tls", "not set", "plain HTTP is served"))
    policy = tls.insecure_edge_termination_policy or "None"
    hop = Hop(where, "spec.tls.insecureEdgeTerminationPolicy", policy)
    known = {"Allow": Plain.SERVED, "Redirect": Plain.REDIRECTED, "None": Plain.REFUSED}
    return PlainAnswer(known.get(policy, Plain.UNKNOWN), hop)
