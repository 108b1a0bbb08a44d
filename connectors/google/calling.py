"""Calls to Google: gRPC for GKE itself, HTTP for the rest; paced, tried again, with time-outs.

Nothing is left to the SDK's own retries: they know neither how long Google says to wait nor an end
to it (a time-out given alone still tries for its whole default).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import grpc
import msgspec
from aiolimiter import AsyncLimiter
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.container_v1 import ClusterManagerAsyncClient, ListClustersRequest
from google.cloud.container_v1.services.cluster_manager.transports import (
    ClusterManagerGrpcAsyncIOTransport,
)
from google.cloud.container_v1.types import ListClustersResponse
from msgspec import Struct

from connectors.google.refusals import ErrorBody, Refusal, by_grpc, by_http, refused
from connectors.google.shapes import Page
from connectors.google.tokens import Tokens
from connectors.shortfalls import CallError

ATTEMPTS = 5
CALL_SECONDS = 30.0
"""Of one attempt; a project with many clusters answers with megabytes."""
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
"""If Google asks for a longer one, nobody waits."""
BURST_SECONDS = 2.0
"""What the pace allows at once, in seconds' worth of calls."""

_CONNECT_SECONDS = 5.0
_MOST_BYTES = 64 * 1024 * 1024
_MOST_PAGES = 1000
_AGENT = "exposure-auditor"

Answer = TypeVar("Answer")


class Places(Struct, frozen=True):
    """Where Google's APIs are."""

    container: str = "container.googleapis.com:443"
    compute: str = "https://compute.googleapis.com/compute/v1"
    assets: str = "https://cloudasset.googleapis.com/v1"
    roots: bytes | None = None
    """Authorities that sign for `container`, as PEM; None: those that gRPC brings along."""


ShapeT = TypeVar("ShapeT")
PageT = TypeVar("PageT", bound=Page)


class RefusedError(Exception):
    """One attempt failed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class _Bearer(grpc.AuthMetadataPlugin):  # type: ignore[misc]
    """Signs gRPC calls. The token does not pass through the SDK, which may log what it is given."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __call__(self, _: object, callback: Callable[..., None]) -> None:
        callback(tuple(self._tokens.headers().items()), None)


class Caller:
    """Calls Google as one identity; to be entered once, for one listing."""

    def __init__(self, tokens: Tokens, places: Places, requests_per_second: float) -> None:
        """Keep who asks, and where; nothing is asked yet."""
        self.tokens = tokens
        self.places = places
        self._pace = AsyncLimiter(
            max(1.0, requests_per_second * BURST_SECONDS),
            max(BURST_SECONDS, 1 / requests_per_second),
        )

    async def __aenter__(self) -> Self:
        signing = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(self.places.roots),
            grpc.metadata_call_credentials(_Bearer(self.tokens)),
        )
        options = [("grpc.max_receive_message_length", _MOST_BYTES)]
        self._channel = grpc.aio.secure_channel(self.places.container, signing, options)
        transport = ClusterManagerGrpcAsyncIOTransport(channel=self._channel)
        self._clusters = ClusterManagerAsyncClient(transport=transport)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, connect=_CONNECT_SECONDS),
            headers={"User-Agent": _AGENT},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()
        await self._channel.close()

    async def list_clusters(self, project: str) -> ListClustersResponse:
        """List the clusters of a project in all locations at once; there are no pages.

        Raises:
            CallError: there is no answer.
        """

        async def ask() -> ListClustersResponse:
            request = ListClustersRequest(parent=f"projects/{project}/locations/-")
            try:
                return await self._clusters.list_clusters(request, retry=None, timeout=CALL_SECONDS)
            except GoogleAPICallError as error:
                raise RefusedError(by_grpc(error)) from error

        return await self._asked(ask, "container.clusters.list", f"projects/{project}")

    async def get(
        self, url: str, shape: type[ShapeT], permission: str, where: str, **parameters: str
    ) -> ShapeT:
        """Get one answer over HTTP.

        Raises:
            CallError: there is none.
        """
        body = await self._asked(lambda: self._get(url, parameters), permission, where)
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.MsgspecError as error:
            kind = f"{permission} on {where}: the answer is not what Google documents"
            raise CallError(kind, str(error)) from error

    async def pages(
        self, url: str, shape: type[PageT], permission: str, where: str, **parameters: str
    ) -> list[PageT]:
        """Get every page of a list over HTTP.

        Raises:
            CallError: one of the pages cannot be had: half a list is none.
        """
        found: list[PageT] = []
        while len(found) < _MOST_PAGES:
            page = await self.get(url, shape, permission, where, **parameters)
            found.append(page)
            if not page.next_page_token:
                return found
            parameters["pageToken"] = page.next_page_token
        raise CallError(f"{permission} on {where}: the list does not end")

    async def _asked(
        self, ask: Callable[[], Awaitable[Answer]], permission: str, where: str
    ) -> Answer:
        """Ask until there is an answer, it is refused for good, or it was tried often enough."""
        refused_token: str | None = None
        attempt = 1
        while True:
            token = await self.tokens.token(instead_of=refused_token)
            try:
                async with self._pace:
                    return await ask()
            except RefusedError as error:
                refusal = error.refusal
            if refusal.code == "UNAUTHENTICATED" and refused_token is None:
                refused_token = token
                continue
            wait = _wait(refusal, attempt)
            if wait is None:
                raise refused(refusal, permission, where)
            await asyncio.sleep(wait)
            attempt += 1

    async def _get(self, url: str, parameters: dict[str, str]) -> bytes:
        try:
            async with self._session.get(
                url,
                params=parameters,
                headers=self.tokens.headers(),
                allow_redirects=False,
                proxy=_proxy_for(url),
            ) as answer:
                body = await _bounded(answer.content)
                if answer.status == 200:
                    return body
                said = _error_body(body)
                raise RefusedError(by_http(answer.status, said, answer.headers.get("Retry-After")))
        except (aiohttp.ClientError, TimeoutError) as error:
            what = str(error) or type(error).__name__
            raise RefusedError(Refusal(code="UNAVAILABLE", message=what)) from error


def _wait(refusal: Refusal, attempt: int) -> float | None:
    """Tell how long to wait before it is asked again; None where it is not worth it."""
    if not refusal.is_passing or attempt >= ATTEMPTS:
        return None
    if refusal.wait_seconds is not None:
        return refusal.wait_seconds if refusal.wait_seconds <= LONGEST_WAIT_SECONDS else None
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
    # Spread, so that those who were throttled together do not come back together.
    return random.uniform(longest / 2, longest)  # noqa: S311 - nothing secret


def _proxy_for(url: str) -> str | None:
    """Name the environment's proxy, which gRPC and google-auth use too.

    aiohttp's own way to it also reads `~/.netrc`, and fails where that names a password.
    """
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise aiohttp.ClientPayloadError("the answer is too long")
    return bytes(body)


def _error_body(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body, type=ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ErrorBody()
