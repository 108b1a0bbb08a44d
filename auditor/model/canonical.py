"""Canonical JSON: one spelling for one value, so that its hash can be an identity."""

from hashlib import sha256

import msgspec

_Scalar = None | bool | int | str
CanonicalValue = _Scalar | list["CanonicalValue"] | dict[str, "CanonicalValue"]


def canonical_json(value: CanonicalValue) -> bytes:
    """Write a value as UTF-8 JSON with sorted keys, no white space and no needless escapes.

    Floating-point numbers have no place in an identity and are refused by the type.

    Raises:
        UnicodeEncodeError: a text holds a lone surrogate.
    """
    return msgspec.json.encode(value, order="sorted")


def digest(value: CanonicalValue) -> str:
    """Give the SHA-256 of the value's canonical JSON as 64 hex digits."""
    return sha256(canonical_json(value)).hexdigest()


def digest_text(text: str) -> str:
    """Give the SHA-256 of a text that is canonical already, as 64 hex digits."""
    return sha256(text.encode()).hexdigest()
