"""What routes are followed through: Services, the software that passes requests on, its doors."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import cache

from auditor.analysis.exposure.backends import BackendFinder
from auditor.analysis.exposure.door import Door
from auditor.analysis.exposure.serving import Site
from auditor.analysis.workloads import WorkloadIndex
from auditor.catalogue.ingress_controllers import IngressController
from auditor.kube.inventory import Inventory
from auditor.kube.pods import Pod
from auditor.model.identity import ObjectRef


class Surroundings:
    """The cluster around its routes."""

    def __init__(
        self,
        site: Site,
        inventory: Inventory,
        workloads: WorkloadIndex,
        finder: BackendFinder,
        doors: tuple[Door, ...],
    ) -> None:
        """Index the doors of Services and nodes, through which requests come to proxies."""
        self.site = site
        self.inventory = inventory
        self.finder = finder
        self._workloads = workloads
        self._by_workload: dict[ObjectRef, list[Door]] = defaultdict(list)
        self._by_subject: dict[ObjectRef, list[Door]] = defaultdict(list)
        for door in doors:
            self._by_subject[door.subject].append(door)
            for ref in dict.fromkeys(door.workloads()):
                self._by_workload[ref].append(door)
        self.doors_of_controller = cache(self._doors_of_controller)
        self.pods_of_controller = cache(self._pods_of_controller)
        self.namespace_labels: Mapping[str, Mapping[str, str]] = {
            item.metadata.name: item.metadata.labels for item in inventory.namespaces
        }

    def doors_of(self, ref: ObjectRef) -> tuple[Door, ...]:
        """Give the doors that one edits an object to close."""
        return tuple(self._by_subject.get(ref, ()))

    def doors_to(self, refs: Collection[ObjectRef]) -> tuple[Door, ...]:
        """Give the doors that lead to one of some workloads."""
        found = {id(door): door for ref in refs for door in self._by_workload.get(ref, ())}
        return tuple(found.values())

    def proxies(self, labels: Mapping[str, str]) -> tuple[tuple[ObjectRef, ...], tuple[Pod, ...]]:
        """Give the workloads and pods that carry some labels, in any namespace."""
        found = [
            (workload.ref, pod)
            for workload in self._workloads
            for pod in workload.pods
            if pod.has_network and labels.items() <= pod.metadata.labels.items()
        ]
        return tuple(dict.fromkeys(ref for ref, _ in found)), tuple(pod for _, pod in found)

    def pods_of(self, refs: Collection[ObjectRef]) -> tuple[Pod, ...]:
        """Give the pods of some workloads that have a network."""
        return tuple(
            pod
            for ref in sorted(refs, key=ObjectRef.sort_key)
            for pod in self._workloads.pods_of(ref)
            if pod.has_network
        )

    def running(self, controller: IngressController) -> frozenset[ObjectRef]:
        """Name the workloads that a controller runs in."""
        found = self._workloads.running(controller.images)
        if not controller.beside:
            return found
        homes = {ref.namespace for ref in self._workloads.running(controller.beside)}
        return frozenset(ref for ref in found if ref.namespace in homes)

    def _doors_of_controller(self, controller: IngressController) -> tuple[Door, ...]:
        return self.doors_to(sorted(self.running(controller), key=ObjectRef.sort_key))

    def _pods_of_controller(self, controller: IngressController) -> tuple[Pod, ...]:
        return self.pods_of(self.running(controller))
