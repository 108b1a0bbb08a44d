"""Saying in one line why a request has no usable answer."""

import os
import ssl

import aiohttp
import msgspec
from msgspec import Struct, field
from yarl import URL

from auditor.collector.api.errors import NoAnswerError, StatusError
from auditor.collector.api.tls import plain_tls_error

_LONGEST_MESSAGE = 500
"""Characters of a server's own words that are repeated."""


_NOT_FOUND = "NotFound"


class _StatusMeta(Struct, frozen=True):
    continue_token: str = field(default="", name="continue")


class _StatusDetails(Struct, frozen=True):
    name: str = ""


class _Status(Struct, frozen=True):
    """An error as the API writes it (meta/v1 Status)."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    metadata: _StatusMeta = _StatusMeta()
    details: _StatusDetails = _StatusDetails()


def status_error(status: int, content: bytes) -> StatusError:
    """Read an error answer; one that is no Status keeps its HTTP status alone."""
    try:
        said = msgspec.json.decode(content, type=_Status)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _Status()
    reason = " ".join(said.message.split())[:_LONGEST_MESSAGE] if said.kind == "Status" else ""
    message = f"HTTP {status}: {reason}" if reason else f"HTTP {status}"
    is_missing = said.kind == "Status" and said.reason == _NOT_FOUND
    missing = said.details.name or None if is_missing else None
    return StatusError(status, message, said.metadata.continue_token, missing)


def breaks_off(error: BaseException) -> bool:
    """Whether a connection that stood was broken off, which is worth another attempt."""
    refused = (
        aiohttp.ClientConnectorError,
        aiohttp.ClientConnectorCertificateError,
        aiohttp.InvalidURL,
    )
    return not isinstance(error, (TimeoutError, ssl.SSLError, *refused))


def no_answer(error: BaseException, base: URL) -> NoAnswerError:
    """Say what kept an answer from coming."""
    where = f"{base.host}:{base.port}"
    match error:
        case aiohttp.ClientConnectorCertificateError():
            reason = plain_tls_error(error.certificate_error)
        case aiohttp.ClientConnectorSSLError():
            reason = plain_tls_error(error.os_error)
        case ssl.SSLError():
            reason = plain_tls_error(error)
        case aiohttp.ClientConnectorDNSError():
            reason = f"the name {base.host} cannot be resolved"
        case aiohttp.InvalidURL():
            reason = f"the server {where} is no address: {error.description}"
        case TimeoutError():
            reason = f"{where} does not answer in time"
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            said = os.strerror(number) if number else str(error.os_error)
            reason = f"{where} cannot be reached: {said}"
        case _:
            plain = " ".join(str(error).split()) or type(error).__name__
            reason = f"{where} broke the connection off: {plain}"
    return NoAnswerError(reason)
