"""Forwarding rules: the addresses and ports at which Google's load balancers take connections.

What a Service or Ingress got is told by the address that both sides know: `IPAddress` here, its
status there. What may pass is not read: the nodes' firewall lies in firewall rules, hierarchical
policies and network policies of the VPC, that of proxies in Cloud Armor, and none of them hangs on
the rule. So every balancer says that nobody read it.
"""

from collections.abc import Collection, Iterator
from urllib.parse import quote

from auditor.model.cloud import CloudBalancer, CloudFact, Listener
from auditor.model.ports import Protocol
from connectors.google.calling import Caller
from connectors.google.networks import relative_name
from connectors.google.shapes import ForwardingRule, ForwardingRules
from connectors.shortfalls import CallError

_SCHEMES = {
    "EXTERNAL": True, "EXTERNAL_MANAGED": True, "INTERNAL": False, "INTERNAL_MANAGED": False,
}  # fmt: skip
"""Others are no load balancers: a mesh's own (INTERNAL_SELF_MANAGED), Private Service Connect."""

_PROTOCOLS = {
    "TCP": (Protocol.TCP,), "UDP": (Protocol.UDP,), "L3_DEFAULT": (Protocol.TCP, Protocol.UDP),
}  # fmt: skip
"""Of `IPProtocol`; what is none of these (ESP, ICMP) has no ports."""

_KINDS = {
    "targetPools": "network", "backendServices": "network", "targetInstances": "instance",
    "targetHttpProxies": "application", "targetHttpsProxies": "application",
    "targetGrpcProxies": "application", "targetTcpProxies": "proxy-network",
    "targetSslProxies": "proxy-network",
}  # fmt: skip
"""By the collection of what takes the traffic; VPN gateways are none of ours."""

_PASSES_THROUGH = frozenset({"network", "instance"})
_MOST_PORTS = 256
"""A range of more ports is not written out: its evidence names it."""

_PERMISSION = "compute.forwardingRules.list"
_UNREACHABLE = "UNREACHABLE"


async def forwarding_rules(caller: Caller, project: str) -> tuple[ForwardingRule, ...]:
    """List the rules of a project, of all regions and the global ones.

    Raises:
        CallError: some cannot be read.
    """
    pages = await caller.pages(
        f"{caller.places.compute}/projects/{quote(project, safe=':')}/aggregated/forwardingRules",
        ForwardingRules,
        _PERMISSION,
        f"projects/{project}",
        maxResults="500",
    )
    missing = {name for page in pages for name in page.unreachables}
    scopes = [item for page in pages for item in page.items.items()]
    missing |= {
        name for name, scope in scopes if scope.warning and scope.warning.code == _UNREACHABLE
    }
    if missing:
        raise CallError(f"{_PERMISSION}: a region did not answer", ", ".join(sorted(missing)))
    return tuple(rule for _, scope in scopes for rule in scope.forwarding_rules)


def balancers_in(rules: Collection[ForwardingRule], network: str) -> tuple[CloudBalancer, ...]:
    """Give the load balancers that stand in a network or on the internet.

    External rules name no network (Compute Engine API reference, ForwardingRule.network).
    """
    found = (
        _balancer(rule)
        for rule in rules
        if not rule.network or not network or relative_name(rule.network) == network
    )
    return tuple(sorted(filter(None, found), key=lambda item: (item.name, item.addresses)))


def _balancer(rule: ForwardingRule) -> CloudBalancer | None:
    """Read a rule; None where it is no load balancer that a client could dial."""
    is_facing = _SCHEMES.get(rule.load_balancing_scheme or "")
    behind = relative_name(rule.target or rule.backend_service)
    kind = _KINDS.get(behind.split("/")[-2] if "/" in behind else "")
    if is_facing is None or kind is None or not rule.address:
        return None
    doubt = "Cloud Armor policies of its backends were not read"
    if kind in _PASSES_THROUGH:
        doubt = "the VPC's firewall rules and policies were not read"
    ports = "all" if rule.all_ports else rule.port_range or ", ".join(rule.ports) or "not told"
    return CloudBalancer(
        name=rule.name,
        kind=kind,
        is_internet_facing=is_facing,
        # A whole range of IPv6 addresses may be given; its first is what clients are told.
        addresses=(rule.address.partition("/")[0],),
        listeners=_listeners(rule),
        doubt=doubt,
        evidence=(
            CloudFact("loadBalancingScheme", rule.load_balancing_scheme or ""),
            CloudFact("IPAddress", rule.address),
            CloudFact("IPProtocol", rule.protocol or "not told"),
            CloudFact("ports", ports),
            CloudFact("target" if rule.target else "backendService", behind),
        ),
    )


def _listeners(rule: ForwardingRule) -> tuple[Listener, ...] | None:
    """Write the ports out; None where they are not told, or are too many."""
    protocols = _PROTOCOLS.get(rule.protocol or "")
    if rule.all_ports or protocols is None:
        return None
    told = rule.ports or ((rule.port_range,) if rule.port_range else ())
    try:
        ports = sorted({port for text in told for port in _ports(text)})
    except ValueError:
        return None
    if not ports or len(ports) > _MOST_PORTS:
        return None
    return tuple(Listener(port=port, protocol=item) for port in ports for item in protocols)


def _ports(text: str) -> Iterator[int]:
    """Count a range `80-443` or a port.

    Raises:
        ValueError: it is neither.
    """
    first, _, last = text.partition("-")
    yield from range(int(first), min(int(last or first), 65535) + 1)
