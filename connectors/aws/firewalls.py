"""Security groups: what they admit, as ranges of addresses and ports.

A rule that names another group admits the members of it by their private addresses (VPC user guide,
Security group rules); they are written as the ranges of the network.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from auditor.model.cloud import FirewallRule
from auditor.model.ports import Protocol
from connectors.aws.calling import Caller
from connectors.aws.network_shapes import (
    Permission,
    PrefixEntries,
    SecurityGroup,
    SecurityGroups,
    Vpcs,
)
from connectors.shortfalls import CallError

_AT_ONCE = 150
"""Values of one filter; EC2 takes 200."""

_PROTOCOLS = {
    "-1": None, "tcp": Protocol.TCP, "6": Protocol.TCP, "udp": Protocol.UDP, "17": Protocol.UDP,
}  # fmt: skip
"""Of `IpProtocol`; what is none of these (ICMP) opens no port."""


class Firewalls(Struct, frozen=True):
    """The security groups of a region, and what their rules name."""

    groups: Mapping[str, SecurityGroup]
    networks: Mapping[str, tuple[str, ...]]
    """The ranges of each VPC."""
    prefix_lists: Mapping[str, tuple[str, ...]]
    """The ranges of each list; one that is missing could not be read."""

    def rules(self, names: Iterable[str]) -> tuple[tuple[FirewallRule, ...], str | None]:
        """Give what several groups admit together, and why that may not be all."""
        found, doubts = list[FirewallRule](), list[str]()
        for name in names:
            group = self.groups.get(name)
            if group is None:
                doubts.append(f"the security group {name} was not read")
                continue
            for permission in group.ip_permissions:
                if permission.ip_protocol.lower() in _PROTOCOLS:
                    found.append(self._rule(group, permission))
                    doubts += self._unread(permission)
        return tuple(found), "; ".join(dict.fromkeys(doubts)) or None

    def _rule(self, group: SecurityGroup, permission: Permission) -> FirewallRule:
        protocol = _PROTOCOLS[permission.ip_protocol.lower()]
        first, last = permission.from_port, permission.to_port
        is_every_port = protocol is None or first in {None, -1}
        return FirewallRule(
            name=group.group_id,
            sources=tuple(dict.fromkeys(self._sources(group, permission))),
            protocol=protocol,
            first_port=0 if is_every_port else first or 0,
            last_port=65535 if is_every_port or last is None else last,
        )

    def _sources(self, group: SecurityGroup, permission: Permission) -> Iterator[str]:
        for item in (*permission.ip_ranges, *permission.ipv6_ranges):
            yield from filter(None, (item.cidr_ip, item.cidr_ipv6))
        for listed in permission.prefix_list_ids:
            yield from self.prefix_lists.get(listed.prefix_list_id, ())
        if permission.user_id_group_pairs:
            yield from self.networks.get(group.vpc_id or "", ())

    def _unread(self, permission: Permission) -> Iterator[str]:
        for listed in permission.prefix_list_ids:
            if listed.prefix_list_id not in self.prefix_lists:
                yield f"the prefix list {listed.prefix_list_id} was not read"


async def read_firewalls(caller: Caller, names: Iterable[str]) -> Firewalls:
    """Read security groups, with the networks and the prefix lists that their rules name.

    Raises:
        CallError: the groups cannot be read.
    """
    wanted = sorted(set(names))
    groups: dict[str, SecurityGroup] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        chosen = [{"Name": "group-id", "Values": wanted[start : start + _AT_ONCE]}]
        pages = await caller.pages(
            "ec2", "describe_security_groups", SecurityGroups, Filters=chosen
        )
        groups |= {item.group_id: item for page in pages for item in page.security_groups}
    vpcs = sorted({group.vpc_id for group in groups.values() if group.vpc_id})
    lists = sorted(
        {
            listed.prefix_list_id
            for group in groups.values()
            for permission in group.ip_permissions
            for listed in permission.prefix_list_ids
        }
    )
    networks, entries = await asyncio.gather(
        _networks(caller, vpcs), asyncio.gather(*(_entries(caller, name) for name in lists))
    )
    known = {name: found for name, found in zip(lists, entries, strict=True) if found is not None}
    return Firewalls(groups, networks, known)


async def _networks(caller: Caller, vpcs: list[str]) -> dict[str, tuple[str, ...]]:
    if not vpcs:
        return {}
    chosen = [{"Name": "vpc-id", "Values": vpcs}]
    pages = await caller.pages("ec2", "describe_vpcs", Vpcs, Filters=chosen)
    return {item.vpc_id: item.cidrs for page in pages for item in page.vpcs}


async def _entries(caller: Caller, name: str) -> tuple[str, ...] | None:
    """Give the ranges of a prefix list; what cannot be read becomes a doubt of each rule of it."""
    try:
        pages = await caller.pages(
            "ec2", "get_managed_prefix_list_entries", PrefixEntries, PrefixListId=name
        )
    except CallError:
        return None
    return tuple(item.cidr for page in pages for item in page.entries)
