"""Which controllers serve Gateways (Gateway API), and what decides who can dial them."""

from enum import StrEnum
from functools import cache

from msgspec import Struct

from auditor.catalogue.load_balancers import Scheme
from auditor.catalogue.loading import CatalogueError, load_data


class GatewayFront(StrEnum):
    """What stands before a Gateway."""

    CLOUD = "cloud"
    """A load balancer of the cloud: its scheme follows from class or parameters."""
    SERVICE = "service"
    """A Service that the controller makes for the Gateway, or that stands before its pods."""
    ADDRESS = "address"
    """Only the address in its status tells."""


class GatewayClassEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class by its name, where the name alone fixes the scheme."""

    name: str
    scheme: Scheme
    confirmed: bool = True


class GatewayController(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One implementation of the Gateway API."""

    id: str
    controllers: tuple[str, ...]
    """Values of `GatewayClass.spec.controllerName`."""
    front: GatewayFront
    cloud: str | None = None
    classes: tuple[GatewayClassEntry, ...] = ()
    scheme: Scheme | None = None
    """Where neither class nor parameters decide; None where an address or a Service tells."""
    proxies: str | None = None
    """The ingress controller whose pods serve Gateways too, where none are made for each."""
    parameters_decide: str | None = None
    """The kind of object, named by the Gateway or its class, that outweighs the default."""
    confirmed: bool
    source: str


class GatewayControllers(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    controllers: tuple[GatewayController, ...]


@cache
def gateway_controllers() -> tuple[GatewayController, ...]:
    """Give the known controllers.

    Raises:
        CatalogueError: two entries claim one controller name or one class.
    """
    found = load_data("gateway_controllers.yaml", GatewayControllers).controllers
    claimed = [name for item in found for name in item.controllers]
    claimed += [one.name for item in found for one in item.classes]
    for name in sorted(set(claimed)):
        if claimed.count(name) > 1:
            raise CatalogueError(f"gateway_controllers.yaml: {name} is claimed twice")
    return found


def gateway_controller_of(controller_name: str) -> GatewayController | None:
    """Tell which implementation a GatewayClass names; None where it is none that is known."""
    return next(
        (item for item in gateway_controllers() if controller_name in item.controllers), None
    )
