"""The `continue` tokens of paged lists: opaque to clients, in the form that a real server gives."""

import base64
import posixpath
import string

import msgspec
from msgspec import Struct

_FORM = "meta.k8s.io/v1"
_ALPHABET = frozenset(string.ascii_letters + string.digits + "-_")
ANY_VERSION = -1
"""Of a token that goes on with the present state: the rest of an inconsistent list."""


class TokenMalformedError(ValueError):
    """A `continue` token that no server gave; says so in the server's words."""


class Token(Struct, frozen=True):
    """Where a list goes on."""

    rv: int
    """The version whose state is listed."""
    start: str
    """The key of the first object that is not listed yet, or just before it."""
    v: str = _FORM


class _Shown(Struct):
    """A token as a client shows it: what is missing is empty, as Go's decoder has it."""

    v: str = ""
    rv: int = 0
    start: str = ""


def write_token(token: Token) -> str:
    """Write a token as a server gives it."""
    fields = {"v": token.v, "rv": token.rv, "start": token.start}
    return base64.urlsafe_b64encode(msgspec.json.encode(fields)).decode().rstrip("=")


def read_token(text: str) -> Token:
    """Read a token that a client shows.

    Raises:
        TokenMalformedError: no server gave it.
    """
    try:
        token = msgspec.json.decode(_decoded(text), type=_Shown)
    except msgspec.DecodeError as error:
        raise _malformed(_json_complaint(_decoded(text))) from error
    if token.v != _FORM:
        raise _malformed(f'server does not recognize this encoded version "{token.v}"')
    if token.rv == 0:
        raise _malformed(f"incorrect encoded start resourceVersion (version {_FORM})")
    if not token.start:
        raise _malformed(f"encoded start key empty (version {_FORM})")
    key = f"/{token.start.removeprefix('/')}"
    if posixpath.normpath(key) != key:
        raise _malformed("invalid key")
    return Token(token.rv, token.start)


def _decoded(text: str) -> bytes:
    wrong = next((place for place, sign in enumerate(text) if sign not in _ALPHABET), None)
    if wrong is None and len(text) % 4 == 1:
        wrong = len(text) - 1
    if wrong is not None:
        raise _malformed(f"illegal base64 data at input byte {wrong}")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json_complaint(content: bytes) -> str:
    """Say what Go's decoder says of the first byte, the only one that tokens get wrong."""
    first = content.lstrip()[:1]
    if not first or first in b'{["tfn-0123456789':
        return "unexpected end of JSON input"
    sign, code = first.decode("latin-1"), first[0]
    if not sign.isprintable():
        sign = f"\\u{code:04x}" if code >= 0x80 else f"\\x{code:02x}"
    return f"invalid character '{sign}' looking for beginning of value"


def _malformed(why: str) -> TokenMalformedError:
    return TokenMalformedError(f"invalid continue token: continue key is not valid: {why}")
