"""The body of an answer: read under a cap on its decompressed bytes and on its slowness."""

import asyncio
import zlib

from aiohttp import ClientResponse

from auditor.collector.api.errors import BadAnswerError, NoAnswerError
from auditor.settings.limits import ApiLimits

_GZIP = zlib.MAX_WBITS | 16


async def read_body(response: ClientResponse, limits: ApiLimits) -> bytes:
    """Read a whole body, inflated where it is gzip.

    Raises:
        BadAnswerError: it is larger than a page may be, or compressed in a way nobody asked for.
        NoAnswerError: it comes too slowly, or ends too early.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise BadAnswerError(f"the answer is compressed as {encoding!r}, which nobody asked for")
    inflater = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    parts: list[bytes] = []
    clock = asyncio.get_running_loop()
    started, received, size = clock.time(), 0, 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        if clock.time() - started > limits.grace_seconds + received / limits.min_bytes_per_second:
            message = f"the answer comes too slowly: {received:,} bytes in "
            raise NoAnswerError(f"{message}{clock.time() - started:,.0f} s")
        # One byte over the cap is enough to know; a bomb is never inflated further.
        part = _inflate(inflater, chunk, limits.max_page_bytes - size + 1) if inflater else chunk
        size += len(part)
        if size > limits.max_page_bytes:
            raise BadAnswerError(f"the answer holds over {limits.max_page_bytes:,} bytes")
        parts.append(part)
    if inflater is not None and not inflater.eof and received:
        raise NoAnswerError("the answer ends too early")
    return b"".join(parts)


def _inflate(inflater: "zlib._Decompress", chunk: bytes, most: int) -> bytes:
    try:
        return inflater.decompress(chunk, most)
    except zlib.error as error:
        raise BadAnswerError(f"the answer is not the gzip that it says: {error}") from error
