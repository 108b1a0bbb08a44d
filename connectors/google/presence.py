"""Fields of GKE's answers, as its API reference names them: told, or not told.

A message that is left out, or a field with presence, is not told. A plain switch of a message that
is there is told: protobuf leaves `false` out, and there is no other way to say it.
"""

import re
from typing import Any

from auditor.model.cloud import CloudFact

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def told(message: Any, path: str) -> Any:
    """Give what stands at a path such as `networkConfig.network`; None where it is not told."""
    *outer, last = (_CAPITAL.sub("_", part).lower() for part in path.split("."))
    for name in outer:
        if name not in message:
            return None
        message = getattr(message, name)
    value = getattr(message, last)
    if last in message:
        return value
    is_switch = isinstance(value, bool) and not type(message).meta.fields[last].optional
    return value if is_switch and outer else None


def shown(value: Any) -> str:
    """Write a value as the API's JSON would."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(getattr(value, "name", value))


def facts(message: Any, paths: tuple[str, ...]) -> tuple[CloudFact, ...]:
    """Write down what stands at some paths, where it is told."""
    found = ((path, told(message, path)) for path in paths)
    return tuple(CloudFact(path, shown(value)) for path, value in found if value is not None)
