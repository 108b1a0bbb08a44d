"""The Admin and the Baseline tier as layers."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator

from auditor.analysis.reachability.drafts import Draft
from auditor.analysis.reachability.entities import Entities
from auditor.analysis.reachability.layers import PortResolver, Rule, View
from auditor.analysis.reachability.membership import Membership
from auditor.analysis.reachability.standing import Direction, Step


class AdminTier:
    """The Admin or the Baseline tier: rules in order, the first that fits decides (rules 35-38)."""

    def __init__(
        self, name: str, entities: Entities, membership: Membership, ports: PortResolver
    ) -> None:
        """Begin without a policy."""
        self.name = name
        self._entities = entities
        self._membership = membership
        self._ports = ports
        self._rules: dict[Direction, tuple[Rule, ...]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether it holds no rule."""
        return not self._rules

    def load(self, drafts: Iterable[Draft]) -> None:
        """Take the policies of the tier in place of those before."""
        ordered = sorted(drafts, key=lambda draft: (draft.priority, draft.ref.name, draft.ref.kind))
        of = self._membership.of
        rules: dict[Direction, list[Rule]] = defaultdict(list)
        for draft in ordered:
            subject = of(draft.subject)
            for rule in draft.rules:
                rules[rule.direction].append(
                    Rule(subject, of(rule.peers), rule.action, rule.ports, rule.origin)
                )
        self._rules = {direction: tuple(held) for direction, held in rules.items()}

    def steps(self, view: View) -> Iterator[Step]:
        """Go through the rules in order."""
        key = (True, view.direction)
        sure_subjects = self._entities.sure_subjects.get(key, 0)
        maybe_subjects = self._entities.maybe_subjects.get(key, 0)
        for rule, is_sure in self._rules_around(view):
            if view.fixes_subject:
                held = (rule.peers.sure if is_sure else 0, rule.peers.maybe)
            else:
                sure = rule.subject.sure & sure_subjects if is_sure else 0
                held = (sure, rule.subject.maybe & maybe_subjects)
            yield from self._ports.steps(view, (rule.action, rule.ports), held, rule.origin)

    def outlook(self, view: View) -> Hashable:
        """Give what decides about a view: two fixed ends with one outlook get the same steps."""
        return tuple((id(rule), is_sure) for rule, is_sure in self._rules_around(view))

    def _rules_around(self, view: View) -> Iterator[tuple[Rule, bool]]:
        """Give the rules that have to do with the fixed end, and whether they have so for sure."""
        rules, key = self._rules.get(view.direction, ()), (True, view.direction)
        if not view.fixes_subject:
            for rule in rules:
                if rule.peers.maybe & view.fixed:
                    yield rule, bool(rule.peers.sure & view.fixed)
        elif self._entities.maybe_subjects.get(key, 0) & view.fixed:
            is_enforced = bool(self._entities.sure_subjects.get(key, 0) & view.fixed)
            for rule in rules:
                if rule.subject.maybe & view.fixed:
                    yield rule, is_enforced and bool(rule.subject.sure & view.fixed)
