"""Which network policies isolate a workload for ingress.

Isolated means selected by a policy whose types include the direction (NetworkPolicy concept page,
"The two sorts of pod isolation"). What the policies then admit is not judged here.
"""

from collections import defaultdict

from auditor.kube.inventory import Inventory
from auditor.kube.pods import Pod
from auditor.kube.policies import NetworkPolicy
from auditor.kube.resources import NETWORK_POLICIES
from auditor.model.audit import Enforces, Platform
from auditor.model.exposure import ExposureVerdict, Hop
from auditor.model.identity import ObjectRef
from auditor.model.reading import ReadState


class IngressIsolation:
    """Finds the policies that stand between a door and the pods behind it."""

    def __init__(self, inventory: Inventory, platform: Platform) -> None:
        """Index the policies that isolate for ingress by namespace."""
        self._state = inventory.state(NETWORK_POLICIES)
        self._cni = platform.cni
        self._by_namespace: dict[str | None, list[NetworkPolicy]] = defaultdict(list)
        for policy in inventory.network_policies:
            if policy.isolates_ingress:
                self._by_namespace[policy.metadata.namespace].append(policy)

    def selecting(self, pods: tuple[Pod, ...]) -> tuple[ObjectRef, ...]:
        """Name the policies that isolate at least one of some pods of one namespace."""
        return tuple(
            ObjectRef("NetworkPolicy", policy.metadata.namespace, policy.metadata.name)
            for policy in self._by_namespace.get(pods[0].metadata.namespace if pods else None, ())
            if any(policy.spec.pod_selector.matches(pod.metadata.labels) for pod in pods)
        )

    def judge(
        self, workload: ObjectRef | None, pods: tuple[Pod, ...]
    ) -> tuple[ExposureVerdict, tuple[Hop, ...], str | None]:
        """Tell whether the way to some pods of a workload is open, as far as isolation tells.

        Gives the verdict, what it rests on, and the reason where it is unknown. Pods that were not
        read may be selected by any policy of their namespace.
        """
        if workload is not None and not pods and self._by_namespace.get(workload.namespace):
            reason = f"{workload} was not read, and policies of its namespace may block it"
            return ExposureVerdict.UNKNOWN, (), reason
        policies = self.selecting(pods)
        if policies:
            return self._selected(policies)
        if self._state.is_shortfall:
            reason = f"networkpolicies.networking.k8s.io is {self._state.value}"
            return ExposureVerdict.UNKNOWN, (), reason
        if self._state is ReadState.NOT_PROVIDED:
            hop = Hop("NetworkPolicy", "count", "0", "the source holds no policy at all")
            return ExposureVerdict.EXPOSED, (hop,), None
        return ExposureVerdict.EXPOSED, (), None

    def _selected(
        self, policies: tuple[ObjectRef, ...]
    ) -> tuple[ExposureVerdict, tuple[Hop, ...], str | None]:
        """Judge a way to pods that policies select: nothing blocks it where nothing enforces."""
        cni, field, value = self._cni, "spec.podSelector", "selects the target"
        if cni.enforces is Enforces.NONE:
            assumed = ", as is assumed" if cni.assumed else ""
            note = f"declared, not enforced by {cni.name or 'anything'}{assumed}"
            return ExposureVerdict.EXPOSED, (Hop(str(policies[0]), field, value, note),), None
        reason = f"{', '.join(map(str, policies))} may block it: rules are not evaluated"
        if cni.enforces in (Enforces.UNKNOWN, Enforces.MIXED):
            told = cni.evidence[-1] if cni.evidence else "no network plugin was recognised"
            reason = f"{reason}, and whether they are enforced is {cni.enforces}: {told}"
        return ExposureVerdict.UNKNOWN, (Hop(str(policies[0]), field, value),), reason
