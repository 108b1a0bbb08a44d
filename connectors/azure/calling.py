"""Calls to Azure Resource Manager: paced for each subscription, read into our types.

The SDK's clients share one transport. Their own list of policies would register a resource provider
in a subscription that lacks it, which is a write, and would follow redirects: ours does neither.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from aiolimiter import AsyncLimiter
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import (
    ContentDecodePolicy,
    HeadersPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from azure.mgmt.resourcegraph.aio import ResourceGraphClient

from connectors.azure.clouds import Cloud
from connectors.azure.identity import Identity
from connectors.azure.refusals import refused
from connectors.azure.transport import BoundedRetries, new_transport
from connectors.shortfalls import CallError

BURST_SECONDS = 2.0
"""What the pace allows at once: two seconds' worth of calls, as the buckets of Azure allow more."""

_CALL_SECONDS = 150.0
"""For one call with all its tries: four waits of half a minute, and the answers."""
_AT_ONCE = 24
_USER_AGENT = "exposure-auditor"

Read = TypeVar("Read")
Shape = TypeVar("Shape")


class Arm:
    """Azure Resource Manager of one cloud, asked as one identity."""

    def __init__(self, cloud: Cloud, identity: Identity, requests_per_second: float) -> None:
        """Make the transport; use `opened`, which closes it."""
        self._cloud = cloud
        self._identity = identity
        self._pace = requests_per_second
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self.transport = new_transport()

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, cloud: Cloud, identity: Identity, requests_per_second: float
    ) -> AsyncIterator["Arm"]:
        """Give a door that is closed in the end."""
        arm = cls(cloud, identity, requests_per_second)
        try:
            yield arm
        finally:
            await arm.transport.close()

    def limiter(self) -> AsyncLimiter:
        """Give the pace of one subscription."""
        return AsyncLimiter(
            max(1.0, self._pace * BURST_SECONDS), max(BURST_SECONDS, 1 / self._pace)
        )

    def clusters_client(self, subscription: str) -> ContainerServiceClient:
        """Give the SDK's client of AKS in a subscription; closing it would close the transport."""
        return ContainerServiceClient(
            self._identity, subscription, base_url=self._cloud.manager, **self._wiring()
        )

    def graph_client(self) -> ResourceGraphClient:
        """Give the SDK's client of Resource Graph; closing it would close the transport."""
        return ResourceGraphClient(self._identity, base_url=self._cloud.manager, **self._wiring())

    def _wiring(self) -> dict[str, Any]:
        # Each pipeline links its policies together, so that none may stand in two.
        return {
            "transport": self.transport,
            "policies": [
                RequestIdPolicy(),
                HeadersPolicy(),
                UserAgentPolicy(base_user_agent=_USER_AGENT),
                ContentDecodePolicy(),
                BoundedRetries(),
                AsyncARMChallengeAuthenticationPolicy(self._identity, self._cloud.scope),
            ],
        }

    async def ask(
        self, pace: AsyncLimiter, asking: Callable[[], Awaitable[Read]], permission: str
    ) -> Read:
        """Make one call of the SDK; `permission` is the action that it needs.

        Raises:
            CallError: it gave no answer.
        """
        async with pace, self._gate:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    return await asking()
            except (AzureError, CallError, TimeoutError, ValueError) as error:
                raise refused(error, permission) from error


def read(answer: Any, shape: type[Shape], permission: str) -> Shape:
    """Read an answer of the SDK, as it came, into our type.

    Raises:
        CallError: it is not what Azure documents.
    """
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        raise refused(error, permission) from error
