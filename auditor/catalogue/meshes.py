"""Service meshes: how their control planes, node agents and injected pods show themselves.

Only signs: mutual TLS and authorization follow from objects that this version does not read. A
label on a namespace asks for a mesh and proves nothing; the proof is on the pod.
"""

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from auditor.catalogue.loading import CatalogueError, load_data


class MeshWorkload(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a mesh: by its image anywhere, or by its name in a namespace of the mesh."""

    names: tuple[str, ...] = ()
    """Globs; they count in `namespaces` only, since anybody may call a workload so."""
    namespaces: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    """Ends of image repositories."""
    carries_version: bool = False
    """Whether the tag of the image is the version of the mesh."""


class Proof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shows that a pod is in the mesh."""

    containers: tuple[str, ...] = ()
    """Names of the proxy's container, native sidecars too."""
    images: tuple[str, ...] = ()
    """Ends of the proxy's image repository; a pod of it alone is a gateway, not a member."""
    init_containers: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """`KEY=VALUE`, or a key whatever its value."""
    annotations: tuple[str, ...] = ()
    """`KEY=VALUE`."""

    def annotation_keys(self) -> frozenset[str]:
        """Give the annotations that enter an inventory for it."""
        return frozenset(item.partition("=")[0] for item in self.annotations)


class MeshEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mesh."""

    id: str
    name: str
    confirmed: bool
    """Whether its signs were seen in a source of its own."""
    source: str
    control_plane: tuple[MeshWorkload, ...] = ()
    node_agents: tuple[MeshWorkload, ...] = ()
    proof: Proof = Proof()
    asked_by: tuple[str, ...] = ()
    """Labels of namespaces that ask for it: intent, never proof."""
    unseen: str | None = None
    """Why nothing that is read shows it."""


class Meshes(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    meshes: tuple[MeshEntry, ...]


@cache
def meshes() -> dict[str, MeshEntry]:
    """Give the meshes by id.

    Raises:
        CatalogueError: an entry can never be recognised, or by what anybody may write.
    """
    found = {item.id: item for item in load_data("meshes.yaml", Meshes).meshes}
    for mesh in found.values():
        for reason in broken_mesh(mesh):
            raise CatalogueError(f"meshes.yaml: {mesh.id}: {reason}")
    return found


def broken_mesh(mesh: MeshEntry) -> Iterator[str]:
    """Say why an entry can never be recognised, or is by what anybody may write."""
    parts = (*mesh.control_plane, *mesh.node_agents)
    if any(part.names and not part.namespaces for part in parts):
        yield "is told by a name without a namespace"
    if not (mesh.control_plane or mesh.unseen):
        yield "has no control plane to be seen by"
