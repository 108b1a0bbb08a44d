"""Verdict, disposition, severity: what a check says, and apart from it what people decided."""

from datetime import date
from enum import StrEnum
from itertools import pairwise

from msgspec import Struct


class Verdict(StrEnum):
    """What a check says of a subject (`docs/checks/README.md`). Unknown is never pass."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - a verdict
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"

    @property
    def claims_health(self) -> bool:
        """Whether the verdict would be wrong if an input were missing."""
        return self in (Verdict.PASS, Verdict.NOT_APPLICABLE)


ACCEPTED = "accepted"
"""What a `fail` is shown as while an exception or a declaration covers it."""


class Severity(StrEnum):
    """How bad a `fail` is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Give 0 for low up to 3 for critical."""
        return list(Severity).index(self)

    def raised(self) -> "Severity":
        """Give the next severity up; critical stays."""
        return next((up for low, up in pairwise(Severity) if low is self), Severity.CRITICAL)


class RatedSeverity(Struct, frozen=True):
    """A severity together with why it is that one."""

    level: Severity
    reason: str


class Confidence(StrEnum):
    """How sure an answer is, by the evidence that it rests on."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Give 0 for low up to 2 for high."""
        return (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH).index(self)


def least_confident(*confidences: Confidence) -> Confidence:
    """Give the lowest of several confidences: a chain is as sure as its weakest link."""
    return min(confidences, key=lambda confidence: confidence.rank)


class Acceptance(Struct, frozen=True):
    """Why a `fail` is accepted: the exception or declaration that covers it."""

    by: str
    """`exception` or `declaration`."""
    index: int
    """Its position in the configuration, from 0."""
    reason: str
    """Who accepted it and why, in one line, with ticket and expiry."""
    expires: date | None = None
    """Its last day; None if it has none."""
