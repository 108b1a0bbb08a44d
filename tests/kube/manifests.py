"""From objects, written as kubectl would show them, to an inventory, by the real decoder."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from auditor.collector.projection import projection_for
from auditor.kube.decoding import ObjectDecoder
from auditor.kube.inventory import Inventory, assemble
from auditor.kube.resources import RESOURCES, resource_of
from auditor.model.reading import Coverage, ReadState
from auditor.settings.configuration import Configuration

Object = dict[str, Any]

_GROUPS = {resource.kind: resource.group for resource in RESOURCES}


def an_object(kind: str, name: str, namespace: str | None = None, **parts: Any) -> Object:
    """Write an object of a kind that the auditor reads; `meta` adds to its metadata."""
    group = _GROUPS[kind]
    metadata = {"name": name, "namespace": namespace, **parts.pop("meta", {})}
    return {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {key: value for key, value in metadata.items() if value is not None},
        **parts,
    }


def a_pod(name: str = "p", namespace: str = "web", **parts: Any) -> Object:
    """Write a pod; `owner` is `Kind/name`, `labels`, `ports`, `spec` and `status` are its own."""
    meta: Object = {"labels": parts.get("labels", {})}
    if owner := parts.get("owner"):
        kind, _, owner_name = owner.partition("/")
        meta["ownerReferences"] = [{"kind": kind, "name": owner_name, "controller": True}]
    containers = [
        {"name": "c", "image": parts.get("image", "app"), "ports": parts.get("ports", [])}
    ]
    spec = {"containers": containers, **parts.get("spec", {})}
    return an_object("Pod", name, namespace, meta=meta, spec=spec, status=parts.get("status", {}))


def a_workload(kind: str, name: str, namespace: str = "web", **parts: Any) -> Object:
    """Write a workload of any kind with a template of one container."""
    template = {
        "metadata": {"labels": parts.get("labels", {})},
        "spec": {
            "containers": [{"name": "c", "image": "app", "ports": parts.get("ports", [])}],
            **parts.get("spec", {}),
        },
    }
    spec: Object = {"template": template}
    if kind == "CronJob":
        spec = {"jobTemplate": {"spec": spec}}
    return an_object(kind, name, namespace, meta=parts.get("meta", {}), spec=spec)


def owned_by(kind: str, name: str) -> Object:
    """Write metadata that names a controller."""
    return {"ownerReferences": [{"kind": kind, "name": name, "controller": True}]}


def read(
    objects: Iterable[Object],
    states: Mapping[str, ReadState] | None = None,
    *,
    configuration: Configuration | None = None,
) -> Inventory:
    """Decode objects and put them together; every resource is complete unless `states` tells."""
    decoder = ObjectDecoder(projection_for(configuration or Configuration()), 2**20)
    decoded: dict[str, list[Any]] = defaultdict(list)
    for item in objects:
        resource = resource_of(item["apiVersion"], item["kind"])
        assert resource is not None
        decoded[resource.name].append(decoder.decode(resource, msgspec.json.encode(item)))
    told = {**dict.fromkeys((r.name for r in RESOURCES), ReadState.COMPLETE), **(states or {})}
    return assemble(
        decoded,
        {name: Coverage(name, state, len(decoded[name])) for name, state in told.items()},
    )
