"""Network security groups: which sources they let through to one port of one destination.

Rules are gone through by priority, and the first that speaks of a connection decides it (Azure
Virtual Network, Network security groups). What is written in addresses is worked out exactly. Of
service tags only those are known that need no list; a rule with another, or with an application
security group, is told as a doubt, and neither admits nor refuses anybody.
"""

from collections.abc import Iterable

from msgspec import Struct

from auditor.model.addresses import ALL_ADDRESSES, PRIVATE_ADDRESSES, AddressSet
from auditor.model.ports import PORT_MAX, Protocol
from connectors.azure.network_shapes import SecurityGroup, SecurityRule

_ANY = frozenset({"*", "any"})
_NETWORK, _INTERNET, _PROBES = "virtualnetwork", "internet", "azureloadbalancer"
_NOBODY = AddressSet()


class Asked(Struct, frozen=True):
    """A connection whose sources are asked for."""

    port: int
    protocol: Protocol
    destination: AddressSet
    """Where it arrives as the security group sees it: one address, or any of a subnet's; empty
    where that is not known."""
    is_inside: bool | None
    """Whether that is part of the virtual network; None where it is not known."""
    is_routed: bool = False
    """Whether the subnet has routes of its own: the tag VirtualNetwork holds their ranges too,
    which may be the whole internet (Azure Virtual Network, Service tags)."""


class Admitted(Struct, frozen=True):
    """Which sources are let through."""

    sources: AddressSet
    doubts: tuple[str, ...] = ()
    """Rules that could not be worked out and may change it."""

    def __and__(self, other: "Admitted") -> "Admitted":
        """Let through what both do."""
        return Admitted(self.sources & other.sources, _merged(self.doubts, other.doubts))

    def __or__(self, other: "Admitted") -> "Admitted":
        """Let through what either does."""
        return Admitted(self.sources | other.sources, _merged(self.doubts, other.doubts))


EVERYONE = Admitted(ALL_ADDRESSES)
NOBODY = Admitted(_NOBODY)


def admitted(group: SecurityGroup, asked: Asked) -> Admitted:
    """Work out who gets through a security group; what no rule admits is refused."""
    left, found = ALL_ADDRESSES, _NOBODY
    may_admit, may_refuse = list[str](), list[str]()
    for rule in _inbound(group):
        if not left:
            break
        if not _speaks_of(rule, asked):
            continue
        arrives = _is_destination(rule, asked)
        if arrives is False:
            continue
        sources, is_all = _sources(rule, asked)
        is_allow = rule.properties.access.lower() == "allow"
        if arrives is None or not is_all:
            (may_admit if is_allow else may_refuse).append(f"{group.name}/{rule.name}")
        if arrives is None:
            continue
        if is_allow:
            found |= sources & left
        left -= sources
    if left and group.properties.default_security_rules is None:
        may_admit.append(f"{group.name}/default rules")
    named = may_refuse if found == ALL_ADDRESSES else [*may_refuse, *may_admit]
    return Admitted(found, tuple(f"the rule {name} was not worked out" for name in named))


def _inbound(group: SecurityGroup) -> list[SecurityRule]:
    held = group.properties
    rules = (*(held.security_rules or ()), *(held.default_security_rules or ()))
    inbound = (rule for rule in rules if rule.properties.direction.lower() == "inbound")
    return sorted(inbound, key=lambda rule: rule.properties.priority)


def _speaks_of(rule: SecurityRule, asked: Asked) -> bool:
    """Whether a rule is for the protocol and the port.

    A refusal of some source ports refuses nobody: a client chooses its own.
    """
    held = rule.properties
    if held.protocol.lower() not in {"*", asked.protocol.value.lower()}:
        return False
    from_ports = _several(held.source_port_range, held.source_port_ranges)
    if held.access.lower() != "allow" and not any(text in _ANY for text in from_ports):
        return False
    wanted = _several(held.destination_port_range, held.destination_port_ranges)
    return any(_covers(text, asked.port) for text in wanted)


def _covers(ports: str, port: int) -> bool:
    if ports in _ANY:
        return True
    first, _, last = ports.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        return False
    return int(first) <= port <= min(int(last or first), PORT_MAX)


def _is_destination(rule: SecurityRule, asked: Asked) -> bool | None:
    """Whether a rule is for the destination; None where that cannot be told."""
    held = rule.properties
    if held.destination_application_security_groups:
        return None
    covered, is_unsure = _NOBODY, False
    prefixes = _several(held.destination_address_prefix, held.destination_address_prefixes)
    for text in prefixes:
        if text == _NETWORK:
            if asked.is_inside:
                return True
            is_unsure |= asked.is_routed or asked.is_inside is None
        elif text in _ANY:
            return True
        else:
            try:
                covered |= AddressSet.of((text,))
            except ValueError:
                is_unsure = True
    if asked.destination and asked.destination <= covered:
        return True
    is_apart = bool(asked.destination) and not asked.destination & covered
    return False if is_apart and not is_unsure else None


def _sources(rule: SecurityRule, asked: Asked) -> tuple[AddressSet, bool]:
    """Give the sources that a rule names, and whether these are all of them."""
    held = rule.properties
    if held.source_application_security_groups:
        return _NOBODY, False
    found, is_all = _NOBODY, True
    for text in _several(held.source_address_prefix, held.source_address_prefixes):
        if text in _ANY:
            return ALL_ADDRESSES, True
        if text == _PROBES:
            # The host's own address, from which only Azure's probes come.
            continue
        if text == _INTERNET:
            found |= ALL_ADDRESSES - PRIVATE_ADDRESSES
        elif text == _NETWORK:
            # The network, its peers and what is connected: private addresses. As many of them are
            # admitted as may be; that all are refused cannot be said.
            is_allow = held.access.lower() == "allow"
            found |= PRIVATE_ADDRESSES if is_allow else _NOBODY
            is_all = is_all and is_allow and not asked.is_routed
        else:
            try:
                found |= AddressSet.of((text,))
            except ValueError:
                is_all = False
    return found, is_all


def _several(one: str | None, many: Iterable[str]) -> tuple[str, ...]:
    texts = (*many, one) if one else tuple(many)
    return tuple(text.strip().lower() for text in texts)


def _merged(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
