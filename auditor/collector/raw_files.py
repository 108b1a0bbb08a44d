"""From a path to the bytes of its files, decompressed, under limits, never outside of the path."""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from auditor.settings.limits import ReadLimits

SUFFIXES = (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz")
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1024 * 1024


class RawFile(Struct, frozen=True):
    """A file's content, decompressed."""

    name: str
    """Its path relative to the folder that was named, or its own name."""
    content: bytes


class UnreadableFile(Struct, frozen=True):
    """A file that could not be read, and why, in one line."""

    name: str
    message: str


def raw_files(path: Path, limits: ReadLimits) -> Iterator[RawFile | UnreadableFile]:
    """Give the manifest files at a path: the file itself, or those below the folder, in order.

    Hidden files and folders are passed over, and so are links that lead out of the folder.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    if not path.is_dir():
        yield _read(path, path.name, limits)
        return
    root = path.resolve()
    for count, file in enumerate(_below(root)):
        name = str(file.relative_to(root))
        if count >= limits.max_files:
            message = (
                f"the folder holds over {limits.max_files:,} manifest files; name a smaller one"
            )
            yield UnreadableFile(name, message)
            return
        if not file.resolve().is_relative_to(root):
            yield UnreadableFile(name, "is a link that leads out of the folder; copy the file in")
            continue
        yield _read(file, name, limits)


def _below(root: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise error

    for folder, folders, files in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(folder, name)


def _read(file: Path, name: str, limits: ReadLimits) -> RawFile | UnreadableFile:
    limit = limits.max_yaml_bytes if _is_yaml(name) else limits.max_json_bytes
    try:
        size = file.stat().st_size
        if size > limit:
            message = (
                f"holds {size:,} bytes, over the limit of {limit:,}; split it or save it as JSON"
            )
            return UnreadableFile(name, message)
        content = file.read_bytes()
        if content.startswith(_GZIP_MAGIC):
            content = _decompress(content, limit)
    except OSError as error:
        return UnreadableFile(name, f"cannot be read: {error.strerror}")
    except (zlib.error, ValueError) as error:
        return UnreadableFile(name, f"cannot be decompressed: {error}")
    return RawFile(name, content)


def _is_yaml(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith((".yaml", ".yml"))


def _decompress(content: bytes, limit: int) -> bytes:
    """Inflate gzip (several members too) under a limit on the result.

    Raises:
        ValueError: the result is over the limit, or the data ends too early.
        zlib.error: it is not gzip.
    """
    parts: list[bytes] = []
    total = 0
    while content:
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while content and not inflater.eof:
            part = inflater.decompress(content, _CHUNK)
            content = inflater.unconsumed_tail
            total += len(part)
            parts.append(part)
            if total > limit:
                raise ValueError(f"it inflates to over {limit:,} bytes")
        if not inflater.eof:
            raise ValueError("it ends too early")
        content = inflater.unused_data.lstrip(b"\0")
    return b"".join(parts)
