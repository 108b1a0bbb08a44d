"""How an audit reached an API server, and what rights it held there."""

from msgspec import Struct


class HeldRight(Struct, frozen=True):
    """A right that an auditor must not hold, as a SelfSubjectAccessReview asked for it."""

    verb: str
    resource: str
    """The plural, with `.group` outside the core group and `/subresource` where there is one."""
    allowed: bool


class Connection(Struct, frozen=True, kw_only=True):
    """The way to one API server."""

    server: str
    is_verified: bool | None
    """Whether the server has to prove that it is the one: TLS with its certificate checked. None
    where it is not known how it would be reached."""
    why_unverified: str | None = None
    identity: str | None = None
    """Who the server takes us for; None where it did not say."""
    rights: tuple[HeldRight, ...] = ()
    """The rights that were asked for, in order."""
    rights_problem: str | None = None
    """Why not all of them could be asked for."""
    certificate_expires_at: str | None = None
    """When the server's certificate expires, RFC 3339; None where that is not known."""
    failure: str | None = None
    """Why the API could not be read at all."""
