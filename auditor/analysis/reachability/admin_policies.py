"""Admin and Baseline policies, read by the text of their API (policy.networking.k8s.io)."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from auditor.analysis.reachability.drafts import (
    EVERY_PORT_TERM,
    Draft,
    DraftRule,
    NamedPort,
    PolicyIssue,
    PortTerm,
    Reader,
    joined,
)
from auditor.analysis.reachability.network_policies import cidrs
from auditor.analysis.reachability.profile import Known, Profile
from auditor.analysis.reachability.selections import (
    EVERYONE,
    EVERYTHING,
    NOBODY,
    AnyOf,
    Block,
    NodesByLabel,
    Pods,
    Selection,
    SomeAddresses,
    any_of,
)
from auditor.analysis.reachability.standing import Action, Direction, Origin
from auditor.kube.admin_policies import (
    AdminPeer,
    AdminPolicy,
    AdminPort,
    AdminProtocol,
    AdminRule,
    NamespacedPods,
    NamespacesSelector,
    PortRange,
    TransportPorts,
)
from auditor.model.identity import ObjectRef
from auditor.model.ports import ALL_PORT_NUMBERS, PortSet, Protocol

_ALLOW_DENY = {"Allow": Action.ALLOW, "Deny": Action.DENY}
_ACTIONS = {
    "AdminNetworkPolicy": {**_ALLOW_DENY, "Pass": Action.PASS},
    "BaselineAdminNetworkPolicy": _ALLOW_DENY,
    "ClusterNetworkPolicy": {"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS},
}
"""What a rule of each kind may do (rule 36)."""
_MAX_PRIORITY = 1000
_EVERY_POD = Pods(EVERYTHING)


def draft_admin_policy(policy: AdminPolicy, profile: Profile) -> Draft:
    """Take a policy of either tier apart."""
    reader = _Reader(ObjectRef(policy.kind, None, policy.metadata.name), profile)
    spec = policy.spec
    if policy.kind == "ClusterNetworkPolicy" and spec.tier not in ("Admin", "Baseline"):
        reader.note("spec.tier", f"{spec.tier!r} is neither Admin nor Baseline: read as Admin")
    if not 0 <= spec.priority <= _MAX_PRIORITY:
        reader.note("spec.priority", f"{spec.priority} is not within 0 and {_MAX_PRIORITY}")
    if policy.kind == "BaselineAdminNetworkPolicy" and policy.metadata.name != "default":
        reader.note("metadata.name", "is not `default`, the only name that this kind may have")
    subject = spec.subject
    chosen: Selection | None = None
    if (subject.namespaces is None) == (subject.pods is None):
        reader.note("spec.subject", "needs either namespaces or pods: the policy speaks to nobody")
    else:
        chosen = reader.pods(subject.namespaces, subject.pods, "spec.subject")
    both = ((Direction.INGRESS, spec.ingress), (Direction.EGRESS, spec.egress))
    rules = [
        found
        for direction, held in both
        for number, rule in enumerate(held)
        if (found := reader.rule(direction, rule, number)) is not None
    ]
    return Draft(
        ref=reader.ref,
        subject=chosen or NOBODY,
        rules=tuple(rules),
        is_admin=True,
        is_baseline=policy.is_baseline,
        priority=spec.priority,
        issues=tuple(reader.issues),
    )


def clashing_priorities(drafts: list[Draft]) -> Iterator[PolicyIssue]:
    """Name policies of one tier and one priority: which goes first is not defined (rule 35)."""
    seen: dict[tuple[bool, int], ObjectRef] = {}
    for draft in drafts:
        key = (draft.is_baseline, draft.priority)
        other = seen.setdefault(key, draft.ref)
        if other != draft.ref:
            message = (
                f"{other} has the same priority {draft.priority}: which goes first is not defined; "
                "the order of their names is taken"
            )
            yield PolicyIssue(draft.ref, "spec.priority", message)


class _Peers(Struct, frozen=True):
    """Whom a rule speaks of; with a part that nobody can read, it fails closed (rule 44)."""

    chosen: Selection
    is_broken: bool


class _Reader(Reader):
    def rule(self, direction: Direction, rule: AdminRule, number: int) -> DraftRule | None:
        field = f"spec.{direction}[{number}]"
        action = _ACTIONS.get(self.ref.kind, {}).get(rule.action)
        if action is None:
            self.note(
                field, f"{self.ref.kind} has no action {rule.action!r}: the rule does nothing"
            )
            return None
        is_ingress = direction is Direction.INGRESS
        held = rule.sources if is_ingress else rule.destinations
        side = "from" if is_ingress else "to"
        if not held:
            self.note(field, f"has nobody in `{side}`: the rule does nothing")
        peers = self.peers(held, f"{field}.{side}", direction)
        ports = EVERY_PORT_TERM
        if rule.ports or rule.protocols:
            ports = joined(list(self.ports(rule, field)))
        chosen = peers.chosen if action is Action.ALLOW else by_every_address(peers.chosen)
        if peers.is_broken and action is not Action.ALLOW:
            action, chosen = Action.DENY, (_EVERY_POD if is_ingress else EVERYONE)
        named = f"{field} ({rule.name})" if rule.name else field
        return DraftRule(direction, action, chosen, ports, Origin(self.ref, named))

    def peers(self, held: tuple[AdminPeer, ...], field: str, direction: Direction) -> _Peers:
        found = [self.peer(peer, f"{field}[{index}]", direction) for index, peer in enumerate(held)]
        known = tuple(item for item in found if item is not None)
        return _Peers(any_of(known), len(known) < len(found))

    def peer(self, peer: AdminPeer, field: str, direction: Direction) -> Selection | None:
        parts = (peer.namespaces, peer.pods, peer.networks, peer.nodes, peer.domain_names)
        named = sum(part is not None for part in parts)
        if named > 1:
            self.note(field, "names more than one sort of peers: it matches nothing")
            return NOBODY
        if not named:
            self.note(field, "names no sort of peers that is known: it fails closed")
            return None
        if peer.namespaces is not None or peer.pods is not None:
            return self.pods(peer.namespaces, peer.pods, field)
        if direction is Direction.INGRESS:
            self.note(field, "ingress knows only namespaces and pods as peers: it fails closed")
            return None
        return self.outside(peer, field)

    def outside(self, peer: AdminPeer, field: str) -> Selection:
        """Read the sorts of peers that egress rules alone have (rule 41)."""
        if peer.networks is not None:
            return self.networks(peer.networks, field)
        if peer.nodes is None:
            return SomeAddresses()
        match = self.match(peer.nodes, f"{field}.nodes")
        # The reference profile judges pods on the nodes' network by their labels alone.
        is_reference = self.profile.admin_host_network is Known.YES
        known = Known.NO if is_reference else Known.UNKNOWN
        return NOBODY if match is None else NodesByLabel(match, known)

    def pods(
        self, namespaces: NamespacesSelector | None, pods: NamespacedPods | None, field: str
    ) -> Selection | None:
        """Read `namespaces` or `pods`, whichever is set."""
        match = inner = None
        if namespaces is not None:
            selector = namespaces.selector
            if selector is None:
                self.note(field, "namespaces is written as a draft of the API had it")
                return None
            match, inner = self.match(selector, f"{field}.namespaces"), EVERYTHING
        elif pods is not None:
            match = self.match(pods.namespace_selector, f"{field}.pods.namespaceSelector")
            inner = self.match(pods.pod_selector, f"{field}.pods.podSelector")
        if match is None or inner is None:
            return NOBODY
        return Pods(match, inner, self.profile.admin_host_network)

    def networks(self, texts: tuple[str, ...], field: str) -> Selection:
        try:
            addresses = cidrs(texts)
        except ValueError as error:
            self.note(f"{field}.networks", f"{error}: the peer matches nothing")
            return NOBODY
        profile = self.profile
        return Block(addresses, profile.networks_cover_pods, profile.ip_blocks_cover_nodes)

    def ports(self, rule: AdminRule, field: str) -> Iterator[PortTerm]:
        """Read the ports of either version of the API."""
        for number, port in enumerate(rule.ports or ()):
            if (term := self.port(port, f"{field}.ports[{number}]")) is not None:
                yield term
        for number, item in enumerate(rule.protocols or ()):
            if (term := self.port_of_protocol(item, f"{field}.protocols[{number}]")) is not None:
                yield term

    def port(self, port: AdminPort, field: str) -> PortTerm | None:
        parts = (port.named_port, port.port_number, port.port_range)
        if sum(part is not None for part in parts) != 1:
            self.note(field, "must name one port or range that is known: it matches no port")
            return None
        if port.named_port is not None:
            return _named(port.named_port)
        if port.port_number is not None:
            protocol = self.protocol(port.port_number.protocol, field)
            number = port.port_number.port
            return self.port_range(protocol, number, None, field) if protocol else None
        if port.port_range is not None:
            protocol = self.protocol(port.port_range.protocol, field)
            return self.range_of(protocol, port.port_range, field) if protocol else None
        return None

    def port_of_protocol(self, port: AdminProtocol, field: str) -> PortTerm | None:
        transports = (
            (Protocol.TCP, port.tcp),
            (Protocol.UDP, port.udp),
            (Protocol.SCTP, port.sctp),
        )
        found = [(protocol, held) for protocol, held in transports if held is not None]
        if len(found) + (port.destination_named_port is not None) != 1:
            self.note(field, "must name one protocol that is known: it matches no port")
            return None
        if port.destination_named_port is not None:
            return _named(port.destination_named_port)
        return self.transport(*found[0], field)

    def transport(self, protocol: Protocol, held: TransportPorts, field: str) -> PortTerm | None:
        wanted = held.destination_port
        if wanted is None:
            every = PortSet.of([(protocol, low, high) for low, high in ALL_PORT_NUMBERS.parts])
            return PortTerm(every, every)
        if wanted.number is not None:
            return self.port_range(protocol, wanted.number, None, field)
        if wanted.range is None:
            self.note(
                field, "destinationPort names neither a number nor a range: it matches no port"
            )
            return None
        return self.range_of(protocol, wanted.range, field)

    def range_of(self, protocol: Protocol, ends: PortRange, field: str) -> PortTerm | None:
        """Read a range; unlike `endPort` it must end after it starts (rule 45)."""
        if ends.start == ends.end:
            self.note(field, f"a range must end after {ends.start}: it matches no port")
            return None
        return self.port_range(protocol, ends.start, ends.end, field)


def by_every_address(selection: Selection) -> Selection:
    """Take a pod to be in a block only where all of its addresses are."""
    if isinstance(selection, AnyOf):
        return AnyOf(tuple(by_every_address(part) for part in selection.parts))
    if isinstance(selection, Block):
        return replace(selection, one_address_is_enough=False)
    return selection


def _named(name: str) -> PortTerm:
    """Read a named port, which has the protocol of the container port (rule 45)."""
    return PortTerm(PortSet(), PortSet(), (NamedPort(name, None),))
