"""Workloads: the pods of an inventory grouped under what people edit."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from auditor.kube.inventory import Inventory
from auditor.kube.network import Service
from auditor.kube.owners import intermediates, workload_of
from auditor.kube.pods import Container, ContainerPort, Pod
from auditor.model.identity import ObjectRef


class WorkloadPods(Struct, frozen=True):
    """A workload and its pods, in the order of their names."""

    ref: ObjectRef
    pods: tuple[Pod, ...]

    @property
    def namespace(self) -> str:
        """Give its namespace; pods always have one."""
        return self.ref.namespace or ""


class WorkloadIndex:
    """Finds workloads by reference, by label selector and by container."""

    def __init__(self, inventory: Inventory) -> None:
        """Group the pods of the inventory; finished ones count, but have no network."""
        self._known = intermediates(inventory.workloads)
        groups: dict[ObjectRef, list[Pod]] = defaultdict(list)
        self._by_label: dict[tuple[str, str, str], list[Pod]] = defaultdict(list)
        self._owner: dict[tuple[str | None, str], ObjectRef] = {}
        for pod in inventory.pods:
            ref = workload_of(pod, self._known)
            groups[ref].append(pod)
            self._owner[(pod.metadata.namespace, pod.metadata.name)] = ref
            for key, value in pod.metadata.labels.items():
                self._by_label[(pod.metadata.namespace or "", key, value)].append(pod)
        self._groups: Mapping[ObjectRef, WorkloadPods] = {
            ref: WorkloadPods(ref, tuple(groups[ref]))
            for ref in sorted(groups, key=ObjectRef.sort_key)
        }

    def __iter__(self) -> Iterator[WorkloadPods]:
        """Go through the workloads in order of kind, namespace and name."""
        return iter(self._groups.values())

    def __len__(self) -> int:
        """Count the workloads."""
        return len(self._groups)

    def pods_of(self, ref: ObjectRef) -> tuple[Pod, ...]:
        """Give the pods of a workload."""
        return self._groups[ref].pods

    def owner_of(self, namespace: str | None, pod_name: str) -> ObjectRef | None:
        """Name the workload of a pod; None if no such pod was read."""
        return self._owner.get((namespace, pod_name))

    def workload(self, pod: Pod) -> ObjectRef:
        """Name the workload of a pod of this inventory."""
        return workload_of(pod, self._known)

    def selected_by(self, service: Service) -> tuple[Pod, ...]:
        """Give the pods with a network that a Service's selector matches (core/v1 Service).

        A Service without a selector selects nothing.
        """
        selector = service.spec.selector
        if not selector:
            return ()
        namespace = service.metadata.namespace or ""
        candidates = min(
            (self._by_label.get((namespace, key, value), []) for key, value in selector.items()),
            key=len,
        )
        wanted = selector.items()
        return tuple(
            pod for pod in candidates if pod.has_network and wanted <= pod.metadata.labels.items()
        )

    def running(self, image_ends: Collection[str]) -> frozenset[ObjectRef]:
        """Name the workloads that run one of some images, given by the ends of repositories."""
        ends = tuple(f"/{end}" for end in image_ends)
        found = (refs for name, refs in self._repositories.items() if name.endswith(ends))
        return frozenset().union(*found)

    @cached_property
    def _repositories(self) -> Mapping[str, frozenset[ObjectRef]]:
        """The workloads by what they run: a repository behind a slash, without tag and digest."""
        images: dict[str, set[ObjectRef]] = defaultdict(set)
        for workload in self:
            for pod in workload.pods:
                for container in pod.spec.serving_containers():
                    images[container.image].add(workload.ref)
        found: dict[str, frozenset[ObjectRef]] = {}
        for image, refs in images.items():
            name = f"/{repository(image)}"
            found[name] = found.get(name, frozenset()) | refs
        return found


def repository(image: str) -> str:
    """Give an image without tag and digest, registry included."""
    path = image.partition("@")[0]
    folder, slash, last = path.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def _image_name(container: Container) -> str:
    return container.image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def documented_ports(pod: Pod) -> Iterator[ContainerPort]:
    """Give the ports that a pod's main containers and sidecars document."""
    for container in pod.spec.serving_containers():
        yield from container.ports


def flag_values(pods: Iterable[Pod], flag: str, images: Collection[str]) -> set[str]:
    """Give the values of a command-line flag in the containers that run one of some images."""
    containers = (container for pod in pods for container in pod.spec.containers)
    values = (
        container.args.get(flag) or container.command.get(flag)
        for container in containers
        if _image_name(container) in images
    )
    return {value for value in values if value}
