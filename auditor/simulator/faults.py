"""What may go wrong at a simulated server, and for which requests."""

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web
from msgspec import Struct

from auditor.simulator.statuses import EXPIRED_CONTINUE, json_answer, status_answer

Respond = Callable[[], Awaitable[web.Response]]
"""Gives the answer that the server would give without the fault."""

_CHUNK = 64 * 1024


class Asked(Struct, frozen=True):
    """What of a request faults are matched by."""

    path: str
    verb: str
    """`list`, `get` or `create`; of a path that is no resource the HTTP method in lower case."""
    resource: str | None
    """The plural, or `plural.group` outside the core group."""
    page: int
    """Of a list, from 1; 0 otherwise."""
    list_kind: str = "List"


class Context(Struct, frozen=True):
    """What an action needs to misbehave."""

    request: web.Request
    asked: Asked
    respond: Respond
    stopped: asyncio.Event
    """Set when the server stops: nothing hangs longer."""


class Action(Struct, frozen=True):
    """A way to misbehave."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Answer a request in that way."""
        raise NotImplementedError


class Status(Action, frozen=True):
    """An error status, with or without Retry-After."""

    code: int
    retry_after: str | int | None = None
    message: str | None = None
    html: bool = False
    """A page for people, as a proxy in front writes it."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Answer at once."""
        del context
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.html:
            page = f"<html><body><h1>{self.code}</h1></body></html>"
            return web.Response(
                status=self.code, text=page, content_type="text/html", headers=headers
            )
        message = self.message or f"the simulated server answers {self.code}"
        return status_answer(self.code, "Simulated", message, headers=headers)


class Delay(Action, frozen=True):
    """The right answer, late."""

    seconds: float

    async def act(self, context: Context) -> web.StreamResponse:
        """Wait, then answer."""
        await _sleep(self.seconds, context.stopped)
        return await context.respond()


class SlowBody(Action, frozen=True):
    """The right answer, drop by drop."""

    bytes_per_second: float

    async def act(self, context: Context) -> web.StreamResponse:
        """Write a byte at a time, or a tenth of a second's worth."""
        answer = await context.respond()
        body = bytes(answer.body) if isinstance(answer.body, bytes) else b""
        step = max(1, int(self.bytes_per_second / 10))

        async def drops() -> AsyncIterator[bytes]:
            for start in range(0, len(body), step):
                yield body[start : start + step]
                await _sleep(step / self.bytes_per_second, context.stopped)

        return await _stream(context, answer, drops(), length=len(body))


class Stall(Action, frozen=True):
    """Some bytes, then silence on an open connection."""

    after_bytes: int = 0

    async def act(self, context: Context) -> web.StreamResponse:
        """Write the beginning of the right answer and wait for the end of the server."""
        answer = await context.respond()
        body = bytes(answer.body) if isinstance(answer.body, bytes) else b""
        if not self.after_bytes:
            await context.stopped.wait()
            return answer

        async def beginning() -> AsyncIterator[bytes]:
            yield body[: self.after_bytes]
            await context.stopped.wait()

        return await _stream(context, answer, beginning(), length=len(body))


class Truncate(Action, frozen=True):
    """The beginning of the right answer, then the end of the connection."""

    after_bytes: int

    async def act(self, context: Context) -> web.StreamResponse:
        """Write some bytes and close."""
        answer = await context.respond()
        body = bytes(answer.body) if isinstance(answer.body, bytes) else b""

        async def beginning() -> AsyncIterator[bytes]:
            yield body[: self.after_bytes]
            if context.request.transport is not None:
                context.request.transport.close()

        return await _stream(context, answer, beginning(), length=len(body))


class Body(Action, frozen=True):
    """Any bytes instead of the answer, with status 200."""

    content: bytes
    content_type: str = "application/json"
    encoding: str | None = None
    """Content-Encoding to claim."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Answer with the bytes."""
        del context
        headers = {"Content-Type": self.content_type}
        if self.encoding:
            headers["Content-Encoding"] = self.encoding
        return web.Response(body=self.content, headers=headers)


class GzipBomb(Action, frozen=True):
    """A small body that inflates to a large list."""

    megabytes: int

    async def act(self, context: Context) -> web.StreamResponse:
        """Answer with valid gzip of a list whose one object has a very long name."""
        head = b'{"kind":"%s","items":[{"metadata":{"name":"' % context.asked.list_kind.encode()
        content = head + b"a" * (self.megabytes * 1024 * 1024) + b'"}}]}'
        packed = await asyncio.to_thread(gzip.compress, content, 9)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return web.Response(body=packed, headers=headers)


class EndlessBody(Action, frozen=True):
    """A body that never ends."""

    chunk: bytes = b'{"metadata":{"name":"again"}},' * 512
    lying_length: int | None = None
    """A Content-Length to claim, and to go beyond; chunked without."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Write until the client goes or the server stops."""
        answer = json_answer(b"")

        async def always() -> AsyncIterator[bytes]:
            yield b'{"kind":"%s","items":[' % context.asked.list_kind.encode()
            while not context.stopped.is_set():
                yield self.chunk
                await asyncio.sleep(0)

        return await _stream(context, answer, always(), length=self.lying_length)


class Redirect(Action, frozen=True):
    """Go elsewhere."""

    location: str
    code: int = 302

    async def act(self, context: Context) -> web.StreamResponse:
        """Answer with the location."""
        del context
        return web.Response(status=self.code, headers={"Location": self.location})


class Reset(Action, frozen=True):
    """A connection that is torn down without a word (TCP RST)."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Reset the connection."""
        transport = context.request.transport
        if transport is not None:
            raw: Any = transport.get_extra_info("socket")
            # Lingering for no time makes the kernel send RST in place of FIN.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        return web.Response(status=500)


class ExpireContinue(Action, frozen=True):
    """The state that is being listed was forgotten."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Answer 410 with a fresh token, as a real server does."""
        token = context.request.query.get("continue", "")
        return status_answer(410, "Expired", EXPIRED_CONTINUE, token=token)


class EmptyList(Action, frozen=True):
    """A list without items where there are some."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Answer with no items."""
        kind = context.asked.list_kind
        metadata = {"resourceVersion": "1"}
        return json_answer({"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": []})


class Fault:
    """An action and the requests that it strikes; criteria that are not given match all."""

    def __init__(  # noqa: PLR0913 - each is one criterion
        self,
        action: Action,
        *,
        resource: str | None = None,
        verb: str | None = None,
        path: str | None = None,
        page: int | None = None,
        times: int | None = None,
        skip: int = 0,
    ) -> None:
        """Strike matching requests: after `skip` of them, `times` times (None: always).

        `path` is a prefix, `page` the number of a list's page from 1.
        """
        self.action = action
        self._resource = resource
        self._verb = verb
        self._path = path
        self._page = page
        self._left = times
        self._skip = skip

    def strikes(self, asked: Asked) -> bool:
        """Whether this request is struck; counts it."""
        matches = (
            self._resource in (None, asked.resource)
            and self._verb in (None, asked.verb)
            and (self._path is None or asked.path.startswith(self._path))
            and self._page in (None, asked.page)
        )
        if not matches or self._left == 0:
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        return True


async def _sleep(seconds: float, stopped: asyncio.Event) -> None:
    """Wait, but not beyond the end of the server."""
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return


async def _stream(
    context: Context, like: web.Response, parts: AsyncIterator[bytes], *, length: int | None
) -> web.StreamResponse:
    """Write parts one by one under the headers of another answer."""
    headers = {
        name: value for name, value in like.headers.items() if name.lower() != "content-length"
    }
    response = web.StreamResponse(status=like.status, headers=headers)
    if length is not None:
        response.content_length = length
    try:
        await response.prepare(context.request)
        async for part in parts:
            await response.write(part)
    except (ConnectionError, RuntimeError):
        # The client has gone, which is all that such an answer is for.
        return response
    return response
