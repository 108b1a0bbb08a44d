"""What one agent enforces: by its version, the container that enforces, and its switches.

A flag outweighs an entry of a ConfigMap. Values of environment variables are not read: a switch
that stands only there leaves open what the agent enforces. One that says `no` is enough, whatever
the others are.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.recognition.cni_agents import Agent, Sightings, is_below, runs_one_of, tag_of
from auditor.catalogue.cni_plugins import CniPlugin, Default, Switch
from auditor.catalogue.entries import Entry
from auditor.kube.pods import Container
from auditor.kube.resources import CONFIG_MAPS
from auditor.model.audit import Enforces
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef


class Told(Struct, frozen=True):
    """What one thing says of enforcement."""

    enforces: Enforces
    hop: Hop
    """What says it; its note is the reason where nothing can be told."""
    is_audit: bool = False
    """It is a switch between dropping and logging."""


def told_by(agent: Agent, sightings: Sightings) -> tuple[Told, ...]:
    """Give all that decides what an agent enforces, in the order in which it is looked at."""
    return tuple(_told_by(agent, sightings))


def enforced(told: tuple[Told, ...]) -> Enforces:
    """Join what was told: one `none` decides, then one `unknown`."""
    values = {item.enforces for item in told}
    for value in (Enforces.NONE, Enforces.UNKNOWN, Enforces.INGRESS, Enforces.EGRESS):
        if value in values:
            return value
    return Enforces.FULL


def _told_by(agent: Agent, sightings: Sightings) -> Iterator[Told]:
    plugin, where = agent.plugin, str(agent.workload)
    if not plugin.confirmed:
        note = f"what {plugin.id} enforces was not confirmed"
        yield _unknown(Hop(where, agent.signature.field, agent.signature.value, note))
        return
    yield Told(plugin.enforces, Hop(where, agent.signature.field, agent.signature.value))
    if plugin.enforces in (Enforces.NONE, Enforces.UNKNOWN):
        return
    engines = _engines(agent)
    if plugin.engine_images and not engines:
        missing = f"no {plugin.engine_images[0].rpartition('/')[2]}"
        yield Told(Enforces.NONE, Hop(where, "spec.containers[].image", missing))
    yield from _by_version(agent)
    for switch in plugin.switches:
        yield from _by_switch(agent, switch, engines, sightings)


def _engines(agent: Agent) -> tuple[Container, ...]:
    """Give the containers that enforce: those that the catalogue names, else all that serve."""
    serving = agent.pod.spec.serving_containers()
    wanted = agent.plugin.engine_images or agent.plugin.images
    found = tuple(item for item in serving if runs_one_of(item, wanted))
    return found if found or agent.plugin.engine_images else serving


def _by_version(agent: Agent) -> Iterator[Told]:
    if not agent.plugin.since:
        return
    where, field = str(agent.workload), "spec.containers[].image"
    for container in agent.pod.spec.serving_containers():
        for image, since in agent.plugin.since.items():
            if runs_one_of(container, (image,)):
                older = is_below(tag_of(container), since)
                hop = Hop(where, field, container.image, f"it enforces since {since}")
                if older is None:
                    yield _unknown(Hop(where, field, container.image, "its version cannot be told"))
                else:
                    yield Told(Enforces.NONE if older else agent.plugin.enforces, hop)
                return
    yield _unknown(Hop(where, field, "of another name", "its version cannot be told"))


def _by_switch(
    agent: Agent, switch: Switch, engines: tuple[Container, ...], sightings: Sightings
) -> Iterator[Told]:
    if switch.workload is None:
        serving = agent.pod.spec.serving_containers()
        own = tuple(item for item in serving if runs_one_of(item, switch.images))
        for container in own or engines:
            if not (switch.unless_tag and switch.unless_tag in (tag_of(container) or "")):
                yield _set_in(agent.plugin, switch, agent.workload, container, sightings)
        return
    parts = [
        (workload, pod)
        for workload, pod in sightings.parts.get(agent.plugin.id, ())
        if workload.name == switch.workload
    ]
    for workload, pod in parts:
        for container in pod.spec.containers:
            yield _set_in(agent.plugin, switch, workload, container, sightings)
    if not parts:
        note = f"{switch.workload}, which is started with it, was not read"
        yield _unknown(Hop(str(agent.workload), switch.flag or "", "not seen", note))


def _set_in(
    plugin: CniPlugin,
    switch: Switch,
    workload: ObjectRef,
    container: Container,
    sightings: Sightings,
) -> Told:
    """Tell what a container's arguments, and the ConfigMap behind them, say of a switch."""
    where, field = str(workload), "spec.containers[].args"
    flags = {**container.command, **container.args}
    if switch.flag in flags:
        value = flags[switch.flag]
        said = "true" if value is None else value.strip().lower()
        return _says(plugin, switch, said, Hop(where, field, f"{switch.flag}={said}"))
    if why := _why_hidden(switch, container):
        return _unknown(Hop(where, field, "not set", why), switch.is_audit)
    if switch.entry is not None:
        return _entered(plugin, switch, switch.entry, sightings)
    name = switch.flag or ", ".join(switch.env)
    return _by_default(plugin, switch, Hop(where, field, f"{name} is not set"))


def _entered(plugin: CniPlugin, switch: Switch, entry: Entry, sightings: Sightings) -> Told:
    """Tell what a ConfigMap says of a switch; one that nobody could read says nothing."""
    where, field = str(ObjectRef("ConfigMap", *entry.config_map.split("/"))), f"data[{entry.key}]"
    found = sightings.config_maps.get(entry.config_map)
    if found is None and not sightings.config_state.is_complete:
        why = f"{where}, which may set it, was not read: {CONFIG_MAPS} is {sightings.config_state}"
        return _unknown(Hop(where, field, "not read", why), switch.is_audit)
    value = found.data.get(entry.key) if found else None
    if value is None:
        return _by_default(plugin, switch, Hop(where, field, "not set" if found else "not there"))
    said = value.strip().lower()
    return _says(plugin, switch, said, Hop(where, field, said))


def _says(plugin: CniPlugin, switch: Switch, said: str, hop: Hop) -> Told:
    if said in switch.enforcing:
        return Told(plugin.enforces, hop, switch.is_audit)
    if said in switch.idle and switch.confirmed:
        return Told(Enforces.NONE, hop, switch.is_audit)
    doubt = "was not confirmed" if said in switch.idle else "is not known"
    note = f"what {hop.field} {hop.value} means {doubt}"
    return _unknown(Hop(hop.hop, hop.field, hop.value, note), switch.is_audit)


def _by_default(plugin: CniPlugin, switch: Switch, hop: Hop) -> Told:
    if switch.default is Default.OPEN:
        note = "another setting decides, which is not read"
        return _unknown(Hop(hop.hop, hop.field, hop.value, note), switch.is_audit)
    enforces = plugin.enforces if switch.default is Default.ENFORCING else Enforces.NONE
    noted = Hop(hop.hop, hop.field, hop.value, f"{switch.default} by default")
    return Told(enforces, noted, switch.is_audit)


def _why_hidden(switch: Switch, container: Container) -> str | None:
    """Say what may set a switch where it cannot be seen."""
    name = switch.flag or "its switch"
    if "-c" in container.command:
        return f"{name} may stand in a shell's command line, which is not read"
    if held := [env for env in switch.env if env in container.env]:
        return f"the variable {held[0]} is set, and values are not read"
    return None


def _unknown(hop: Hop, is_audit: bool = False) -> Told:  # noqa: FBT001, FBT002 - passed on as it is
    return Told(Enforces.UNKNOWN, hop, is_audit)
