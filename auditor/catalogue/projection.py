"""Which annotations and flags the catalogue's rules read: all that may enter an inventory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from auditor.catalogue.contents import Catalogue
from auditor.catalogue.entries import Entry
from auditor.catalogue.ingress_controllers import (
    CLASS_ANNOTATION,
    DEFAULT_CLASS_ANNOTATION,
)
from auditor.catalogue.load_balancers import SOURCE_RANGES_ANNOTATION


class NamedFields(Struct, frozen=True):
    """What the catalogue's rules name."""

    annotations: frozenset[str]
    flags: frozenset[str]
    env_names: frozenset[str]
    config_maps: Mapping[str, frozenset[str]]
    """Keys by `namespace/name`."""


def named_fields(catalogue: Catalogue) -> NamedFields:
    """Collect every annotation key, flag and environment variable name of all rules."""
    providers = catalogue.providers
    annotations = frozenset().union(*(provider.annotation_keys() for provider in providers))
    controllers = catalogue.controllers
    annotations |= frozenset().union(*(item.annotation_keys() for item in controllers))
    flags = [provider.default.flag for provider in providers if provider.default]
    flags += [item.default.flag for item in controllers if item.default]
    plugins = catalogue.plugins.values()
    annotations |= {key for plugin in plugins for key in plugin.nodes.annotations}
    annotations |= {
        key for mesh in catalogue.meshes.values() for key in mesh.proof.annotation_keys()
    }
    switches = [switch for plugin in plugins for switch in plugin.switches]
    flags += [switch.flag for switch in switches]
    entries = catalogue.software.values()
    flags += [name for entry in entries for name in entry.flags_with_value()]
    return NamedFields(
        annotations | {SOURCE_RANGES_ANNOTATION, CLASS_ANNOTATION, DEFAULT_CLASS_ANNOTATION},
        frozenset(flag for flag in flags if flag),
        env_names=frozenset(name for entry in entries for name in (*entry.env, *entry.risky_env))
        | {name for switch in switches for name in switch.env},
        config_maps=_config_maps(
            [switch.entry for switch in switches]
            + [item.plain_http.switched_off_by for item in controllers]
        ),
    )


def _config_maps(entries: Iterable[Entry | None]) -> Mapping[str, frozenset[str]]:
    keys: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry is not None:
            keys[entry.config_map].add(entry.key)
    return {name: frozenset(found) for name, found in sorted(keys.items())}
