"""How completely a resource was read: what allows a verdict and what forbids one."""

from enum import StrEnum

from msgspec import Struct


class ReadState(StrEnum):
    """The outcome of reading one resource of one cluster (`docs/contract.md`, Coverage)."""

    COMPLETE = "complete"
    """Every object was read."""
    ABSENT = "absent"
    """Discovery says that the API is not served: a complete read of nothing."""
    NOT_PROVIDED = "not-provided"
    """The source cannot hold it: a manifest folder without any object of that kind."""
    FORBIDDEN = "forbidden"
    """Our identity may not read it."""
    PARTIAL = "partial"
    """Some objects were read, others were not."""
    FAILED = "failed"
    """Nothing usable was read."""
    STALE = "stale"
    """What is known is older than it may be."""

    @property
    def is_complete(self) -> bool:
        """Whether verdicts may rest on the absence of an object."""
        return self in (ReadState.COMPLETE, ReadState.ABSENT)

    @property
    def is_shortfall(self) -> bool:
        """Whether the audit is incomplete because of it: it should have been read and was not.

        `not-provided` is a gap in the source, not in the reading, and does not cause exit code 3.
        """
        return not self.is_complete and self is not ReadState.NOT_PROVIDED


class Coverage(Struct, frozen=True):
    """How completely one resource was read."""

    resource: str
    """The plural, or `plural.group` outside the core group."""
    state: ReadState
    count: int
    """Objects read."""
    detail: str | None = None
    """Why it is not complete, in one line; or what a complete read rests on."""


class ReadProblem(Struct, frozen=True):
    """Something in a source that could not be read, for people to mend."""

    where: str
    """The file, document and line, or the object."""
    message: str
    """What is wrong and what to do, in one line."""
    is_shortfall: bool = True
    """Whether the audit is incomplete because of it; else it is a remark."""
