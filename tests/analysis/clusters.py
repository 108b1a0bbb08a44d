"""From objects to the facts of a cluster."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.model.cloud import CloudFacts
from auditor.model.cluster import Cluster, Files
from auditor.model.exposure import Exposure, Via
from auditor.model.reading import ReadState
from auditor.settings.configuration import Configuration
from tests.kube.manifests import Object, an_object, read

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def facts_of(
    *objects: Object,
    states: Mapping[str, ReadState] | None = None,
    provider: str = "kubeconfig",
    tags: Mapping[str, str] | None = None,
    assume_cni: str | None = None,
    cloud: CloudFacts | None = None,
    **configured: Any,
) -> Facts:
    """Work out the facts of a cluster named `PROVIDER/test` that holds some objects."""
    configuration = Configuration(**configured)
    cluster = Cluster(
        id=f"{provider}/test",
        name="test",
        provider=provider,
        tags=tags or {},
        cloud=cloud,
        access=Files(""),
    )
    inventory = read(objects, states, configuration=configuration)
    return Facts(cluster, inventory, configuration, AT, assume_cni)


def a_service(name: str = "front", namespace: str = "web", **parts: Any) -> Object:
    """Write a Service; `annotations`, `uid`, `ports`, `selector` and `status` are its own."""
    meta = {"annotations": parts.pop("annotations", {}), "uid": parts.pop("uid", None)}
    status = parts.pop("status", {})
    spec = {"ports": [{"port": 80}], **parts}
    meta = {key: value for key, value in meta.items() if value is not None}
    return an_object("Service", name, namespace, meta=meta, spec=spec, status=status)


def a_node(name: str, *addresses: str, **parts: Any) -> Object:
    """Write a node with addresses written as `Type=address`."""
    listed = [dict(zip(("type", "address"), item.split("="), strict=True)) for item in addresses]
    return an_object("Node", name, status={"addresses": listed}, **parts)


def the_door(facts: Facts, via: Via) -> Door:
    """Give the one door of a sort."""
    (door,) = facts.doors_via(via)
    return door


def exposures_via(facts: Facts, via: Via) -> tuple[Exposure, ...]:
    """Give the exposures through one sort of door."""
    return tuple(item for item in facts.exposures if item.entry.via is via)
