"""A cluster as a connector yields it: who it is, what the cloud says of it, how to read it."""

from collections.abc import Mapping

from msgspec import Struct, field


class Files(Struct, frozen=True):
    """Access to a cluster through files at a path: manifests, kubectl output or a capture."""

    path: str


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
    access: Files


class SourceError(Exception):
    """A source or connector cannot be used; the message says what to do."""


class SourceNotFoundError(SourceError):
    """What a source names is not there: the source is written wrongly."""
