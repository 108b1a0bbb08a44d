"""Compression: of large answers as a real server does it, and of bombs."""

import struct
import zlib
from functools import cache

import msgspec

from auditor.simulator.statuses import Answer

GZIP_FROM_BYTES = 128 * 1024
"""A real server compresses only larger bodies (its `gzip` response writer's threshold)."""

_MEGABYTE = 1024 * 1024
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def packed(answer: Answer, accept_encoding: str) -> Answer:
    """Compress a large body for a client that accepts it."""
    if "gzip" not in accept_encoding or len(answer.body) <= GZIP_FROM_BYTES:
        return answer
    packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    body = packer.compress(answer.body) + packer.flush()
    headers = dict(answer.headers)
    vary = [value for value in (headers.get("Vary"), "Accept-Encoding") if value]
    headers |= {"Content-Encoding": "gzip", "Vary": ", ".join(vary)}
    return msgspec.structs.replace(answer, headers=headers, body=body)


def unpacked(answer: Answer) -> bytes:
    """Give the body as it was before it was compressed, if it was."""
    if "Content-Encoding" not in answer.headers:
        return answer.body
    return zlib.decompress(answer.body, wbits=zlib.MAX_WBITS | 16)


@cache
def bomb(list_kind: str, megabytes: int) -> bytes:
    """Give valid gzip of a list whose one object has a name of so many MiB.

    Only one of them is ever compressed: its block is repeated, which deflate allows.
    """
    head = b'{"kind":"%s","metadata":{},"items":[{"metadata":{"name":"' % list_kind.encode()
    filler, tail = b"a" * _MEGABYTE, b'"}}]}'
    body = _block(head) + _block(filler) * megabytes + _block(tail, zlib.Z_FINISH)
    checksum = zlib.crc32(head)
    for _ in range(megabytes):
        checksum = zlib.crc32(filler, checksum)
    checksum = zlib.crc32(tail, checksum)
    size = len(head) + len(filler) * megabytes + len(tail)
    return _GZIP_HEAD + body + struct.pack("<II", checksum, size & 0xFFFFFFFF)


def _block(content: bytes, end: int = zlib.Z_FULL_FLUSH) -> bytes:
    packer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush(end)
