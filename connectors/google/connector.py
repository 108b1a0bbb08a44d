"""GKE clusters of some projects, or of all projects of a folder or an organisation.

The SDK is imported when clusters are listed, not before: whoever has no Google connector in use
needs no SDK.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from auditor.model.cluster import Cluster, Gap, Progress, SourceError
from connectors.google.options import GoogleOptions


class GoogleConnector:
    """Yields one cluster for each GKE cluster of the projects and locations that are wanted."""

    kind = "google"
    options = GoogleOptions

    @staticmethod
    def from_source(text: str) -> GoogleOptions:
        """Read a command line's `google:[PROJECT][#LOCATION]`, the part behind the colon.

        Raises:
            SourceError: what is named is no project's id.
        """
        project, _, location = text.partition("#")
        try:
            return GoogleOptions(
                projects=(project,) if project else (), locations=(location or "*",)
            )
        except ValueError as error:
            raise SourceError(str(error)) from error

    @staticmethod
    async def clusters(
        options: GoogleOptions, base: Path, *, unattended: bool
    ) -> AsyncIterator[Cluster | Gap | Progress]:
        """Yield the clusters; what could not be read of projects and locations is a gap.

        Raises:
            SourceError: there are no usable credentials, nobody says which projects to read, none
                of them can be read, or the SDK is not installed.
        """
        try:
            from connectors.google.discovery import discovered  # noqa: PLC0415 - the SDK comes here
        except ImportError as error:
            raise SourceError(
                f"{error.name} is not installed: pip install 'exposure-auditor[google]'"
            ) from error
        # Whoever stops listening stops the listing with it.
        async with aclosing(discovered(options, base, unattended=unattended)) as items:
            async for item in items:
                yield item
