"""Which service meshes are there: a control plane that runs, and pods that carry its proxy.

A mesh that is not in the answer may be there all the same: absence is no claim. What it does for a
pod, mutual TLS and authorization, follows from objects that this version does not read.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from auditor.analysis.recognition.globs import fits
from auditor.analysis.recognition.references import image_reference, spellings
from auditor.analysis.workloads import WorkloadIndex
from auditor.catalogue.meshes import MeshEntry, MeshWorkload, Proof
from auditor.kube.inventory import Inventory
from auditor.kube.pods import Container, Pod
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
        """Say what was seen, part by part; without counts, which change with every rollout."""
        version = f", version {self.version}" if self.version else ""
        if self.control_plane:
            yield f"control plane: {_listed(self.control_plane)}{version}"
        if self.node_agents:
            yield f"node agents: {_listed(self.node_agents)}"
        yield "workloads carry its proxy" if self.members else "no workload carries its proxy"
        if self.asked_in:
            yield "labels of namespaces ask for it"


def recognise_meshes(
    inventory: Inventory, workloads: WorkloadIndex, known: Mapping[str, MeshEntry]
) -> tuple[SeenMesh, ...]:
    """Tell which meshes were seen, ordered by id. A namespace's label alone is no sight of one."""
    shown = [mesh for mesh in known.values() if not mesh.unseen]
    images = _Images(shown)
    seen = {mesh.id: _Sights() for mesh in shown}
    for workload in workloads:
        pods = [pod for pod in workload.pods if pod.has_network]
        for mesh in shown if pods else ():
            _look(mesh, workload.ref, pods, images, seen[mesh.id])
    found = [_seen(inventory, mesh, seen[mesh.id]) for mesh in shown]
    return tuple(
        sorted(
            (item for item in found if item.control_plane or item.node_agents or item.members),
            key=lambda item: item.id,
        )
    )


def described(seen: Iterable[SeenMesh]) -> tuple[Mesh, ...]:
    """Give meshes as the platform names them."""
    return tuple(Mesh(item.id, _MTLS_NOT_READ, tuple(item.evidence())) for item in seen)


class _Images:
    """Which ends of repositories an image has, worked out once for each image."""

    def __init__(self, meshes: Iterable[MeshEntry]) -> None:
        ends = {end for mesh in meshes for end in _ends(mesh)}
        self._by_last: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for end in sorted(ends):
            path = tuple(end.split("/"))
            self._by_last.setdefault(path[-1], []).append((end, path))
        self._known: dict[str, frozenset[str]] = {}

    def ends_of(self, container: Container) -> frozenset[str]:
        """Give the ends that a container's image has, whatever registry it is from."""
        known = self._known.get(container.image)
        if known is None:
            known = frozenset(
                end
                for spelled in spellings(image_reference(container.image).path)
                for end, path in self._by_last.get(spelled[-1], ())
                if spelled[-len(path) :] == path
            )
            self._known[container.image] = known
        return known


def _ends(mesh: MeshEntry) -> Iterator[str]:
    for part in (*mesh.control_plane, *mesh.node_agents):
        yield from part.images
    yield from mesh.proof.images


class _Sights:
    """What was seen of one mesh."""

    def __init__(self) -> None:
        self.control: list[ObjectRef] = []
        self.agents: list[ObjectRef] = []
        self.members: list[ObjectRef] = []
        self.versions: set[str] = set()


def _look(mesh: MeshEntry, ref: ObjectRef, pods: list[Pod], images: _Images, seen: _Sights) -> None:
    """Tell what a workload is to a mesh: a part of it, a member, or nothing."""
    part = next((item for item in mesh.control_plane if _is_part(item, ref, pods, images)), None)
    if part is not None:
        seen.control.append(ref)
        seen.versions.update(_versions(part, pods, images))
    elif any(_is_part(item, ref, pods, images) for item in mesh.node_agents):
        seen.agents.append(ref)
    elif any(_is_member(mesh.proof, pod, images) for pod in pods):
        seen.members.append(ref)


def _seen(inventory: Inventory, mesh: MeshEntry, seen: _Sights) -> SeenMesh:
    return SeenMesh(
        id=mesh.id,
        version=next(iter(seen.versions)) if len(seen.versions) == 1 else None,
        control_plane=tuple(seen.control),
        node_agents=tuple(seen.agents),
        members=tuple(seen.members),
        asked_in=tuple(
            item.metadata.name
            for item in inventory.namespaces
            if any(_holds(item.metadata.labels, label) for label in mesh.asked_by)
        ),
    )


def _is_part(part: MeshWorkload, ref: ObjectRef, pods: list[Pod], images: _Images) -> bool:
    """Whether a workload is a part of a mesh, by its image or by its name where that counts."""
    if ref.namespace in part.namespaces and any(fits(name, ref.name) for name in part.names):
        return True
    return any(
        not images.ends_of(container).isdisjoint(part.images)
        for pod in pods
        for container in pod.spec.serving_containers()
    )


def _versions(part: MeshWorkload, pods: list[Pod], images: _Images) -> Iterator[str]:
    for pod in pods if part.carries_version else ():
        for container in pod.spec.serving_containers():
            tag = image_reference(container.image).tag
            if tag and not images.ends_of(container).isdisjoint(part.images):
                yield tag


def _is_member(proof: Proof, pod: Pod, images: _Images) -> bool:
    """Whether a pod proves that it is in the mesh; the proxy alone is a gateway of it."""
    metadata, spec = pod.metadata, pod.spec
    if any(_holds(metadata.annotations, item) for item in proof.annotations):
        return True
    shows = (
        any(_holds(metadata.labels, label) for label in proof.labels)
        or any(item.name in proof.init_containers for item in spec.init_containers)
        or any(_is_proxy(proof, item, images) for item in spec.serving_containers())
    )
    return shows and not all(_is_proxy(proof, item, images) for item in spec.containers)


def _is_proxy(proof: Proof, container: Container, images: _Images) -> bool:
    if container.name in proof.containers:
        return True
    return not images.ends_of(container).isdisjoint(proof.images)


def _holds(labels: Mapping[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _listed(refs: tuple[ObjectRef, ...]) -> str:
    shown = ", ".join(map(str, refs[:_SHOWN]))
    return f"{shown} and {len(refs) - _SHOWN} more" if len(refs) > _SHOWN else shown


_SHOWN = 3
