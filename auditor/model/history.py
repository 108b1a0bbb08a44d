"""What is remembered of a cluster: values that hold for a key over a span of time.

A look at a cluster (an audit) says what holds from its moment on, until the next look. Times are
integer microseconds since 1970 in UTC; a span is half open: it holds its start, not its end.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(moment: datetime) -> int:
    """Give a moment as integer microseconds since 1970 in UTC.

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_moment(microseconds: int) -> datetime:
    """Give integer microseconds since 1970 as a moment in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def written_moment(microseconds: int) -> str:
    """Write integer microseconds since 1970 as RFC 3339 in UTC, to the microsecond."""
    return to_moment(microseconds).isoformat(timespec="microseconds").replace("+00:00", "Z")


class FactKind(StrEnum):
    """What a fact is about; its key follows from that."""

    VERDICT = "verdict"
    """Of a finding; the key is the finding's id, the topic its check."""
    SEVERITY = "severity"
    """Of a failing finding, with its reason; the key is the finding's id."""
    ACCEPTANCE = "acceptance"
    """Of a failing finding by an exception or declaration; the key is the finding's id."""
    TENANCY = "tenancy"
    """Tenants and risk level of a namespace; the key is its name."""
    AGREEMENT = "agreement"
    """An exception or declaration in force and how many findings it matched; the key is the digest
    of its content, the topic says which of the two it is."""
    COVERAGE = "coverage"
    """How completely a resource was read; the key is the resource."""
    EXPOSURE = "exposure"
    """One way in; the key is the exposure's id, the state its verdict, the topic its audience."""
    SEGMENTATION = "segmentation"
    """Whether packets pass from one tenant or risk level to another; the key is canonical JSON of
    the dimension and both ends, the topic the dimension, the state that of the border."""
    PLATFORM = "platform"
    """What the cluster runs on: the key `kubernetes` has the version, `cni` what is enforced, and
    `mesh/NAME` the mutual TLS of a mesh."""


class CloseReason(StrEnum):
    """Why a value stopped to hold; only the first two are improvements."""

    FIXED = "fixed"
    SUBJECT_GONE = "subject-gone"
    CHANGED = "changed"
    """Another value took its place, for the worse or sideways: a pass that fails now."""
    RULE_CHANGED = "rule-changed"
    CHECK_OFF = "check-off"
    CLUSTER_REPLACED = "cluster-replaced"
    DECOMMISSIONED = "decommissioned"


FactKey = tuple[FactKind, str]


class FactValue(Struct, frozen=True):
    """What holds for a key."""

    state: str
    """The verdict, the severity, the risk level, the read state and so on, by the kind of fact."""
    detail: str
    """Canonical JSON of the deciding fields; kept once however often it recurs."""
    topic: str = ""
    """The check of a verdict, so that one check's verdicts are found without reading details;
    likewise the audience of an exposure and whether an agreement is an exception."""


class Assignment(Struct, frozen=True):
    """What a look says of a key from its moment on; no value means that nothing holds any more."""

    kind: FactKind
    key: str
    value: FactValue | None
    reason: CloseReason = CloseReason.CHANGED
    """Why the value before stopped to hold."""
    until: int | None = None
    """When it stops by itself, as an exception does that expires; None if it does not."""


class Tally(Struct, frozen=True):
    """What a look changed, counted by finding."""

    opened: int = 0
    reopened: int = 0
    kept: int = 0
    unconfirmed: int = 0
    """Open failures that this look could not confirm: they stay."""
    closed: Mapping[str, int] = {}
    """Failures that stopped, by reason."""


class Changes(Struct, frozen=True):
    """What a look says that was not so before, and the counts of it."""

    assignments: tuple[Assignment, ...]
    tally: Tally


class Known(Struct, frozen=True, kw_only=True):
    """What was known of a cluster just before a look; empty before the first."""

    values: Mapping[FactKey, FactValue] = {}
    incarnation: str | None = None
    rules_version: str | None = None
    failed_before: frozenset[str] = frozenset()
    """Ids of findings that failed at some time before and do not now."""
