"""Which network plugin a cluster has, which engine enforces its policies, and on which nodes.

Nothing is concluded from what is not there unless pods and nodes were read completely: an agent
that nobody saw may run. A plugin is proven by a running agent on each node, not by what an
uninstall leaves behind.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from auditor.analysis.recognition.cni_agents import Agent, Sightings, see
from auditor.analysis.recognition.cni_switches import Told, enforced, told_by
from auditor.catalogue.cni_plugins import CniPlugin, Role
from auditor.kube.inventory import Inventory
from auditor.kube.resources import NODES, PODS
from auditor.model.audit import Cni, Enforces
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef

_DAEMON_SETS = "daemonsets.apps"
_SHOWN = 5
"""Nodes that evidence names before it only counts."""
_WITHOUT_DAEMONS = (
    ("kubernetes.io/os", "windows"),
    ("eks.amazonaws.com/compute-type", "fargate"),
    ("type", "virtual-kubelet"),
)
"""Nodes on which a DaemonSet's template does not tell that its pods run."""


class AuditMode(StrEnum):
    """Whether an engine drops what it denies or only logs it."""

    OFF = "off"
    ON = "on"
    UNKNOWN = "unknown"


class RecognisedCni(Struct, frozen=True, kw_only=True):
    """What was recognised, with what the checks need beyond `Cni`."""

    cni: Cni
    engine: CniPlugin | None = None
    """The one engine; None where there is none, or more than one."""
    versions: tuple[str | None, ...] = ()
    """Of the engine's agents, each once."""
    by_node: Mapping[str, Enforces] = {}
    """What is enforced on each node, where all that runs on them was read."""
    reason: str | None = None
    """Why it is not known, or not alike on all nodes, what is enforced."""
    hops: tuple[Hop, ...] = ()
    """What decided."""
    is_sure: bool = False
    """Whether the plugin was told by an agent and by a signature that was confirmed."""
    audit_mode: AuditMode = AuditMode.UNKNOWN
    audit_hops: tuple[Hop, ...] = ()


def recognise_cni(inventory: Inventory, known: Mapping[str, CniPlugin]) -> RecognisedCni:
    """Recognise plugin, engine, version, switches and the nodes without an agent."""
    seen = see(inventory, known)
    agents = [agent for agent in seen.agents if agent.plugin.role is not Role.META]
    gaps = _gaps(inventory, seen)
    if not agents:
        return _without_agent(seen, gaps)
    told = [(agent, told_by(agent, seen)) for agent in agents]
    plugins = {agent.plugin.id: agent.plugin for agent in agents}
    idle = {name for name in plugins if _is_idle(name, told)}
    engines = [
        plugin
        for name, plugin in plugins.items()
        if name not in idle and plugin.role is not Role.INTERFACE
    ]
    engine = engines[0] if len(engines) == 1 else None
    if engine:
        by_node, elsewhere = _by_node(engine, told, inventory, seen)
        enforces, reason, more = _over_nodes(
            by_node, elsewhere, gaps, engine, [item for item in told if item[0].plugin is engine]
        )
    else:
        enforces, reason = _without_one_engine(engines, seen, plugins, idle, gaps)
        more, by_node = (), {}
    hops = (*dict.fromkeys(item.hop for _, items in told for item in items), *more)
    name = _interface(plugins, idle)
    versions = _versions(told, name or "")
    mode, audit_hops = _audit_mode(told)
    return RecognisedCni(
        cni=Cni(
            name,
            version=versions[0] if len(versions) == 1 else None,
            policy_engine=", ".join(sorted(item.engine or item.id for item in engines)) or None,
            enforces=enforces,
            evidence=(*map(_text, hops), *filter(None, (reason,))),
        ),
        engine=engine,
        versions=_versions(told, engine.id) if engine else (),
        by_node={} if gaps else by_node,
        reason=reason,
        hops=hops,
        is_sure=any(plugin.confirmed for plugin in plugins.values()),
        audit_mode=_of_engines(mode, engines),
        audit_hops=audit_hops or hops,
    )


AgentTold = tuple[Agent, tuple[Told, ...]]


def _is_idle(plugin: str, told: list[AgentTold]) -> bool:
    """Whether every agent of a plugin is known to enforce nothing."""
    return all(
        enforced(items) is Enforces.NONE for agent, items in told if agent.plugin.id == plugin
    )


def _of_engines(mode: AuditMode, engines: list[CniPlugin]) -> AuditMode:
    """Believe that an engine has no such switch only where the engine is known."""
    is_known = all(engine.confirmed for engine in engines)
    return mode if is_known or mode is AuditMode.ON else AuditMode.UNKNOWN


def _interface(plugins: Mapping[str, CniPlugin], idle: set[str]) -> str | None:
    """Name what gives pods their interface; None where only an engine was seen.

    A plugin that can do both yields to one that only does that, or that enforces nothing here.
    """
    outranked = {name for plugin in plugins.values() for name in plugin.outranks}
    left = {name: plugin for name, plugin in plugins.items() if name not in outranked}
    only = [name for name, plugin in left.items() if plugin.role is Role.INTERFACE]
    both = [name for name, plugin in left.items() if plugin.role is Role.BOTH]
    resting = [name for name in both if name in idle]
    return ", ".join(sorted(only or resting or both)) or None


def _versions(told: Iterable[AgentTold], plugin: str) -> tuple[str | None, ...]:
    found = dict.fromkeys(agent.version for agent, _ in told if agent.plugin.id == plugin)
    return tuple(sorted(found, key=lambda version: version or ""))


def _gaps(inventory: Inventory, seen: Sightings) -> str | None:
    """Say why nothing can be concluded from what is not there."""
    wanted = [NODES, PODS]
    if any(agent.is_declared for agent in seen.agents):
        wanted.append(_DAEMON_SETS)
    states = [(name, inventory.state(name)) for name in wanted]
    missing = [f"{name} is {state.value}" for name, state in states if not state.is_complete]
    return ", ".join(missing) or None


def _without_agent(seen: Sightings, gaps: str | None) -> RecognisedCni:
    """Tell what parts and marks say where no agent was seen: at most a name."""
    markers = {name: hops[0] for name, hops in sorted(seen.markers.items())}
    parts = {
        name: Hop(str(found[0][0]), "metadata.name", found[0][0].name)
        for name, found in sorted(seen.parts.items())
    }
    hinted = {name: hop for name, hop in markers.items() if name in seen.built_in.values()}
    hinted = hinted or {**markers, **parts}
    hops = tuple(hinted.values())
    built_in = set(seen.built_in.values())
    if hinted and built_in.issuperset(hinted):
        why = "it runs inside the nodes' own programs, and whether it is switched on is not read"
    elif hinted:
        why = "a part or a mark of it was seen, and no agent"
    else:
        why = "no network plugin was recognised"
    reason = f"{why}; {gaps}" if gaps else why
    name = ", ".join(hinted) or None
    return RecognisedCni(
        cni=Cni(name, evidence=(*map(_text, hops), reason)),
        reason=reason,
        hops=hops,
        is_sure=bool(hinted) and built_in.issuperset(hinted),
    )


def _without_one_engine(
    engines: list[CniPlugin],
    seen: Sightings,
    plugins: Mapping[str, CniPlugin],
    idle: set[str],
    gaps: str | None,
) -> tuple[Enforces, str | None]:
    """Tell what is enforced without any engine, or by several that may fight."""
    open_ones = sorted(set(plugins) - idle)
    parts = [found for name, found in seen.parts.items() if _may_enforce(seen.known[name], plugins)]
    if engines:
        reason = f"several policy engines run, whose rules may fight: {', '.join(open_ones)}"
    elif open_ones:
        reason = f"what {', '.join(open_ones)} enforces was not confirmed"
    elif seen.built_in:
        name = ", ".join(sorted(set(seen.built_in.values())))
        reason = f"{name} may enforce policies inside the nodes' own programs: it is not read"
    elif parts:
        reason = f"{parts[0][0][0]} is part of an engine of which no agent was seen"
    elif gaps:
        reason = f"no policy engine was seen, and {gaps}"
    else:
        return Enforces.NONE, None
    return Enforces.UNKNOWN, reason


def _may_enforce(plugin: CniPlugin, plugins: Mapping[str, CniPlugin]) -> bool:
    """Whether a part belongs to an engine, and not to a plugin that was seen to enforce nothing."""
    return plugin.id not in plugins and plugin.role is not Role.INTERFACE


def _by_node(
    engine: CniPlugin,
    told: list[AgentTold],
    inventory: Inventory,
    seen: Sightings,
) -> tuple[dict[str, Enforces], list[Enforces]]:
    """Tell what is enforced on each node, and what agents enforce of whose nodes nothing is known.

    A node without an agent enforces nothing.
    """
    own = [(agent, items) for agent, items in told if agent.plugin.id == engine.id]
    templates = [(agent, enforced(items)) for agent, items in own if agent.is_declared]
    placed: dict[str, list[Enforces]] = {}
    for agent, items in own:
        if agent.node is not None:
            value = enforced(items) if agent.is_running else Enforces.UNKNOWN
            placed.setdefault(agent.node, []).append(value)
    values: dict[str, Enforces] = {}
    for node in inventory.nodes:
        name = node.metadata.name
        declared = [value for agent, value in templates if agent.is_meant_for(node)]
        if declared and _has_no_daemons(node.metadata.labels):
            declared = [Enforces.UNKNOWN]
        here = placed.pop(name, None) or declared
        without = inventory.state(PODS).is_complete and name not in seen.built_in
        values[name] = _joined(here) if here else _WITHOUT[without]
    others = [_joined(found) for found in placed.values()]
    return values, others if values or others else [value for _, value in templates]


def _over_nodes(
    values: Mapping[str, Enforces],
    elsewhere: list[Enforces],
    gaps: str | None,
    engine: CniPlugin,
    own: list[AgentTold],
) -> tuple[Enforces, str | None, tuple[Hop, ...]]:
    """Join what is enforced on the nodes into one answer for the cluster, with the reason."""
    result = _joined([*values.values(), *elsewhere] or [Enforces.UNKNOWN])
    bare = [name for name, value in values.items() if value is Enforces.NONE]
    if result is Enforces.MIXED:
        return result, f"nothing enforces on {_listed(bare)}", (_bare_hop(bare),)
    if result is Enforces.UNKNOWN:
        return result, "; ".join(filter(None, (_why(own, engine), gaps))), ()
    if gaps:
        return Enforces.UNKNOWN, f"where {engine.id} does not run is not known: {gaps}", ()
    return result, None, ()


_WITHOUT = {True: Enforces.NONE, False: Enforces.UNKNOWN}


def _joined(values: Iterable[Enforces]) -> Enforces:
    """Join values of nodes: some none and some not is mixed, else one unknown decides."""
    found = set(values)
    known = found - {Enforces.UNKNOWN}
    if len(known) > 1:
        return Enforces.MIXED
    return Enforces.UNKNOWN if Enforces.UNKNOWN in found else known.pop()


def _has_no_daemons(labels: Mapping[str, str]) -> bool:
    return any(labels.get(key) == value for key, value in _WITHOUT_DAEMONS)


def _why(own: list[AgentTold], engine: CniPlugin) -> str:
    notes = dict.fromkeys(
        item.hop.note
        for _, items in own
        for item in items
        if item.enforces is Enforces.UNKNOWN and item.hop.note
    )
    return "; ".join(notes) or f"not every node is known to run {engine.id}"


def _bare_hop(nodes: list[str]) -> Hop:
    return Hop(
        str(ObjectRef("Node", None, nodes[0])) if nodes else "Node",
        "spec.nodeName",
        f"no running agent on {_listed(nodes)}",
    )


def _listed(nodes: list[str]) -> str:
    shown = ", ".join(nodes[:_SHOWN]) or "some nodes"
    return f"{shown} and {len(nodes) - _SHOWN} more" if len(nodes) > _SHOWN else shown


def _audit_mode(told: list[AgentTold]) -> tuple[AuditMode, tuple[Hop, ...]]:
    """Tell whether agents only log, from what says so and from the agents that it is said of."""
    with_switch = [items for _, items in told if any(item.is_audit for item in items)]
    switches = [item for items in with_switch for item in items if item.is_audit]
    agents = (items[0].hop for items in with_switch)
    hops = tuple(dict.fromkeys((*agents, *(item.hop for item in switches))))
    if any(item.enforces is Enforces.NONE for item in switches):
        return AuditMode.ON, hops
    if any(item.enforces is Enforces.UNKNOWN for item in switches):
        return AuditMode.UNKNOWN, hops
    return AuditMode.OFF, hops


def _text(hop: Hop) -> str:
    return f"{hop.hop} {hop.field}: {hop.value}" + (f" ({hop.note})" if hop.note else "")
