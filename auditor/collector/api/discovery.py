"""Discovery: which of the resources that an audit reads the server has, and under which path.

Only discovery may say that a resource is absent. Where it is forbidden, broken or stale, absence is
not known and the resource is asked for all the same.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from auditor.collector.api.client import JSON, ApiClient
from auditor.collector.api.errors import ApiError, BadAnswerError, StatusError
from auditor.kube.resources import RESOURCES, Resource

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_STALE = "Stale"


class Located(Struct, frozen=True):
    """Where a resource is listed."""

    path: str
    doubt: str | None = None
    """Why discovery is not sure that it is there."""


class Absent(Struct, frozen=True):
    """Discovery says that the resource is not served."""

    detail: str


class Unreadable(Struct, frozen=True):
    """It is served, but not in a way that this version reads."""

    detail: str


Whereabouts = Located | Absent | Unreadable


class _Named(Struct, frozen=True):
    name: str = ""


class _AggregatedResource(Struct, frozen=True):
    resource: str
    verbs: tuple[str, ...] = ()


class _AggregatedVersion(Struct, frozen=True):
    version: str
    resources: tuple[_AggregatedResource, ...] = ()
    freshness: str = ""


class _AggregatedGroup(Struct, frozen=True):
    metadata: _Named = _Named()
    versions: tuple[_AggregatedVersion, ...] = ()


class _AggregatedList(Struct, frozen=True, tag_field="kind", tag="APIGroupDiscoveryList"):
    items: tuple[_AggregatedGroup, ...]


class _GroupVersion(Struct, frozen=True):
    version: str


class _Group(Struct, frozen=True):
    name: str
    versions: tuple[_GroupVersion, ...] = ()


class _GroupList(Struct, frozen=True, tag_field="kind", tag="APIGroupList"):
    groups: tuple[_Group, ...]


class _CoreVersions(Struct, frozen=True, tag_field="kind", tag="APIVersions"):
    versions: tuple[str, ...]


class _Resource(Struct, frozen=True):
    name: str
    verbs: tuple[str, ...] = ()


class _ResourceList(Struct, frozen=True, tag_field="kind", tag="APIResourceList"):
    resources: tuple[_Resource, ...]


class _Version(Struct, frozen=True):
    """One version of a group; `resources` maps plurals to whether they can be listed."""

    resources: Mapping[str, bool] = field(default_factory=dict)
    doubt: str | None = None


_Groups = dict[str, dict[str, _Version]]


class Discovery:
    """What a server says that it serves."""

    def __init__(self, groups: _Groups, doubts: Mapping[str, str]) -> None:
        """Keep groups by name (`""` for core); `doubts` by what could not be read of them.

        The doubts `/api` and `/apis` stand for the lists of the core and of all other groups.
        """
        self._groups = groups
        self._doubts = doubts

    def find(self, resource: Resource) -> Whereabouts:
        """Tell where a resource is listed, or that it is absent."""
        doubt = self._doubts.get("/apis" if resource.group else "/api")
        if doubt is not None:
            return Located(_path(resource, resource.versions[0]), doubt)
        versions = self._groups.get(resource.group)
        if versions is None:
            return Absent(f"the server has no API group {resource.group!r}")
        known = {name: versions[name] for name in resource.versions if name in versions}
        return _among(known, resource) if known else _elsewhere(versions, resource)


def _elsewhere(versions: Mapping[str, _Version], resource: Resource) -> Whereabouts:
    """Tell whether a group serves a resource in versions alone that we cannot read."""
    served = ", ".join(sorted(versions))
    has_it = any(resource.plural in version.resources for version in versions.values())
    if has_it or not versions or any(version.doubt for version in versions.values()):
        return Unreadable(f"served as {served} only, which this version cannot read")
    return Absent(f"the server's API group {resource.group!r} has it in no version: {served}")


def _among(known: Mapping[str, _Version], resource: Resource) -> Whereabouts:
    """Find a resource among the versions of its group that we can read."""
    for name, version in known.items():
        listable = version.resources.get(resource.plural)
        if listable:
            return Located(_path(resource, name), version.doubt)
        if listable is not None:
            return Unreadable("the server offers no list of it")
    for name, version in known.items():
        if version.doubt:
            return Located(_path(resource, name), version.doubt)
    return Absent(f"the server's API group {resource.group or 'core'!r} does not have it")


async def discover(client: ApiClient) -> Discovery:
    """Ask a server what it serves.

    A refusal by status leaves doubts and goes on; the lists will tell.

    Raises:
        ApiError: the server does not answer, answers nonsense, or refuses our credentials.
    """
    groups: _Groups = {}
    doubts: dict[str, str] = {}
    for root in ("/api", "/apis"):
        try:
            groups |= await _groups_below(client, root)
        except StatusError as error:
            if error.status == 401:
                raise
            doubts[root] = f"discovery of {root} failed: {error}"
    return Discovery(groups, doubts)


async def _groups_below(client: ApiClient, root: str) -> _Groups:
    answer = await client.get(root, accept=f"{_AGGREGATED},{JSON}")
    if "as=APIGroupDiscoveryList" in answer.content_type:
        found = _decoded(answer.body, _AggregatedList, root)
        return {group.metadata.name: _aggregated(group) for group in found.items}
    if root == "/api":
        versions = _decoded(answer.body, _CoreVersions, root).versions
        return {"": {name: await _version(client, f"/api/{name}") for name in versions}}
    needed = {resource.group for resource in RESOURCES}
    return {
        group.name: {
            item.version: await _version(client, f"/apis/{group.name}/{item.version}")
            for item in group.versions
        }
        for group in _decoded(answer.body, _GroupList, root).groups
        if group.name in needed
    }


def _aggregated(group: _AggregatedGroup) -> dict[str, _Version]:
    return {
        version.version: _Version(
            {item.resource: "list" in item.verbs for item in version.resources},
            "its discovery is stale: the server behind it did not answer"
            if version.freshness == _STALE
            else None,
        )
        for version in group.versions
    }


async def _version(client: ApiClient, path: str) -> _Version:
    """Ask for one version of a group; one that does not answer leaves a doubt."""
    try:
        answer = await client.get(path)
        found = _decoded(answer.body, _ResourceList, path)
    except ApiError as error:
        return _Version(doubt=f"discovery of {path} failed: {error}")
    return _Version({item.name: "list" in item.verbs for item in found.resources})


_Shape = TypeVar("_Shape", bound=Struct)


def _decoded(body: bytes, shape: type[_Shape], path: str) -> _Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        plain = " ".join(str(error).split())
        raise BadAnswerError(f"the answer to {path} is no discovery document: {plain}") from error


def _path(resource: Resource, version: str) -> str:
    root = f"/apis/{resource.group}" if resource.group else "/api"
    return f"{root}/{version}/{resource.plural}"
