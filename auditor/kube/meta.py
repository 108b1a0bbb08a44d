"""What every object carries: its names, labels, owners, and the annotations that a rule names.

The types here keep out what no check reads. Annotations pass an allow-list of keys, arguments are
reduced to flag names, environment variables to the names that a rule asks for; `Projection` says
which. Values of environment variables never enter, but for the host and port of an address where a
projection asks for these.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from auditor.kube.references import HostReference, references_in

SCRAPE, SCRAPE_PORT = "prometheus.io/scrape", "prometheus.io/port"
"""The annotations by which a pod asks to be scraped (Prometheus's example configuration)."""


class Annotations(dict[str, str]):
    """Annotations whose key some rule names; all others are dropped when decoding."""


class Flags(dict[str, str | None]):
    """Command-line flags by name, dashes included.

    A value is kept only for flags that some rule names, else it is None. Positional words are
    dropped: they may hold anything, passwords too. So may a word that runs on after one dash and
    one letter (`-psecret`) or after the name (`--pass secret`): it is dropped unless a rule names
    it. `references` are the hosts that values name, where the projection asks for them.
    """

    references: tuple[HostReference, ...] = ()


class EnvNames(frozenset[str]):
    """Names of the environment variables that some rule asks for and the container sets.

    `references` are the hosts that values name, where the projection asks for them.
    """

    references: tuple[HostReference, ...] = ()


class ConfigData(dict[str, str]):
    """Entries of a ConfigMap whose key some rule names; all others are dropped when decoding."""


class Projection(Struct, frozen=True, kw_only=True):
    """What may pass from an object into the inventory beyond the typed fields."""

    annotations: frozenset[str] = frozenset()
    """Keys whose values are kept."""
    flags: frozenset[str] = frozenset()
    """Flags whose values are kept, dashes included."""
    env_names: frozenset[str] = frozenset()
    """Environment variable names that are kept."""
    config_maps: Mapping[str, frozenset[str]] = {}
    """By `namespace/name`, the ConfigMaps that are asked for, and the keys that are kept."""
    host_references: bool = False
    """Whether hosts that arguments and environment variables name are kept. A capture never holds
    them."""

    def config_keys(self) -> frozenset[str]:
        """Give every key that is kept of some ConfigMap."""
        return frozenset().union(*self.config_maps.values())


class OwnerReference(Struct, frozen=True, gc=False, omit_defaults=True):
    """Who made an object (meta/v1 OwnerReference)."""

    kind: str = ""
    name: str = ""
    controller: bool = False


class ObjectMeta(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Names, labels and owners (meta/v1 ObjectMeta)."""

    name: str = ""
    namespace: str | None = None
    uid: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: Annotations = field(default_factory=Annotations)
    owner_references: tuple[OwnerReference, ...] = ()

    def controller(self) -> OwnerReference | None:
        """Give the controlling owner; a lone owner counts where none is marked as controller."""
        marked = next((owner for owner in self.owner_references if owner.controller), None)
        if marked is None and len(self.owner_references) == 1:
            return self.owner_references[0]
        return marked


def decoding_hook(projection: Projection) -> Callable[[type, Any], Any]:
    """Make the msgspec hook that reduces annotations, arguments and environment while decoding.

    The hook raises TypeError for a value of the wrong shape, which msgspec reports with its path.
    """
    config_keys = projection.config_keys()

    def reduce(kind: type, value: Any) -> Any:
        if kind is Annotations:
            return Annotations(_kept_texts(value, projection.annotations, "annotation"))
        if kind is ConfigData:
            return ConfigData(_kept_texts(value, config_keys, "entry"))
        if kind is Flags:
            return _kept_flags(value, projection)
        if kind is EnvNames:
            return _kept_env_names(value, projection)
        raise NotImplementedError(f"no decoding for {kind}")  # abstract

    return reduce


def _kept_texts(value: Any, keys: frozenset[str], what: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        raise TypeError(f"what should hold each {what} is not an object")
    for key, text in value.items():
        if key in keys:
            if not isinstance(text, str):
                raise TypeError(f"{what} {key} is not a text")
            yield key, text


_FLAG_NAME = re.compile(r"-[A-Za-z0-9]|--[A-Za-z0-9][A-Za-z0-9._-]*")
"""A word that can only be the name of a flag."""


def _kept_flags(value: Any, projection: Projection) -> Flags:
    if isinstance(value, dict):
        # A capture holds flags that were reduced already.
        given = list(value.items())
    elif isinstance(value, list):
        given = list(_flags_of([word for word in value if isinstance(word, str)]))
    else:
        raise TypeError("arguments are not a list")
    kept = Flags()
    for name, text in given:
        if name in projection.flags:
            kept[name] = text if isinstance(text, str) else None
        elif _FLAG_NAME.fullmatch(name):
            kept[name] = None
    if projection.host_references:
        kept.references = references_in(given)
    return kept


def _flags_of(words: list[str]) -> Iterator[tuple[str, str | None]]:
    """Read `--name=value`, `--name value` and `--name`."""
    for position, word in enumerate(words):
        if word.startswith("-"):
            name, equals, text = word.partition("=")
            following = words[position + 1] if position + 1 < len(words) else "-"
            yield name, text if equals else None if following.startswith("-") else following


def _kept_env_names(value: Any, projection: Projection) -> EnvNames:
    if not isinstance(value, list):
        raise TypeError("env is not a list")
    found = (item.get("name") if isinstance(item, dict) else item for item in value)
    kept = EnvNames(n for n in found if isinstance(n, str) and n in projection.env_names)
    if projection.host_references:
        kept.references = references_in(
            (str(item.get("name")), item.get("value")) for item in value if isinstance(item, dict)
        )
    return kept
