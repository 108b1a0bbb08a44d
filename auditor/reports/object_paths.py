"""From a field of evidence, written for people, to kubectl's JSONPath."""

import re

_POD_FIELDS = frozenset(
    {"containers", "initContainers", "hostIPC", "hostNetwork", "hostPID", "volumes"}
)
_TEMPLATES = {
    **dict.fromkeys(
        ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"),
        "spec.template",
    ),
    "CronJob": "spec.jobTemplate.spec.template",
}
"""Where a workload describes its pods."""
_ROOTS = frozenset(
    {"data", "endpoints", "metadata", "roleRef", "rules", "spec", "status", "subjects"}
)
_WITH_RULES = frozenset({"GRPCRoute", "HTTPRoute", "Ingress", "TCPRoute", "TLSRoute", "UDPRoute"})
"""Kinds whose routes stand in `spec.rules`; evidence calls those of every kind so."""
_KEYS = {"addresses": "type", "conditions": "type", "containers": "name", "listeners": "name"}
"""What an element of a list is named by."""
_KEYS |= {"volumeMounts": "name", "volumes": "name", "initContainers": "name"}
_ANY_CONTAINERS = "['containers','initContainers','ephemeralContainers']"
_MAPS = frozenset({"annotations", "data", "labels", "matchLabels"})
_STEP = re.compile(r"\.?([A-Za-z][A-Za-z0-9]*)(?:\[([^\[\]]*)\])?")
_PLAIN = re.compile(r"[A-Za-z0-9._/:*-]*")
"""What may stand in a filter without being taken for more."""


def path_of(kind: str, written: str) -> str | None:
    """Turn a field of evidence into a JSONPath; None where it is no field of the object.

    Args:
        kind: of the object.
        written: the field, as a hop has it.
    """
    field = written.partition(" (")[0]
    root = re.split(r"[.\[]", field, maxsplit=1)[0]
    if root not in _ROOTS or (field.startswith("spec.rules") and kind not in _WITH_RULES):
        return None
    if kind in _TEMPLATES:
        field = _of_pods(field, _TEMPLATES[kind])
    for name in sorted(_MAPS):
        # A key may hold dots: what follows the map is one key, in brackets or not.
        head, found, key = field.partition(f".{name}.")
        if found and "[" not in head and name != "data":
            return f".{head}.{name}.{_key(key)}" if _PLAIN.fullmatch(key) else None
    return _steps(field)


def _of_pods(field: str, template: str) -> str:
    first = re.split(r"[.\[]", field)[1] if "." in field else ""
    if field.startswith("spec.") and first in _POD_FIELDS:
        return f"{template}.{field}"
    return f"{template}.{field}" if field.startswith("metadata.labels") else field


def _steps(field: str) -> str | None:
    path, position = "", 0
    while position < len(field):
        step = _STEP.match(field, position)
        if step is None:
            return None
        name, argument = step[1], step[2]
        part = "" if argument is None else _part(name, argument)
        if part is None:
            return f"{path}.{name}"
        # Evidence calls every container so, init containers too: whichever list has one so named.
        is_named = name == "containers" and part.startswith("[?")
        path += f"{_ANY_CONTAINERS}{part}" if is_named else f".{name}{part}"
        position = step.end()
    return path


def _part(name: str, argument: str) -> str | None:
    """Write which element of a list, or entry of a map; None where it cannot be told."""
    if argument == "":
        return "[*]"
    if not _PLAIN.fullmatch(argument):
        return None
    if name in _MAPS:
        return f".{_key(argument)}"
    if name == "ports":
        return f"[?(@.port=={argument})]" if argument.isdecimal() else f'[?(@.name=="{argument}")]'
    if name in _KEYS:
        return f'[?(@.{_KEYS[name]}=="{argument}")]'
    return f"[{argument}]" if argument.isdecimal() else None


def _key(text: str) -> str:
    return text.replace(".", "\\.")
