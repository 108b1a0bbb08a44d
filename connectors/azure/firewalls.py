"""Which sources get to the nodes behind a load balancer, through the groups that stand before them.

Both the group of the subnet and that of the network interface have to let a connection through;
pools of nodes differ, and one that lets it through is enough.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.model.addresses import ALL_IPV4, AddressSet
from auditor.model.cloud import FirewallRule
from auditor.model.ports import Protocol
from connectors.azure.network_shapes import Interface, SecurityGroup, key_of
from connectors.azure.security import EVERYONE, NOBODY, Admitted, Asked, admitted
from connectors.azure.shapes import AksCluster
from connectors.azure.surroundings import Surroundings

_OTHER_NODES = "the network interfaces of some nodes were not read"
_UNGUARDED = "no network security group stands before it: whether that shuts it is not told"


class Guard(Struct, frozen=True):
    """The security groups before some nodes, or before a gateway."""

    groups: tuple[SecurityGroup, ...]
    prefixes: AddressSet
    """Where the nodes are; empty where that is not known."""
    is_routed: bool
    doubts: tuple[str, ...] = ()
    is_open: bool = True
    """Whether everyone gets through where there is no group; not where nothing was read."""

    @property
    def name(self) -> str:
        """Name the groups."""
        return " + ".join(group.name for group in self.groups)

    def admitted(self, asked: Asked) -> Admitted:
        """Work out who gets through all of them."""
        found = EVERYONE if self.is_open else NOBODY
        for group in self.groups:
            found &= admitted(group, asked)
        doubts = self.doubts if self.groups or self.doubts else (_UNGUARDED,)
        return Admitted(found.sources, (*found.doubts, *doubts))


class Dialled(Struct, frozen=True):
    """A port of a frontend, and what arrives at the nodes when it is dialled."""

    port: int
    protocol: Protocol
    backend_port: int
    is_floating: bool
    """Whether connections arrive with the frontend's own address and port (Azure Load Balancer,
    Floating IP configuration)."""


def guards_of(cluster: AksCluster, around: Surroundings) -> tuple[Guard, ...]:
    """Give what stands before each kind of node of a cluster; empty where the nodes are hidden."""
    guards = [
        guard_of(around, subnet, key_of(interface.properties.network_security_group))
        for item in around.scale_sets_of(cluster)
        for interface in item.interfaces or ()
        for subnet in _subnets(interface)
    ]
    if guards and not _are_all_nodes(cluster, around):
        guards.append(
            Guard((), AddressSet(), is_routed=False, doubts=(_OTHER_NODES,), is_open=False)
        )
    return tuple(dict.fromkeys(guards))


def _are_all_nodes(cluster: AksCluster, around: Surroundings) -> bool:
    """Whether every node is of a scale set that was read: a hidden one may let others in."""
    pools, provisioning = cluster.told.agent_pool_profiles, cluster.told.node_provisioning_profile
    if pools is None or (provisioning is not None and provisioning.mode == "Auto"):
        return False
    are_sets = all(pool.type in {None, "VirtualMachineScaleSets"} for pool in pools)
    return are_sets and len(around.scale_sets_of(cluster)) >= len(pools)


def _subnets(interface: Interface) -> Iterator[str | None]:
    """Give the subnets of an interface; pods may have addresses of another."""
    keys = (key_of(entry.properties.subnet) for entry in interface.properties.ip_configurations)
    return iter(list(dict.fromkeys(keys)) or [None])


def guard_of(around: Surroundings, subnet: str | None, own_group: str | None = None) -> Guard:
    """Give what stands before a subnet, or before a network interface in it."""
    found = around.subnet(subnet)
    doubts = [] if found else [f"the subnet {subnet or 'of the nodes'} was not read"]
    groups = []
    for name in (key_of(found.properties.network_security_group) if found else None, own_group):
        if name is None:
            continue
        group = (around.groups or {}).get(name)
        if group is None:
            doubts.append(f"the network security group {name.rpartition('/')[2]} was not read")
        else:
            groups.append(group)
    return Guard(
        groups=tuple(dict.fromkeys(groups)),
        prefixes=_set_of(found.prefixes if found else ()),
        is_routed=bool(found and found.properties.route_table),
        doubts=tuple(doubts),
    )


def rules_of(
    dialled: Iterable[Dialled], guards: tuple[Guard, ...], address: str | None, *, is_private: bool
) -> tuple[tuple[FirewallRule, ...], str | None]:
    """Give who may dial each port of a frontend, and why that may not be all."""
    rules, doubts = list[FirewallRule](), list[str]()
    name = ", ".join(dict.fromkeys(filter(None, (guard.name for guard in guards))))
    frontend = _set_of((address,) if address else ())
    for one in dialled:
        found = NOBODY
        for guard in guards:
            asked = Asked(
                port=one.port if one.is_floating else one.backend_port,
                protocol=one.protocol,
                destination=frontend if one.is_floating else guard.prefixes,
                is_inside=is_private or not one.is_floating,
                is_routed=guard.is_routed,
            )
            found |= guard.admitted(asked)
        doubts += found.doubts
        rule = rule_of(name, found.sources, one.port, one.protocol, frontend)
        rules += [rule] if rule else []
    return tuple(rules), "; ".join(dict.fromkeys(doubts)) or None


def rule_of(
    name: str, sources: AddressSet, port: int, protocol: Protocol, frontend: AddressSet
) -> FirewallRule | None:
    """Write down who may dial a port; None where nobody may."""
    if frontend and frontend <= ALL_IPV4:
        sources &= ALL_IPV4
    if not sources:
        return None
    return FirewallRule(
        name=name or "no group",
        sources=sources.cidrs(),
        protocol=protocol,
        first_port=port,
        last_port=port,
    )


def _set_of(texts: Iterable[str]) -> AddressSet:
    try:
        return AddressSet.of(texts)
    except ValueError:
        return AddressSet()
