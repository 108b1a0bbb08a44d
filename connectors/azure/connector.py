"""AKS clusters of Azure subscriptions: some, those below a management group, or all that are seen.

The SDK is imported when clusters are listed, not before: whoever has no Azure connector in use
needs no SDK.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from auditor.model.cluster import Cluster, Gap, Progress, SourceError
from connectors.azure.options import AzureOptions


class AzureConnector:
    """Yields one cluster for each AKS cluster of the subscriptions that are wanted."""

    kind = "azure"
    options = AzureOptions

    @staticmethod
    def from_source(text: str) -> AzureOptions:
        """Read a command line's `azure:[SUBSCRIPTION][#LOCATION]`, the part behind the colon.

        Raises:
            SourceError: the subscription is not written by its id.
        """
        subscription, _, location = text.partition("#")
        try:
            return AzureOptions(
                subscriptions=(subscription,) if subscription else (),
                locations=(location or "*",),
            )
        except ValueError as error:
            raise SourceError(str(error)) from error

    @staticmethod
    async def clusters(
        options: AzureOptions, base: Path, *, unattended: bool
    ) -> AsyncIterator[Cluster | Gap | Progress]:
        """Yield the clusters; what could not be read of subscriptions is a gap.

        Raises:
            SourceError: there are no usable credentials, no subscription can be read, or the SDK
                is not installed.
        """
        try:
            from connectors.azure.discovery import discovered  # noqa: PLC0415 - the SDK comes here
        except ImportError as error:
            raise SourceError(
                f"{error.name} is not installed: pip install 'exposure-auditor[azure]'"
            ) from error
        async with aclosing(discovered(options, base, unattended=unattended)) as items:
            async for item in items:
                yield item
