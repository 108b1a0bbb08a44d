"""The objects of one simulated cluster: kept as the bytes that lists are joined from."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import Struct

from auditor.simulator.groups import Groups
from auditor.simulator.kinds import Kind
from auditor.simulator.shelf import Shelf, State, StateForgottenError, Stored
from auditor.simulator.tokens import ANY_VERSION, Token, read_token, write_token

_MADE = "2026-01-01T00:00:00Z"
"""When every object was made that does not say: the same data gives the same bytes."""
_BASE_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_AFTER_SLASH = "0"
"""The character after `/`: `a0` ends what begins with `a/`."""

Keep = Callable[[Stored], bool]
"""Tells the objects that a selector keeps."""


class Wanted(Struct, frozen=True):
    """What a list is asked for."""

    namespace: str | None = None
    limit: int = 0
    """Objects of a page; 0 is no limit."""
    token: str = ""
    exact: int | None = None
    """The version whose state is wanted; None is the newest."""
    keep: Keep | None = None


class Page(Struct, frozen=True):
    """A part of a list."""

    items: State
    version: int
    token: str = ""
    """Empty on the last page."""
    remaining: int | None = None
    """Objects of later pages; None where a selector makes that unknown."""


class TokenExpiredError(Exception):
    """The state that a `continue` token is of was forgotten."""

    def __init__(self, fresh_token: str) -> None:
        """Keep the token with which the rest of the present state can be listed."""
        super().__init__("the continue token expired")
        self.fresh_token = fresh_token


class Objects:
    """All objects, by resource; every change gets the next resource version."""

    def __init__(
        self,
        cluster: str,
        groups: Groups,
        objects: Iterable[Mapping[str, Any]],
        resource_version: int = 0,
    ) -> None:
        """Store objects, and the namespaces that every cluster has.

        Resource versions, uids and times that objects bring along are kept; the cluster's version
        is at least `resource_version` and the highest of them.
        """
        self._cluster = cluster
        self._groups = groups
        self._incarnation = 0
        self._shelves: defaultdict[tuple[str, str], Shelf] = defaultdict(Shelf)
        self._lives: Counter[tuple[tuple[str, str], str]] = Counter()
        self._oldest = 0
        self.version = resource_version
        self._load(list(objects))

    def _load(self, items: list[Mapping[str, Any]]) -> None:
        self._groups.define(items)
        given = [str((item.get("metadata") or {}).get("resourceVersion", "")) for item in items]
        self.version = max([self.version, *(int(text) for text in given if text.isdigit())])
        for item in items:
            self._store(item, keeps_version=True)
        for name in _BASE_NAMESPACES:
            if self._shelves["", "namespaces"].get(name) is None:
                self.apply(_namespace(name))
        self._forget()

    def apply(self, item: Mapping[str, Any]) -> None:
        """Create or replace an object; of a group that is not served nothing is stored.

        Raises:
            ValueError: it has no name.
        """
        self._groups.define([item])
        self._store(item, keeps_version=False)

    def remove(self, kind_name: str, namespace: str | None, name: str) -> None:
        """Remove an object; of kinds with one name Kubernetes' own comes first.

        Raises:
            KeyError: it is not there.
        """
        key = f"{namespace}/{name}" if namespace else name
        for place in self._groups.places_of(kind_name):
            if self._shelves[place].get(key) is not None:
                self.version += 1
                self._lives[place, key] += 1
                self._shelves[place].take(key, self.version)
                return
        raise KeyError(f"{kind_name} {key}")

    def replace_all(self) -> None:
        """Make every object anew under another uid: the cluster was created again."""
        self._incarnation += 1
        present = [
            (place, item) for place, shelf in self._shelves.items() for item in shelf.present()
        ]
        contents = {(place, item.key): _content(item) for place, item in present}
        uids = {
            content["metadata"]["uid"]: self._uid(*place_and_key)
            for place_and_key, content in contents.items()
        }
        for (place, key), content in contents.items():
            self.version += 1
            metadata = content["metadata"]
            metadata |= {"uid": uids[metadata["uid"]], "resourceVersion": str(self.version)}
            for owner in metadata.get("ownerReferences") or ():
                owner["uid"] = uids.get(owner.get("uid"), owner.get("uid"))
            self._shelves[place].put(_stored(key, content), self.version)
        self._forget()

    def forget_lists(self) -> None:
        """Forget all states up to now, as compaction does: the tokens of lists expire."""
        self.version += 1
        self._forget()

    def get(self, kind: Kind, namespace: str | None, name: str) -> Stored | None:
        """Give one object."""
        key = f"{namespace}/{name}" if namespace else name
        return self._shelves[kind.group, kind.plural].get(key)

    def page(self, kind: Kind, wanted: Wanted) -> Page:
        """Give a page of a list.

        Raises:
            TokenExpiredError: the state that the token is of was forgotten.
            TokenMalformedError: the token is none of ours.
            StateForgottenError: the exact version was forgotten.
        """
        shelf = self._shelves[kind.group, kind.plural]
        if not wanted.token:
            version = self.version if wanted.exact is None else wanted.exact
            return _page(self._state(shelf, version), version, "", wanted)
        token = read_token(wanted.token)
        version = self.version if token.rv == ANY_VERSION else token.rv
        try:
            state = self._state(shelf, version)
        except StateForgottenError as error:
            fresh = Token(ANY_VERSION, token.start)
            raise TokenExpiredError(write_token(fresh)) from error
        return _page(state, version, token.start.removeprefix("/"), wanted)

    def _state(self, shelf: Shelf, version: int) -> State:
        if not self._oldest <= version <= self.version:
            raise StateForgottenError
        return shelf.state_at(version)

    def _forget(self) -> None:
        self._oldest = self.version
        for shelf in self._shelves.values():
            shelf.forget(self.version)

    def _store(self, item: Mapping[str, Any], *, keeps_version: bool) -> None:
        kind = self._groups.kind_of(item["apiVersion"], item["kind"])
        if kind is None:
            return
        place = (kind.group, kind.plural)
        metadata = dict(item.get("metadata") or {})
        if not metadata.get("name"):
            raise ValueError(f"a {kind.name} for cluster {self._cluster} has no name")
        metadata.pop("namespace", None)
        if kind.namespaced:
            given = (item.get("metadata") or {}).get("namespace")
            metadata = {"name": metadata["name"], "namespace": given or "default"} | metadata
        key = "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
        self._fill_in(metadata, place, key, keeps_version=keeps_version)
        body = {name: value for name, value in item.items() if name not in _HEAD}
        self._shelves[place].put(_stored(key, {"metadata": metadata} | body), self.version)

    def _fill_in(
        self, metadata: dict[str, Any], place: tuple[str, str], key: str, *, keeps_version: bool
    ) -> None:
        """Fill in what a server fills in; what an object was created with stays."""
        before = self._shelves[place].get(key)
        if before is not None:
            created = _content(before)["metadata"]
            metadata |= {name: created[name] for name in ("uid", "creationTimestamp")}
        metadata.setdefault("uid", self._uid(place, key))
        metadata.setdefault("creationTimestamp", _MADE)
        if not keeps_version or "resourceVersion" not in metadata:
            self.version += 1
            metadata["resourceVersion"] = str(self.version)

    def _uid(self, place: tuple[str, str], key: str) -> str:
        life = self._lives[place, key]
        path = f"{self._cluster}/{self._incarnation}/{'/'.join(place)}/{key}/{life}"
        return str(uuid5(NAMESPACE_URL, path))


_HEAD = ("apiVersion", "kind", "metadata")


def _page(state: State, version: int, start: str, wanted: Wanted) -> Page:
    """Cut a page out of a state, from the first object at or after a key."""
    first, end = bisect_left(state, start, key=_key), len(state)
    if wanted.namespace is not None:
        first = max(first, bisect_left(state, f"{wanted.namespace}/", key=_key))
        end = bisect_left(state, wanted.namespace + _AFTER_SLASH, key=_key)
    keep, limit = wanted.keep, wanted.limit or len(state)
    if keep is None:
        stop = max(first, min(first + limit, end))
        items = state[first:stop]
    else:
        kept = list(islice((at for at in range(first, end) if keep(state[at])), limit))
        stop = kept[-1] + 1 if len(kept) == limit and kept else end
        items = tuple(state[at] for at in kept)
    if stop >= end:
        return Page(items, version)
    token = write_token(Token(version, f"/{state[stop - 1].key}\0"))
    return Page(items, version, token, end - stop if keep is None else None)


def _key(item: Stored) -> str:
    return item.key


def _stored(key: str, content: Mapping[str, Any]) -> Stored:
    metadata = content["metadata"]
    labels = metadata.get("labels")
    return Stored(
        key,
        metadata.get("namespace", ""),
        metadata["name"],
        msgspec.json.encode(content)[1:],
        # What a hostile object says instead of labels matches no selector.
        dict(labels) if isinstance(labels, Mapping) else {},
    )


def _content(item: Stored) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.json.decode(b"{" + item.rest)
    return content


def _namespace(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
