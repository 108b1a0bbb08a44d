"""The objects of one resource, with enough of their past to page through an earlier state."""

from collections.abc import Mapping
from itertools import takewhile

from msgspec import Struct

_HISTORY = 10_000
"""Changes of a resource that can be undone. A real server forgets after five minutes; so many
changes between the first page of a list and its last are a flood that may expire tokens."""
_PAST_STATES = 4
"""Earlier states that are kept whole: lists that are paged through at the same time."""


class Stored(Struct, frozen=True, gc=False):
    """One object."""

    key: str
    """`namespace/name`, or the name alone: objects are listed in the order of these bytes."""
    namespace: str
    name: str
    rest: bytes
    """Its JSON without kind, apiVersion and the opening brace: lists are joined from these."""
    labels: Mapping[str, str]


State = tuple[Stored, ...]


class StateForgottenError(Exception):
    """The state of that version can no longer be told."""


class _Change(Struct, frozen=True, gc=False):
    version: int
    key: str
    before: Stored | None


class Shelf:
    """Holds objects by key. Versions grow with every change, over all shelves of a cluster."""

    def __init__(self) -> None:
        """Start empty."""
        self._items: dict[str, Stored] = {}
        self._state: State | None = None
        self._changes: list[_Change] = []
        self._past: dict[int, State] = {}
        self._oldest = 0

    def get(self, key: str) -> Stored | None:
        """Give an object of the present state."""
        return self._items.get(key)

    def put(self, item: Stored, version: int) -> None:
        """Create or replace an object."""
        self._note(_Change(version, item.key, self._items.get(item.key)))
        self._items[item.key] = item

    def take(self, key: str, version: int) -> None:
        """Remove an object.

        Raises:
            KeyError: it is not there.
        """
        before = self._items.pop(key)
        self._note(_Change(version, key, before))

    def forget(self, version: int) -> None:
        """Forget all states before a version."""
        self._oldest = max(self._oldest, version)
        self._changes = [change for change in self._changes if change.version > version]
        self._past = {kept: state for kept, state in self._past.items() if kept >= version}

    def present(self) -> State:
        """Give all objects in order."""
        if self._state is None:
            self._state = _ordered(self._items)
        return self._state

    def state_at(self, version: int) -> State:
        """Give all objects in order as they were at a version.

        Raises:
            StateForgottenError: it is too long ago.
        """
        if version < self._oldest:
            raise StateForgottenError
        if not self._changes or self._changes[-1].version <= version:
            return self.present()
        if version not in self._past:
            while len(self._past) >= _PAST_STATES:
                del self._past[next(iter(self._past))]
            self._past[version] = self._undone(version)
        return self._past[version]

    def _undone(self, version: int) -> State:
        items = dict(self._items)
        for change in takewhile(lambda each: each.version > version, reversed(self._changes)):
            if change.before is None:
                items.pop(change.key, None)
            else:
                items[change.key] = change.before
        return _ordered(items)

    def _note(self, change: _Change) -> None:
        self._state = None
        self._changes.append(change)
        if len(self._changes) > _HISTORY:
            self.forget(self._changes[_HISTORY // 2].version)


def _ordered(items: Mapping[str, Stored]) -> State:
    return tuple(item for _, item in sorted(items.items()))
