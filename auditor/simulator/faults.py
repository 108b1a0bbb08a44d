"""What may go wrong at a simulated server, and for which requests."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from auditor.simulator.packing import bomb, unpacked
from auditor.simulator.sending import hang_up, send, send_parts, sleep_unless
from auditor.simulator.statuses import (
    EXPIRED_CONTINUE,
    NO_CACHE,
    Answer,
    json_answer,
    status_answer,
)
from auditor.simulator.tokens import (
    ANY_VERSION,
    Token,
    TokenMalformedError,
    read_token,
    write_token,
)

_STEPS_PER_SECOND = 10
"""In how many drops a slow body is written; one byte is the least."""


class Asked(Struct, frozen=True):
    """What of a request faults are matched by."""

    path: str
    verb: str
    """As RBAC has it: `list`, `get`, `create`; the HTTP method of a path that is no resource."""
    resource: str | None
    """The plural, or `plural.group` outside the core group."""
    page: int
    """Of a list, from 1; 0 otherwise."""
    list_kind: str = "List"


class Context(Struct, frozen=True):
    """What an action needs to misbehave."""

    request: web.BaseRequest
    asked: Asked
    respond: Callable[[], Answer]
    """Gives the answer that the server would give without the fault."""
    stopped: asyncio.Event
    """Set when the server stops: nothing hangs longer."""


class Action(Struct, frozen=True):
    """A way to misbehave."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Answer a request in that way; most ways are another answer, sent properly."""
        return await send(context.request, self.answer(context))

    def answer(self, context: Context) -> Answer:
        """Give the answer."""
        return context.respond()


class Status(Action, frozen=True):
    """An error status, with or without Retry-After."""

    code: int
    retry_after: str | int | None = None
    """As the header says it: seconds, an HTTP-date, or nonsense."""
    message: str | None = None
    html: bool = False
    """A page for people, as a proxy in front writes it."""

    def answer(self, context: Context) -> Answer:
        """Give the status."""
        del context
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        message = self.message or f"the simulated server answers {self.code}"
        if self.html:
            page = f"<html><body><h1>{self.code}</h1><p>{message}</p></body></html>"
            return Answer(self.code, headers | {"Content-Type": "text/html"}, page.encode())
        return status_answer(self.code, message, headers=headers)


class Delay(Action, frozen=True):
    """The right answer, late."""

    seconds: float

    async def act(self, context: Context) -> web.StreamResponse:
        """Wait, then answer."""
        await sleep_unless(context.stopped, self.seconds)
        return await send(context.request, context.respond())


class SlowBody(Action, frozen=True):
    """The right answer, drop by drop."""

    bytes_per_second: float

    async def act(self, context: Context) -> web.StreamResponse:
        """Write a byte at a time, or a tenth of a second's worth."""
        answer = context.respond()
        step = max(1, int(self.bytes_per_second / _STEPS_PER_SECOND))

        async def drops() -> AsyncGenerator[bytes, None]:
            for start in range(0, len(answer.body), step):
                yield answer.body[start : start + step]
                await sleep_unless(context.stopped, step / self.bytes_per_second)
                if context.stopped.is_set():
                    hang_up(context.request)

        return await send_parts(context.request, answer, drops())


class Stall(Action, frozen=True):
    """Some bytes of the right answer, then silence on an open connection."""

    after_bytes: int = 0
    """Of the body; at 0 not even the status is sent."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Be silent until the client goes or the server stops."""
        answer = context.respond()

        async def beginning() -> AsyncGenerator[bytes, None]:
            yield answer.body[: self.after_bytes]
            await context.stopped.wait()
            hang_up(context.request)

        if self.after_bytes:
            return await send_parts(context.request, answer, beginning())
        await context.stopped.wait()
        hang_up(context.request)
        return web.Response(status=answer.status)


class Truncate(Action, frozen=True):
    """The beginning of the right answer, then the end of the connection."""

    after_bytes: int

    async def act(self, context: Context) -> web.StreamResponse:
        """Write some bytes and close."""
        answer = context.respond()

        async def beginning() -> AsyncGenerator[bytes, None]:
            yield answer.body[: self.after_bytes]
            hang_up(context.request)

        return await send_parts(context.request, answer, beginning())


class Body(Action, frozen=True):
    """Any bytes instead of the answer, with status 200."""

    content: bytes
    content_type: str = "application/json"
    encoding: str | None = None
    """Content-Encoding to claim."""

    def answer(self, context: Context) -> Answer:
        """Give the bytes."""
        del context
        headers = {"Content-Type": self.content_type}
        encoding = {"Content-Encoding": self.encoding} if self.encoding else {}
        return Answer(200, headers | encoding, self.content)


class GzipBomb(Action, frozen=True):
    """A small body that inflates to a large list."""

    megabytes: int

    def answer(self, context: Context) -> Answer:
        """Give valid gzip of a list whose one object has a very long name."""
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return Answer(200, NO_CACHE | headers, bomb(context.asked.list_kind, self.megabytes))


class EndlessBody(Action, frozen=True):
    """A list that never ends."""

    chunk: bytes = b'{"metadata":{"name":"again"}},' * 512
    lying_length: int | None = None
    """A Content-Length to claim, and to go beyond; chunked without."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Write until the client goes or the server stops."""
        # Framed as what cannot be measured; the bytes themselves are not sent.
        answer = json_answer(self.chunk * (1 + 4096 // max(len(self.chunk), 1)))

        async def always() -> AsyncGenerator[bytes, None]:
            yield b'{"kind":"%s","items":[' % context.asked.list_kind.encode()
            while not context.stopped.is_set():
                yield self.chunk
                await asyncio.sleep(0)
            hang_up(context.request)

        return await send_parts(context.request, answer, always(), self.lying_length)


class Redirect(Action, frozen=True):
    """Go elsewhere."""

    location: str
    code: int = 302

    def answer(self, context: Context) -> Answer:
        """Give the location."""
        del context
        return Answer(self.code, {"Location": self.location}, b"")


class Reset(Action, frozen=True):
    """A connection that is torn down without a word (TCP RST)."""

    async def act(self, context: Context) -> web.StreamResponse:
        """Reset the connection."""
        hang_up(context.request, reset=True)
        return web.Response(status=500)


class ExpireContinue(Action, frozen=True):
    """The state that is being listed was forgotten."""

    def answer(self, context: Context) -> Answer:
        """Give 410 with a fresh token for the rest, as a real server does."""
        shown = context.request.query.get("continue", "")
        try:
            fresh = write_token(Token(ANY_VERSION, read_token(shown).start))
        except TokenMalformedError:
            # There is no rest to go on with.
            fresh = ""
        return status_answer(410, EXPIRED_CONTINUE, token=fresh)


class EmptyList(Action, frozen=True):
    """A list without items where there are some."""

    def answer(self, context: Context) -> Answer:
        """Give the right list's head with no items; what is no list stays as it is."""
        answer = context.respond()
        if context.asked.verb != "list" or answer.status != 200:
            return answer
        head: dict[str, Any] = msgspec.json.decode(unpacked(answer))
        version = head.get("metadata", {}).get("resourceVersion", "1")
        head |= {"metadata": {"resourceVersion": version}, "items": []}
        return json_answer(head)


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
