"""Resources as a server has them, and how discovery describes each."""

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from msgspec import Struct, field

_ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class ResponseKind(Struct, frozen=True):
    """The kind that a resource speaks; group and version are empty where they are its own."""

    group: str = ""
    version: str = ""
    kind: str = ""


class Subresource(Struct, frozen=True, rename="camel"):
    """A part of a resource with verbs of its own, such as `pods/log`."""

    subresource: str
    response_kind: ResponseKind = ResponseKind()
    verbs: tuple[str, ...] = ()


class Described(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A resource as aggregated discovery describes it (apidiscovery.k8s.io/v2)."""

    resource: str
    response_kind: ResponseKind
    scope: str
    singular_resource: str
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()


class Kind(Struct, frozen=True):
    """One resource of one version of a group."""

    group: str
    version: str
    described: Described
    storage_version: str
    """The version in which a server would keep it."""
    is_custom: bool = False
    """Whether a CustomResourceDefinition makes it: its lists name the kind of each item."""

    @property
    def plural(self) -> str:
        """Give the resource's name in paths."""
        return self.described.resource

    @property
    def name(self) -> str:
        """Give the kind."""
        return self.described.response_kind.kind

    @property
    def namespaced(self) -> bool:
        """Whether its objects live in namespaces."""
        return self.described.scope == "Namespaced"

    @property
    def api_version(self) -> str:
        """Give `group/version`, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def plain(self) -> list[dict[str, Any]]:
        """Describe it and its subresources as APIResources (meta/v1)."""
        described = self.described
        own: dict[str, Any] = {
            "name": described.resource,
            "singularName": described.singular_resource,
            "namespaced": self.namespaced,
            "kind": self.name,
            "verbs": described.verbs,
        }
        if described.short_names:
            own["shortNames"] = described.short_names
        if described.categories:
            own["categories"] = described.categories
        if "watch" in described.verbs:
            own["storageVersionHash"] = self._storage_version_hash()
        return [own, *(self._plain_subresource(each) for each in described.subresources)]

    def _plain_subresource(self, each: Subresource) -> dict[str, Any]:
        spoken = each.response_kind
        elsewhere = {"group": spoken.group, "version": spoken.version} if spoken.group else {}
        return {
            "name": f"{self.plural}/{each.subresource}",
            "singularName": "",
            "namespaced": self.namespaced,
            **elsewhere,
            "kind": spoken.kind,
            "verbs": each.verbs,
        }

    def _storage_version_hash(self) -> str:
        """Work it out as a server does; it matches what was recorded."""
        text = f"{self.group}/{self.storage_version}/{self.name}"
        return base64.b64encode(sha256(text.encode()).digest()[:8]).decode()


class _Names(Struct, rename="camel"):
    plural: str
    kind: str
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class _Version(Struct):
    name: str
    served: bool = True
    storage: bool = False
    subresources: dict[str, Any] = field(default_factory=dict)


class Definition(Struct):
    """The `spec` of a CustomResourceDefinition (apiextensions.k8s.io/v1), what matters here."""

    group: str
    names: _Names
    scope: str
    versions: tuple[_Version, ...]

    def kinds(self) -> list[Kind]:
        """Give the resources that it makes."""
        stored = next((each.name for each in self.versions if each.storage), "")
        return [self._kind(each, stored) for each in self.versions if each.served]

    def _kind(self, version: _Version, stored: str) -> Kind:
        names = self.names
        spoken = ResponseKind(self.group, version.name, names.kind)
        verbs = ("get", "patch", "update")
        described = Described(
            names.plural,
            spoken,
            self.scope,
            names.singular or names.kind.lower(),
            _ALL_VERBS,
            names.short_names,
            names.categories,
            tuple(Subresource(name, spoken, verbs) for name in sorted(version.subresources)),
        )
        return Kind(self.group, version.name, described, stored or version.name, is_custom=True)


def guessed_kind(group: str, version: str, kind: str, *, namespaced: bool) -> Kind:
    """Give the resource of a custom object that nothing defines: its plural is a guess."""
    described = Described(
        _plural(kind),
        ResponseKind(group, version, kind),
        "Namespaced" if namespaced else "Cluster",
        kind.lower(),
        _ALL_VERBS,
    )
    return Kind(group, version, described, version, is_custom=True)


def has_namespace(item: Mapping[str, Any]) -> bool:
    """Whether an object says that it lives in a namespace."""
    return bool((item.get("metadata") or {}).get("namespace"))


def _plural(kind: str) -> str:
    """Guess a custom resource's plural as its author most likely did."""
    lower = kind.lower()
    if lower.endswith("y") and lower[-2:-1] not in ("a", "e", "o", "u"):
        return f"{lower[:-1]}ies"
    return f"{lower}es" if lower.endswith(("s", "x", "ch", "sh")) else f"{lower}s"
