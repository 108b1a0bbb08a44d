"""The shape of what people wrote, held against the types, and every error of it in plain words.

The JSON Schema of the types is checked by a library, which reports all errors where a decoder stops
at the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

_Shape = TypeVar("_Shape")


def shape_errors(raw: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """Name every part that is not as a schema (2020-12) wants it: its path, and what is wrong."""
    # Imported here: 150 ms that --help must not pay.
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415

    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    for error in validator.iter_errors(raw):
        yield from _plain_errors(error)


def _plain_errors(error: Any) -> Iterator[str]:
    """Say a schema error in the words of the file; a union's error is its closest branch's."""
    path = path_text(error.absolute_path)
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", ()))
        for key in sorted(set(map(str, error.instance)) - set(known)):
            yield f"{path}: unknown key {key!r}; known are {', '.join(known)}"
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        if error.message.startswith(repr(missing[0])):
            yield from (f"{path}: {key!r} is missing" for key in missing)
    elif error.validator == "anyOf" and error.context:
        structured = [inner for inner in error.context if inner.validator not in ("type", "const")]
        if structured:
            for inner in structured:
                yield from _plain_errors(inner)
        else:
            yield f"{path}: {error.instance!r} does not fit here"
    elif error.validator == "enum":
        values = ", ".join(map(str, error.validator_value))
        yield f"{path}: {error.instance!r} is not one of {values}"
    else:
        yield f"{path}: {error.message}"


def plain_mismatch(error: msgspec.ValidationError) -> str:
    """Say what the schema lets pass and the types do not: `443.0`, or a key that is no text."""
    reason, _, place = str(error).rpartition(" - at ")
    return f"{place.replace('`', '').replace('$.', '')}: {reason}"


def path_text(parts: Iterable[str | int]) -> str:
    """Write where something is, as errors do: `declarations[3].port`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "top level"


def fitting(part: Any, shape: type[_Shape]) -> Iterator[tuple[str, _Shape]]:
    """Give the items of a list or mapping that have the right shape, each with its path."""
    items: list[tuple[str, Any]] = []
    if isinstance(part, list):
        items = [(f"[{index}]", item) for index, item in enumerate(part)]
    elif isinstance(part, dict):
        items = [(f".{key}", item) for key, item in part.items()]
    for path, item in items:
        with suppress(msgspec.ValidationError):
            yield path, msgspec.convert(item, shape)
