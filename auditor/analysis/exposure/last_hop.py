"""Whether the policies at the last hop of a way let through whoever comes by a door.

Isolated means selected by a policy whose types include the direction (NetworkPolicy concept page,
"The two sorts of pod isolation"). What comes by a node port or a load balancer may show a policy
the client's address or a node's (rules 23 to 25). So a way is open for sure where the policies
admit every address and node. Where the Service keeps the client's address, the policies cut its
audience down to those whom they admit, and close the way where that is nobody.
"""

from collections import defaultdict
from functools import cached_property

from msgspec import Struct

from auditor.analysis.exposure.door import Backend, Door
from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.evidence import NOBODY_DECIDES, explanation_hops
from auditor.analysis.reachability.explaining import explain, ports_text
from auditor.analysis.reachability.standing import Allowed, Bound, Direction
from auditor.kube.inventory import Inventory
from auditor.kube.pods import Pod
from auditor.kube.policies import NetworkPolicy
from auditor.kube.resources import NETWORK_POLICIES
from auditor.model.addresses import AddressSet, normal_address
from auditor.model.audience import AddressSpace, Audience
from auditor.model.audit import Enforces, Platform
from auditor.model.exposure import ROUTED, ExposureVerdict, Hop, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import ALL_PORTS, PortSet
from auditor.model.reading import ReadState


class Judged(Struct, frozen=True):
    """Whether a way is open, and what that rests on."""

    verdict: ExposureVerdict
    hops: tuple[Hop, ...] = ()
    reason: str | None = None
    """Why it is unknown or blocked."""
    sources: AddressSet | None = None
    """Whom it is open for, where policies cut the door's audience down."""


_SHOWN = 4
"""Blocks of addresses that evidence names."""

_KEEPS_SOURCE = "Local"
"""The `externalTrafficPolicy` under which a node passes the client's address on."""


class LastHop:
    """Judges the policies that stand between a door and the pods behind it."""

    def __init__(
        self,
        inventory: Inventory,
        platform: Platform,
        reachability: Reachability,
        gap: str | None,
        space: AddressSpace,
    ) -> None:
        """Index the policies that isolate for ingress; `gap` says why no answer is sure."""
        self._space = space
        self._known: dict[tuple[object, ...], tuple[Judged, Backend, tuple[Pod, ...]]] = {}
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

        Pods that were not read may be selected by any policy of their namespace. Many routes lead
        to one Service through one controller: they have one answer.
        """
        entry, proxies = door.entry, door.comes_from
        way = (entry.via, entry.protocol, _keeps_source(door), door.audience, door.sources)
        key = (*way, id(backend), id(proxies) if proxies else 0)
        known = self._known.get(key)
        if known is None:
            # With the objects, so that no other one comes to have their ids.
            known = self._known[key] = (self._judge(door, backend), backend, proxies)
        return known[0]

    def _judge(self, door: Door, backend: Backend) -> Judged:
        workload, pods = backend.workload, backend.pods
        if workload is not None and not pods and self._by_namespace.get(workload.namespace):
            reason = f"{workload} was not read, and policies of its namespace may block it"
            return Judged(ExposureVerdict.UNKNOWN, (), reason)
        if door.comes_from and (judged := self._passed_on(door, backend)) is not None:
            return judged
        policies = self.selecting(pods)
        if policies:
            return self._selected(policies, door, backend)
        if self._state.is_shortfall:
            reason = f"networkpolicies.networking.k8s.io is {self._state.value}"
            return Judged(ExposureVerdict.UNKNOWN, (), reason)
        if self._state is ReadState.NOT_PROVIDED:
            hop = Hop("NetworkPolicy", "count", "0", "the source holds no policy at all")
            return Judged(ExposureVerdict.EXPOSED, (hop,))
        return Judged(ExposureVerdict.EXPOSED)

    def _selected(self, policies: tuple[ObjectRef, ...], door: Door, backend: Backend) -> Judged:
        """Judge a way to pods that policies select: nothing blocks it where nothing enforces."""
        cni, field, value = self._cni, "spec.podSelector", "selects the target"
        if cni.enforces is Enforces.NONE:
            assumed = ", as is assumed" if cni.assumed else ""
            note = f"declared, not enforced by {cni.name or 'anything'}{assumed}"
            return Judged(ExposureVerdict.EXPOSED, (Hop(str(policies[0]), field, value, note),))
        wanted = _ports_of(door, backend)
        port = ports_text(wanted)
        least, most = self._admitted(backend.pods, wanted)
        if not self._whoever_comes(door) & ~least:
            note = f"admits every source on {port}"
            return Judged(ExposureVerdict.EXPOSED, (Hop(str(policies[0]), field, value, note),))
        hops = tuple(Hop(str(policy), field, value) for policy in policies[:1])
        outside = self._reachability.entities.outside
        names = ", ".join(map(str, policies))
        if self._gap is None and _keeps_source(door):
            if not most & outside:
                reason = f"{names} admits no outside address on {port}"
                return Judged(ExposureVerdict.BLOCKED, hops, reason)
            cut = self._cut_down(door, least & outside, most & outside, hops, f"{names} on {port}")
            if cut is not None:
                return cut
        reason = self._why_unknown(names, port, most & outside, door)
        return Judged(ExposureVerdict.UNKNOWN, hops, reason)

    def _cut_down(
        self, door: Door, least: int, most: int, hops: tuple[Hop, ...], who: str
    ) -> Judged | None:
        """Cut a door's audience down to those whom policies admit; None where it can't be told.

        A load balancer may show an address of its own: what admits that, or private addresses,
        may admit everybody whom the load balancer does.
        """
        if door.audience not in {Audience.INTERNET, Audience.ALLOW_LISTED} or not door.sources:
            return None
        atoms, dialling = self._reachability.entities.atoms, AddressSet.of(door.sources)
        admitted = atoms.addresses(most)
        sure, widest = atoms.addresses(least) & dialling, admitted & dialling
        if door.entry.via is Via.LOAD_BALANCER:
            own = (normal_address(text) for text in door.entry.addresses)
            if admitted & (self._space.private | AddressSet.of(filter(None, own))):
                widest = dialling
        if not widest:
            reason = f"{who} admits nobody of those whom the door admits"
            return Judged(ExposureVerdict.BLOCKED, hops, reason)
        if self._space.audience_of(sure) is not self._space.audience_of(widest):
            return None
        note = f"{who} admits {_some(sure)}, and the client's address is kept"
        cut = (Hop(hop.hop, hop.field, hop.value, note) for hop in hops)
        return Judged(ExposureVerdict.EXPOSED, tuple(cut), sources=sure)

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
            return Judged(ExposureVerdict.EXPOSED, hops) if decides else None
        if not any(wanted & most for _, most in bounds):
            return Judged(ExposureVerdict.BLOCKED, hops, f"policies let nothing through {way}")
        told = self._cni.evidence[-1] if self._cni.evidence else "no plugin was recognised"
        reason = f"what policies let through {way} depends on the pod or on the plugin ({told})"
        return Judged(ExposureVerdict.UNKNOWN, hops, reason)

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
        if door.entry.via in ROUTED:
            # The controller's pods, wherever they are: only what admits any pod admits them.
            return entities.stranger
        outside = self._outside_of(door)
        return outside if _keeps_source(door) else outside | entities.nodes

    def _outside_of(self, door: Door) -> int:
        """Give the outside addresses of the families that a door can be dialled in."""
        if not door.sources:
            return self._outside
        entities, dialling = self._reachability.entities, AddressSet.of(door.sources)
        found = entities.atoms.ipv4 if dialling.ipv4 else 0
        return found | (entities.outside & ~entities.atoms.ipv4 if dialling.ipv6 else 0)

    def _why_unknown(self, names: str, port: str, admits_addresses: int, door: Door) -> str:
        cni = self._cni
        if door.entry.via in ROUTED:
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


def _some(addresses: AddressSet) -> str:
    """Name some addresses of a set, in a few words."""
    texts = addresses.cidrs()
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more blocks" if more > 0 else "")


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
