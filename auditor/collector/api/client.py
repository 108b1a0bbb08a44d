"""The one door through which an API server is asked: GET, and POST of SelfSubject reviews.

What an audit may cost a server is kept here: requests in flight, waits that it asked for, sizes
and deadlines. Redirects are never followed, and nothing of the environment (proxies, .netrc,
authorities) is used.
"""

import asyncio
import base64
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime

import aiohttp
import msgspec
from msgspec import Struct
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential
from yarl import URL

from auditor import __version__
from auditor.collector.api.addresses import GuardedResolver, refuse_literal
from auditor.collector.api.body import read_body
from auditor.collector.api.errors import (
    ApiError,
    BadAnswerError,
    NoAnswerError,
    NotBeforeError,
    StatusError,
)
from auditor.collector.api.refusals import breaks_off, no_answer, status_error
from auditor.collector.api.tls import ShownCertificate, tls_context
from auditor.collector.api.waiting import retry_after
from auditor.model.cluster import Api, Credential, SourceError
from auditor.settings.limits import ApiLimits

JSON = "application/json"
_UNAUTHORIZED = 401
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_REVIEWS = ("selfsubjectaccessreviews", "selfsubjectreviews")


class Answer(Struct, frozen=True):
    """A whole answer with a good status."""

    content_type: str
    body: bytes


class _Request(Struct, frozen=True):
    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None = None


class _TransientError(Exception):
    """Worth another attempt; holds what to raise if there is none, and the wait asked for."""

    def __init__(self, error: ApiError, seconds: float | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.seconds = seconds


class ApiClient:
    """Asks one API server; use it with `async with`."""

    def __init__(self, access: Api, limits: ApiLimits) -> None:
        """Keep an access; nothing is sent yet."""
        self._access = access
        self._limits = limits
        self._base = _base_of(access.server)
        self._places = asyncio.Semaphore(limits.lists_in_flight)
        self._renewing = asyncio.Lock()
        self._credential: Credential | None = None
        self._session: aiohttp.ClientSession | None = None
        self._not_before = 0.0
        self._unanswered = 0
        self._rejected: StatusError | None = None
        self.certificate_expires_at: datetime | None = None

    async def __aenter__(self) -> "ApiClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON
    ) -> Answer:
        """GET a path of the API.

        Raises:
            ApiError: there is no usable answer; see `auditor.collector.api.errors`.
        """
        return await self._ask(_Request("GET", self._url(path, query or {}), {"Accept": accept}))

    async def review(self, path: str, review: Struct) -> Answer:
        """POST a SelfSubject review, the only thing that an audit ever posts.

        Raises:
            ApiError: there is no usable answer.
            ValueError: the path is not one of a SelfSubject review.
        """
        if path.rpartition("/")[2] not in _REVIEWS:
            raise ValueError(f"{path} is no SelfSubject review")
        headers = {"Accept": JSON, "Content-Type": JSON}
        body = msgspec.json.encode(review)
        return await self._ask(_Request("POST", self._url(path, {}), headers, body))

    def _url(self, path: str, query: Mapping[str, str]) -> URL:
        return self._base.joinpath(path.lstrip("/"), encoded=True).with_query(query)

    async def _ask(self, request: _Request) -> Answer:
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(_TransientError),
            stop=stop_after_attempt(self._limits.attempts),
            wait=_pause,
            reraise=True,
        )
        async with self._places:
            try:
                answer: Answer = await attempts(self._attempt, request)
            except (_TransientError, ApiError) as error:
                final = error.error if isinstance(error, _TransientError) else error
                self._unanswered = self._unanswered + 1 if isinstance(final, NoAnswerError) else 0
                raise final from error
        self._unanswered = 0
        return answer

    async def _attempt(self, request: _Request) -> Answer:
        await self._wait_turn()
        session, credential = await self._ready(refused=None)
        try:
            return await self._send(session, credential, request)
        except StatusError as error:
            if error.status != _UNAUTHORIZED:
                raise
        # A token may have been rotated since: once, with a new one.
        session, credential = await self._ready(refused=credential)
        try:
            return await self._send(session, credential, request)
        except StatusError as error:
            if error.status == _UNAUTHORIZED:
                self._rejected = error
            raise

    async def _wait_turn(self) -> None:
        """Wait until the server may be asked again, and give up on one that never answers.

        Raises:
            StatusError: it refused our new credentials too; asking on would lock them.
            NotBeforeError: the wait is longer than an audit may take.
            NoAnswerError: too many requests in a row had no answer.
        """
        if self._rejected is not None:
            raise self._rejected
        if self._unanswered >= self._limits.failures_in_a_row:
            raise NoAnswerError(f"{self._unanswered} requests in a row had no answer: given up")
        seconds = self._not_before - asyncio.get_running_loop().time()
        if seconds > self._limits.max_retry_after_seconds:
            raise NotBeforeError(seconds)
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def _send(
        self, session: aiohttp.ClientSession, credential: Credential, request: _Request
    ) -> Answer:
        try:
            async with session.request(
                request.method,
                request.url,
                headers=dict(request.headers) | _authorization(credential),
                data=request.body,
                allow_redirects=False,
                proxy=self._access.proxy,
                server_hostname=self._access.server_name,
            ) as response:
                content = await read_body(response, self._limits)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            refusal = no_answer(error, self._base)
            if breaks_off(error):
                raise _TransientError(refusal, None) from error
            raise refusal from error
        except (ValueError, TypeError) as error:
            # A token with a line break, a name that no name server knows: what such an error says
            # may quote the credential.
            raise NoAnswerError("the server or its credential cannot be written in HTTP") from error
        return self._judged(response, content)

    def _judged(self, response: aiohttp.ClientResponse, content: bytes) -> Answer:
        """Tell a good answer from a refusal.

        Raises:
            StatusError: the server said no.
            BadAnswerError: it sends us elsewhere.
        """
        status = response.status
        if status in (200, 201):
            return Answer(response.headers.get("Content-Type", ""), content)
        if 300 <= status < 400:
            raise BadAnswerError(f"the server redirects (HTTP {status}); that is never followed")
        error = status_error(status, content)
        if status not in _TRANSIENT:
            raise error
        seconds = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        if seconds is not None:
            now = asyncio.get_running_loop().time()
            self._not_before = max(self._not_before, now + seconds)
            if seconds > self._limits.max_retry_after_seconds:
                raise NotBeforeError(seconds)
        raise _TransientError(error, seconds)

    async def _ready(
        self, *, refused: Credential | None
    ) -> tuple[aiohttp.ClientSession, Credential]:
        """Give a session with a credential, another one than that which was refused.

        Raises:
            NoAnswerError: there is no credential, or it cannot be used.
        """
        async with self._renewing:
            now = self._credential
            # Where requests are refused at once, the first of them has renewed for all.
            if self._session is None or now is None or now is refused:
                try:
                    new = await self._access.credentials.credential(renew=refused is not None)
                except SourceError as error:
                    raise NoAnswerError(str(error)) from error
                if self._session is None or not _same_certificate(new, now):
                    await self._close()
                    self._session = self._new_session(new)
                self._credential = now = new
            return self._session, now

    def _new_session(self, credential: Credential) -> aiohttp.ClientSession:
        access, limits = self._access, self._limits
        is_tls = self._base.scheme == "https"
        refuse_literal(self._base.host or "")
        connector = aiohttp.TCPConnector(
            ssl=tls_context(access, credential, self._note_certificate) if is_tls else False,
            resolver=GuardedResolver(is_verified=access.verify and is_tls),
            limit=limits.lists_in_flight,
        )
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"exposure-auditor/{__version__}", "Accept-Encoding": "gzip"},
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=limits.connect_seconds,
                sock_connect=limits.connect_seconds,
                sock_read=limits.silence_seconds,
            ),
        )

    def _note_certificate(self, shown: ShownCertificate) -> None:
        if "notAfter" in shown:
            seconds = ssl.cert_time_to_seconds(shown["notAfter"])
            self.certificate_expires_at = datetime.fromtimestamp(seconds, UTC)

    async def _close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _base_of(server: str) -> URL:
    """Read a server's URL; one that is none leads nowhere, and the first request says so."""
    try:
        return URL(server.rstrip("/"))
    except ValueError:
        return URL("https://invalid.invalid")


_random_pause = wait_random_exponential(multiplier=0.5, max=8)


def _pause(state: RetryCallState) -> float:
    """Give the seconds before the next attempt: never less than the server asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.seconds if isinstance(error, _TransientError) else None
    return asked if asked is not None else _random_pause(state)


def _authorization(credential: Credential) -> dict[str, str]:
    if credential.token is not None:
        return {"Authorization": f"Bearer {credential.token}"}
    if credential.basic is not None:
        pair = base64.b64encode(":".join(credential.basic).encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {}


def _same_certificate(one: Credential, other: Credential | None) -> bool:
    return other is not None and (one.certificate, one.key) == (other.certificate, other.key)
