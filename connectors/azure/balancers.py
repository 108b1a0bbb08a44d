"""Azure's load balancers, a frontend each: its address, its ports and who may dial them.

AKS keeps one load balancer for all public Services of a cluster and one for the internal ones; each
Service has a frontend of its own there, and shows its address in its status.
"""

from collections.abc import Iterator

from auditor.model.cloud import CloudBalancer, CloudFact, Listener
from auditor.model.ports import Protocol
from connectors.azure.firewalls import Dialled, Guard, guards_of, rules_of
from connectors.azure.network_shapes import Balancer, BalancingRule, Frontend, key_of
from connectors.azure.shapes import AksCluster, parent_of
from connectors.azure.surroundings import Surroundings, node_place, place_of

_PROTOCOLS = {"tcp": Protocol.TCP, "udp": Protocol.UDP}
"""Of a rule; `All` with port 0 passes every port on (Azure Load Balancer, High availability
ports)."""
_NOT_OURS = "the nodes behind it were not looked for: it is not of this cluster"
_NO_NODES = "the nodes' network interfaces were not read"
_EVERY_PORT = "it passes every port on, and who may dial each was not worked out"


def balancers_of(cluster: AksCluster, around: Surroundings) -> tuple[CloudBalancer, ...] | None:
    """Give the frontends of a cluster's load balancers and of others in its networks.

    None where they were not read: a cluster whose own load balancer does not show may have one that
    the identity may not see.
    """
    place = node_place(cluster)
    own = (around.balancers or {}).get(place)
    if not own:
        return None
    guards = guards_of(cluster, around)
    found = [item for balancer in own for item in _frontends(balancer, around, guards)]
    for network in around.networks_of(cluster):
        for balancer in (around.inside or {}).get(network, ()):
            if place_of(balancer.id) != place:
                found += _frontends(balancer, around, None, network)
    return tuple(sorted(found, key=lambda item: item.name))


def _frontends(
    balancer: Balancer,
    around: Surroundings,
    guards: tuple[Guard, ...] | None,
    network: str | None = None,
) -> Iterator[CloudBalancer]:
    """Give the frontends, or those in one network alone.

    `guards` is None for a load balancer that is not the cluster's own.
    """
    for frontend in balancer.properties.frontends:
        own = frontend.properties
        is_public = own.public_ip_address is not None or own.public_ip_prefix is not None
        if network is not None and parent_of(key_of(own.subnet) or "") != network:
            continue
        if is_public or own.private_ip_address or own.subnet:
            yield _frontend(balancer, frontend, around, guards, is_public=is_public)


def _frontend(
    balancer: Balancer,
    frontend: Frontend,
    around: Surroundings,
    guards: tuple[Guard, ...] | None,
    *,
    is_public: bool,
) -> CloudBalancer:
    held = around.address(key_of(frontend.properties.public_ip_address))
    address = frontend.properties.private_ip_address
    if is_public:
        address = held.properties.ip_address if held else None
    dns = held.properties.dns_settings if held else None
    rules = [rule for rule in balancer.rules() if _is_of(rule, frontend)]
    dialled = None if any(_is_every_port(rule) for rule in rules) else _dialled(rules)
    firewall, doubt = None, _doubt(guards, dialled)
    if doubt is None:
        firewall, doubt = rules_of(dialled or (), guards or (), address, is_private=not is_public)
    return CloudBalancer(
        name=f"{balancer.name}/{frontend.name}",
        kind=((balancer.sku and balancer.sku.name) or "load balancer").lower(),
        is_internet_facing=is_public,
        hostname=((dns and dns.fqdn) or "").lower(),
        addresses=(address,) if address else (),
        listeners=None if dialled is None else _listeners(dialled),
        firewall=firewall,
        doubt=doubt,
        evidence=_evidence(balancer, frontend, rules, guards),
    )


def _doubt(guards: tuple[Guard, ...] | None, dialled: list[Dialled] | None) -> str | None:
    """Say why who may dial a frontend cannot be worked out; None where it can."""
    if guards is None:
        return _NOT_OURS
    if not guards:
        return _NO_NODES
    return _EVERY_PORT if dialled is None else None


def _is_of(rule: BalancingRule, frontend: Frontend) -> bool:
    return key_of(rule.properties.frontend_ip_configuration) == frontend.id.lower()


def _is_every_port(rule: BalancingRule) -> bool:
    return (rule.properties.protocol or "").lower() == "all" or not rule.properties.frontend_port


def _dialled(rules: list[BalancingRule]) -> list[Dialled]:
    found = []
    for rule in rules:
        held = rule.properties
        protocol = _PROTOCOLS.get((held.protocol or "").lower())
        if protocol is not None and held.frontend_port:
            found.append(
                Dialled(
                    port=held.frontend_port,
                    protocol=protocol,
                    backend_port=held.backend_port or held.frontend_port,
                    is_floating=bool(held.enable_floating_ip),
                )
            )
    return found


def _listeners(dialled: list[Dialled]) -> tuple[Listener, ...]:
    unique = dict.fromkeys((one.port, one.protocol) for one in dialled)
    return tuple(Listener(port=port, protocol=protocol) for port, protocol in sorted(unique))


def _evidence(
    balancer: Balancer,
    frontend: Frontend,
    rules: list[BalancingRule],
    guards: tuple[Guard, ...] | None,
) -> tuple[CloudFact, ...]:
    own = frontend.properties
    facts = [CloudFact("id", balancer.id)]
    if own.public_ip_address:
        facts.append(CloudFact("publicIPAddress.id", own.public_ip_address.id))
    elif own.public_ip_prefix:
        facts.append(CloudFact("publicIPPrefix.id", own.public_ip_prefix.id))
    elif own.subnet:
        facts.append(CloudFact("subnet.id", own.subnet.id))
    facts.append(CloudFact("rules", ", ".join(rule.name for rule in rules) or "none"))
    if any(_is_every_port(rule) for rule in rules):
        facts.append(CloudFact("rules.protocol", "All: every port is passed on"))
    groups = dict.fromkeys(group.name for guard in guards or () for group in guard.groups)
    if groups:
        facts.append(CloudFact("networkSecurityGroups", ", ".join(groups)))
    return tuple(facts)
