"""NetworkPolicies: read by the text of their API (networking/v1), broken parts named."""

from collections.abc import Iterator

from auditor.analysis.reachability.drafts import (
    EVERY_PORT_TERM,
    Draft,
    DraftRule,
    NamedPort,
    PortTerm,
    Reader,
    joined,
)
from auditor.analysis.reachability.profile import Profile
from auditor.analysis.reachability.selections import (
    EVERYONE,
    EVERYTHING,
    NOBODY,
    Block,
    Pods,
    Selection,
    any_of,
)
from auditor.analysis.reachability.standing import Action, Direction, Origin
from auditor.kube.policies import IPBlock, NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule
from auditor.kube.selectors import LabelSelector
from auditor.model.addresses import AddressSet
from auditor.model.identity import ObjectRef
from auditor.model.ports import ALL_PORT_NUMBERS, PortSet, Protocol

_ALL_OF = {
    Protocol.TCP: PortSet(tcp=ALL_PORT_NUMBERS),
    Protocol.UDP: PortSet(udp=ALL_PORT_NUMBERS),
    Protocol.SCTP: PortSet(sctp=ALL_PORT_NUMBERS),
}


def draft_network_policy(policy: NetworkPolicy, profile: Profile) -> Draft:
    """Take a NetworkPolicy apart."""
    metadata, spec = policy.metadata, policy.spec
    namespace = metadata.namespace or ""
    reader = _Reader(ObjectRef("NetworkPolicy", namespace, metadata.name), profile)
    directions: list[tuple[Direction, tuple[PolicyRule, ...]]] = []
    for kind in spec.policy_types:
        if kind not in ("Ingress", "Egress"):
            reader.note("spec.policyTypes", f"{kind!r} is neither Ingress nor Egress: ignored")
    if policy.isolates_ingress:
        directions.append((Direction.INGRESS, spec.ingress))
    if policy.isolates_egress:
        directions.append((Direction.EGRESS, spec.egress))
    subject = reader.pods(namespace, spec.pod_selector, "spec.podSelector")
    rules = [
        reader.rule(direction, rule, number)
        for direction, held in directions
        for number, rule in enumerate(held)
    ]
    return Draft(
        ref=reader.ref,
        subject=subject or NOBODY,
        isolates=tuple(direction for direction, _ in directions),
        rules=tuple(rules),
        issues=tuple(reader.issues),
    )


class _Reader(Reader):
    def rule(self, direction: Direction, rule: PolicyRule, number: int) -> DraftRule:
        field = f"spec.{direction}[{number}]"
        side = "from" if direction is Direction.INGRESS else "to"
        held = rule.sources if direction is Direction.INGRESS else rule.destinations
        peers = [
            found
            for index, peer in enumerate(held)
            if (found := self.peer(peer, f"{field}.{side}[{index}]")) is not None
        ]
        ports = EVERY_PORT_TERM
        if rule.ports:
            ports = joined(list(self.ports(rule, held, field)))
        chosen = any_of(tuple(peers)) if held else EVERYONE
        return DraftRule(direction, Action.ALLOW, chosen, ports, Origin(self.ref, field))

    def peer(self, peer: PolicyPeer, field: str) -> Selection | None:
        """Read a peer; one that the API would refuse matches nothing (rule 12)."""
        has_selector = peer.pod_selector is not None or peer.namespace_selector is not None
        if peer.ip_block is not None:
            if has_selector:
                self.note(field, "ipBlock stands beside a selector: the peer matches nothing")
                return None
            return self.block(peer.ip_block, f"{field}.ipBlock")
        if not has_selector:
            self.note(field, "the peer names nobody: it matches nothing")
            return None
        namespaces = self.ref.namespace or ""
        if peer.namespace_selector is None:
            return self.pods(namespaces, peer.pod_selector, f"{field}.podSelector")
        match = self.match(peer.namespace_selector, f"{field}.namespaceSelector")
        if match is None:
            return None
        found = self.pods(namespaces, peer.pod_selector, f"{field}.podSelector")
        host_network = self.profile.host_network
        return None if found is None else Pods(match, found.pods, host_network)

    def pods(self, namespace: str, selector: LabelSelector | None, field: str) -> Pods | None:
        """Read a selector of pods; one that is not set selects all."""
        match = EVERYTHING if selector is None else self.match(selector, field)
        return None if match is None else Pods(namespace, match, self.profile.host_network)

    def block(self, block: IPBlock, field: str) -> Block | None:
        """Read a block: its addresses without the holes, of this rule only (rule 20)."""
        try:
            whole, holes = cidrs([block.cidr]), cidrs(block.excluded)
        except ValueError as error:
            self.note(field, f"{error}: the peer matches nothing")
            return None
        if not holes <= whole:
            self.note(f"{field}.except", "is not inside the block: the peer matches nothing")
            return None
        profile = self.profile
        return Block(whole - holes, profile.ip_blocks_cover_pods, profile.ip_blocks_cover_nodes)

    def ports(
        self, rule: PolicyRule, peers: tuple[PolicyPeer, ...], field: str
    ) -> Iterator[PortTerm]:
        for number, port in enumerate(rule.ports):
            where = f"{field}.ports[{number}]"
            term = self.port(port, where)
            if term is None:
                continue
            if term.names and peers and all(peer.ip_block is not None for peer in peers):
                self.note(where, f"{port.port!r} names no port of an address: no match (rule 18)")
            yield term

    def port(self, port: PolicyPort, field: str) -> PortTerm | None:
        protocol = self.protocol(port.protocol, field)
        if protocol is None:
            return None
        if isinstance(port.port, int):
            known = self.profile.end_port
            return self.port_range(protocol, port.port, port.end_port, field, known)
        if port.end_port is not None:
            self.note(field, "endPort needs a port that is a number: it matches no port")
            return None
        if port.port is None:
            return PortTerm(_ALL_OF[protocol], _ALL_OF[protocol])
        if not any(letter.isalpha() for letter in port.port):
            self.note(field, f"{port.port!r} is no name of a port: write the number without quotes")
        return PortTerm(PortSet(), PortSet(), (NamedPort(port.port, protocol),))


def cidrs(texts: tuple[str, ...] | list[str]) -> AddressSet:
    """Read CIDRs.

    Raises:
        ValueError: one of them is none; the message quotes it.
    """
    for text in texts:
        if "/" not in text:
            raise ValueError(f"{text!r} is no CIDR")
    return AddressSet.of(texts)
