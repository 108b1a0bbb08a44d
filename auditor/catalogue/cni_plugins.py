"""Network plugins and policy engines: how each shows itself in a cluster and what switches it off.

Two questions are kept apart: who gives pods their interface, and who enforces network policies.
What was not seen in a source of its own has `confirmed: false`: it may name a plugin, and never
says what that plugin enforces.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache

from msgspec import Struct, field

from auditor.catalogue.entries import Entry
from auditor.catalogue.loading import CatalogueError, load_data
from auditor.model.audit import Enforces


class Role(StrEnum):
    """What a plugin does for pods."""

    INTERFACE = "interface"
    """Gives pods their network, and enforces no policy whatever its settings are."""
    ENGINE = "engine"
    """Enforces policies beside any interface plugin."""
    BOTH = "both"
    META = "meta"
    """Hands over to another plugin."""


class Default(StrEnum):
    """What holds where a switch is not set."""

    ENFORCING = "enforcing"
    IDLE = "idle"
    OPEN = "open"
    """Another setting decides, which is not read."""


class Switch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A setting that decides whether an engine enforces anything."""

    flag: str | None = None
    """Dashes included; a bare one is `true`."""
    enforcing: tuple[str, ...] = ()
    """Values of the flag under which policies are enforced."""
    idle: tuple[str, ...] = ()
    """Values under which nothing is; any other value tells nothing."""
    default: Default
    workload: str | None = None
    """The workload that is started with the flag, where it is not the agent."""
    images: tuple[str, ...] = ()
    """The container in which it stands, where that is not the one that enforces."""
    env: tuple[str, ...] = ()
    """Variables that may set it too: values are not read, so one that is set leaves it open."""
    entry: Entry | None = None
    """Where it is set if no flag does; the values are those of the flag."""
    unless_tag: str | None = None
    """It decides nothing where the tag of the engine's image holds this text."""
    confirmed: bool = True
    """An idle value that was not confirmed to be one leaves open what is enforced."""
    is_audit: bool = False
    """Idle means that denials are logged and nothing is dropped."""
    source: str


class Feature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of NetworkPolicy that not every version enforces."""

    since: str | None = None
    """The version from which it is known to be enforced; any, where it is `0`."""
    lacking_below: str | None = None
    """It is known not to be enforced below this version."""
    source: str


class LeftOpen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plugin does where the NetworkPolicy API leaves that to plugins."""

    ip_blocks_cover_pods: bool | None = None
    """Whether `ipBlock` speaks of pods by their addresses; None where that is not known."""
    ip_blocks_cover_nodes: bool | None = None
    host_network_is_judged: bool | None = None
    """Whether pods on the node's network are subjects and peers like others."""
    source: str


class NodeMarkers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plugin leaves on nodes."""

    labels: tuple[str, ...] = ()
    """`KEY=VALUE`, or a key whatever its value."""
    annotations: tuple[str, ...] = ()
    """Keys."""
    is_built_in: bool = False
    """It runs inside the node's own programs, so that there is no pod to find."""


class CniPlugin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One plugin or engine."""

    id: str
    role: Role
    enforces: Enforces
    """With every switch on."""
    assumed: Enforces | None = None
    """What its name alone lets one assume, where that is another."""
    confirmed: bool
    """Its signatures and what it enforces were seen in the source."""
    source: str
    namespaces: tuple[str, ...] = ()
    """Where its agent runs. Elsewhere anybody may call a pod so."""
    images: tuple[str, ...] = ()
    """Ends of the repository of the agent's image."""
    version_images: tuple[str, ...] = ()
    """Images whose tag is the version, where they do not tell the plugin."""
    names: tuple[str, ...] = ()
    """Globs of the agent's workload."""
    labels: tuple[str, ...] = ()
    """`KEY=VALUE` of the agent's pods."""
    engine: str | None = None
    """The name of what enforces, where it has one of its own."""
    engine_images: tuple[str, ...] = ()
    """The container that enforces, where it is one beside the agent."""
    companions: tuple[str, ...] = ()
    """Globs of its further workloads: never agents, they enforce nothing by themselves."""
    nodes: NodeMarkers = NodeMarkers()
    outranks: tuple[str, ...] = ()
    """Plugins that it is made of: what fits both is this one."""
    since: dict[str, str] = field(default_factory=dict)
    """The first version that enforces, by image; versions below enforce nothing."""
    switches: tuple[Switch, ...] = ()
    egress: Feature | None = None
    """None where whatever enforces egress at all does so in every version."""
    end_port: Feature | None = None
    sctp: Feature | None = None
    admin_policies: Feature | None = None
    leaves_open: LeftOpen | None = None
    """What it does where the API leaves that to plugins; None where it is not known."""
    own_kinds: tuple[str, ...] = ()
    """Policy kinds of its own; this version reads none of them."""
    unseen: str | None = None
    """Why nothing in the Kubernetes API shows it."""


class CniPlugins(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    plugins: tuple[CniPlugin, ...]


@cache
def cni_plugins() -> dict[str, CniPlugin]:
    """Give the plugins by name.

    Raises:
        CatalogueError: an entry names one that is not there, or can never be recognised.
    """
    plugins = {item.id: item for item in load_data("cni_plugins.yaml", CniPlugins).plugins}
    for plugin in plugins.values():
        if unknown := sorted(set(plugin.outranks) - set(plugins)):
            raise CatalogueError(f"cni_plugins.yaml: {plugin.id} outranks {unknown}: no such entry")
        for reason in broken_plugin(plugin):
            raise CatalogueError(f"cni_plugins.yaml: {plugin.id}: {reason}")
    return plugins


def broken_plugin(plugin: CniPlugin) -> Iterator[str]:
    """Say why an entry can never be recognised, or its switches never be seen."""
    has_pods = bool(plugin.images or plugin.names or plugin.labels)
    has_nodes = bool(plugin.nodes.labels or plugin.nodes.annotations)
    if not (has_pods or has_nodes or plugin.unseen):
        yield "has no signature: give images, names, labels or marks of nodes"
    if has_pods and not plugin.namespaces:
        yield "has no namespace in which its agent runs"
    for switch in plugin.switches:
        if not (switch.flag or switch.entry or switch.env):
            yield "has a switch that stands nowhere"
        if switch.entry and switch.entry.config_map.count("/") != 1:
            yield f"{switch.entry.config_map!r} is not NAMESPACE/NAME"


REFERENCE = "reference"
"""The plugin that one may assume and that nobody runs: it enforces all that the API says."""


def assumable(plugins: Mapping[str, CniPlugin]) -> dict[str, Enforces]:
    """Give what each name that `--assume-cni` takes stands for."""
    named = {name: plugin.assumed or plugin.enforces for name, plugin in plugins.items()}
    return {REFERENCE: Enforces.FULL, **named}
