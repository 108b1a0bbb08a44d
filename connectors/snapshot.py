"""Clusters in files: manifests, what kubectl printed, or a capture."""

from collections.abc import AsyncIterator
from pathlib import Path

from msgspec import Struct

from auditor.model.cluster import Cluster, Files, SourceError, SourceNotFoundError


class SnapshotOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """What a configuration entry of kind `snapshot` says."""

    path: str
    """A folder or file; relative ones are taken from where the configuration file is."""
    id: str | None = None
    """The part of the cluster id behind `snapshot/`; by default the last part of the path."""
    tags: dict[str, str] = {}
    """Cluster tags, as a cloud would have them."""


class SnapshotConnector:
    """Yields one cluster for a path."""

    kind = "snapshot"
    options = SnapshotOptions

    @staticmethod
    def from_source(text: str) -> SnapshotOptions:
        """Read a command line's `snapshot:PATH[#NAME]`, the part behind the colon.

        Raises:
            SourceError: no path is given.
        """
        path, _, name = text.partition("#")
        if not path:
            raise SourceError(
                "names no path; write snapshot:PATH, for example snapshot:./manifests"
            )
        return SnapshotOptions(path, name or None)

    @staticmethod
    async def clusters(
        options: SnapshotOptions,
        base: Path,
        *,
        unattended: bool,  # noqa: ARG004 - files need no caution
    ) -> AsyncIterator[Cluster]:
        """Yield the cluster at the path; relative paths are taken from `base`.

        Raises:
            SourceNotFoundError: it begins with a `~name` without home, or goes in circles.
        """
        yield _cluster(options, base)


def _cluster(options: SnapshotOptions, base: Path) -> Cluster:
    try:
        path = base / Path(options.path).expanduser()
        name = options.id or _base_name(path)
    except (RuntimeError, ValueError) as error:
        raise SourceNotFoundError(f"{options.path!r} is no path: {error}") from error
    return Cluster(
        id=f"snapshot/{name}",
        name=name,
        provider="snapshot",
        tags=options.tags,
        access=Files(str(path)),
    )


def _base_name(path: Path) -> str:
    """Give the last part of a path, resolved, so that `.` is named after its folder."""
    return path.resolve().name or "root"
