"""EKS clusters of one AWS account or of a whole organisation.

The SDK is imported when clusters are listed, not before: whoever has no AWS connector in use needs
no SDK.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from auditor.model.cluster import Cluster, Gap, Progress, SourceError
from connectors.aws.options import AwsOptions


class AwsConnector:
    """Yields one cluster for each EKS cluster of the accounts and regions that are wanted."""

    kind = "aws"
    options = AwsOptions

    @staticmethod
    def from_source(text: str) -> AwsOptions:
        """Read a command line's `aws:[PROFILE][#REGION]`, the part behind the colon."""
        profile, _, region = text.partition("#")
        return AwsOptions(profile=profile or None, regions=(region or "*",))

    @staticmethod
    async def clusters(
        options: AwsOptions,
        base: Path,  # noqa: ARG004 - it reads no files of its own
        *,
        unattended: bool,
    ) -> AsyncIterator[Cluster | Gap | Progress]:
        """Yield the clusters; what could not be read of accounts and regions is a gap.

        Raises:
            SourceError: there are no usable credentials, the accounts cannot be listed, or the SDK
                is not installed.
        """
        try:
            from connectors.aws.discovery import discovered  # noqa: PLC0415 - the SDK comes here
        except ImportError as error:
            raise SourceError(
                f"{error.name} is not installed: pip install 'exposure-auditor[aws]'"
            ) from error
        # Closed with us: a listing that nobody ends must leave nothing behind.
        async with aclosing(discovered(options, unattended=unattended)) as items:
            async for item in items:
                yield item
