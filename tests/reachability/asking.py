"""Asks the engine about objects as people write them, for tables and for the naive evaluator."""

from collections.abc import Sequence

import msgspec

from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.profile import REFERENCE_PROFILE, Known, Profile
from auditor.kube.inventory import Inventory
from auditor.kube.pods import Pod
from auditor.model.ports import ALL_PORTS, PortSet
from tests.kube.manifests import Object, read

PODS_TOO = msgspec.structs.replace(
    REFERENCE_PROFILE, ip_blocks_cover_pods=Known.YES, networks_cover_pods=Known.YES
)
"""Everything is enforced, and blocks speak of pods by their addresses."""


def engine_of(inventory: Inventory, profile: Profile = REFERENCE_PROFILE) -> Reachability:
    """Compile the policies of an inventory."""
    return Reachability(
        profile,
        inventory.pods,
        inventory.namespaces,
        inventory.nodes,
        (*inventory.network_policies, *inventory.admin_policies),
    )


class Asked:
    """One cluster under the reference profile."""

    def __init__(self, objects: Sequence[Object], *, ip_blocks_cover_pods: bool = False) -> None:
        """Decode and compile; blocks speak of pods too where that is wanted."""
        inventory = read(objects)
        profile = PODS_TOO if ip_blocks_cover_pods else REFERENCE_PROFILE
        self.engine = engine_of(inventory, profile)
        self.pods = {
            f"pod:{pod.metadata.namespace}/{pod.metadata.name}": pod for pod in inventory.pods
        }

    def ports(self, source: str, destination: str) -> PortSet:
        """Give the ports that are let through for sure, `pod:NAMESPACE/NAME` or addresses."""
        return self.bounds(source, destination)[0]

    def bounds(self, source: str, destination: str) -> tuple[PortSet, PortSet]:
        """Give the ports that are let through for sure, and those that may be."""
        if source == destination:
            # A pod always reaches itself at its own address (rule 26).
            return ALL_PORTS, ALL_PORTS
        return self.engine.between(self.bit(source), self.bit(destination))

    def bit(self, end: str) -> int:
        """Give the entity of a pod or an address."""
        pod = self.pods.get(end)
        return self.engine.entities.address(end) if pod is None else self.bit_of(pod)

    def bit_of(self, pod: Pod) -> int:
        """Give the entity of a pod; none has the bit 0."""
        number = self.engine.entities.number_of(pod)
        return 0 if number is None else self.engine.entities.bit(number)
