"""How a person checks what a hop of evidence says: by kubectl, or in the files that were read.

A field of evidence is written for people: `spec.ports[http].nodePort` names the port, `[]` is every
element, and a workload's field is that of its pods. Here it becomes kubectl's JSONPath. Where none
can be written, the whole object is shown; where evidence says that there is none, the list in which
it would stand; where it is worked out from all the rest, nothing is.
"""

import os
import shlex

from msgspec import Struct

from auditor.kube.resources import (
    GATEWAYS,
    ISTIO_GATEWAYS,
    NETWORK_POLICIES,
    RESOURCE_BY_NAME,
    RESOURCES,
    Resource,
)
from auditor.kube.rights import FORBIDDEN_RIGHTS
from auditor.model.exposure import Hop
from auditor.model.identity import CLUSTER_KIND
from auditor.reports.object_paths import path_of

_ALL = {
    "Namespace": ("get", "namespaces", "--show-labels"),
    "NetworkPolicy": ("get", NETWORK_POLICIES, "--all-namespaces"),
    "Node": ("get", "nodes", "--output", "wide"),
}
"""What shows all objects of a kind, where evidence speaks of no one of them."""
_OF_CLUSTER = {
    "identity": ("auth", "whoami"),
    "platform.cni": ("get", "daemonsets.apps", "--all-namespaces"),
    "server": ("config", "view", "--minify", "--output", "jsonpath={.clusters[*].cluster.server}"),
    "spec.providerID": ("get", "nodes", "--output", "jsonpath={.items[*].spec.providerID}"),
}
"""What shows a fact of the whole cluster."""
_RIGHTS = {f"{right.verb} {right.name}": right for right in FORBIDDEN_RIGHTS}
_WORKED_OUT = frozenset({"exposures", "reachable workloads"})
"""What no object shows."""
_ISOLATION = frozenset({"egress", "ingress"})
"""Whether policies isolate an object: where none does, their list shows it."""
_ON_NODE = frozenset({"pods", "spec.nodeName"})
"""What pods say of a node."""


class Access(Struct, frozen=True):
    """How kubectl reaches the cluster; by its current context, where nothing is named."""

    kubeconfig: str | None = None
    """A file, or several as `$KUBECONFIG` holds them."""
    context: str | None = None

    def words(self) -> list[str]:
        """Give the command with its flags."""
        words = ["kubectl"]
        if self.kubeconfig and os.pathsep in self.kubeconfig:
            # The flag takes one file.
            words = ["env", f"KUBECONFIG={self.kubeconfig}", "kubectl"]
        elif self.kubeconfig:
            words += ["--kubeconfig", self.kubeconfig]
        return [*words, "--context", self.context] if self.context else words


class _Shown(Struct, frozen=True):
    """Where something is to be seen."""

    arguments: tuple[str, ...]
    """Of kubectl."""
    in_files: str | None = None
    """What to look for in manifests; None where they cannot hold it."""


def command_for(hop: Hop, access: Access) -> str | None:
    """Give the command that shows what a hop says; None where there is nothing to look at."""
    shown = _shown(hop)
    return None if shown is None else shlex.join([*access.words(), *shown.arguments])


def in_files(hop: Hop) -> str | None:
    """Say which objects of the files show what a hop says; None where they hold none such."""
    shown = _shown(hop)
    return None if shown is None else shown.in_files


def _shown(hop: Hop) -> _Shown | None:
    kind, _, rest = hop.hop.partition("/")
    if not rest and kind in _ALL:
        return _Shown(_ALL[kind], f"every object of the kind {kind}")
    if kind == CLUSTER_KIND:
        return _of_cluster(hop.field)
    namespace, _, name = rest.rpartition("/")
    if not name or name.startswith("-") or hop.field in _WORKED_OUT:
        # No object is called so: kubectl would take it for a flag.
        return None
    listed = _listed(kind, namespace, name, hop.field)
    if listed is not None:
        return listed
    resource = _resource(kind, hop.field)
    if resource is None or bool(namespace) != resource.namespaced:
        return None
    return _of_object(resource, namespace, name, path_of(kind, hop.field))


def _listed(kind: str, namespace: str, name: str, field: str) -> _Shown | None:
    """Show what evidence says of an object and other objects tell."""
    if kind == "StaticPod" and namespace:
        # Its mirror is named after the node too.
        return _Shown(("--namespace", namespace, "get", "pods", "--output", "wide"))
    if kind == "Node" and field in _ON_NODE:
        chosen = f"spec.nodeName={name}"
        return _Shown(("get", "pods", "--all-namespaces", "--field-selector", chosen))
    if field in _ISOLATION:
        within = namespace or name
        words = ("--namespace", within, "get", NETWORK_POLICIES)
        return _Shown(words, f"every NetworkPolicy of the namespace {within}")
    return None


def _of_object(resource: Resource, namespace: str, name: str, path: str | None) -> _Shown:
    output = f"jsonpath={{{path}}}" if path else "yaml"
    where = ("--namespace", namespace) if namespace else ()
    words = (*where, "get", resource.name, name, "--output", output)
    inside = f", namespace {namespace}" if namespace else ""
    return _Shown(words, f"kind {resource.kind}, name {name}{inside}")


def _of_cluster(field: str) -> _Shown | None:
    """Show a fact of the cluster, or ask for a right that evidence speaks of."""
    if field in _OF_CLUSTER:
        return _Shown(_OF_CLUSTER[field])
    if field in RESOURCE_BY_NAME:
        every = f"every object of the kind {RESOURCE_BY_NAME[field].kind}"
        return _Shown(_asked("list", field), every)
    if field not in _RIGHTS:
        return None
    right = _RIGHTS[field]
    # `nodes/proxy` would be the node called proxy.
    part = (f"--subresource={right.subresource}",) if right.subresource else ()
    return _Shown((*_asked(right.verb, right.name.partition("/")[0]), *part))


def _asked(verb: str, resource: str) -> tuple[str, ...]:
    known = RESOURCE_BY_NAME.get(resource)
    scope = () if known is not None and not known.namespaced else ("--all-namespaces",)
    return ("auth", "can-i", verb, resource, *scope)


def _resource(kind: str, field: str) -> Resource | None:
    """Find the resource of a kind; of the two that are called Gateway, by what is looked at."""
    if kind == "Gateway":
        is_istio = field.startswith(("spec.selector", "spec.servers"))
        return RESOURCE_BY_NAME[ISTIO_GATEWAYS if is_istio else GATEWAYS]
    return next((item for item in RESOURCES if item.kind == kind), None)
