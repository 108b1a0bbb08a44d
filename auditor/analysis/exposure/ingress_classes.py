"""Which controller serves an Ingress: by its class, the default class, or the cloud's habit."""

from msgspec import Struct

from auditor.catalogue.ingress_controllers import (
    CLASS_ANNOTATION,
    DEFAULT_CLASS_ANNOTATION,
    IngressController,
)
from auditor.kube.ingress import Ingress, IngressClass
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef


class Served(Struct, frozen=True):
    """The controller that serves an Ingress."""

    controller: IngressController | None
    """None where it cannot be told, or is none that is known."""
    hops: tuple[Hop, ...]
    reason: str | None = None
    has_parameters: bool = False
    """Whether its class points to parameters."""


def serving_controller(
    ingress: Ingress,
    classes: tuple[IngressClass, ...],
    controllers: tuple[IngressController, ...],
    cloud: str | None,
    *,
    classes_are_known: bool,
) -> Served:
    """Tell which controller serves an Ingress (networking.k8s.io/v1 IngressSpec, IngressClass)."""
    where = str(ObjectRef("Ingress", ingress.metadata.namespace, ingress.metadata.name))
    annotated = ingress.metadata.annotations.get(CLASS_ANNOTATION)
    if annotated:
        hop = Hop(where, f"metadata.annotations[{CLASS_ANNOTATION}]", annotated)
        by_name = _annotated(annotated, controllers)
        return by_name if by_name.controller else _named(annotated, classes, controllers, hop)
    if ingress.spec.ingress_class_name:
        name = ingress.spec.ingress_class_name
        hop = Hop(where, "spec.ingressClassName", name)
        return _named(name, classes, controllers, hop)
    return _unclassed(classes, controllers, cloud, classes_are_known=classes_are_known)


def _annotated(value: str, controllers: tuple[IngressController, ...]) -> Served:
    """Find the controller that takes a value of the class annotation as its own."""
    for controller in controllers:
        if value in controller.annotated:
            hop = Hop("Ingress", f"metadata.annotations[{CLASS_ANNOTATION}]", value, controller.id)
            return Served(controller, (hop,))
    return Served(None, ())


def _named(
    name: str,
    classes: tuple[IngressClass, ...],
    controllers: tuple[IngressController, ...],
    hop: Hop,
) -> Served:
    found = next((item for item in classes if item.metadata.name == name), None)
    if found is not None:
        return _of_class(found, controllers, (hop,))
    # Without the class object the name is all there is: what controllers usually call theirs.
    by_name = _annotated(name, controllers)
    if by_name.controller is not None:
        note = f"{by_name.controller.id}, by the usual name of its class"
        return Served(by_name.controller, (Hop(hop.hop, hop.field, hop.value, note),))
    return Served(None, (hop,), f"the class {name!r} was not read, so nobody knows who serves it")


def _of_class(
    found: IngressClass, controllers: tuple[IngressController, ...], hops: tuple[Hop, ...]
) -> Served:
    asked = found.spec.controller
    hop = Hop(f"IngressClass/{found.metadata.name}", "spec.controller", asked)
    has_parameters = found.spec.parameters is not None
    for controller in controllers:
        if asked in controller.controllers:
            return Served(controller, (*hops, hop), has_parameters=has_parameters)
    reason = f"how the controller {asked!r} is reached is not known"
    return Served(None, (*hops, hop), reason, has_parameters)


def _unclassed(
    classes: tuple[IngressClass, ...],
    controllers: tuple[IngressController, ...],
    cloud: str | None,
    *,
    classes_are_known: bool,
) -> Served:
    defaults = [
        item
        for item in classes
        if item.metadata.annotations.get(DEFAULT_CLASS_ANNOTATION) == "true"
    ]
    if len(defaults) == 1:
        name = defaults[0].metadata.name
        hop = Hop(
            f"IngressClass/{name}", f"metadata.annotations[{DEFAULT_CLASS_ANNOTATION}]", "true"
        )
        return _of_class(defaults[0], controllers, (hop,))
    if defaults or not classes_are_known:
        return Served(None, (), "it names no class, and which one is the default is not known")
    for controller in controllers:
        if controller.takes_unclassed and controller.cloud == cloud:
            hop = Hop("Ingress", "spec.ingressClassName", "none", f"{controller.id} takes it")
            return Served(controller, (hop,))
    return Served(None, (), "it names no class and there is no default one: nobody may serve it")
