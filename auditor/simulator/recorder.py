"""What a simulated server was asked, in order."""

from msgspec import Struct


class RecordedRequest(Struct, frozen=True, kw_only=True):
    """One request and how it was answered."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Without Authorization: `identity` says who it was."""
    body: bytes
    at: float
    """Monotonic seconds at which it came."""
    identity: str | None
    """None where the credentials were wrong."""
    status: int
    """Of the answer; 0 where none was begun."""
