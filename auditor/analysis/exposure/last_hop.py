"""Whether the policies at the last hop of a way let through whoever comes by a door.

Isolated means selected by a policy whose types include the direction (NetworkPolicy concept page,
"The two sorts of pod isolation"). What comes by a node port or a load balancer may show a policy
the client's address or a node's (rules 23 to 25). So a way is open for sure where the policies
admit every address and node, and closed for sure where they admit no address at all and the Service
keeps the client's.
"""

from collections import defaultdict
from functools import cached_property

from auditor.analysis.exposure.door import Backend, Door
from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.evidence import NOBODY_DECIDES, explanation_hops
from auditor.analysis.reachability.explaining import explain, ports_text
from auditor.analysis.reachability.standing import Allowed, Bound, Direction
from auditor.kube.inventory import Inventory
from auditor.kube.pods import Pod
from auditor.kube.policies import NetworkPolicy
from auditor.kube.resources import NETWORK_POLICIES
from auditor.model.audit import Enforces, Platform
from auditor.model.exposure import ExposureVerdict, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import ALL_PORTS, PortSet
from auditor.model.reading import ReadState

Judged = tuple[ExposureVerdict, tuple[Hop, ...], str | None]
"""The verdict, what it rests on, and the reason where it is unknown or blocked."""

_KEEPS_SOURCE = "Local"
"""The `externalTrafficPolicy` under which a node passes the client's address on."""


class LastHop:
    """Judges the policies that stand between a door and the pods behind it."""

    def __init__(
        self, inventory: Inventory, platform: Platform, reachability: Reachability, gap: str | None
    ) -> None:
        """Index the policies that isolate for ingress; `gap` says why no answer is sure."""
        self._state = inventory.state(NETWORK_POLICIES)
        self._cni = platform.cni
        self._reachability = reachability
        self._gap = gap
        self._by_namespace: dict[str | None, list[NetworkPolicy]] = defaultdict(list)
        for policy in inventory.network_policies:
            if policy.isolates_ingress:
                self._by_namespace[policy.metadata.namespace].append(policy)

    @cached_property
    def _outside(self) -> int:
        return self._reachability.outside

    def selecting(self, pods: tuple[Pod, ...]) -> tuple[ObjectRef, ...]:
        """Name the policies that isolate at least one of some pods of one namespace."""
        return tuple(
            ObjectRef("NetworkPolicy", policy.metadata.namespace, policy.metadata.name)
            for policy in self._by_namespace.get(pods[0].metadata.namespace if pods else None, ())
            if any(policy.spec.pod_selector.matches(pod.metadata.labels) for pod in pods)
        )

    def judge(self, door: Door, backend: Backend) -> Judged:
        """Tell whether the way from a door to the pods of a backend is open.

        Pods that were not read may be selected by any policy of their namespace.
        """
        workload, pods = backend.workload, backend.pods
        if workload is not None and not pods and self._by_namespace.get(workload.namespace):
            reason = f"{workload} was not read, and policies of its namespace may block it"
            return ExposureVerdict.UNKNOWN, (), reason
        if door.comes_from and (judged := self._passed_on(door, backend)) is not None:
            return judged
        policies = self.selecting(pods)
        if policies:
            return self._selected(policies, door, backend)
        if self._state.is_shortfall:
            reason = f"networkpolicies.networking.k8s.io is {self._state.value}"
            return ExposureVerdict.UNKNOWN, (), reason
        if self._state is ReadState.NOT_PROVIDED:
            hop = Hop("NetworkPolicy", "count", "0", "the source holds no policy at all")
            return ExposureVerdict.EXPOSED, (hop,), None
        return ExposureVerdict.EXPOSED, (), None

    def _selected(self, policies: tuple[ObjectRef, ...], door: Door, backend: Backend) -> Judged:
        """Judge a way to pods that policies select: nothing blocks it where nothing enforces."""
        cni, field, value = self._cni, "spec.podSelector", "selects the target"
        if cni.enforces is Enforces.NONE:
            assumed = ", as is assumed" if cni.assumed else ""
            note = f"declared, not enforced by {cni.name or 'anything'}{assumed}"
            return ExposureVerdict.EXPOSED, (Hop(str(policies[0]), field, value, note),), None
        wanted = _ports_of(door, backend)
        port = ports_text(wanted)
        least, most = self._admitted(backend.pods, wanted)
        if not self._whoever_comes(door) & ~least:
            note = f"admits every source on {port}"
            return ExposureVerdict.EXPOSED, (Hop(str(policies[0]), field, value, note),), None
        hops = tuple(Hop(str(policy), field, value) for policy in policies[:1])
        admits_addresses = most & self._reachability.entities.outside
        names = ", ".join(map(str, policies))
        if not admits_addresses and self._gap is None and _keeps_source(door):
            reason = f"{names} admits no outside address on {port}"
            return ExposureVerdict.BLOCKED, hops, reason
        return ExposureVerdict.UNKNOWN, hops, self._why_unknown(names, port, admits_addresses, door)

    def _passed_on(self, door: Door, backend: Backend) -> Judged | None:
        """Judge the way from the pods that pass packets on; None where no policy stands on it.

        Where a controller runs more than once, which of its pods serve a route is not asked: the
        way is open if it is from all of them, and closed if it is from none.
        """
        engine, entities = self._reachability, self._reachability.entities
        ends = [
            sorted({number for pod in pods if (number := entities.number_of(pod)) is not None})
            for pods in (door.comes_from, backend.pods)
        ]
        pairs = [(entities.bit(one), entities.bit(other)) for one in ends[0] for other in ends[1]]
        if not pairs or self._gap is not None:
            return None
        wanted = _ports_of(door, backend)
        bounds = [engine.between(*pair) for pair in pairs]
        hops = explanation_hops(explain(engine, *pairs[0]), engine.profile.name)
        first = door.comes_from[0].metadata
        who = f"{first.namespace}/{first.name}"
        way = f"from {who} to {ports_text(wanted)}"
        if all(wanted <= least for least, _ in bounds):
            decides = any(hop.value != NOBODY_DECIDES for hop in hops)
            return (ExposureVerdict.EXPOSED, hops, None) if decides else None
        if not any(wanted & most for _, most in bounds):
            return ExposureVerdict.BLOCKED, hops, f"policies let nothing through {way}"
        told = self._cni.evidence[-1] if self._cni.evidence else "no plugin was recognised"
        reason = f"what policies let through {way} depends on the pod or on the plugin ({told})"
        return ExposureVerdict.UNKNOWN, hops, reason

    def _admitted(self, pods: tuple[Pod, ...], wanted: PortSet) -> tuple[int, int]:
        """Give who is admitted on some ports by all of some pods for sure, and by any at most."""
        engine, entities = self._reachability, self._reachability.entities
        numbers = {entities.number_of(pod) for pod in pods} - {None}
        if not numbers:
            # Pods that have finished: nothing can be said of those that come after them.
            return 0, -1
        least, most = -1, 0
        everyone = entities.everyone | entities.stranger
        for number in numbers:
            bit = entities.bit(number or 0)
            for bound in Bound:
                standing = engine.standing(Direction.INGRESS, bit, everyone, bound)
                found = self._on(standing.allowed(), wanted, whole=bound is Bound.LEAST)
                if bound is Bound.LEAST:
                    least &= found
                else:
                    most |= found
        return least, most

    def _on(self, allowed: Allowed, wanted: PortSet, *, whole: bool) -> int:
        """Give the others that have all of some ports, or any of them."""
        ports, found = self._reachability.ports, 0
        for number, others in allowed.items():
            if wanted <= ports[number] if whole else wanted & ports[number]:
                found |= others
        return found

    def _whoever_comes(self, door: Door) -> int:
        """Give all that a policy may take for the source of what comes by a door."""
        entities = self._reachability.entities
        if door.entry.via is Via.INGRESS:
            # The controller's pods, wherever they are: only what admits any pod admits them.
            return entities.stranger
        return self._outside if _keeps_source(door) else self._outside | entities.nodes

    def _why_unknown(self, names: str, port: str, admits_addresses: int, door: Door) -> str:
        cni = self._cni
        if door.entry.via is Via.INGRESS:
            reason = f"{names} may block it: who serves the route decides on {port}"
        elif admits_addresses:
            reason = f"{names} admits some outside addresses on {port}, and not all"
        else:
            reason = (
                f"{names} admits no outside address on {port}, and a node may stand in for the "
                "client: with externalTrafficPolicy Local it would not"
            )
        if cni.enforces in (Enforces.UNKNOWN, Enforces.MIXED):
            told = cni.evidence[-1] if cni.evidence else "no network plugin was recognised"
            reason = f"{reason}; whether it is enforced is {cni.enforces}: {told}"
        return f"{reason}; {self._gap}" if self._gap else reason


def _ports_of(door: Door, backend: Backend) -> PortSet:
    """Give the port of the pod; every port where it is not known."""
    if backend.port is None:
        return ALL_PORTS
    return PortSet.of([(door.entry.protocol, backend.port, backend.port)])


def _keeps_source(door: Door) -> bool:
    """Whether a policy sees the address of whoever dials, or of a load balancer, and no node's."""
    service = door.service
    return (
        door.entry.via in (Via.LOAD_BALANCER, Via.NODE_PORT)
        and service is not None
        and service.spec.external_traffic_policy == _KEEPS_SOURCE
    )
