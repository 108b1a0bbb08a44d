"""Load balancers as their cloud has them: what stands behind a name or address that was published.

A Service, an Ingress or a Gateway says what was asked for and at which name it can be dialled; the
cloud says what is there. Where the cloud was asked, its word on the scheme and on the firewalls
before a load balancer outweighs annotations, classes and defaults.
"""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from auditor.model.addresses import ALL_ADDRESSES, AddressSet, normal_address
from auditor.model.audience import WIDEST_FIRST, AddressSpace, Audience
from auditor.model.cloud import CloudBalancer, CloudFacts
from auditor.model.exposure import Hop
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence

_SHOWN = 5
"""Ranges that one hop of evidence lists before it only counts."""


class CloudAnswer(Struct, frozen=True, kw_only=True):
    """Who a load balancer lets in at a port, by the word of its cloud."""

    balancer: CloudBalancer
    audience: Audience
    hops: tuple[Hop, ...]
    confidence: Confidence = Confidence.HIGH
    sources: tuple[str, ...] = ()
    has_firewall: bool = False
    """Whether firewalls before it were read, so that nothing else decides who passes."""
    reason: str | None = None

    @property
    def is_internet_facing(self) -> bool:
        """Whether the load balancer has addresses that the internet can dial."""
        return self.balancer.is_internet_facing is True

    @property
    def scheme_hop(self) -> Hop:
        """The evidence that tells the scheme: what the cloud says first of a load balancer."""
        return self.hops[0]


class CloudBalancers:
    """The load balancers of a cluster's networks, by the names and addresses that are dialled."""

    def __init__(self, cloud: CloudFacts | None, space: AddressSpace) -> None:
        """Index what a connector read; nothing is known where none did."""
        self._space = space
        self._by_name: dict[str, list[CloudBalancer]] = defaultdict(list)
        for balancer in (cloud.balancers or ()) if cloud else ():
            for name in (balancer.hostname, *balancer.addresses):
                if name:
                    self._by_name[_spelled(name)].append(balancer)

    def tell(
        self, names: Iterable[str], ports: Iterable[int], protocol: Protocol = Protocol.TCP
    ) -> CloudAnswer | None:
        """Tell who is let in at some ports of what is published by some names.

        None where the cloud does not know the names, or does not say which scheme it has. Of
        several load balancers the widest counts, and of several ports too.
        """
        wanted = tuple(ports)
        found = {id(item): item for name in names for item in self._by_name.get(_spelled(name), ())}
        told = [item for item in found.values() if item.is_internet_facing is not None]
        listening = [item for item in told if _listens(item, wanted, protocol)]
        answers = [
            self._answer(item, port, protocol, listens=bool(listening))
            for item in listening or told
            for port in wanted
        ]
        return min(answers, key=lambda item: WIDEST_FIRST.index(item.audience), default=None)

    def listeners(self, names: Iterable[str]) -> frozenset[int]:
        """Give the ports at which what is published by some names takes connections."""
        found = (item for name in names for item in self._by_name.get(_spelled(name), ()))
        return frozenset(one.port for item in found for one in item.listeners or ())

    def _answer(
        self, balancer: CloudBalancer, port: int, protocol: Protocol, *, listens: bool
    ) -> CloudAnswer:
        hops, confidence = list(_hops(balancer)), Confidence.HIGH
        if not listens and balancer.listeners is not None:
            # It was read before the audit: a port that is new may not have been there yet.
            confidence = Confidence.LOW
            shown = ", ".join(str(one.port) for one in balancer.listeners) or "none"
            hops.append(
                Hop(_where(balancer), "listeners", shown, f"none at {port} when it was read")
            )
        admitted = self._admitted(balancer, port, protocol)
        if admitted is not None:
            hops.append(_firewall_hop(balancer, admitted, port))
        sources = () if admitted is None else admitted.cidrs()
        reason = None
        if not balancer.is_internet_facing:
            audience = Audience.PRIVATE_NETWORK
        else:
            audience = Audience.INTERNET if admitted is None else self._space.audience_of(admitted)
            if admitted is not None and balancer.doubt and audience is not Audience.INTERNET:
                reason = f"its firewalls may admit others: {balancer.doubt}"
                audience = Audience.UNKNOWN
        return CloudAnswer(
            balancer=balancer,
            audience=audience,
            hops=tuple(hops),
            confidence=confidence,
            sources=sources,
            has_firewall=admitted is not None,
            reason=reason,
        )

    def _admitted(
        self, balancer: CloudBalancer, port: int, protocol: Protocol
    ) -> AddressSet | None:
        """Give whom the firewalls admit to a port; None where none was read."""
        if balancer.firewall is None:
            return None
        sources = [
            source
            for rule in balancer.firewall
            if rule.covers(port, protocol)
            for source in rule.sources
        ]
        try:
            return AddressSet.of(sources)
        except ValueError:
            # What cannot be read as ranges narrows nothing.
            return ALL_ADDRESSES


def _listens(balancer: CloudBalancer, ports: Iterable[int], protocol: Protocol) -> bool:
    taken = {(one.port, one.protocol) for one in balancer.listeners or ()}
    return any((port, protocol) in taken for port in ports)


def _hops(balancer: CloudBalancer) -> Iterable[Hop]:
    note = f"{balancer.kind} load balancer, as its cloud has it"
    if not balancer.evidence:
        scheme = "internet-facing" if balancer.is_internet_facing else "internal"
        yield Hop(_where(balancer), "scheme", scheme, note)
    for fact in balancer.evidence:
        yield Hop(_where(balancer), fact.field, fact.value, note)


def _firewall_hop(balancer: CloudBalancer, admitted: AddressSet, port: int) -> Hop:
    cidrs = admitted.cidrs()
    shown = ", ".join(cidrs[:_SHOWN]) or "nobody"
    if len(cidrs) > _SHOWN:
        shown += f" and {len(cidrs) - _SHOWN} more ranges"
    return Hop(_where(balancer), "firewall", shown, f"admitted to port {port}")


def _where(balancer: CloudBalancer) -> str:
    return f"LoadBalancer/{balancer.name}"


def _spelled(name: str) -> str:
    """Spell a name or address in one way; a resolver takes names in any case, with or without dot.

    `dualstack.` before the name of an AWS load balancer gives its IPv6 addresses too.
    """
    return normal_address(name) or name.lower().rstrip(".").removeprefix("dualstack.")
