"""NetworkPolicies as a layer."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence

from msgspec import Struct

from auditor.analysis.reachability.drafts import Draft, DraftRule, PortTerm
from auditor.analysis.reachability.entities import Entities
from auditor.analysis.reachability.layers import PortResolver, Rule, View
from auditor.analysis.reachability.membership import Members, Membership
from auditor.analysis.reachability.profile import Known
from auditor.analysis.reachability.selections import Selection
from auditor.analysis.reachability.standing import Action, Direction, Origin, Step

EVERY_BIT = -1
"""Whoever there is, those included that are added later."""


class _Policy(Struct, frozen=True):
    """A NetworkPolicy in one direction."""

    subject: Members
    rules: tuple[Rule, ...]
    origin: Origin


class _Group(Struct):
    """Rules with the same peers and ports, whatever policies they are of."""

    peers: Members
    ports: PortTerm
    subjects: list[Members]
    held: int = 0
    """Whom the policies of the rules speak to, as of `epoch`."""
    epoch: int = -1


class NetworkPolicies:
    """NetworkPolicies: whom one selects is isolated, and the rules of all add up (rules 1, 2)."""

    name = "NetworkPolicy"

    def __init__(self, entities: Entities, membership: Membership, ports: PortResolver) -> None:
        """Begin without a policy."""
        self._entities = entities
        self._membership = membership
        self._ports = ports
        self._policies: dict[Direction, dict[str, list[_Policy]]] = {}
        self._groups: dict[Direction, list[_Group]] = {}
        self._isolated: dict[Direction, list[Members]] = {}
        self._selected: dict[Direction, tuple[int, int]] = {}
        self._around: dict[Direction, dict[int, list[int]]] = {}
        self._indexed_at = -1

    @property
    def is_idle(self) -> bool:
        """Whether there is no policy: what becomes of nodes' pods makes no difference then."""
        return not any(self._policies.values())

    def load(self, drafts: Iterable[Draft]) -> None:
        """Take some policies in place of those before."""
        self._indexed_at = -1
        self._selected = {}
        self._policies = {direction: defaultdict(list) for direction in Direction}
        self._isolated = {direction: [] for direction in Direction}
        groups: dict[Direction, dict[tuple[Selection, PortTerm], _Group]] = {
            direction: {} for direction in Direction
        }
        of = self._membership.of
        for draft in drafts:
            subject = of(draft.subject)
            by_direction: dict[Direction, list[Rule]] = {item: [] for item in draft.isolates}
            for rule in draft.rules:
                peers = of(rule.peers)
                held = Rule(subject, peers, rule.action, rule.ports, rule.origin)
                by_direction[rule.direction].append(held)
                _group_of(groups[rule.direction], rule, peers).subjects.append(subject)
            for direction, rules in by_direction.items():
                origin = Origin(draft.ref, "spec.podSelector")
                policy = _Policy(subject, tuple(rules), origin)
                self._policies[direction][draft.ref.namespace or ""].append(policy)
                self._isolated[direction].append(subject)
        self._groups = {direction: list(held.values()) for direction, held in groups.items()}

    def steps(self, view: View) -> Iterator[Step]:
        """Let through what some rule admits, then nothing more to or from whom one selects."""
        if self._entities.profile.host_network is not Known.YES:
            yield from self._own_node(view)
        yield from self._at_subject(view) if view.fixes_subject else self._at_peer(view)

    def _own_node(self, view: View) -> Iterator[Step]:
        """Let the node of a pod through, which may speak for every pod on its network (rule 25)."""
        hosts = self._entities.host_network
        if view.direction is Direction.INGRESS and hosts:
            others = hosts if not view.is_source else EVERY_BIT if hosts & view.fixed else 0
            yield Step(Action.ALLOW, 0, others)

    def selecting(self, view: View) -> Iterator[_Policy]:
        """Give the policies that speak to the fixed end, whether enforced or not."""
        kind = self._entities.class_at(view.fixed)
        if kind is not None:
            for policy in self._policies[view.direction].get(kind.namespace, ()):
                if policy.subject.maybe & view.fixed:
                    yield policy

    def _at_subject(self, view: View) -> Iterator[Step]:
        key = (False, view.direction)
        if not self._entities.maybe_subjects.get(key, 0) & view.fixed:
            return
        policies = tuple(self.selecting(view))
        if not policies:
            return
        rules = (
            step
            for policy in policies
            for rule in policy.rules
            for step in self._ports.steps(
                view,
                (rule.action, rule.ports),
                (rule.peers.sure, rule.peers.maybe),
                rule.origin,
            )
        )
        yield from rules if view.in_detail else _added_up(rules)
        sure = EVERY_BIT if self._entities.sure_subjects.get(key, 0) & view.fixed else 0
        why = tuple(policy.origin for policy in policies)
        yield Step(Action.DENY, sure, EVERY_BIT, origins=why)

    def _at_peer(self, view: View) -> Iterator[Step]:
        yield from _added_up(
            step
            for group in self._groups_around(view)
            for step in self._ports.steps(
                view, (Action.ALLOW, group.ports), self._spoken_to(group, view)
            )
        )
        sure, maybe = self.isolated(view.direction)
        yield Step(Action.DENY, sure, maybe)

    def _groups_around(self, view: View) -> Sequence[_Group]:
        """Give the rules that speak of the fixed end."""
        groups = self._groups[view.direction]
        number = self._entities.number_at(view.fixed)
        if number is not None and self._indexed_at == self._membership.epoch:
            return [groups[index] for index in self._around[view.direction].get(number, ())]
        return [group for group in groups if group.peers.maybe & view.fixed]

    def _spoken_to(self, group: _Group, view: View) -> tuple[int, int]:
        held = self._subjects_of(group)
        return (held if group.peers.sure & view.fixed else 0, held)

    def _subjects_of(self, group: _Group) -> int:
        if group.epoch != self._membership.epoch:
            group.epoch, group.held = self._membership.epoch, 0
            for subject in group.subjects:
                group.held |= subject.maybe
        return group.held

    def isolated(self, direction: Direction) -> tuple[int, int]:
        """Give the classes that some policy isolates: for sure, and at most."""
        epoch, selected = self._selected.get(direction, (-1, 0))
        if epoch != self._membership.epoch:
            selected = 0
            for subject in self._isolated[direction]:
                selected |= subject.maybe
            self._selected[direction] = (self._membership.epoch, selected)
        key = (False, direction)
        sure = selected & self._entities.sure_subjects.get(key, 0)
        return sure, selected & self._entities.maybe_subjects.get(key, 0)

    def index(self) -> None:
        """Note for every class which rules speak of it: worth it where all classes are asked."""
        if self._indexed_at == self._membership.epoch:
            return
        self._indexed_at = self._membership.epoch
        for direction, groups in self._groups.items():
            around: dict[int, list[int]] = defaultdict(list)
            for index, group in enumerate(groups):
                for number in self._entities.numbers(group.peers.maybe):
                    around[number].append(index)
            self._around[direction] = around

    def outlook(self, view: View) -> Hashable:
        """Give what decides about a view: two fixed ends with one outlook get the same steps."""
        is_host = bool(self._entities.host_network & view.fixed)
        if view.fixes_subject:
            key = (False, view.direction)
            is_sure = bool(self._entities.sure_subjects.get(key, 0) & view.fixed)
            is_maybe = bool(self._entities.maybe_subjects.get(key, 0) & view.fixed)
            policies = tuple(id(policy) for policy in self.selecting(view)) if is_maybe else ()
            return policies, is_sure, is_maybe, is_host
        groups = self._groups_around(view)
        return tuple((id(group), bool(group.peers.sure & view.fixed)) for group in groups), is_host


def _added_up(steps: Iterable[Step]) -> Iterator[Step]:
    """Make one step of those that admit the same ports: rules add up, in whatever order."""
    by_ports: dict[tuple[int, int], tuple[int, int]] = {}
    for step in steps:
        key = (step.ports, step.maybe_ports)
        sure, maybe = by_ports.get(key, (0, 0))
        by_ports[key] = (sure | step.sure, maybe | step.maybe)
    for (ports, maybe_ports), (sure, maybe) in by_ports.items():
        yield Step(Action.ALLOW, sure, maybe, ports, maybe_ports)


def _group_of(
    groups: dict[tuple[Selection, PortTerm], _Group], rule: DraftRule, peers: Members
) -> _Group:
    key = (rule.peers, rule.ports)
    found = groups.get(key)
    if found is None:
        found = groups[key] = _Group(peers, rule.ports, [])
    return found
