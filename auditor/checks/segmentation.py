"""What the checks of the segmentation family have in common: isolation, workload by workload."""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.isolated import Isolation
from auditor.analysis.reachability.profile import Known
from auditor.analysis.reachability.standing import Direction
from auditor.analysis.workloads import WorkloadPods
from auditor.checks.check import Judgement
from auditor.kube.resources import (
    ADMIN_POLICIES,
    CONFIG_MAPS,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
)
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Verdict

ISOLATION_NEEDS = frozenset({NETWORK_POLICIES, PODS})
ISOLATION_READS = frozenset({*ADMIN_POLICIES, CONFIG_MAPS, NAMESPACES, NODES})
"""One policy more, of any kind, a label of a namespace or a switch of the plugin may change it."""


class WorkloadIsolation(Struct, frozen=True):
    """A workload with what isolates it in one direction."""

    workload: WorkloadPods
    isolation: Isolation
    verdict: Verdict
    reason: str | None

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Give what decided."""
        return self.isolation.hops


def isolations(facts: Facts, direction: Direction) -> Iterator[WorkloadIsolation]:
    """Tell of every workload with a network of its own whether something isolates it."""
    for workload, classes in classes_judged(facts):
        found = facts.isolations.of(workload.ref, classes, direction)
        yield WorkloadIsolation(workload, found, *_verdict(facts, found))


def unseen_admin_policies(facts: Facts) -> Iterator[Judgement]:
    """Say of the cluster that there may be policies of administrators that nobody saw.

    A source that does not provide them at all (manifests) is taken to hold none.
    """
    states = ((name, facts.inventory.state(name)) for name in ADMIN_POLICIES)
    missing = [f"{name} is {state.value}" for name, state in states if state.is_shortfall]
    if missing:
        reason = ", ".join(missing)
        subject = cluster_subject(facts.cluster.id)
        yield Judgement(
            subject=subject,
            verdict=Verdict.UNKNOWN,
            summary="there may be policies of administrators that were not read",
            evidence=(Hop(str(subject), "coverage", reason),),
            reason=reason,
            discriminator="admin policies",
        )


def classes_judged(
    facts: Facts, *, with_system: bool = False
) -> Iterator[tuple[WorkloadPods, tuple[int, ...]]]:
    """Give every workload with the classes of its pods that have a network of their own.

    On the network of their node no policy holds, unless the plugin is known to judge them alike.
    System namespaces are left out unless they are asked for: what runs there serves everybody by
    design.
    """
    reachability = facts.reachability
    judges_hosts = reachability.profile.host_network is Known.YES
    for workload in facts.workloads:
        if workload.namespace in facts.segments.system_namespaces and not with_system:
            continue
        pods = [pod for pod in workload.pods if judges_hosts or not pod.spec.host_network]
        numbers = {reachability.entities.number_of(pod) for pod in pods}
        if classes := tuple(sorted(number for number in numbers if number is not None)):
            yield workload, classes


def _verdict(facts: Facts, found: Isolation) -> tuple[Verdict, str | None]:
    """Judge isolation; what rests on the absence of a policy needs all of them to be read."""
    if facts.reachability_gap:
        return Verdict.UNKNOWN, facts.reachability_gap
    if found.is_isolated is Known.YES:
        return Verdict.PASS, None
    if found.is_isolated is Known.UNKNOWN:
        return Verdict.UNKNOWN, facts.enforcement.reason or "what the plugin enforces is not known"
    return open_verdict(facts)


def open_verdict(facts: Facts) -> tuple[Verdict, str | None]:
    """Judge what is open for want of a policy: a source that holds none at all does not tell."""
    elsewhere = facts.policies_elsewhere
    return (Verdict.UNKNOWN, elsewhere) if elsewhere else (Verdict.FAIL, None)


def judge_isolation(facts: Facts, direction: Direction) -> Iterator[Judgement]:
    """Judge every workload in one direction."""
    for item in isolations(facts, direction):
        ref = item.workload.ref
        words = {
            Verdict.PASS: "is isolated",
            Verdict.FAIL: "is not isolated by any policy",
            Verdict.UNKNOWN: "may not be isolated",
        }
        yield Judgement(
            subject=ref,
            verdict=item.verdict,
            summary=f"{ref} {words[item.verdict]} for {direction}",
            evidence=item.hops,
            reason=item.reason,
        )
