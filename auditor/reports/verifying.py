"""The kubectl command that shows what a hop of evidence says, so that a person can check it.

A field of evidence is written for people: `spec.ports[http].nodePort` names the port, `[]` is every
element, and a workload's field is that of its pods. Here it becomes kubectl's JSONPath. Where none
can be written, the whole object is shown; where there is no object, nothing is.
"""

import re
import shlex

from msgspec import Struct

from auditor.kube.resources import (
    GATEWAYS,
    ISTIO_GATEWAYS,
    RESOURCE_BY_NAME,
    RESOURCES,
    Resource,
)
from auditor.model.exposure import Hop

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
_KEYS = {"addresses": "type", "conditions": "type", "containers": "name", "listeners": "name"}
"""What an element of a list is named by."""
_KEYS |= {"volumeMounts": "name", "volumes": "name", "initContainers": "name"}
_MAPS = frozenset({"annotations", "data", "labels", "matchLabels"})
_STEP = re.compile(r"\.?([A-Za-z][A-Za-z0-9]*)(?:\[([^\[\]]*)\])?")
_PLAIN = re.compile(r"[A-Za-z0-9._/:*-]*")
"""What may stand in a filter without being taken for more."""
_ALL = {
    "Namespace": "kubectl get namespaces --show-labels",
    "NetworkPolicy": "kubectl get networkpolicies.networking.k8s.io --all-namespaces",
    "Node": "kubectl get nodes --output wide",
}
"""What shows all objects of a kind, where evidence speaks of no one of them."""


class Access(Struct, frozen=True):
    """How kubectl reaches the cluster."""

    kubeconfig: str | None = None
    context: str | None = None

    def words(self) -> list[str]:
        """Give the flags."""
        flags = (("--kubeconfig", self.kubeconfig), ("--context", self.context))
        return [word for flag, value in flags if value for word in (flag, value)]


def command_for(hop: Hop, access: Access) -> str | None:
    """Give the command that shows what a hop says; None where there is no object to look at."""
    kind, _, rest = hop.hop.partition("/")
    if not rest and kind in _ALL:
        return shlex.join(["kubectl", *access.words(), *shlex.split(_ALL[kind])[1:]])
    if kind == "Cluster":
        return _right(hop.field, access)
    resource = _resource(kind, hop.field)
    if resource is None:
        return None
    namespace, _, name = rest.rpartition("/")
    if bool(namespace) != resource.namespaced or not name:
        return None
    path = _path(kind, hop.field)
    shown = ["--output", f"jsonpath={{{path}}}"] if path else ["--output", "yaml"]
    where = ["--namespace", namespace] if namespace else []
    plural = resource.name
    return shlex.join(["kubectl", *access.words(), *where, "get", plural, name, *shown])


def _right(field: str, access: Access) -> str | None:
    """Ask whether a resource may be read, where evidence says that it was not."""
    if field not in RESOURCE_BY_NAME:
        return None
    question = ["auth", "can-i", "list", field, "--all-namespaces"]
    return shlex.join(["kubectl", *access.words(), *question])


def _resource(kind: str, field: str) -> Resource | None:
    """Find the resource of a kind; of the two that are called Gateway, by what is looked at."""
    if kind == "Gateway":
        is_istio = field.startswith(("spec.selector", "spec.servers"))
        return RESOURCE_BY_NAME[ISTIO_GATEWAYS if is_istio else GATEWAYS]
    return next((item for item in RESOURCES if item.kind == kind), None)


def _path(kind: str, written: str) -> str | None:
    """Turn a field of evidence into a JSONPath; None where it is no field of the object."""
    field = written.partition(" (")[0]
    root = re.split(r"[.\[]", field, maxsplit=1)[0]
    if root not in _ROOTS:
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
        path += f".{name}{part}"
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
