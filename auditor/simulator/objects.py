"""The objects of one simulated cluster: kept as the bytes that lists are joined from."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import Struct

from auditor.simulator.groups import Groups, Kind

_MADE = "2026-01-01T00:00:00Z"
"""When every object was made that does not say: the same data gives the same bytes."""
_BASE_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")

Key = tuple[str, str]
"""Namespace (empty for none) and name: the order in which etcd has them."""


class Stored(Struct, frozen=True):
    """One object."""

    key: Key
    raw: bytes
    """As it stands in a list: without kind and apiVersion."""
    labels: Mapping[str, str]


class Page(Struct, frozen=True):
    """A part of a list."""

    items: tuple[Stored, ...]
    version: int
    token: str
    """Empty on the last page."""
    remaining: int


class TokenExpiredError(Exception):
    """The state that a `continue` token is of was forgotten."""

    def __init__(self, fresh_token: str) -> None:
        """Keep the token with which the rest of the present state can be listed."""
        super().__init__("the continue token expired")
        self.fresh_token = fresh_token


class TokenMalformedError(Exception):
    """A `continue` token that no server gave."""


class _Token(Struct):
    v: str
    rv: int
    start: str


class Objects:
    """All objects, by resource; every change gets the next resource version."""

    def __init__(self, cluster: str, groups: Groups, objects: Iterable[Mapping[str, Any]]) -> None:
        """Store objects, and the namespaces that every cluster has."""
        self._cluster = cluster
        self._groups = groups
        self._incarnation = 0
        self._by_kind: dict[tuple[str, str], dict[Key, Stored]] = {}
        self._sorted: dict[tuple[str, str], tuple[Stored, ...]] = {}
        self._kept: dict[tuple[tuple[str, str], int], tuple[Stored, ...]] = {}
        self._sources: dict[tuple[tuple[str, str], Key], Mapping[str, Any]] = {}
        self.version = 0
        for name in _BASE_NAMESPACES:
            self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for item in objects:
            self.apply(item)

    def apply(self, item: Mapping[str, Any]) -> None:
        """Create or replace an object; of a group that is not served nothing is stored."""
        kind = self._groups.kind_of(item["apiVersion"], item["kind"])
        if kind is None:
            return
        self.version += 1
        metadata = self._metadata(kind, item.get("metadata") or {})
        key = (metadata.get("namespace", ""), metadata["name"])
        body = {
            name: value
            for name, value in item.items()
            if name not in ("apiVersion", "kind", "metadata")
        }
        raw = msgspec.json.encode({"metadata": metadata, **body})
        place = (kind.group, kind.plural)
        stored = Stored(key, raw, dict(metadata.get("labels") or {}))
        self._by_kind.setdefault(place, {})[key] = stored
        self._sorted.pop(place, None)
        self._sources[place, key] = item

    def remove(self, kind_name: str, namespace: str | None, name: str) -> None:
        """Remove an object.

        Raises:
            KeyError: it is not there.
        """
        for (place, key), item in list(self._sources.items()):
            if item["kind"] == kind_name and key == (namespace or "", name):
                self.version += 1
                del self._by_kind[place][key], self._sources[place, key]
                self._sorted.pop(place, None)
                return
        raise KeyError(f"{kind_name} {namespace}/{name}")

    def replace_all(self) -> None:
        """Make every object anew under another uid: the cluster was created again."""
        self._incarnation += 1
        for item in list(self._sources.values()):
            self.apply(item)

    def forget_lists(self) -> None:
        """Forget the states of lists that are being paged through: their tokens expire."""
        self._kept.clear()

    def get(self, kind: Kind, namespace: str | None, name: str) -> Stored | None:
        """Give one object."""
        found = self._by_kind.get((kind.group, kind.plural), {})
        return found.get((namespace or "", name))

    def page(self, kind: Kind, namespace: str | None, limit: int, token: str, keep: Any) -> Page:
        """Give a page of a list whose items `keep` accepts; `limit` 0 is no limit.

        Raises:
            TokenExpiredError: the state that the token is of was forgotten.
            TokenMalformedError: the token is none of ours.
        """
        place = (kind.group, kind.plural)
        start: Key = ("", "")
        version, state = self.version, self._state(place)
        if token:
            read = _read_token(token)
            start = _key(read.start)
            if read.rv >= 0:
                if (place, read.rv) not in self._kept:
                    raise TokenExpiredError(_write_token(-1, read.start))
                version, state = read.rv, self._kept[place, read.rv]
        wanted = [
            item
            for item in state
            if item.key >= start
            and (namespace is None or item.key[0] == namespace)
            and (keep is None or keep(item))
        ]
        if not limit or len(wanted) <= limit:
            return Page(tuple(wanted), version, "", 0)
        self._kept[place, version] = state
        last = wanted[limit - 1].key
        following = f"{last[0]}/{last[1]}\0"
        return Page(
            tuple(wanted[:limit]), version, _write_token(version, following), len(wanted) - limit
        )

    def _state(self, place: tuple[str, str]) -> tuple[Stored, ...]:
        if place not in self._sorted:
            items = self._by_kind.get(place, {}).values()
            self._sorted[place] = tuple(sorted(items, key=lambda item: item.key))
        return self._sorted[place]

    def _metadata(self, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
        """Fill in what a server fills in."""
        metadata = dict(given)
        if kind.namespaced:
            metadata["namespace"] = metadata.get("namespace") or "default"
        else:
            metadata.pop("namespace", None)
        identity = f"{self._cluster}/{self._incarnation}/{kind.group}/{kind.plural}"
        named = f"{identity}/{metadata.get('namespace', '')}/{metadata['name']}"
        if self._incarnation or "uid" not in metadata:
            metadata["uid"] = str(uuid5(NAMESPACE_URL, named))
        metadata.setdefault("resourceVersion", str(self.version))
        metadata.setdefault("creationTimestamp", _MADE)
        return metadata


def _write_token(version: int, start: str) -> str:
    text = msgspec.json.encode(_Token("meta.k8s.io/v1", version, start))
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read_token(token: str) -> _Token:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return msgspec.json.decode(text, type=_Token)
    except (binascii.Error, ValueError) as error:
        raise TokenMalformedError("invalid continue token") from error


def _key(start: str) -> Key:
    namespace, _, name = start.partition("/")
    return namespace, name
