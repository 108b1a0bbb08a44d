"""A capture: one cluster's inventory in one JSON file, redacted by construction.

It holds what the projection let in, so auditing it gives the same answer and nothing else can be
read from it. A capture keeps its cluster's id, its coverage, and when it was taken.
"""

import msgspec
from msgspec import Raw, Struct, field

from auditor.collector.reading import Reading
from auditor.kube.decoding import DecodeError, ObjectDecoder
from auditor.kube.inventory import Inventory, assemble
from auditor.kube.meta import Projection
from auditor.kube.resources import (
    CLUSTER_ROLES,
    CONFIG_MAPS,
    ENDPOINT_SLICES,
    INGRESS_CLASSES,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    RESOURCE_BY_KIND,
    RESOURCE_BY_NAME,
    RESOURCES,
    ROLES,
    SERVICES,
)
from auditor.model.cloud import CloudFacts
from auditor.model.cluster import Cluster, Files, SourceError
from auditor.model.connection import Connection
from auditor.model.reading import Coverage, ReadProblem, ReadState
from auditor.settings.limits import ReadLimits

CAPTURE_SCHEMA = b"exposure-auditor/snapshot/v1"
"""Stands within the first bytes of every capture: that is how one is told from manifests."""


class CapturedCluster(Struct, frozen=True):
    """Who the captured cluster is."""

    id: str
    name: str
    provider: str
    account: str | None = None
    location: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    cloud: CloudFacts | None = None


class Capture(Struct, frozen=True):
    """The file. `schema` comes first, for `CAPTURE_SCHEMA`."""

    schema: str
    cluster: CapturedCluster
    coverage: tuple[Coverage, ...]
    problems: tuple[ReadProblem, ...] = ()
    kubernetes_version: str | None = None
    connection: Connection | None = None
    objects: dict[str, tuple[Raw, ...]] = field(default_factory=dict)


def write_capture(cluster: Cluster, inventory: Inventory) -> bytes:
    """Write an inventory as a capture; the same inventory gives the same bytes."""
    objects: dict[str, list[Raw]] = {
        NAMESPACES: _encoded(inventory.namespaces),
        NODES: _encoded(inventory.nodes),
        PODS: _encoded(inventory.pods),
        SERVICES: _encoded(inventory.services),
        ENDPOINT_SLICES: _encoded(inventory.endpoint_slices),
        NETWORK_POLICIES: _encoded(inventory.network_policies),
        INGRESSES: _encoded(inventory.ingresses),
        INGRESS_CLASSES: _encoded(inventory.ingress_classes),
        CLUSTER_ROLES: _encoded(inventory.cluster_roles),
        ROLES: _encoded(inventory.roles),
        PERSISTENT_VOLUMES: _encoded(inventory.persistent_volumes),
        PERSISTENT_VOLUME_CLAIMS: _encoded(inventory.persistent_volume_claims),
        CONFIG_MAPS: _encoded(inventory.config_maps),
        **{name: _encoded(items) for name, items in inventory.other_ways.items()},
    }
    for item in (*inventory.workloads, *inventory.bindings, *inventory.admin_policies):
        resource = next(r for r in RESOURCE_BY_KIND.values() if r.kind == item.kind)
        objects.setdefault(resource.name, []).extend(_encoded((item,)))
    capture = Capture(
        CAPTURE_SCHEMA.decode(),
        CapturedCluster(
            cluster.id,
            cluster.name,
            cluster.provider,
            cluster.account,
            cluster.location,
            dict(cluster.tags),
            cluster.cloud,
        ),
        tuple(inventory.coverage[resource.name] for resource in RESOURCES),
        inventory.problems,
        inventory.kubernetes_version,
        inventory.connection,
        {name: tuple(items) for name, items in objects.items() if items},
    )
    return msgspec.json.encode(capture)


def is_capture(content: bytes) -> bool:
    """Whether a file is a capture, or the beginning of one."""
    return content.lstrip()[:1] == b"{" and CAPTURE_SCHEMA in content[:200]


def read_capture(content: bytes, where: str, projection: Projection, limits: ReadLimits) -> Reading:
    """Read a capture back.

    Raises:
        SourceError: it is not a whole capture of this version.
    """
    try:
        capture = msgspec.json.decode(content, type=Capture)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{where} is not a whole capture: {error}; take it again") from error
    if capture.schema != CAPTURE_SCHEMA.decode():
        raise SourceError(f"{where} has the schema {capture.schema!r}, which this version lacks")
    decoder = ObjectDecoder(projection, limits.max_object_bytes)
    coverage = {item.resource: item for item in capture.coverage}
    objects, problems = {}, list(capture.problems)
    for resource in RESOURCES:
        coverage.setdefault(resource.name, _unknown_to_capture(resource.name))
        kept = []
        for item in capture.objects.get(resource.name, ()):
            try:
                kept.append(decoder.decode(RESOURCE_BY_NAME[resource.name], item))
            except DecodeError as error:
                problems.append(ReadProblem(where, f"{resource.kind} cannot be read: {error}"))
                coverage[resource.name] = Coverage(
                    resource.name, ReadState.PARTIAL, len(kept), str(error)
                )
        objects[resource.name] = kept
    known = {name: item for name, item in coverage.items() if name in RESOURCE_BY_NAME}
    inventory = assemble(objects, known, problems, capture.kubernetes_version, capture.connection)
    who = capture.cluster
    return Reading(
        Cluster(
            id=who.id,
            name=who.name,
            provider=who.provider,
            account=who.account,
            location=who.location,
            tags=who.tags,
            cloud=who.cloud,
            access=Files(where),
        ),
        inventory,
    )


def _encoded(items: tuple[Struct, ...]) -> list[Raw]:
    return [Raw(msgspec.json.encode(item)) for item in items]


def _unknown_to_capture(resource: str) -> Coverage:
    """Give the coverage of a resource that the version which took the capture did not read."""
    return Coverage(resource, ReadState.NOT_PROVIDED, 0, "the capture is older than this resource")
