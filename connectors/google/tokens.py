"""Access tokens: one identity's token opens Google's APIs and the clusters alike.

A token lives for an hour (IAM documentation, Token types). It is kept in memory alone and renewed
before it ends, in a thread: google-auth asks with blocking calls.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from google.auth import exceptions as auth
from google.auth.credentials import Credentials
from google.auth.transport.requests import Request

from auditor.model.cluster import Credential, SourceError
from connectors.google.refusals import no_token
from connectors.shortfalls import CallError

RENEW_BEFORE = timedelta(minutes=4)
"""How long before its end a token is renewed. A metadata server gives out the old one until five
minutes before."""

_ONE_CALL_SECONDS = 20
_RENEWAL_SECONDS = 60
"""With what google-auth itself tries again."""


class _HurriedRequest(Request):
    """Asks the endpoints that give tokens; google-auth would wait for two minutes."""

    def __call__(self, url: str, *args: Any, **kwargs: Any) -> Any:
        given = kwargs.get("timeout") or _ONE_CALL_SECONDS
        kwargs["timeout"] = min(given, _ONE_CALL_SECONDS)
        return super().__call__(url, *args, **kwargs)  # type: ignore[no-untyped-call]


class Tokens:
    """The tokens of one identity, for all who act as it."""

    def __init__(self, credentials: Credentials) -> None:
        """Keep what tokens are made from; nothing is asked yet."""
        self._credentials = credentials
        self._renewing = asyncio.Lock()

    async def token(self, *, instead_of: str | None = None) -> str:
        """Give a token that is valid for some minutes, and not the one that was refused.

        Raises:
            CallError: none can be had.
        """
        async with self._renewing:
            kept = self._credentials.token
            if kept is None or self._is_late() or kept == instead_of:
                await self._renew()
            return str(self._credentials.token)

    def headers(self) -> dict[str, str]:
        """Give the headers of a call, with the last token: who asks, and whose quota it takes."""
        headers: dict[str, str] = {}
        self._credentials.apply(headers)
        return headers

    def _is_late(self) -> bool:
        ends = self._credentials.expiry
        # google-auth keeps times in UTC and without saying so.
        return ends is not None and ends.replace(tzinfo=UTC) - datetime.now(UTC) < RENEW_BEFORE

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(_RENEWAL_SECONDS):
                await asyncio.to_thread(self._credentials.refresh, _HurriedRequest())
        except (auth.GoogleAuthError, TimeoutError, ValueError, OSError) as error:
            # The cause may hold what the token endpoint answered.
            raise no_token(error) from None


class GkeTokens:
    """Gives one cluster the tokens of an identity."""

    def __init__(self, tokens: Tokens) -> None:
        """Share the tokens with the other clusters of the identity."""
        self._tokens = tokens
        self._given: str | None = None

    async def credential(self, *, renew: bool) -> Credential:
        """Give the identity's token; where this cluster refused it, another one.

        Raises:
            SourceError: none can be had.
        """
        try:
            self._given = await self._tokens.token(instead_of=self._given if renew else None)
        except CallError as error:
            raise SourceError(f"no token for the cluster: {error}") from error
        return Credential(token=self._given)
