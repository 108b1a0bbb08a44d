"""What a simulated server was asked, in order."""

from msgspec import Struct


class RecordedRequest(Struct, kw_only=True):
    """One request and how it was answered."""

    method: str
    path: str
    query: dict[str, str]
    """Of a parameter that is given twice the first value, as a server takes it."""
    headers: dict[str, str]
    """In place of the credentials, Authorization holds the name of whose they are."""
    body: bytes
    at: float
    """Monotonic seconds at which it came."""
    identity: str | None
    """None where the credentials were wrong."""
    status: int = 0
    """Of the answer; 0 while there is none, and where the connection ended without one."""
