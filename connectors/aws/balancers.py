"""Elastic Load Balancing, both generations: scheme, listeners, targets and who may pass.

Only the load balancers of the clusters' networks are asked about. What a Service got is told by the
name that both sides know: `DNSName` here, the status of the Service there.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from auditor.model.cloud import CloudBalancer, CloudFact, Listener
from auditor.model.ports import Protocol
from connectors.aws.calling import Caller
from connectors.aws.firewalls import Firewalls, read_firewalls
from connectors.aws.network_shapes import (
    Balancer,
    BalancerListener,
    Balancers,
    ClassicBalancer,
    ClassicBalancers,
    Listeners,
    TargetGroups,
)
from connectors.shortfalls import CallError

_SCHEMES = {"internet-facing": True, "internal": False}
_PROTOCOLS = {
    "HTTP": (Protocol.TCP,), "HTTPS": (Protocol.TCP,), "QUIC": (Protocol.UDP,),
    "SSL": (Protocol.TCP,), "TCP": (Protocol.TCP,), "TCP_QUIC": (Protocol.TCP, Protocol.UDP),
    "TCP_UDP": (Protocol.TCP, Protocol.UDP), "TLS": (Protocol.TCP,), "UDP": (Protocol.UDP,),
}  # fmt: skip
"""Of a listener; GENEVE is that of gateway load balancers, which no client dials."""

NoteGap = Callable[[str, CallError], None]
"""Takes a part that could not be read, and why."""


async def read_balancers(
    caller: Caller, vpcs: Collection[str], note: NoteGap
) -> tuple[CloudBalancer, ...] | None:
    """Give the load balancers of some VPCs; None where they cannot be listed.

    A part that cannot be read is noted, and left out of each of them.
    """
    try:
        new_pages, old_pages = await asyncio.gather(
            caller.pages("elbv2", "describe_load_balancers", Balancers),
            caller.pages("elb", "describe_load_balancers", ClassicBalancers),
        )
    except CallError as error:
        note("load balancers", error)
        return None
    new = [item for page in new_pages for item in page.load_balancers if item.vpc_id in vpcs]
    old = [
        item
        for page in old_pages
        for item in page.load_balancer_descriptions
        if item.vpc_id in vpcs
    ]
    firewalls, targets, listeners = await asyncio.gather(
        _firewalls(caller, (*new, *old), note),
        _targets(caller, note) if new else _nothing(),
        _all_listeners(caller, new, note),
    )
    found = [_new(item, firewalls, listeners.get(item.load_balancer_arn), targets) for item in new]
    found += [_classic(item, firewalls) for item in old]
    return tuple(sorted(found, key=lambda item: (item.name, item.hostname)))


async def _nothing() -> dict[str, str]:
    return {}


async def _firewalls(
    caller: Caller, balancers: Iterable[Balancer | ClassicBalancer], note: NoteGap
) -> Firewalls | None:
    names = {name for item in balancers for name in item.security_groups}
    try:
        return await read_firewalls(caller, names)
    except CallError as error:
        note("security groups of load balancers", error)
        return None


async def _targets(caller: Caller, note: NoteGap) -> dict[str, str]:
    """Give the type of the targets of each target group by its ARN."""
    try:
        pages = await caller.pages("elbv2", "describe_target_groups", TargetGroups)
    except CallError as error:
        note("target groups", error)
        return {}
    groups = (item for page in pages for item in page.target_groups)
    return {group.target_group_arn: group.target_type for group in groups if group.target_type}


async def _all_listeners(
    caller: Caller, balancers: list[Balancer], note: NoteGap
) -> dict[str, tuple[BalancerListener, ...]]:
    arns = [item.load_balancer_arn for item in balancers]
    answers = await asyncio.gather(
        *(
            caller.pages("elbv2", "describe_listeners", Listeners, LoadBalancerArn=arn)
            for arn in arns
        ),
        return_exceptions=True,
    )
    found: dict[str, tuple[BalancerListener, ...]] = {}
    for arn, answer in zip(arns, answers, strict=True):
        if isinstance(answer, CallError):
            if not answer.is_gone:
                note("listeners", answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found[arn] = tuple(item for page in answer for item in page.listeners)
    return found


def _new(
    item: Balancer,
    firewalls: Firewalls | None,
    listeners: tuple[BalancerListener, ...] | None,
    targets: Mapping[str, str],
) -> CloudBalancer:
    shown = None
    if listeners is not None:
        shown = tuple(entry for one in listeners for entry in _listener(one, targets))
    addresses = {
        address
        for zone in item.availability_zones
        for entry in zone.load_balancer_addresses
        for address in (entry.ip_address, entry.ipv6_address, entry.private_ipv4_address)
        if address
    }
    name = item.load_balancer_name or item.load_balancer_arn
    return _balancer(name, item.type, item, firewalls, shown, tuple(sorted(addresses)))


def _classic(item: ClassicBalancer, firewalls: Firewalls | None) -> CloudBalancer:
    shown = tuple(
        Listener(port=listening.listener.load_balancer_port, protocol=protocol, targets="instance")
        for listening in item.listener_descriptions
        if listening.listener.load_balancer_port
        for protocol in _PROTOCOLS.get(listening.listener.protocol or "", ())
    )
    return _balancer(item.load_balancer_name, "classic", item, firewalls, shown, ())


def _balancer(  # noqa: PLR0913, PLR0917 - what both generations have in common
    name: str,
    kind: str,
    item: Balancer | ClassicBalancer,
    firewalls: Firewalls | None,
    listeners: tuple[Listener, ...] | None,
    addresses: tuple[str, ...],
) -> CloudBalancer:
    """Join what is known of one."""
    groups = item.security_groups
    shown = ", ".join(groups) or "none"
    rules, doubt = firewalls.rules(groups) if firewalls else ((), "its security groups: not read")
    return CloudBalancer(
        name=name,
        kind=kind,
        is_internet_facing=_SCHEMES.get(item.scheme or ""),
        hostname=(item.dns_name or "").lower(),
        addresses=addresses,
        listeners=listeners,
        # Without a group nothing stands before it (a Network Load Balancer may have none).
        firewall=rules if groups and firewalls else None,
        doubt=doubt if groups else None,
        evidence=(
            CloudFact("Scheme", item.scheme or "not told"),
            CloudFact("SecurityGroups", shown),
        ),
    )


def _listener(one: BalancerListener, targets: Mapping[str, str]) -> Iterator[Listener]:
    arns = [action.target_group_arn for action in one.default_actions if action.target_group_arn]
    kinds = sorted({targets[arn] for arn in arns if arn in targets})
    for protocol in _PROTOCOLS.get(one.protocol or "", ()):
        if one.port:
            passed = ", ".join(kinds) or None
            yield Listener(port=one.port, protocol=protocol, targets=passed)
