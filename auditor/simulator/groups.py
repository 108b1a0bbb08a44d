"""The API groups that a simulated server has: Kubernetes' own, and those of custom objects."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

from auditor.simulator.kinds import Definition, Described, Kind, guessed_kind, has_namespace

_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
_UNKNOWN_VERSION = "v1beta1"
"""Of a stale group of which nothing else is known, such as metrics.k8s.io."""


class _Version(Struct):
    version: str
    resources: tuple[Described, ...]


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
        Kind(group.name, version.version, item, group.versions[0].version)
        for group in msgspec.json.decode(text, type=_Recorded).groups
        for version in group.versions
        for item in version.resources
    )


def split_api_version(api_version: str) -> tuple[str, str]:
    """Split into group (empty for core) and version."""
    group, _, version = api_version.rpartition("/")
    return group, version


class Groups:
    """The groups of one server."""

    def __init__(self, not_served: frozenset[str], stale: frozenset[str]) -> None:
        """Have all built-in groups but those not served; stale ones are said to be so.

        `not_served` names groups, or versions of them as `group/version`. A stale group that is
        not known otherwise is one whose own server does not answer.
        """
        self._not_served = not_served
        self._stale = stale
        self._kinds: dict[tuple[str, str, str], Kind] = {}
        self._by_name: dict[tuple[str, str], list[Kind]] = {}
        for kind in built_in_kinds():
            self._add(kind)

    def _add(self, kind: Kind) -> None:
        if self._not_served & {kind.group, kind.api_version}:
            return
        self._kinds[kind.group, kind.version, kind.plural] = kind
        self._by_name.setdefault((kind.group, kind.name), []).append(kind)

    def define(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Learn the custom resources that objects define, or that some are of.

        One that nothing defines lives in namespaces if any of its objects says so.
        """
        undefined: dict[tuple[str, str, str], bool] = {}
        for item in items:
            group, version = split_api_version(item["apiVersion"])
            if (group, item["kind"]) == _DEFINITION:
                self._define(msgspec.convert(item["spec"], Definition))
            else:
                key = (group, version, item["kind"])
                undefined[key] = undefined.get(key, False) or has_namespace(item)
        for (group, version, name), namespaced in undefined.items():
            self._learn(group, version, name, namespaced=namespaced)

    def _define(self, definition: Definition) -> None:
        for kind in definition.kinds():
            if (kind.group, kind.version, kind.plural) not in self._kinds:
                self._add(kind)

    def _learn(self, group: str, version: str, name: str, *, namespaced: bool) -> None:
        known = self._by_name.get((group, name), [])
        if any(kind.version == version for kind in known):
            return
        if known:
            # An older version of it, as servers before or after this one have it.
            self._add(msgspec.structs.replace(known[0], version=version))
        else:
            self._add(guessed_kind(group, version, name, namespaced=namespaced))

    def kind_of(self, api_version: str, name: str) -> Kind | None:
        """Find the resource of an object; None if its group is not served."""
        group, version = split_api_version(api_version)
        known = self._by_name.get((group, name), ())
        return next((kind for kind in known if kind.version == version), None)

    def places_of(self, name: str) -> list[tuple[str, str]]:
        """Find the group and plural of a `Kind` or `Kind.group`, Kubernetes' own first."""
        kind_name, dot, group = name.partition(".")
        found = {
            (kind.group, kind.plural): None
            for (of_group, of_name), kinds in self._by_name.items()
            if of_name == kind_name and (not dot or of_group == group)
            for kind in kinds
        }
        return list(found)

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """Find a resource by its place in a path."""
        return self._kinds.get((group, version, plural))

    def has_version(self, group: str, version: str) -> bool:
        """Whether a version of a group is served."""
        return version in self.versions().get(group, ())

    def is_custom(self, group: str) -> bool:
        """Whether a group holds nothing that Kubernetes itself has."""
        return all(kind.is_custom for key, kind in self._kinds.items() if key[0] == group)

    def is_unavailable(self, group: str) -> bool:
        """Whether a group is known by name only: its own server does not answer."""
        return group in self._stale and not any(key[0] == group for key in self._kinds)

    def versions(self) -> dict[str, list[str]]:
        """Give the versions of each group, the preferred one first."""
        found: dict[str, list[str]] = {}
        for group, version, _ in self._kinds:
            versions = found.setdefault(group, [])
            if version not in versions:
                versions.append(version)
        for group in sorted(self._stale - found.keys() - self._not_served):
            found[group] = [_UNKNOWN_VERSION]
        return found

    def plain_group(self, name: str) -> dict[str, Any]:
        """Describe a group as APIGroup (meta/v1), without kind and apiVersion."""
        listed = [{"groupVersion": f"{name}/{v}", "version": v} for v in self.versions()[name]]
        return {"name": name, "versions": listed, "preferredVersion": listed[0]}

    def plain_groups(self) -> dict[str, Any]:
        """Give `/apis` as APIGroupList."""
        groups = [self.plain_group(name) for name in self.versions() if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def plain_resources(self, group: str, version: str) -> dict[str, Any]:
        """Give the resources of a version as APIResourceList; core's names no apiVersion."""
        resources = [entry for kind in self._of(group, version) for entry in kind.plain()]
        head = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if group else {})
        group_version = f"{group}/{version}" if group else version
        return head | {"groupVersion": group_version, "resources": resources}

    def aggregated(self, form: str, *, core: bool) -> dict[str, Any]:
        """Give `/api` or `/apis` as APIGroupDiscoveryList of a version of apidiscovery.k8s.io."""
        items = [
            self._aggregated_group(name, versions)
            for name, versions in self.versions().items()
            if bool(name) is not core
        ]
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": f"apidiscovery.k8s.io/{form}",
            "metadata": {},
            "items": items,
        }

    def _aggregated_group(self, name: str, versions: Iterable[str]) -> dict[str, Any]:
        freshness = "Stale" if name in self._stale else "Current"
        listed = []
        for version in versions:
            resources = [kind.described for kind in self._of(name, version)]
            entry = {"version": version} | ({"resources": resources} if resources else {})
            listed.append(entry | {"freshness": freshness})
        return {"metadata": {"name": name} if name else {}, "versions": listed}

    def _of(self, group: str, version: str) -> list[Kind]:
        return [kind for key, kind in self._kinds.items() if key[:2] == (group, version)]
