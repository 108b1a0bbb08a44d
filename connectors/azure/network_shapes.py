"""What is read of Microsoft.Network and of scale sets, as Resource Graph shows them.

Ids are compared in small letters: capitals do not count in them.
"""

from collections.abc import Iterator

from msgspec import Struct, field


class Ref(Struct, frozen=True):
    """A resource that is named by its id."""

    id: str

    @property
    def key(self) -> str:
        """Give the id as it is compared."""
        return self.id.lower()


def key_of(ref: Ref | None) -> str | None:
    """Give the id that is named, as it is compared; None where none is."""
    return ref.key if ref else None


class Row(Struct, frozen=True):
    """What every resource has."""

    id: str

    @property
    def key(self) -> str:
        """Give the id as it is compared."""
        return self.id.lower()


# --- virtual networks


class _SubnetProperties(Struct, frozen=True, rename="camel"):
    address_prefix: str | None = None
    address_prefixes: tuple[str, ...] | None = None
    network_security_group: Ref | None = None
    route_table: Ref | None = None


class Subnet(Struct, frozen=True):
    """A subnet; whoever holds a network sees its subnets."""

    id: str
    properties: _SubnetProperties = _SubnetProperties()

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Give its address ranges."""
        one = self.properties.address_prefix
        return self.properties.address_prefixes or ((one,) if one else ())


class _PeeringProperties(Struct, frozen=True, rename="camel"):
    peering_state: str | None = None
    remote_virtual_network: Ref | None = None


class Peering(Struct, frozen=True):
    """A peering, seen from one side."""

    properties: _PeeringProperties = _PeeringProperties()


class _NetworkProperties(Struct, frozen=True, rename="camel"):
    subnets: tuple[Subnet, ...] = ()
    virtual_network_peerings: tuple[Peering, ...] = ()


class Network(Row, frozen=True):
    """A virtual network."""

    properties: _NetworkProperties = _NetworkProperties()


# --- public addresses


class _DnsSettings(Struct, frozen=True):
    fqdn: str | None = None


class _AddressProperties(Struct, frozen=True, rename="camel"):
    ip_address: str | None = None
    dns_settings: _DnsSettings | None = None


class PublicAddress(Row, frozen=True):
    """A public IP address."""

    properties: _AddressProperties = _AddressProperties()


# --- load balancers and application gateways


class _FrontendProperties(Struct, frozen=True, rename="camel"):
    public_ip_address: Ref | None = field(default=None, name="publicIPAddress")
    public_ip_prefix: Ref | None = field(default=None, name="publicIPPrefix")
    private_ip_address: str | None = field(default=None, name="privateIPAddress")
    subnet: Ref | None = None


class Frontend(Struct, frozen=True):
    """A frontend: where a load balancer is dialled."""

    id: str
    name: str = ""
    properties: _FrontendProperties = _FrontendProperties()


class _RuleProperties(Struct, frozen=True, rename="camel"):
    frontend_ip_configuration: Ref | None = field(default=None, name="frontendIPConfiguration")
    protocol: str | None = None
    frontend_port: int | None = None
    backend_port: int | None = None
    enable_floating_ip: bool | None = field(default=None, name="enableFloatingIP")


class BalancingRule(Struct, frozen=True):
    """A load balancing rule, or an inbound NAT rule."""

    name: str = ""
    properties: _RuleProperties = _RuleProperties()


class _BalancerProperties(Struct, frozen=True, rename="camel"):
    frontends: tuple[Frontend, ...] = field(default=(), name="frontendIPConfigurations")
    load_balancing_rules: tuple[BalancingRule, ...] = ()
    inbound_nat_rules: tuple[BalancingRule, ...] = ()


class _BalancerSku(Struct, frozen=True):
    name: str | None = None


class Balancer(Row, frozen=True):
    """A load balancer."""

    name: str
    sku: _BalancerSku | None = None
    properties: _BalancerProperties = _BalancerProperties()

    def rules(self) -> Iterator[BalancingRule]:
        """Give all that passes connections on."""
        yield from self.properties.load_balancing_rules
        yield from self.properties.inbound_nat_rules


class _PortProperties(Struct, frozen=True):
    port: int | None = None


class GatewayPort(Struct, frozen=True):
    """A port of an application gateway, named by its listeners."""

    id: str
    properties: _PortProperties = _PortProperties()


class _ListenerProperties(Struct, frozen=True, rename="camel"):
    frontend_ip_configuration: Ref | None = field(default=None, name="frontendIPConfiguration")
    frontend_port: Ref | None = None


class GatewayListener(Struct, frozen=True):
    """A listener of an application gateway."""

    properties: _ListenerProperties = _ListenerProperties()


class _GatewayProperties(Struct, frozen=True, rename="camel"):
    places: tuple[Frontend, ...] = field(default=(), name="gatewayIPConfigurations")
    """The subnets that it stands in."""
    frontends: tuple[Frontend, ...] = field(default=(), name="frontendIPConfigurations")
    frontend_ports: tuple[GatewayPort, ...] = ()
    http_listeners: tuple[GatewayListener, ...] = ()
    listeners: tuple[GatewayListener, ...] = ()


class Gateway(Row, frozen=True):
    """An application gateway."""

    name: str
    properties: _GatewayProperties = _GatewayProperties()


# --- network security groups


class _SecurityProperties(Struct, frozen=True, rename="camel"):
    priority: int
    access: str
    direction: str
    protocol: str
    source_address_prefix: str | None = None
    source_address_prefixes: tuple[str, ...] = ()
    source_application_security_groups: tuple[Ref, ...] = ()
    source_port_range: str | None = None
    source_port_ranges: tuple[str, ...] = ()
    destination_address_prefix: str | None = None
    destination_address_prefixes: tuple[str, ...] = ()
    destination_application_security_groups: tuple[Ref, ...] = ()
    destination_port_range: str | None = None
    destination_port_ranges: tuple[str, ...] = ()


class SecurityRule(Struct, frozen=True):
    """A rule of a network security group."""

    name: str
    properties: _SecurityProperties


class _GroupProperties(Struct, frozen=True, rename="camel"):
    security_rules: tuple[SecurityRule, ...] | None = None
    default_security_rules: tuple[SecurityRule, ...] | None = None


class SecurityGroup(Row, frozen=True):
    """A network security group."""

    name: str
    properties: _GroupProperties = _GroupProperties()


# --- scale sets: the nodes' network interfaces


class _InterfaceIpProperties(Struct, frozen=True, rename="camel"):
    subnet: Ref | None = None


class InterfaceIp(Struct, frozen=True):
    """An address configuration of a network interface."""

    properties: _InterfaceIpProperties = _InterfaceIpProperties()


class _InterfaceProperties(Struct, frozen=True, rename="camel"):
    network_security_group: Ref | None = None
    ip_configurations: tuple[InterfaceIp, ...] = ()


class Interface(Struct, frozen=True):
    """A network interface as a scale set makes it for each node."""

    properties: _InterfaceProperties = _InterfaceProperties()


class ScaleSet(Row, frozen=True):
    """A scale set, of which only the interfaces are asked for."""

    interfaces: tuple[Interface, ...] | None = None
