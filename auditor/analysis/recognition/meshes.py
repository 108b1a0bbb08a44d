"""Which service meshes are there: a control plane that runs, and pods that carry its proxy.

A mesh that is not in the answer may be there all the same: absence is no claim. What it does for a
pod, mutual TLS and authorization, follows from objects that this version does not read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from auditor.analysis.recognition.cni_agents import runs_one_of, tag_of
from auditor.analysis.recognition.globs import fits
from auditor.analysis.workloads import WorkloadIndex, WorkloadPods
from auditor.catalogue.meshes import MeshEntry, MeshWorkload, Proof
from auditor.kube.inventory import Inventory
from auditor.kube.pods import Pod
from auditor.model.audit import Mesh
from auditor.model.identity import ObjectRef

_MTLS_NOT_READ = "unknown"
"""PeerAuthentication and its like are not read by this version."""


class SeenMesh(Struct, frozen=True, kw_only=True):
    """A mesh of which something was seen."""

    id: str
    version: str | None
    control_plane: tuple[ObjectRef, ...]
    node_agents: tuple[ObjectRef, ...]
    members: tuple[ObjectRef, ...]
    """Workloads of which a pod proves that it is in the mesh."""
    asked_in: tuple[str, ...]
    """Namespaces whose labels ask for it: intent, not proof."""

    def evidence(self) -> Iterator[str]:
        """Say what was seen, part by part."""
        version = f", version {self.version}" if self.version else ""
        if self.control_plane:
            yield f"control plane: {_listed(self.control_plane)}{version}"
        if self.node_agents:
            yield f"node agents: {_listed(self.node_agents)}"
        yield f"workloads whose pods carry its proxy: {len(self.members)}"
        if self.asked_in:
            yield f"namespaces whose labels ask for it: {len(self.asked_in)}"


def recognise_meshes(
    inventory: Inventory, workloads: WorkloadIndex, known: Mapping[str, MeshEntry]
) -> tuple[SeenMesh, ...]:
    """Tell which meshes were seen, ordered by id. A namespace's label alone is no sight of one."""
    found = [_seen(inventory, workloads, mesh) for mesh in known.values() if not mesh.unseen]
    return tuple(
        sorted(
            (item for item in found if item.control_plane or item.node_agents or item.members),
            key=lambda item: item.id,
        )
    )


def described(seen: Iterable[SeenMesh]) -> tuple[Mesh, ...]:
    """Give meshes as the platform names them."""
    return tuple(Mesh(item.id, _MTLS_NOT_READ, tuple(item.evidence())) for item in seen)


def _seen(inventory: Inventory, workloads: WorkloadIndex, mesh: MeshEntry) -> SeenMesh:
    control, agents, members = [], [], []
    versions: Counter[str] = Counter()
    for workload in workloads:
        part = next((item for item in mesh.control_plane if _is_part(item, workload)), None)
        if part is not None:
            control.append(workload.ref)
            versions.update(_versions(part, workload.pods))
        elif any(_is_part(item, workload) for item in mesh.node_agents):
            agents.append(workload.ref)
        elif any(_is_member(mesh.proof, pod) for pod in workload.pods):
            members.append(workload.ref)
    version = next(iter(versions)) if len(versions) == 1 else None
    return SeenMesh(
        id=mesh.id,
        version=version,
        control_plane=tuple(control),
        node_agents=tuple(agents),
        members=tuple(members),
        asked_in=tuple(
            item.metadata.name
            for item in inventory.namespaces
            if any(_holds(item.metadata.labels, label) for label in mesh.asked_by)
        ),
    )


def _is_part(part: MeshWorkload, workload: WorkloadPods) -> bool:
    """Whether a workload is a part of a mesh, by its image or by its name where that counts."""
    running = [pod for pod in workload.pods if pod.has_network]
    if not running:
        return False
    by_name = workload.ref.namespace in part.namespaces and any(
        fits(name, workload.ref.name) for name in part.names
    )
    return by_name or any(
        runs_one_of(container, part.images)
        for pod in running
        for container in pod.spec.serving_containers()
    )


def _versions(part: MeshWorkload, pods: Iterable[Pod]) -> Iterator[str]:
    if part.carries_version:
        for pod in pods:
            for container in pod.spec.serving_containers():
                if runs_one_of(container, part.images) and (tag := tag_of(container)):
                    yield tag


def _is_member(proof: Proof, pod: Pod) -> bool:
    """Whether a pod proves that it is in the mesh; the proxy alone is a gateway of it."""
    if not pod.has_network:
        return False
    metadata = pod.metadata
    if any(_holds(metadata.labels, label) for label in proof.labels):
        return _has_own_container(proof, pod)
    if any(_holds(metadata.annotations, item) for item in proof.annotations):
        return True
    spec = pod.spec
    is_injected = any(item.name in proof.init_containers for item in spec.init_containers)
    has_proxy = any(
        item.name in proof.containers or runs_one_of(item, proof.images)
        for item in spec.serving_containers()
    )
    return (is_injected or has_proxy) and _has_own_container(proof, pod)


def _has_own_container(proof: Proof, pod: Pod) -> bool:
    return any(
        item.name not in proof.containers and not runs_one_of(item, proof.images)
        for item in pod.spec.containers
    )


def _holds(labels: Mapping[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _listed(refs: tuple[ObjectRef, ...]) -> str:
    shown = ", ".join(map(str, refs[:_SHOWN]))
    return f"{shown} and {len(refs) - _SHOWN} more" if len(refs) > _SHOWN else shown


_SHOWN = 3
