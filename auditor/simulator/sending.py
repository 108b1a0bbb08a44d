"""How an answer is put on the wire: at once, or in parts by a server that misbehaves."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import HttpVersion11, web

from auditor.simulator.statuses import Answer

_CHUNKED_FROM_BYTES = 2048
"""What Go's HTTP server holds back to work out a Content-Length; longer bodies are chunked."""
_PIECE = 256 * 1024


class _LyingResponse(web.StreamResponse):
    """A response whose body does not have to be as long as it says."""

    _length_check = False


async def send(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Send an answer as a healthy server does."""
    if len(answer.body) <= _CHUNKED_FROM_BYTES or request.version < HttpVersion11:
        return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)

    async def pieces() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(answer.body), _PIECE):
            yield answer.body[start : start + _PIECE]

    return await send_parts(request, answer, pieces())


async def send_parts(
    request: web.BaseRequest,
    answer: Answer,
    parts: AsyncGenerator[bytes, None],
    lying_length: int | None = None,
) -> web.StreamResponse:
    """Send parts as they come, under the status and headers of an answer.

    They are framed as the answer would be, or sent bare under a Content-Length that is no promise.
    """
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    if lying_length is not None:
        response = _LyingResponse(status=answer.status, headers=dict(answer.headers))
        response.headers["Content-Length"] = str(lying_length)
        response.force_close()
    elif len(answer.body) <= _CHUNKED_FROM_BYTES or request.version < HttpVersion11:
        response.content_length = len(answer.body)
    else:
        response.enable_chunked_encoding()
    try:
        await response.prepare(request)
        # Closed at once: an abandoned generator would outlive the server as a task.
        async with aclosing(parts):
            async for part in parts:
                await response.write(part)
    except ConnectionError:
        # The client has gone.
        return response
    return response


def hang_up(request: web.BaseRequest, *, reset: bool = False) -> None:
    """End the connection after what was written, or at once with TCP RST."""
    transport = request.transport
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    raw: Any = transport.get_extra_info("socket")
    # Lingering for no time makes the kernel send RST in place of FIN.
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def sleep_unless(stopped: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond the end of the server."""
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return
