"""Calls to one account in one region: in a bounded pool of threads, paced, read into our types."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
from aiolimiter import AsyncLimiter
from botocore import exceptions as boto
from botocore.config import Config

from connectors.aws.refusals import refused
from connectors.aws.sessions import Session

THREADS = 16
"""Of one listing. Each waits for AWS most of the time."""

BURST_SECONDS = 2.0
"""What the pace allows at once: a region that was left alone may be asked for two seconds' worth
of calls, as the buckets of AWS itself allow."""

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=THREADS,
    # Slows down by itself when AWS throttles, and honours what it says of waiting.
    retries={"mode": "adaptive", "max_attempts": 6},
    user_agent_extra="exposure-auditor",
)

_PREFIX = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing"}
"""Of IAM actions, where it is not the SDK's name of the service."""

Shape = TypeVar("Shape")


class Caller:
    """Calls one account in one region."""

    def __init__(
        self, session: Session, region: str, pool: ThreadPoolExecutor, requests_per_second: float
    ) -> None:
        """Keep whose credentials are used and where; nothing is asked yet."""
        self.session = session
        self.region = region
        self._pool = pool
        self._clients: dict[str, Any] = {}
        self._pace = AsyncLimiter(
            max(1.0, requests_per_second * BURST_SECONDS),
            max(BURST_SECONDS, 1 / requests_per_second),
        )

    async def pages(
        self, service: str, operation: str, shape: type[Shape], **arguments: Any
    ) -> list[Shape]:
        """Give every page of an answer.

        Raises:
            CallError: one of the pages cannot be had: half a list is none.
        """

        def begin() -> Iterator[dict[str, Any]]:
            paginator = self._client(service).get_paginator(operation)
            return iter(paginator.paginate(**arguments))

        permission = _permission(service, operation)
        pages = await self._run(begin, permission)
        found = []
        while (page := await self._paced(lambda: next(pages, None), permission)) is not None:
            found.append(_read(page, shape, permission))
        return found

    async def call(
        self, service: str, operation: str, shape: type[Shape], **arguments: Any
    ) -> Shape:
        """Give the answer to one call.

        Raises:
            CallError: there is none.
        """

        def ask() -> dict[str, Any]:
            answer: dict[str, Any] = getattr(self._client(service), operation)(**arguments)
            return answer

        permission = _permission(service, operation)
        return _read(await self._paced(ask, permission), shape, permission)

    async def _paced(self, ask: Callable[[], Shape], permission: str) -> Shape:
        async with self._pace:
            return await self._run(ask, permission)

    async def _run(self, ask: Callable[[], Shape], permission: str) -> Shape:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, ask)
        except (boto.BotoCoreError, boto.ClientError) as error:
            raise refused(error, permission, self.session.sdk.profile_name) from None

    def _client(self, service: str) -> Any:
        with self.session.making:
            if service not in self._clients:
                # Before the first client, so that it is said which role cannot be assumed.
                self._clients[service] = self.session.sdk.client(
                    service, region_name=self.region, config=_CONFIG
                )
            return self._clients[service]


def _permission(service: str, operation: str) -> str:
    """Name the IAM action of an operation: `describe_cluster` of EKS is `eks:DescribeCluster`."""
    action = "".join(word.capitalize() for word in operation.split("_"))
    return f"{_PREFIX.get(service, service)}:{action}"


def _read(answer: dict[str, Any], shape: type[Shape], permission: str) -> Shape:
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        raise refused(error, permission) from error
