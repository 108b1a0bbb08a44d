"""What is read of the answers of Cloud Asset Inventory and Compute Engine, by their names there.

A field that is missing is None: nothing is taken for granted that another version leaves out.
"""

from msgspec import Struct, field


class Page(Struct, frozen=True, rename="camel"):
    """What the pages of all lists have in common."""

    next_page_token: str = ""


# Cloud Asset Inventory


class FoundResource(Struct, frozen=True, rename="camel"):
    """`ResourceSearchResult`."""

    name: str = ""
    """`//container.googleapis.com/projects/ID/locations/LOCATION/clusters/NAME`."""
    project: str = ""
    """`projects/NUMBER`."""


class FoundResources(Page, frozen=True, rename="camel"):
    """A page of `searchAllResources`."""

    results: tuple[FoundResource, ...] = ()


# Compute Engine


class ForwardingRule(Struct, frozen=True, rename="camel"):
    """`ForwardingRule`: an address and ports, and what takes the traffic."""

    name: str
    address: str | None = field(default=None, name="IPAddress")
    protocol: str | None = field(default=None, name="IPProtocol")
    port_range: str | None = None
    ports: tuple[str, ...] = ()
    all_ports: bool | None = None
    load_balancing_scheme: str | None = None
    target: str | None = None
    backend_service: str | None = None
    network: str | None = None


class ScopeWarning(Struct, frozen=True):
    """Why a scope of an aggregated list holds nothing."""

    code: str = ""


class ForwardingRulesScope(Struct, frozen=True, rename="camel"):
    """The rules of one region, or the global ones."""

    forwarding_rules: tuple[ForwardingRule, ...] = ()
    warning: ScopeWarning | None = None


class ForwardingRules(Page, frozen=True, rename="camel"):
    """A page of `forwardingRules.aggregatedList`."""

    items: dict[str, ForwardingRulesScope] = field(default_factory=dict)
    unreachables: tuple[str, ...] = ()


class Peering(Struct, frozen=True):
    """`NetworkPeering`."""

    network: str | None = None
    state: str | None = None


class Network(Struct, frozen=True):
    """`Network`."""

    peerings: tuple[Peering, ...] = ()
