"""The catalogue as an audit uses it: what ships with the auditor, and what users add to it.

An entry of theirs with an id that is known changes the fields that it names and leaves the others;
any other id is a new entry. Ours are never taken away.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from auditor.catalogue.cni_plugins import CniPlugin, broken_plugin, cni_plugins
from auditor.catalogue.ingress_controllers import IngressController, ingress_controllers
from auditor.catalogue.load_balancers import Provider, load_balancer_providers
from auditor.catalogue.loading import CatalogueError, catalogue_version
from auditor.catalogue.meshes import MeshEntry, broken_mesh, meshes
from auditor.catalogue.software import (
    Software,
    SoftwareKind,
    broken_facts,
    broken_references,
    software,
)

Entries = Mapping[str, Sequence[Mapping[str, Any]]]
"""Entries as a configuration holds them, by section."""


class Catalogue(Struct, frozen=True, eq=False, kw_only=True):
    """Everything that recognition and doors go by. Two are the same only if they are one."""

    software: Mapping[str, Software]
    providers: tuple[Provider, ...]
    controllers: tuple[IngressController, ...]
    plugins: Mapping[str, CniPlugin]
    meshes: Mapping[str, MeshEntry]
    version: str
    """Tells this catalogue from another: 16 hex digits."""


@cache
def shipped() -> Catalogue:
    """Give the catalogue that ships with this version."""
    return Catalogue(
        software=software(),
        providers=load_balancer_providers(),
        controllers=ingress_controllers(),
        plugins=cni_plugins(),
        meshes=meshes(),
        version=catalogue_version(),
    )


def catalogue_with(entries: Entries) -> Catalogue:
    """Give the catalogue with a configuration's entries in it.

    Raises:
        CatalogueError: an entry does not fit; `entry_errors` lists all that is wrong.
    """
    return _with(msgspec.json.encode(entries, order="sorted")) if entries else shipped()


def entry_errors(entries: Any) -> Iterator[str]:
    """Say everything that is wrong with a configuration's entries, each with its place."""
    yield from _Own(entries).errors


_SEVERAL = 8
"""Configurations whose catalogue is kept; a process has one, tests have more."""


@lru_cache(maxsize=_SEVERAL)
def _with(encoded: bytes) -> Catalogue:
    own = _Own(msgspec.json.decode(encoded))
    if own.errors:
        raise CatalogueError("; ".join(own.errors))
    base = shipped()
    digest = sha256(base.version.encode() + encoded).hexdigest()
    return Catalogue(
        software={**base.software, **own.software},
        providers=_laid_over(base.providers, own.of("load_balancers", Provider)),
        controllers=_laid_over(base.controllers, own.of("ingress_controllers", IngressController)),
        plugins={**base.plugins, **own.plugins},
        meshes={**base.meshes, **own.of("meshes", MeshEntry)},
        version=digest[:16],
    )


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


_Entry = TypeVar("_Entry", bound=_Identified)


class _Section(Struct, frozen=True):
    """Where entries of one sort stand, what they are, and what they start from."""

    name: str
    shape: type[Struct]
    known: Callable[[], Mapping[str, Struct]]
    defaults: Mapping[str, Any] = {}
    """What a new entry need not say."""


def _of_kind(kind: SoftwareKind) -> Mapping[str, Struct]:
    return {name: item for name, item in software().items() if item.kind is kind}


_VOUCHED = {"confidence": "high", "verification": "checked"}
"""Who writes an entry of his own answers for it, unless he says that he is not sure."""

_SECTIONS = (
    _Section(
        "management_interfaces",
        Software,
        lambda: _of_kind(SoftwareKind.MANAGEMENT),
        {**_VOUCHED, "kind": SoftwareKind.MANAGEMENT.value},
    ),
    _Section(
        "legacy_services",
        Software,
        lambda: _of_kind(SoftwareKind.LEGACY),
        {**_VOUCHED, "kind": SoftwareKind.LEGACY.value},
    ),
    _Section(
        "load_balancers", Provider, lambda: {item.id: item for item in load_balancer_providers()}
    ),
    _Section(
        "ingress_controllers",
        IngressController,
        lambda: {item.id: item for item in ingress_controllers()},
    ),
    _Section("network_plugins", CniPlugin, cni_plugins),
    _Section("meshes", MeshEntry, meshes),
)
SECTIONS = tuple(section.name for section in _SECTIONS)
"""Sections of the configuration's `catalogue`."""


class _Own:
    """A configuration's entries, decoded over ours, with everything that is wrong in them."""

    def __init__(self, entries: Any) -> None:
        self.errors: list[str] = []
        self._decoded: dict[str, list[Any]] = {}
        if not isinstance(entries, dict):
            self.errors.append("catalogue: is not a mapping of sections to lists of entries")
            return
        for name in sorted(set(entries) - set(SECTIONS)):
            self.errors.append(
                f"catalogue: unknown section {name!r}; known are {', '.join(SECTIONS)}"
            )
        for section in _SECTIONS:
            self._decoded[section.name] = list(self._section(section, entries.get(section.name)))
        self._check()

    def of(self, section: str, shape: type[_Entry]) -> dict[str, _Entry]:
        """Give the entries of a section by id."""
        found = self._decoded.get(section, [])
        return {item.id: item for item in found if isinstance(item, shape)}

    @property
    def software(self) -> dict[str, Software]:
        """Give the software of both sections by id."""
        found = self.of("management_interfaces", Software)
        return found | self.of("legacy_services", Software)

    @property
    def plugins(self) -> dict[str, CniPlugin]:
        """Give the network plugins by id."""
        return self.of("network_plugins", CniPlugin)

    def _section(self, section: _Section, entries: Any) -> Iterator[Struct]:
        if entries is None:
            return
        if not isinstance(entries, list | tuple):
            self.errors.append(f"catalogue.{section.name}: is not a list of entries")
            return
        seen: set[str] = set()
        for index, raw in enumerate(entries):
            where = f"catalogue.{section.name}[{index}]"
            name = raw.get("id") if isinstance(raw, dict) else None
            if not isinstance(name, str) or not name:
                self.errors.append(f"{where}: has no id")
            elif name in seen:
                self.errors.append(f"{where}: {name} stands twice")
            else:
                seen.add(name)
                yield from self._entry(section, raw, f"{where} ({name})")

    def _entry(self, section: _Section, raw: Mapping[str, Any], where: str) -> Iterator[Struct]:
        known = section.known().get(raw["id"])
        base = msgspec.to_builtins(known) if known is not None else section.defaults
        try:
            entry = msgspec.convert({**base, **raw}, section.shape)
        except msgspec.ValidationError as error:
            self.errors.append(f"{where}: {error}")
            return
        reasons: Iterable[str] = ()
        if isinstance(entry, Software):
            reasons = broken_facts(entry)
        elif isinstance(entry, CniPlugin):
            reasons = broken_plugin(entry)
        elif isinstance(entry, MeshEntry):
            reasons = broken_mesh(entry)
        broken = [f"{where}: {reason}" for reason in reasons]
        self.errors += broken
        if not broken:
            yield entry

    def _check(self) -> None:
        """Check what needs all entries together."""
        both = set(self.of("management_interfaces", Software)) & set(
            self.of("legacy_services", Software)
        )
        self.errors += [f"catalogue: {name} stands in two sections" for name in sorted(both)]
        own = self.software
        for name, other in (("management_interfaces", "legacy"), ("legacy_services", "management")):
            for entry in self.of(name, Software).values():
                ours = software().get(entry.id)
                if ours is not None and ours.kind.value == other:
                    self.errors.append(f"catalogue.{name}: {entry.id} is one of the other section")
        self.errors += [
            f"catalogue: {reason}"
            for reason in broken_references({**software(), **own}, own.values())
        ]
        plugins = {**cni_plugins(), **self.plugins}
        for plugin in self.plugins.values():
            unknown = sorted(set(plugin.outranks) - set(plugins))
            if unknown:
                self.errors.append(
                    f"catalogue.network_plugins: {plugin.id} outranks {', '.join(unknown)}: "
                    "no such entry"
                )


def _laid_over(ours: Sequence[_Entry], own: Mapping[str, _Entry]) -> tuple[_Entry, ...]:
    """Put entries in the place of ours, new ones before all others."""
    names = {item.id for item in ours}
    new = tuple(item for name, item in own.items() if name not in names)
    return (*new, *(own.get(item.id, item) for item in ours))
