"""Application gateways in the networks of clusters, a frontend each.

The security group of a gateway's subnet sees connections to the subnet's addresses or to the
frontend's, so that a rule decides only where it is for both (Application Gateway, Infrastructure
configuration).
"""

from collections.abc import Iterator

from auditor.model.addresses import AddressSet
from auditor.model.cloud import CloudBalancer, CloudFact, FirewallRule, Listener
from auditor.model.ports import Protocol
from connectors.azure.firewalls import Guard, guard_of, rule_of
from connectors.azure.network_shapes import Frontend, Gateway, key_of
from connectors.azure.security import Asked
from connectors.azure.shapes import AksCluster
from connectors.azure.surroundings import Surroundings

_KIND = "application-gateway"


def gateways_of(cluster: AksCluster, around: Surroundings) -> tuple[CloudBalancer, ...]:
    """Give the frontends of the application gateways in a cluster's networks, as far as seen."""
    found = []
    for network in around.networks_of(cluster):
        for gateway in (around.gateways or {}).get(network, ()):
            # All of its own addresses are in one subnet.
            guard = guard_of(around, key_of(gateway.properties.places[0].properties.subnet))
            found += [
                _frontend(gateway, frontend, around, guard)
                for frontend in gateway.properties.frontends
            ]
    return tuple(sorted(found, key=lambda item: item.name))


def _frontend(
    gateway: Gateway, frontend: Frontend, around: Surroundings, guard: Guard
) -> CloudBalancer:
    own = frontend.properties
    held = around.address(key_of(own.public_ip_address))
    is_public = own.public_ip_address is not None
    address = (held.properties.ip_address if held else None) if is_public else None
    address = address or own.private_ip_address
    dns = held.properties.dns_settings if held else None
    ports = list(_ports(gateway, frontend))
    firewall, doubt = _rules(ports, guard, address, is_public=is_public)
    return CloudBalancer(
        name=f"{gateway.name}/{frontend.name}",
        kind=_KIND,
        is_internet_facing=is_public,
        hostname=((dns and dns.fqdn) or "").lower(),
        addresses=(address,) if address else (),
        listeners=tuple(Listener(port=port, protocol=Protocol.TCP) for port in sorted(set(ports))),
        firewall=firewall,
        doubt=doubt,
        evidence=(CloudFact("id", gateway.id),),
    )


def _ports(gateway: Gateway, frontend: Frontend) -> Iterator[int]:
    held = gateway.properties
    numbers = {item.id.lower(): item.properties.port for item in held.frontend_ports}
    for listener in (*held.http_listeners, *held.listeners):
        own = listener.properties
        if key_of(own.frontend_ip_configuration) == frontend.id.lower():
            port = numbers.get(key_of(own.frontend_port) or "")
            if port:
                yield port


def _rules(
    ports: list[int], guard: Guard, address: str | None, *, is_public: bool
) -> tuple[tuple[FirewallRule, ...] | None, str | None]:
    if not guard.groups:
        # Without a group nothing stands before it.
        return None, "; ".join(guard.doubts) or None
    frontend = AddressSet.of((address,)) if address else AddressSet()
    rules, doubts = list[FirewallRule](), list[str]()
    for port in sorted(set(ports)):
        found = guard.admitted(
            Asked(
                port=port,
                protocol=Protocol.TCP,
                destination=guard.prefixes | frontend,
                is_inside=None if is_public else True,
                is_routed=guard.is_routed,
            )
        )
        doubts += found.doubts
        rule = rule_of(guard.name, found.sources, port, Protocol.TCP, frontend)
        rules += [rule] if rule else []
    return tuple(rules), "; ".join(dict.fromkeys(doubts)) or None
