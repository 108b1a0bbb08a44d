"""Who can talk to whom in one cluster: compiled once, kept up with changes, asked at will."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from auditor.analysis.reachability.admin_policies import clashing_priorities, draft_admin_policy
from auditor.analysis.reachability.admin_tier import AdminTier
from auditor.analysis.reachability.demands import Demands, demands_of, parts_of
from auditor.analysis.reachability.drafts import Draft, PolicyIssue
from auditor.analysis.reachability.entities import Entities
from auditor.analysis.reachability.isolating import NetworkPolicies
from auditor.analysis.reachability.layers import Layer, PortResolver, View
from auditor.analysis.reachability.membership import Membership
from auditor.analysis.reachability.network_policies import draft_network_policy
from auditor.analysis.reachability.port_sets import EVERY_PORT, NO_PORTS, PortTable
from auditor.analysis.reachability.profile import Profile
from auditor.analysis.reachability.selections import NodesByLabel
from auditor.analysis.reachability.standing import (
    Allowed,
    Bound,
    Direction,
    Standing,
    held_by,
)
from auditor.kube.admin_policies import AdminPolicy
from auditor.kube.cluster_scope import Namespace, Node
from auditor.kube.meta import ObjectMeta
from auditor.kube.pods import Pod
from auditor.kube.policies import NetworkPolicy
from auditor.model.addresses import AddressSet, normal_address
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet

STRANGER = "stranger"
"""Name of the pod that is not there: it makes the first class of entities."""

_DEAD_CLASSES = 200
"""Classes without a pod from which, where they are most, everything is laid out anew."""


class Answer(Struct, frozen=True):
    """What is let through between a fixed end and others, by port set; the others are bits."""

    least: Allowed
    """What is let through whatever the network plugin does."""
    most: Allowed
    """What may be; the same where all is known."""

    @property
    def is_exact(self) -> bool:
        """Whether nothing depends on what is not known of the plugin."""
        return self.least == self.most


class Reachability:
    """The policies of one cluster over its pods."""

    def __init__(
        self,
        profile: Profile,
        pods: Iterable[Pod],
        namespaces: Iterable[Namespace] = (),
        nodes: Iterable[Node] = (),
        policies: Iterable[NetworkPolicy | AdminPolicy] = (),
    ) -> None:
        """Compile; what is wrong with policies is in `issues`, and never fatal."""
        self.profile = profile
        self._pods = {_key(pod): pod for pod in pods if pod.has_network}
        self._namespaces = {item.metadata.name: item.metadata.labels for item in namespaces}
        self._nodes = tuple(nodes)
        self._drafts: dict[ObjectRef, Draft] = {}
        for policy in policies:
            draft = self._drafted(policy)
            self._drafts[draft.ref] = draft
        self._lay_out()

    def _drafted(self, policy: NetworkPolicy | AdminPolicy) -> Draft:
        if isinstance(policy, AdminPolicy):
            return draft_admin_policy(policy, self.profile)
        return draft_network_policy(policy, self.profile)

    def _lay_out(self) -> None:
        """Build everything from what is held."""
        self.entities = Entities(self._demands(), self.profile, self._nodes)
        self.membership = Membership(self.entities, self._namespaces)
        self.ports = PortTable()
        resolver = PortResolver(self.entities, self.ports)
        nobody = Pod(ObjectMeta(STRANGER, ""))
        self._place(nobody)
        self.entities.take_out(nobody)
        for pod in self._pods.values():
            self._place(pod)
        self._admin = AdminTier("Admin", self.entities, self.membership, resolver)
        self.network_policies = NetworkPolicies(self.entities, self.membership, resolver)
        self._baseline = AdminTier("Baseline", self.entities, self.membership, resolver)
        self.layers: tuple[Layer, ...] = ()
        self._load(is_admin=True)
        self._load(is_admin=False)

    def _demands(self) -> Demands:
        """Gather what the policies ask for."""
        drafts = self._drafts.values()
        selections = {item for draft in drafts for item in draft.selections()}
        names = {name for draft in drafts for name in draft.port_names()}
        nodes: list[AddressSet] = []
        if any(isinstance(part, NodesByLabel) for part in parts_of(selections)):
            nodes = [_addresses_of(node) for node in self._nodes]
        return demands_of(selections, names, nodes)

    def _load(self, *, is_admin: bool) -> None:
        """Hand the policies to their layers."""
        drafts = [draft for draft in self._drafts.values() if draft.is_admin is is_admin]
        if is_admin:
            self._admin.load(draft for draft in drafts if not draft.is_baseline)
            self._baseline.load(draft for draft in drafts if draft.is_baseline)
        else:
            self.network_policies.load(drafts)
        every: tuple[Layer, ...] = (self._admin, self.network_policies, self._baseline)
        self.layers = tuple(layer for layer in every if not layer.is_idle)

    @property
    def drafts(self) -> Mapping[ObjectRef, Draft]:
        """Give the policies as they were read."""
        return self._drafts

    def issues(self) -> Iterator[PolicyIssue]:
        """Give what is wrong with the policies, policy by policy."""
        for draft in self._drafts.values():
            yield from draft.issues
        yield from clashing_priorities([item for item in self._drafts.values() if item.is_admin])

    @property
    def outside(self) -> int:
        """Give the outside addresses to speak of: IPv6 only where some policy or pod does."""
        holds_ipv6 = any(block.ipv6 for block in self.entities.demands.blocks) or any(
            ":" in address for pod in self._pods.values() for address in pod.status.addresses()
        )
        return self.entities.outside if holds_ipv6 else self.entities.atoms.ipv4

    def not_enforced(self) -> Iterator[ObjectRef]:
        """Name the policies that select pods and are known to have no effect on any of them."""
        for draft in self._drafts.values():
            selected = self.membership.of(draft.subject).maybe & self.entities.living
            directions = {rule.direction for rule in draft.rules} | set(draft.isolates)
            effective = 0
            for direction in directions:
                effective |= self.entities.maybe_subjects.get((draft.is_admin, direction), 0)
            if selected and not selected & effective:
                yield draft.ref

    # Questions

    def sources_of(self, fixed: int, others: int | None = None) -> Answer:
        """Tell who may talk to an entity, on which of its ports."""
        return self._ask(
            fixed, self.entities.everyone if others is None else others, is_source=False
        )

    def destinations_of(self, fixed: int, others: int | None = None) -> Answer:
        """Tell whom an entity may talk to, on which of their ports."""
        return self._ask(
            fixed, self.entities.everyone if others is None else others, is_source=True
        )

    def between(self, source: int, destination: int) -> tuple[PortSet, PortSet]:
        """Give the ports on which one entity may talk to another: for sure, and at most."""
        found = []
        for bound in Bound:
            into = self.standing(Direction.INGRESS, destination, source, bound)
            out = self.standing(Direction.EGRESS, source, destination, bound)
            common = self.ports.common(_only(into.allowed()), _only(out.allowed()))
            found.append(self.ports[common])
            if into.is_exact and out.is_exact:
                return found[0], found[0]
        return found[0], found[1]

    def one_side(self, direction: Direction, subject: int, other: int, bound: Bound) -> PortSet:
        """Give the ports that the policies of one end alone let through to or from another."""
        return self.ports[_only(self.standing(direction, subject, other, bound).allowed())]

    def undecided(self, direction: Direction, subject: int, others: int) -> tuple[int, int]:
        """Give those whom one may talk to, or be talked to by, for want of any rule about it.

        Gives those for whom that is so whatever the plugin does, and those for whom it may be: a
        pod is isolated from whoever is in neither.
        """
        sure, maybe = (
            self.standing(direction, subject, others, bound).undecided() for bound in Bound
        )
        key = (False, direction)
        if not self.entities.maybe_subjects.get(key, 0) & subject:
            return others, others
        # What a policy without effect admits is let through for want of a rule as well.
        return sure, maybe if self.entities.sure_subjects.get(key, 0) & subject else others

    def standing(self, direction: Direction, subject: int, others: int, bound: Bound) -> Standing:
        """Ask one direction at the end that its policies speak to."""
        return self._decided(
            self.view(direction, subject, is_source=direction is Direction.EGRESS), others, bound
        )

    def view(
        self, direction: Direction, fixed: int, *, is_source: bool, in_detail: bool = False
    ) -> View:
        """Look from one end."""
        kind = self.entities.class_at(fixed)
        return View(direction, fixed, is_source, kind.named if kind else (), in_detail)

    def _ask(self, fixed: int, others: int, *, is_source: bool) -> Answer:
        # The end that is fixed has few policies: whom they shut out, nobody else need be asked of.
        own, theirs = Direction.EGRESS, Direction.INGRESS
        if not is_source:
            own, theirs = theirs, own
        views = tuple(self.view(item, fixed, is_source=is_source) for item in (own, theirs))
        allowed, is_exact = self._let_through(views, others, Bound.LEAST)
        if is_exact:
            return Answer(allowed, allowed)
        return Answer(allowed, self._let_through(views, others, Bound.MOST)[0])

    def _let_through(
        self, views: tuple[View, ...], others: int, bound: Bound
    ) -> tuple[Allowed, bool]:
        """Give what all views let through, and whether nothing of it depends on the plugin."""
        found: Allowed = {EVERY_PORT: others}
        is_exact = True
        for view in views:
            standing = self._decided(view, held_by(found), bound)
            is_exact = is_exact and standing.is_exact
            found = self._both(found, standing.allowed())
        return found, is_exact

    def _decided(self, view: View, others: int, bound: Bound) -> Standing:
        standing = Standing(others, self.ports, bound)
        for layer in self.layers:
            for step in layer.steps(view):
                standing.take(step)
            standing.end_layer()
        return standing

    def _both(self, one: Allowed, other: Allowed) -> Allowed:
        """Give what both directions let through, on the same port (rule 3)."""
        found: dict[int, int] = {}
        for ports, held in one.items():
            for more, there in other.items():
                if (others := held & there) and (common := self.ports.common(ports, more)):
                    found[common] = found.get(common, 0) | others
        return found

    # Changes

    def put_pod(self, pod: Pod) -> None:
        """Take a pod that is new or has changed; one that has finished goes."""
        if not pod.has_network:
            self.remove_pod(pod)
            return
        self._pods[_key(pod)] = pod
        self._place(pod)
        self._tidy()

    def remove_pod(self, pod: Pod) -> None:
        """Take a pod away; nothing happens where it is not there."""
        self._pods.pop(_key(pod), None)
        self.entities.take_out(pod)
        self._tidy()

    def put_namespace(self, namespace: Namespace) -> None:
        """Take a namespace that is new or has changed."""
        self._set_namespace(namespace.metadata.name, namespace.metadata.labels)

    def remove_namespace(self, name: str) -> None:
        """Take a namespace away; pods that are still in it keep its name as their label."""
        self._set_namespace(name, {})

    def put_policy(self, policy: NetworkPolicy | AdminPolicy) -> None:
        """Take a policy that is new or has changed."""
        draft = self._drafted(policy)
        self._drafts[draft.ref] = draft
        if self.entities.demands.covers(self._demands()):
            self._load(is_admin=draft.is_admin)
        else:
            self._lay_out()

    def remove_policy(self, ref: ObjectRef) -> None:
        """Take a policy away; nothing happens where it is not there."""
        draft = self._drafts.pop(ref, None)
        if draft is not None:
            self._load(is_admin=draft.is_admin)

    def remove_network_policies(self, refs: Iterable[ObjectRef]) -> None:
        """Take many NetworkPolicies away at once; what is laid out for them stays so."""
        for ref in refs:
            self._drafts.pop(ref, None)
        self._load(is_admin=False)

    def put_nodes(self, nodes: Iterable[Node]) -> None:
        """Take other nodes; their addresses are part of the layout."""
        self._nodes = tuple(nodes)
        self._lay_out()

    def _set_namespace(self, name: str, labels: Mapping[str, str]) -> None:
        self._namespaces[name] = dict(labels)
        self.membership.set_namespace(name, labels)

    def _place(self, pod: Pod) -> None:
        number, is_new = self.entities.number(self.entities.find(pod))
        if is_new:
            self.membership.add(number)
        self.entities.put(pod, number)

    def _tidy(self) -> None:
        dead = len(self.entities.classes) - self.entities.living.bit_count()
        if dead > _DEAD_CLASSES and dead * 2 > len(self.entities.classes):
            self._lay_out()


def _key(pod: Pod) -> tuple[str, str]:
    return pod.metadata.namespace or "", pod.metadata.name


def _addresses_of(node: Node) -> AddressSet:
    texts = (normal_address(item.address) for item in node.status.addresses)
    return AddressSet.of(text for text in texts if text)


def _only(allowed: Allowed) -> int:
    """Give the ports of the one other that was asked about."""
    return next(iter(allowed), NO_PORTS)
