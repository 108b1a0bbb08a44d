"""Who can dial a Gateway of the Gateway API.

The doors of the Service that was made for it tell most. An address in its status that none of them
has, as of a cloud's load balancer, tells by the cloud's word or by itself; then the name of its
class, and what its controller is known to do.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.analysis.exposure.backends import service_ref
from auditor.analysis.exposure.fronts import (
    Front,
    behind_doors,
    by_address,
    by_cloud,
    controller_front,
    not_known,
    wider,
)
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.analysis.recognition.gateways import ServedGateway
from auditor.catalogue.gateway_controllers import GatewayFront
from auditor.catalogue.ingress_controllers import IngressController
from auditor.catalogue.load_balancers import Scheme
from auditor.kube.gateways import GATEWAY_NAME_LABEL, Gateway
from auditor.kube.network import Service
from auditor.kube.pods import Pod
from auditor.model.addresses import normal_address
from auditor.model.audience import Audience
from auditor.model.exposure import Hop
from auditor.model.verdict import Confidence


def gateway_front(
    gateway: Gateway,
    served: ServedGateway,
    port: int,
    around: Surroundings,
    controllers: tuple[IngressController, ...],
) -> Front:
    """Tell who can dial a port of a Gateway."""
    names = _names(gateway)
    field = "status.addresses[].value"
    published = by_cloud(names, around.site, (port,)) or by_address(
        names, around.site.space, str(served.ref), field
    )
    own = _by_services(gateway, port, around, names)
    if own is None and served.controller is not None and served.controller.proxies is not None:
        shared = next(item for item in controllers if item.id == served.controller.proxies)
        own = controller_front(shared, around, None, names)
    found = wider(published, own) or _by_class(gateway, served)
    return replace(found, hops=(*served.hops, *found.hops), addresses=names or found.addresses)


def _by_services(
    gateway: Gateway, port: int, around: Surroundings, names: tuple[str, ...]
) -> Front | None:
    """Tell by the Services that were made for a Gateway; None where none is seen."""
    services = tuple(_services(gateway, around))
    doors = tuple(
        door
        for service in services
        for door in around.doors_of(service_ref(service))
        if door.service_port == port
    )
    pods = tuple(
        pod
        for service in services
        for item in service.spec.ports
        if item.port == port
        for backend in around.finder.find(service, item).found
        for pod in backend.pods
    )
    found = behind_doors(doors, names, pods)
    if found is not None:
        return replace(found, ports=frozenset({port}))
    return _without_door(services[0], port, pods) if services else None


def _without_door(service: Service, port: int, pods: tuple[Pod, ...]) -> Front:
    """Tell of a Gateway whose Service has no door to the outside."""
    ref = str(service_ref(service))
    if any(item.port == port for item in service.spec.ports):
        hop = Hop(ref, "spec.type", service.spec.type, "no door leads to it from outside")
        return Front(
            audience=Audience.CLUSTER,
            confidence=Confidence.MEDIUM,
            hops=(hop,),
            ports=frozenset({port}),
            pods=pods,
        )
    hop = Hop(ref, "spec.ports", str(port), "no such port")
    return not_known(f"{ref}, which was made for it, has no port {port}", hop)


def _services(gateway: Gateway, around: Surroundings) -> Iterator[Service]:
    """Give the Services that were made for a Gateway, or that it asks to be served by."""
    home, name = gateway.metadata.namespace, gateway.metadata.name
    asked = {item.value for item in gateway.spec.addresses if normal_address(item.value) is None}
    for service in around.finder.services.values():
        meta = service.metadata
        is_here = meta.namespace == home
        is_labelled = is_here and meta.labels.get(GATEWAY_NAME_LABEL) == name
        is_owned = is_here and any(
            (owner.kind, owner.name) == ("Gateway", name) for owner in meta.owner_references
        )
        if is_labelled or is_owned or any(_is_called(service, host) for host in asked):
            yield service


def _is_called(service: Service, host: str) -> bool:
    return host.startswith(f"{service.metadata.name}.{service.metadata.namespace}.svc.")


def _by_class(gateway: Gateway, served: ServedGateway) -> Front:
    """Tell by the name of its class, or by what its controller is known to do."""
    names, controller = _names(gateway), served.controller
    where = str(served.ref)
    if controller is None:
        return not_known(served.reason or "who serves it is not known", addresses=names)
    known = next((item for item in controller.classes if item.name == served.class_name), None)
    if known is not None:
        hop = Hop(where, "spec.gatewayClassName", known.name, f"{controller.id}: {known.scheme}")
        return _by_scheme(known.scheme, hop, names, confirmed=known.confirmed)
    if controller.parameters_decide is not None and served.has_parameters:
        reason = f"its {controller.parameters_decide} decides, and was not read"
        return not_known(reason, addresses=names)
    if controller.front is GatewayFront.CLOUD and controller.scheme is not None:
        note = f"{controller.id}: {controller.scheme} by default"
        hop = Hop(where, "spec.gatewayClassName", served.class_name, note)
        return _by_scheme(controller.scheme, hop, names, confirmed=controller.confirmed)
    reason = f"no address and no Service of {controller.id} tells who can dial it"
    return not_known(reason, addresses=names)


def _by_scheme(scheme: Scheme, hop: Hop, names: tuple[str, ...], *, confirmed: bool) -> Front:
    """Tell by a scheme; one that is not confirmed never makes a Gateway internal."""
    if scheme is Scheme.INTERNAL and not confirmed:
        return not_known(f"that {hop.note} is not confirmed", hop, addresses=names)
    return Front(
        audience=Audience.INTERNET if scheme is Scheme.INTERNET else Audience.PRIVATE_NETWORK,
        confidence=Confidence.MEDIUM if confirmed else Confidence.LOW,
        hops=(hop,),
        addresses=names,
    )


def _names(gateway: Gateway) -> tuple[str, ...]:
    found = {
        normal_address(item.value) or item.value for item in gateway.status.addresses if item.value
    }
    return tuple(sorted(found))
