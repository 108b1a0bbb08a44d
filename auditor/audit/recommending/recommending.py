"""Proposals, judged: what each namespace's policies close and leave, and what they cut.

Nothing is proposed that was not judged first. What would let anything through that is shut today,
or cut what is needed, is withheld, and the rest is judged again without it.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from auditor.analysis.facts import Facts
from auditor.audit.auditing import audit_of
from auditor.audit.recommending.comparing import Comparison
from auditor.audit.recommending.implying import needs_of
from auditor.audit.recommending.needs import Needs
from auditor.audit.recommending.outcomes import (
    Judged,
    Trial,
    closed,
    faults,
    idle,
    namespace_of,
    no_longer_open,
    opened,
    remaining,
)
from auditor.audit.recommending.proposing import Proposal, Proposals
from auditor.audit.recommending.recommendation import Recommendation, Recommended, Withheld
from auditor.audit.recommending.resolving import Resolvers
from auditor.audit.rules import Rules
from auditor.catalogue.cni_plugins import REFERENCE
from auditor.kube.inventory import Inventory
from auditor.kube.resources import (
    ADMIN_POLICIES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    SERVICES,
)
from auditor.model.audit import Enforces
from auditor.model.cluster import Cluster
from auditor.model.reading import Coverage, ReadState

_RESTS_ON = (*ADMIN_POLICIES, NAMESPACES, NETWORK_POLICIES, NODES, PODS, SERVICES)
"""Without all of these nothing can be proposed: what is needed would not be known."""
_LARGEST_POLICY = 2**20
"""Bytes of a policy that etcd takes, about (Kubernetes, limit of an object)."""


_NAMED = 5


class UnknownNamespaceError(ValueError):
    """No pod is in a namespace that is asked for; the message names those that hold some."""

    def __init__(self, name: str, there: tuple[str, ...]) -> None:
        """Name the namespace, and some of those that could have been meant."""
        more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
        listed = ", ".join(there[:_NAMED]) + more
        super().__init__(
            f"no pod is in a namespace {name!r}; "
            + (f"there are pods in {listed}" if there else "the source holds no pod")
        )


class Recommender:
    """Proposes policies for one cluster and judges them as an audit would."""

    def __init__(self, cluster: Cluster, inventory: Inventory, rules: Rules, at: datetime) -> None:
        """Take what was read; a source that holds no policy at all is taken to have none."""
        self._cluster = cluster
        self._rules = rules
        self._at = at
        self._holds_none = inventory.state(NETWORK_POLICIES) is ReadState.NOT_PROVIDED
        self._inventory = _with(inventory, ()) if self._holds_none else inventory

    def recommend(self, wanted: frozenset[str] = frozenset()) -> Recommendation:
        """Propose for some namespaces, or for all but the system's.

        Of a network plugin that is not known it is assumed that it enforces what the API says:
        what is proposed has to hold once it does.

        Raises:
            UnknownNamespaceError: no pod is in a namespace that is asked for.
        """
        facts = self._facts(self._inventory, self._rules.assume_cni)
        cni = facts.platform.cni
        known = Recommendation(cluster_id=self._cluster.id, cni=cni)
        missing = self._missing()
        if missing or cni.enforces is Enforces.NONE:
            reason = missing or (
                f"{cni.name or 'the network plugin'} enforces no NetworkPolicy: none would have an "
                "effect; --assume-cni says by what they will be enforced"
            )
            return msgspec.structs.replace(known, refused=reason, is_incomplete=bool(missing))
        if cni.enforces is Enforces.UNKNOWN:
            facts = self._facts(self._inventory, REFERENCE)
        return self._settle(facts, wanted, known)

    def _missing(self) -> str:
        states = ((name, self._inventory.state(name)) for name in _RESTS_ON)
        return ", ".join(f"{name} is {state.value}" for name, state in states if state.is_shortfall)

    def _facts(self, inventory: Inventory, assume_cni: str | None) -> Facts:
        return Facts(self._cluster, inventory, self._rules.configuration, self._at, assume_cni)

    def _settle(
        self, facts: Facts, wanted: frozenset[str], known: Recommendation
    ) -> Recommendation:
        """Propose, judge, and withhold what must not be, until nothing is left to withhold."""
        before = Judged(facts, audit_of(facts, self._rules))
        needs = needs_of(facts)
        names = self._chosen(facts, wanted)
        withheld: dict[str, str] = {}
        while True:
            left = [name for name in names if name not in withheld]
            trial = self._tried(before, needs, left)
            found = dict(faults(trial, needs.found, left)) or dict(idle(trial, left))
            if not found:
                break
            withheld.update(found)
        return msgspec.structs.replace(
            known,
            namespaces=self._by_namespace(trial),
            settled=tuple(
                name for name in names if name not in trial.namespaces and not withheld.get(name)
            ),
            withheld=tuple(
                Withheld(name, reason) for name, reason in sorted(withheld.items()) if reason
            ),
            closes_elsewhere=tuple(
                item for item in closed(trial) if namespace_of(item) not in trial.namespaces
            ),
            opens=tuple(opened(trial)),
            cuts=trial.comparison.cuts(),
            shuts=tuple(no_longer_open(trial)),
            outside=tuple(item for item in needs.outside if item[0].namespace in trial.namespaces),
            assumed=self._assumed(trial, known, needs) if trial.proposed else (),
        )

    def _by_namespace(self, trial: Trial) -> tuple[Recommended, ...]:
        return tuple(
            Recommended(
                name,
                tuple(item for item in trial.proposed if item.namespace == name),
                tuple(item for item in closed(trial) if namespace_of(item) == name),
                tuple(remaining(trial, name, self._rules.checks)),
            )
            for name in trial.namespaces
        )

    def _tried(self, before: Judged, needs: Needs, names: Iterable[str]) -> Trial:
        """Propose for some namespaces, and judge the cluster as if that were there."""
        facts = before.facts
        proposed = _proposed(facts, needs, names)
        inventory = _with(self._inventory, proposed)
        assumed = facts.platform.cni.name if facts.platform.cni.assumed else None
        later = self._facts(inventory, assumed)
        comparison = Comparison(facts, (item.policy for item in proposed))
        return Trial(before, Judged(later, audit_of(later, self._rules)), proposed, comparison)

    def _chosen(self, facts: Facts, wanted: frozenset[str]) -> tuple[str, ...]:
        system = set(self._rules.configuration.system_namespaces)
        there = Proposals(facts).namespaces()
        if unknown := sorted(wanted.difference(there)):
            raise UnknownNamespaceError(unknown[0], there)
        return tuple(name for name in there if (name in wanted if wanted else name not in system))

    def _assumed(self, trial: Trial, known: Recommendation, needs: Needs) -> tuple[str, ...]:
        facts, texts = trial.before.facts, list[str]()
        if known.cni.enforces is Enforces.UNKNOWN:
            texts.append(
                "which network plugin there is, is not known: that it enforces NetworkPolicies as "
                "the API says is taken for granted"
            )
        if self._holds_none:
            texts.append("the source holds no NetworkPolicy, so there is taken to be none")
        texts += [
            f"{name} is {coverage.state.value}: what it tells of doors and needs is not known"
            for name, coverage in sorted(self._inventory.coverage.items())
            if coverage.state.is_shortfall
        ]
        if Resolvers(facts).is_assumed:
            texts.append(
                "no DNS server is in the source: k8s-app: kube-dns of kube-system is taken for it"
            )
        for workload in facts.workloads:
            on_nodes = any(pod.spec.host_network for pod in workload.pods)
            if on_nodes and workload.namespace in trial.namespaces:
                texts.append(
                    f"{workload.ref} is on its node's network: most plugins take no policy for "
                    "it, and one that does would cut what it calls"
                )
        return (*texts, *needs.assumed)


def _proposed(facts: Facts, needs: Needs, names: Iterable[str]) -> tuple[Proposal, ...]:
    """Propose for some namespaces: deny, then allow again what that would cut of what is needed."""
    making = Proposals(facts)
    denials = {name: tuple(making.denials(name)) for name in names}
    denied = Comparison(facts, (item.policy for found in denials.values() for item in found))
    lacking = [need for need in needs.found if denied.loses(need)]
    return tuple(
        proposal
        for name, found in denials.items()
        for proposal in (*found, *making.allowing(name, lacking))
    )


def _with(inventory: Inventory, proposals: Iterable[Proposal]) -> Inventory:
    """Give an inventory to which policies were added."""
    policies = (*inventory.network_policies, *(item.policy for item in proposals))
    state = inventory.state(NETWORK_POLICIES)
    told = ReadState.COMPLETE if state is ReadState.NOT_PROVIDED else state
    coverage = {
        **inventory.coverage,
        NETWORK_POLICIES: Coverage(NETWORK_POLICIES, told, len(policies)),
    }
    return msgspec.structs.replace(inventory, network_policies=policies, coverage=coverage)
