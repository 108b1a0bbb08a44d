"""Where the agents of network plugins run: one pod a node, told by namespace, image, name or label.

Only namespaces that belong to the cluster are looked at: in its own, a tenant may call a pod
whatever it likes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from auditor.analysis.recognition.globs import fits
from auditor.analysis.recognition.references import image_reference, spellings
from auditor.catalogue.cni_plugins import CniPlugin
from auditor.kube.cluster_scope import Node
from auditor.kube.config_maps import ConfigMap
from auditor.kube.inventory import Inventory
from auditor.kube.owners import intermediates, workload_of
from auditor.kube.pods import Container, Pod
from auditor.kube.resources import CONFIG_MAPS
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.reading import ReadState

_AGENT_KINDS = ("DaemonSet", "StaticPod", "Pod")


class Agent(Struct, frozen=True):
    """A pod of a plugin that looks after one node, or after every node where it is a template."""

    plugin: CniPlugin
    workload: ObjectRef
    pod: Pod
    signature: Hop
    """What it was recognised by."""
    version: str | None

    @property
    def node(self) -> str | None:
        """Name the node that it runs on."""
        return self.pod.spec.node_name

    @property
    def is_declared(self) -> bool:
        """Whether it was made from a template: it is taken to run where its selector allows."""
        return self.node is None and not self.pod.status.phase

    def is_meant_for(self, node: Node) -> bool:
        """Whether a template's pods may be placed on a node, by its node selector."""
        labels = node.metadata.labels
        return all(labels.get(key) == value for key, value in self.pod.spec.node_selector.items())

    @property
    def is_running(self) -> bool:
        """Whether nothing that was read says that it does not run."""
        return self.pod.status.phase in ("Running", "")


class Sightings(Struct, frozen=True):
    """All that was seen of network plugins."""

    known: Mapping[str, CniPlugin]
    """The plugins that were looked for, by name."""
    agents: tuple[Agent, ...]
    parts: Mapping[str, tuple[tuple[ObjectRef, Pod], ...]]
    """Further workloads and their pods, by plugin."""
    markers: Mapping[str, tuple[Hop, ...]]
    """What plugins left on nodes, by plugin."""
    built_in: Mapping[str, str]
    """The plugin that runs inside a node's own programs, by the node's name."""
    config_maps: Mapping[str, ConfigMap]
    """By `namespace/name`."""
    config_state: ReadState
    """How completely the ConfigMaps were read."""


def see(inventory: Inventory, known: Mapping[str, CniPlugin]) -> Sightings:
    """Look through pods and nodes for what known plugins show of themselves."""
    namespaces = _by_namespace(known.values())
    between = intermediates(inventory.workloads)
    agents: list[Agent] = []
    parts: dict[str, list[tuple[ObjectRef, Pod]]] = defaultdict(list)
    for pod in inventory.pods:
        plugins = namespaces.get(pod.metadata.namespace or "", ())
        if not plugins or not pod.has_network:
            continue
        workload = workload_of(pod, between)
        if workload.kind in _AGENT_KINDS:
            agents += _agents(workload, pod, plugins)
        for plugin in plugins:
            if any(fits(name, workload.name) for name in plugin.companions):
                parts[plugin.id].append((workload, pod))
    markers: dict[str, list[Hop]] = defaultdict(list)
    built_in = {}
    for node in inventory.nodes:
        for plugin in known.values():
            if hop := _marker(plugin, node):
                markers[plugin.id].append(hop)
                if plugin.nodes.is_built_in:
                    built_in[node.metadata.name] = plugin.id
    return Sightings(
        known,
        tuple(agents),
        {name: tuple(found) for name, found in parts.items()},
        {name: tuple(found) for name, found in markers.items()},
        built_in,
        {item.full_name: item for item in inventory.config_maps},
        inventory.state(CONFIG_MAPS),
    )


def _agents(workload: ObjectRef, pod: Pod, plugins: Iterable[CniPlugin]) -> Iterator[Agent]:
    found = {
        plugin.id: (plugin, hop) for plugin in plugins if (hop := _signature(plugin, workload, pod))
    }
    outranked = {name for plugin, _ in found.values() for name in plugin.outranks}
    for plugin, hop in found.values():
        if plugin.id not in outranked:
            yield Agent(plugin, workload, pod, hop, _version(plugin, pod))


def _signature(plugin: CniPlugin, workload: ObjectRef, pod: Pod) -> Hop | None:
    """Tell by what a pod is recognised as a plugin's agent; its image says most."""
    if any(fits(name, workload.name) for name in plugin.companions):
        return None
    for container in pod.spec.serving_containers():
        if runs_one_of(container, plugin.images):
            return Hop(str(workload), "spec.containers[].image", container.image)
    if any(fits(name, workload.name) for name in plugin.names):
        return Hop(str(workload), "metadata.name", workload.name)
    for label in plugin.labels:
        key, _, value = label.partition("=")
        if pod.metadata.labels.get(key) == value:
            return Hop(str(workload), f"metadata.labels[{key}]", value)
    return None


def _marker(plugin: CniPlugin, node: Node) -> Hop | None:
    where = f"Node/{node.metadata.name}"
    for label in plugin.nodes.labels:
        key, equals, value = label.partition("=")
        found = node.metadata.labels.get(key)
        if found is not None and (not equals or found == value):
            return Hop(where, f"metadata.labels[{key}]", found)
    for key in plugin.nodes.annotations:
        if key in node.metadata.annotations:
            return Hop(where, f"metadata.annotations[{key}]", node.metadata.annotations[key])
    return None


def _version(plugin: CniPlugin, pod: Pod) -> str | None:
    """Give the tag of the image that carries the plugin's version."""
    ends = plugin.version_images or plugin.images
    tags = (tag_of(item) for item in pod.spec.serving_containers() if runs_one_of(item, ends))
    return next(filter(None, tags), None)


def runs_one_of(container: Container, ends: Iterable[str]) -> bool:
    """Whether a container runs one of some repositories, whatever registry or mirror it is from."""
    spelled = spellings(image_reference(container.image).path)
    wanted = [tuple(end.split("/")) for end in ends]
    return any(path[-len(end) :] == end for path in spelled for end in wanted)


def tag_of(container: Container) -> str | None:
    """Give the tag of a container's image."""
    return image_reference(container.image).tag or None


_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)")
_MOST_DIGITS = 64


def is_below(version: str | None, other: str) -> bool | None:
    """Whether a version is below another, by its leading numbers; None where it tells none."""
    own = _VERSION.match((version or "")[:_MOST_DIGITS])
    limit = _VERSION.match(other)
    if own is None or limit is None:
        return None
    first, second = (tuple(map(int, found[1].split("."))) for found in (own, limit))
    size = max(len(first), len(second))
    return first + (0,) * (size - len(first)) < second + (0,) * (size - len(second))


def _by_namespace(known: Iterable[CniPlugin]) -> Mapping[str, tuple[CniPlugin, ...]]:
    found: dict[str, list[CniPlugin]] = defaultdict(list)
    for plugin in known:
        for namespace in plugin.namespaces:
            found[namespace].append(plugin)
    return {namespace: tuple(plugins) for namespace, plugins in found.items()}
