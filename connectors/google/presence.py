"""Fields of GKE's answers, as its API reference names them: told, or not told.

A message that is left out, or a field with presence, is not told. A plain switch of a message that
is there is told: protobuf leaves `false` out, and there is no other way to say it. An enumeration
that is unspecified is not told, and one that this SDK does not know yet is its number.
"""

import re
from typing import Any

from google.protobuf.message import Message

from auditor.model.cloud import CloudFact

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def told(message: Any, path: str) -> Any:
    """Give what stands at a path such as `networkConfig.network`; None where it is not told."""
    *outer, last = (_CAPITAL.sub("_", part).lower() for part in path.split("."))
    # Below the SDK's own classes, which warn of every value that is newer than they are.
    found = message if isinstance(message, Message) else type(message).pb(message)
    for name in outer:
        if not found.HasField(name):
            return None
        found = getattr(found, name)
    field, value = found.DESCRIPTOR.fields_by_name[last], getattr(found, last)
    if field.has_presence and not found.HasField(last):
        return None
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return (named.name if named else str(value)) if value else None
    if isinstance(value, bool) and (outer or field.has_presence):
        return value
    return value or None


def shown(value: Any) -> str:
    """Write a value as the API's JSON would."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def facts(message: Any, paths: tuple[str, ...]) -> tuple[CloudFact, ...]:
    """Write down what stands at some paths, where it is told."""
    found = ((path, told(message, path)) for path in paths)
    return tuple(CloudFact(path, shown(value)) for path, value in found if value is not None)
