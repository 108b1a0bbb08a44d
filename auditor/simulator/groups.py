"""The API groups that a simulated server has: Kubernetes' own, and those of custom objects."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct, field

_ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


class Kind(Struct, frozen=True):
    """One resource of one version of a group."""

    group: str
    version: str
    plural: str
    singular: str
    name: str
    """The kind."""
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    subresources: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Name, kind and verbs of each."""

    @property
    def api_version(self) -> str:
        """Give `group/version`, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


class _Response(Struct):
    kind: str = ""


class _Subresource(Struct, rename="camel"):
    subresource: str
    verbs: tuple[str, ...] = ()
    response_kind: _Response = field(default_factory=_Response)


class _Resource(Struct, rename="camel"):
    resource: str
    response_kind: _Response
    scope: str
    singular_resource: str = ""
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    subresources: tuple[_Subresource, ...] = ()


class _Version(Struct):
    version: str
    resources: tuple[_Resource, ...]


class _Group(Struct):
    name: str
    versions: tuple[_Version, ...]


class _Recorded(Struct):
    groups: tuple[_Group, ...]


@cache
def built_in_kinds() -> tuple[Kind, ...]:
    """Give the resources that a real server was recorded to have, in its order."""
    text = files("auditor.simulator").joinpath("data/discovery.json").read_bytes()
    return tuple(
        Kind(
            group.name,
            version.version,
            item.resource,
            item.singular_resource,
            item.response_kind.kind,
            item.scope == "Namespaced",
            item.verbs,
            item.short_names,
            tuple(
                (sub.subresource, sub.response_kind.kind, sub.verbs) for sub in item.subresources
            ),
        )
        for group in msgspec.json.decode(text, type=_Recorded).groups
        for version in group.versions
        for item in version.resources
    )


class Groups:
    """The groups of one server."""

    def __init__(self, not_served: frozenset[str], stale: frozenset[str]) -> None:
        """Have all built-in groups but those not served; stale ones are said to be so."""
        self._kinds = [kind for kind in built_in_kinds() if kind.group not in not_served]
        self._not_served = not_served
        self._stale = stale

    def kind_of(self, api_version: str, kind: str) -> Kind | None:
        """Find the resource of an object; a custom one is made up. None if it is not served."""
        group, slash, version = api_version.rpartition("/")
        if not slash:
            group, version = "", api_version
        if group in self._not_served:
            return None
        for known in self._kinds:
            if (known.group, known.version, known.name) == (group, version, kind):
                return known
        plural = _plural(kind)
        made = Kind(
            group, version, plural, kind.lower(), kind, namespaced=True, verbs=tuple(_ALL_VERBS)
        )
        self._kinds.append(made)
        return made

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """Find a resource by its place in a path."""
        return next(
            (
                kind
                for kind in self._kinds
                if (kind.group, kind.version, kind.plural) == (group, version, plural)
            ),
            None,
        )

    def has_version(self, group: str, version: str) -> bool:
        """Whether a version of a group is served."""
        return any((kind.group, kind.version) == (group, version) for kind in self._kinds)

    def plain_groups(self) -> dict[str, Any]:
        """Give `/apis` as APIGroupList."""
        groups = []
        for name, versions in self._versions().items():
            if name:
                listed = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
                groups.append({"name": name, "versions": listed, "preferredVersion": listed[0]})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def plain_resources(self, group: str, version: str) -> dict[str, Any]:
        """Give `/apis/GROUP/VERSION` as APIResourceList."""
        resources = []
        for kind in self._kinds:
            if (kind.group, kind.version) == (group, version):
                resources += _plain(kind)
        head: dict[str, Any] = {"kind": "APIResourceList"}
        if group:
            head["apiVersion"] = "v1"
        group_version = f"{group}/{version}" if group else version
        return head | {"groupVersion": group_version, "resources": resources}

    def aggregated(self, *, core: bool) -> dict[str, Any]:
        """Give `/api` or `/apis` as APIGroupDiscoveryList (apidiscovery.k8s.io/v2)."""
        items = []
        for name, versions in self._versions().items():
            if bool(name) is not core:
                items.append(self._aggregated_group(name, versions))
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {},
            "items": items,
        }

    def _aggregated_group(self, name: str, versions: Iterable[str]) -> dict[str, Any]:
        freshness = "Stale" if name in self._stale else "Current"
        return {
            "metadata": {"name": name} if name else {},
            "versions": [
                {
                    "version": version,
                    "resources": [
                        _aggregated(kind)
                        for kind in self._kinds
                        if (kind.group, kind.version) == (name, version)
                    ],
                    "freshness": freshness,
                }
                for version in versions
            ],
        }

    def _versions(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for kind in self._kinds:
            versions = found.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return found


def _plural(kind: str) -> str:
    """Guess a custom resource's plural as its author most likely did."""
    lower = kind.lower()
    if lower.endswith("y"):
        return f"{lower[:-1]}ies"
    return f"{lower}es" if lower.endswith(("s", "x", "ch")) else f"{lower}s"


def _plain(kind: Kind) -> list[dict[str, Any]]:
    own = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        own["shortNames"] = list(kind.short_names)
    return [own] + [
        {
            "name": f"{kind.plural}/{name}",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": sub_kind,
            "verbs": list(verbs),
        }
        for name, sub_kind, verbs in kind.subresources
    ]


def _aggregated(kind: Kind) -> dict[str, Any]:
    response = {"group": "", "version": "", "kind": kind.name}
    shown: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": response,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        shown["shortNames"] = list(kind.short_names)
    if kind.subresources:
        shown["subresources"] = [
            {
                "subresource": name,
                "responseKind": {"group": "", "version": "", "kind": sub_kind},
                "verbs": list(verbs),
            }
            for name, sub_kind, verbs in kind.subresources
        ]
    return shown
