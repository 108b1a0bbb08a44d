"""What a cloud refuses: one error for every cloud, gathered so that one cause is one line."""

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from auditor.model.cluster import Gap

_NAMED = 3
"""Regions or clusters that one line names; the rest are counted."""


class CallError(Exception):
    """A call that gave no usable answer; the message is one line for people."""

    def __init__(self, kind: str, detail: str = "", *, is_gone: bool = False) -> None:
        """Keep why: `kind` is the same for all calls that fail alike.

        `is_gone` says that what was asked about is not there (any more).
        """
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.is_gone = is_gone


class _Cause(Struct, frozen=True):
    part: str
    kind: str
    hides_clusters: bool


class Shortfalls:
    """What could not be read of one account: an AWS account, a project, a subscription."""

    def __init__(self, account: str) -> None:
        """Begin with nothing missing; `account` is for people: `account 123456789012`."""
        self._account = account
        self._places: dict[_Cause, list[str]] = defaultdict(list)
        self._reasons: dict[_Cause, str] = {}

    def hidden(self, region: str, error: CallError) -> None:
        """Note that the clusters of a region, or of the account (`""`), are not known."""
        self._note(_Cause("", error.kind, hides_clusters=True), region, error)

    def hidden_cluster(self, region: str, name: str, error: CallError) -> None:
        """Note that a cluster is there and nothing more is known of it."""
        self._note(_Cause("clusters", error.kind, hides_clusters=True), f"{region}/{name}", error)

    def missing(self, part: str, where: str, error: CallError) -> None:
        """Note that a part of what is known of clusters is missing: their node groups."""
        self._note(_Cause(part, error.kind, hides_clusters=False), where, error)

    def _note(self, cause: _Cause, where: str, error: CallError) -> None:
        self._places[cause].append(where)
        self._reasons.setdefault(cause, str(error))

    def told(self) -> Iterator[Gap]:
        """Give one gap for each cause."""
        for cause, places in self._places.items():
            named = sorted(place for place in places if place)
            shown = ", ".join(named[:_NAMED])
            if len(named) > _NAMED:
                shown += f" and {len(named) - _NAMED} more"
            parts = [self._account, shown, cause.part]
            place = ", ".join(part for part in parts if part)
            yield Gap(place, self._reasons[cause], hides_clusters=cause.hides_clusters)
