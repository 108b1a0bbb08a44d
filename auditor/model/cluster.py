"""A cluster as a connector yields it: who it is, what the cloud says of it, how to read it."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from auditor.model.cloud import CloudFacts


class Files(Struct, frozen=True):
    """Access to a cluster through files at a path: manifests, kubectl output or a capture."""

    path: str


class Credential(Struct, frozen=True, kw_only=True):
    """What proves to an API server who we are. It is kept in memory and never shown."""

    token: str | None = None
    """A bearer token."""
    basic: tuple[str, str] | None = None
    """Name and password, for the proxies that still ask for them."""
    certificate: bytes | None = None
    """Client certificate chain as PEM; `key` comes with it."""
    key: bytes | None = None

    def __repr__(self) -> str:
        """Say which parts there are, not what they hold."""
        parts = (name for name in self.__struct_fields__ if getattr(self, name) is not None)
        return f"Credential({', '.join(parts)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Give nothing to pretty printers, which pass `repr` by."""
        return []


class CredentialProvider(Protocol):
    """Gives credentials when they are needed, and new ones when the old are refused."""

    async def credential(self, *, renew: bool) -> Credential:
        """Give a credential that is valid now; `renew` says that the last one was refused.

        Raises:
            SourceError: none can be had; the message says why and what to do.
        """


class Api(Struct, frozen=True, kw_only=True):
    """Access to a cluster through its API server."""

    server: str
    """`https://HOST[:PORT][/PATH]`; `http://` works too and is reported."""
    credentials: CredentialProvider
    ca: bytes | None = None
    """PEM of the authorities that may sign the server's certificate; None: the system's."""
    verify: bool = True
    """Whether the server's certificate is checked."""
    server_name: str | None = None
    """The name to expect in the certificate, where it is not the host."""
    proxy: str | None = None
    """URL of a proxy. The environment's proxies are never used."""

    def __repr__(self) -> str:
        """Say where it leads; a proxy's URL may hold a password."""
        return f"Api(server={self.server!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Give the same to pretty printers, which pass `repr` by."""
        return [("server", self.server)]


class NoAccess(Struct, frozen=True):
    """A cluster that is known and cannot be asked: its connector found its access unusable."""

    reason: str
    """Why, and what to do, in one line."""


class Cluster(Struct, frozen=True, kw_only=True):
    """One cluster: its locator, what is known of it from outside, and the access to it."""

    id: str
    """The locator of `docs/contract.md`, for example `eks/123456789012/eu-west-1/prod`."""
    name: str
    provider: str
    account: str | None = None
    location: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    """Cluster tags or labels as the cloud has them."""
    cloud: CloudFacts | None = None
    """What the cloud says of it; None where no cloud was asked."""
    access: Files | Api | NoAccess

    @property
    def place(self) -> str:
        """Say where it is read from, for people."""
        if isinstance(self.access, Files):
            return self.access.path
        return self.access.server if isinstance(self.access, Api) else "nowhere"


class Gap(Struct, frozen=True):
    """A part of a source that could not be read: an account, a region, a page.

    A connector that yields one says that its listing is not complete: the rest of it counts, and
    nothing that it lacks is taken to be gone.
    """

    place: str
    """Which part, for people: `account 123456789012, eu-west-1`."""
    reason: str
    """Why, and which right or setting would mend it, in one line."""
    hides_clusters: bool = True
    """Whether there may be clusters in it. False where every cluster of it is known, and only
    facts about them are missing."""


class Progress(Struct, frozen=True):
    """How far a connector has come; it tells people that long work goes on, and nothing else."""

    text: str


class SourceError(Exception):
    """A source or connector cannot be used; the message says what to do."""


class SourceNotFoundError(SourceError):
    """What a source names is not there: the source is written wrongly."""
