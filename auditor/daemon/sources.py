"""From sources on the command line, or connectors of the configuration, to clusters.

Connectors are loaded by their entry point, ours like anybody's.
"""

from collections.abc import AsyncIterator, Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from auditor.model.cluster import Cluster, Gap, Progress, SourceError
from auditor.settings.configuration import Configuration, ConnectorSettings

ENTRY_POINT_GROUP = "exposure_auditor.connectors"
"""Where any distribution may offer a connector."""

SOURCE_EXAMPLE = "for example kubeconfig:~/.kube/config#prod or snapshot:./manifests"


class Connector(Protocol):
    """What an entry point of the group provides."""

    kind: str
    options: type[Struct]

    @staticmethod
    def from_source(text: str) -> Any:
        """Give the options that `kind:TEXT` on the command line means."""

    @staticmethod
    def clusters(
        options: Any, base: Path, *, unattended: bool
    ) -> AsyncIterator[Cluster | Gap | Progress]:
        """Yield the clusters; a source that cannot be listed is a SourceError, never empty.

        Where a part of it cannot be listed, a `Gap` says which, in place of its clusters. Listings
        that take long yield `Progress` on the way.

        `unattended` says that no person asked for this: whatever runs other programs then runs only
        those that the configuration names.
        """


class Source(Struct, frozen=True):
    """A source that is understood: which connector, with which options, seen from where."""

    text: str
    """As the user wrote it, for messages."""
    kind: str
    options: Any
    base: Path


def installed_connectors() -> dict[str, Any]:
    """Give the entry points of all installed connectors by kind; none is imported yet."""
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def load_connector(kind: str) -> Connector:
    """Import a connector.

    Raises:
        SourceError: no connector of that kind is installed.
    """
    points = installed_connectors()
    if kind not in points:
        names = ", ".join(sorted(points)) or "none"
        raise SourceError(f"no connector of the kind {kind!r} is installed; installed: {names}")
    connector: Connector = points[kind].load()
    return connector


def parse_source(text: str, configuration: Configuration, config_base: Path) -> Source:
    """Understand one SOURCE of the command line.

    Raises:
        SourceError: it is not `KIND:…`, or names a connector that is not there.
    """
    kind, colon, rest = text.partition(":")
    if not text.isascii() and text != text.encode(errors="replace").decode():
        # A file name of other bytes: it would be part of the cluster's id.
        raise SourceError("is no UTF-8 text; reach it by a link with another name")
    if not colon:
        raise SourceError(f"is not KIND:PLACE, {SOURCE_EXAMPLE}")
    if kind == "connector":
        named = [entry for entry in configuration.connectors if entry.name == rest]
        if not named:
            names = ", ".join(entry.name for entry in configuration.connectors) or "none"
            raise SourceError(f"the configuration has no connector {rest!r}; it has: {names}")
        return configured_source(named[0], config_base)
    return Source(text, kind, load_connector(kind).from_source(rest), Path())


def configured_source(entry: ConnectorSettings, config_base: Path) -> Source:
    """Understand a connector of the configuration.

    Raises:
        SourceError: its kind is not installed or its options do not fit.
    """
    connector = load_connector(entry.kind)
    try:
        options = msgspec.convert(entry.options, connector.options)
    except msgspec.ValidationError as error:
        raise SourceError(f"connectors: {entry.name}: {error}") from error
    return Source(f"connector:{entry.name}", entry.kind, options, config_base)


def default_sources() -> list[Source]:
    """Give what is meant where nothing is named: the default kubeconfig, as kubectl finds it."""
    text = f"default kubeconfig (for another, name a SOURCE, {SOURCE_EXAMPLE})"
    return [Source(text, "kubeconfig", load_connector("kubeconfig").from_source(""), Path())]


class Listing(Struct, frozen=True):
    """What a connector listed."""

    clusters: tuple[Cluster, ...]
    gaps: tuple[Gap, ...] = ()
    """Parts that could not be read."""

    @property
    def has_all_clusters(self) -> bool:
        """Whether no cluster can have been overlooked."""
        return not any(gap.hides_clusters for gap in self.gaps)


def _say_nothing(_: str) -> None:
    pass


async def clusters_of(
    source: Source, *, unattended: bool, progress: Callable[[str], None] = _say_nothing
) -> Listing:
    """List the clusters of a source; see `Connector.clusters`.

    Raises:
        SourceError: they cannot be listed.
    """
    connector = load_connector(source.kind)
    listed = connector.clusters(source.options, source.base, unattended=unattended)
    clusters: list[Cluster] = []
    gaps: list[Gap] = []
    async for item in listed:
        if isinstance(item, Cluster):
            clusters.append(item)
        elif isinstance(item, Gap):
            gaps.append(item)
        else:
            progress(item.text)
    return Listing(tuple(clusters), tuple(gaps))
