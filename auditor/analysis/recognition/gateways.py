"""Which controller serves each Gateway, told by its class."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.catalogue.gateway_controllers import GatewayController
from auditor.kube.gateways import Gateway, GatewayClass
from auditor.kube.inventory import Inventory
from auditor.kube.resources import GATEWAY_CLASSES, GATEWAYS
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef


class ServedGateway(Struct, frozen=True):
    """A Gateway and who serves it."""

    ref: ObjectRef
    class_name: str
    controller_name: str | None
    """As the class names it; None where the class was not read."""
    controller: GatewayController | None
    """The entry of the catalogue; None where the controller is not known."""
    hops: tuple[Hop, ...]
    reason: str | None
    """Why it is not known who serves it."""
    has_parameters: bool = False
    """Whether it or its class points to an object that configures it."""

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.controller is not None:
            return f"{self.ref} of class {self.class_name}, served by {self.controller.id}"
        return f"{self.ref} of class {self.class_name or '(none)'}: {self.reason}"


def serving_gateways(
    inventory: Inventory, known: Iterable[GatewayController]
) -> Iterator[ServedGateway]:
    """Tell for each Gateway which controller serves it (GatewayClass.spec.controllerName)."""
    by_name = {name: item for item in known for name in item.controllers}
    of_class = {name.name: item for item in by_name.values() for name in item.classes}
    classes = {item.metadata.name: item for item in inventory.ways(GATEWAY_CLASSES, GatewayClass)}
    state = inventory.state(GATEWAY_CLASSES)
    for gateway in inventory.ways(GATEWAYS, Gateway):
        ref = ObjectRef("Gateway", gateway.metadata.namespace, gateway.metadata.name)
        name = gateway.spec.gateway_class_name
        hops = [Hop(str(ref), "spec.gatewayClassName", name or "not set")]
        found = classes.get(name)
        infrastructure = gateway.spec.infrastructure
        parameters = infrastructure.parameters_ref if infrastructure else None
        controller, reason, named = None, None, None
        if found is None:
            # The names of some classes are fixed by those who serve them.
            controller = None if state.is_complete else of_class.get(name)
            if controller is None:
                reason = "that class is not there" if state.is_complete else f"classes are {state}"
        else:
            named = found.spec.controller_name
            parameters = parameters or found.spec.parameters_ref
            hops.append(Hop(f"GatewayClass/{name}", "spec.controllerName", named))
            controller = by_name.get(named)
            if controller is None:
                reason = f"its controller {named!r} is not known"
        has_parameters = parameters is not None
        yield ServedGateway(ref, name, named, controller, tuple(hops), reason, has_parameters)
