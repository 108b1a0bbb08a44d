"""Canonical JSON: one spelling for one value, so that its hash can be an identity."""

import json
from hashlib import sha256

_Scalar = None | bool | int | str
CanonicalValue = _Scalar | list["CanonicalValue"] | dict[str, "CanonicalValue"]


def canonical_json(value: CanonicalValue) -> bytes:
    """Write a value as UTF-8 JSON with sorted keys, no white space and no needless escapes.

    Floating-point numbers have no place in an identity and are refused by the type.

    Raises:
        UnicodeEncodeError: a text holds a lone surrogate.
    """
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


def digest(value: CanonicalValue) -> str:
    """Give the SHA-256 of the value's canonical JSON as 64 hex digits."""
    return sha256(canonical_json(value)).hexdigest()


def digest_text(text: str) -> str:
    """Give the SHA-256 of a text that is canonical already, as 64 hex digits."""
    return sha256(text.encode()).hexdigest()
