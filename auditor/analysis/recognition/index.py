"""The catalogue turned round: from a label, name, port, flag or owner to software."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from auditor.analysis.recognition.globs import GlobIndex
from auditor.analysis.recognition.scoring import EvidenceKind
from auditor.catalogue.contents import Catalogue
from auditor.catalogue.recognition import RecognitionRules, recognition_rules
from auditor.catalogue.software import Software, Where
from auditor.model.ports import Protocol

PortKey = tuple[Where, int, Protocol]
Told = Mapping[str, EvidenceKind]
"""What a sign speaks for, by id, and as which sort of evidence."""


class Hint(Struct, frozen=True, gc=False):
    """What some sign speaks for, and as which sort of evidence."""

    id: str
    kind: EvidenceKind


_RECOMMENDED = ("app.kubernetes.io/name", "app.kubernetes.io/part-of")
_STANDARD_DOMAINS = ("app.kubernetes.io/", "kubernetes.io/")
_CHART_KEYS = ("helm.sh/chart", "chart")


class HintIndex:
    """Everything but images by which software shows itself."""

    def __init__(self, entries: Iterable[Software], rules: RecognitionRules) -> None:
        """Index some software, without the signs that say nothing."""
        self._labels: dict[str, GlobIndex[Hint]] = defaultdict(GlobIndex)
        self._charts: dict[str, list[Hint]] = defaultdict(list)
        self._owners: dict[str, list[Hint]] = defaultdict(list)
        self._names: GlobIndex[str] = GlobIndex()
        self._port_names: GlobIndex[str] = GlobIndex()
        self._env: dict[str, list[Hint]] = defaultdict(list)
        self._flags: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._ports: dict[PortKey, dict[str, EvidenceKind]] = defaultdict(dict)
        self._generic_kinds = rules.generic_kinds
        self._known_names: dict[str, Told] = {}
        self._known_port_names: dict[str, Told] = {}
        for entry in entries:
            self._add_words(entry, rules)
            self._add_settings(entry)
            self._add_ports(entry)

    def _add_words(self, entry: Software, rules: RecognitionRules) -> None:
        for label in entry.labels:
            key, equals, value = label.partition("=")
            if label not in rules.generic_labels and f"{key}=*" not in rules.generic_labels:
                hint = Hint(entry.id, _label_kind(key))
                self._labels[key].add(value if equals else "*", hint)
        for chart in entry.helm_charts:
            self._charts[chart].append(Hint(entry.id, EvidenceKind.CHART_LABEL))
        for crd in entry.crds:
            self._owners[crd.partition(".")[0]].append(Hint(entry.id, EvidenceKind.CRD_OWNER))
        for name in entry.names:
            if name not in rules.generic_names:
                self._names.add(name, entry.id)

    def _add_settings(self, entry: Software) -> None:
        for name in entry.port_names:
            self._port_names.add(name, entry.id)
        for name in entry.env:
            self._env[name].append(Hint(entry.id, EvidenceKind.ENV))
        for name in entry.risky_env:
            self._env[name].append(Hint(entry.id, EvidenceKind.RISKY_ENV))
        for flag in entry.flags:
            name, _, value = flag.partition("=")
            self._flags[name].append((value, entry.id))

    def _add_ports(self, entry: Software) -> None:
        for item in entry.ports:
            kind = EvidenceKind.PORT_DISTINCTIVE if item.distinctive else EvidenceKind.PORT_COMMON
            for where in (item.where,) if item.where else Where:
                self._ports[where, item.port, item.protocol][entry.id] = kind

    def of_label(self, key: str, value: str) -> Sequence[Hint]:
        """Give what a label speaks for."""
        told = self._labels.get(key)
        found = [*told.exactly(value), *(hint for _, hint in told.by_glob(value))] if told else ()
        charts = self._charts.get(_chart_name(value)) if key in _CHART_KEYS else None
        return [*found, *charts] if charts else found

    def of_owner(self, kind: str) -> Sequence[Hint]:
        """Give what an owner's kind speaks for; its plural is guessed as English does."""
        lower = kind.lower()
        if not lower or lower in self._generic_kinds:
            return ()
        plurals = (lower, f"{lower}s", f"{lower}es", f"{lower.removesuffix('y')}ies")
        return [hint for plural in plurals for hint in self._owners.get(plural, ())]

    def of_name(self, name: str) -> Told:
        """Give what the name of a workload, Service or container speaks for."""
        known = self._known_names.get(name)
        if known is None:
            found = {told: EvidenceKind.NAME_GLOB for _, told in self._names.by_glob(name)}
            found |= dict.fromkeys(self._names.exactly(name), EvidenceKind.NAME_EXACT)
            known = _kept(self._known_names, name, found)
        return known

    def of_port(self, where: Where, number: int, protocol: Protocol) -> Told:
        """Give what a port number speaks for on some object."""
        return self._ports.get((where, number, protocol), {})

    def of_port_name(self, name: str) -> Told:
        """Give what the name of a port speaks for."""
        known = self._known_port_names.get(name)
        if known is None:
            globbed = [told for _, told in self._port_names.by_glob(name)]
            found = [*globbed, *self._port_names.exactly(name)]
            named = dict.fromkeys(found, EvidenceKind.PORT_NAME)
            known = _kept(self._known_port_names, name, named)
        return known

    def of_env(self, name: str) -> Iterable[Hint]:
        """Give what the name of an environment variable speaks for."""
        return self._env.get(name, ())

    def of_flag(self, name: str, value: str | None) -> Iterator[Hint]:
        """Go through what a flag speaks for; a flag without a value is switched on."""
        for wanted, software_id in self._flags.get(name, ()):
            if not wanted or value == wanted or (value is None and wanted == "true"):
                yield Hint(software_id, EvidenceKind.FLAG)


_MOST_KEPT = 50_000
"""Names whose answer is kept."""


def _kept(known: dict[str, Told], name: str, told: Told) -> Told:
    if len(known) >= _MOST_KEPT:
        known.clear()
    known[name] = told
    return told


def _label_kind(key: str) -> EvidenceKind:
    if key in _RECOMMENDED:
        return EvidenceKind.RECOMMENDED_LABEL
    if "/" in key and not key.startswith(_STANDARD_DOMAINS):
        return EvidenceKind.OPERATOR_LABEL
    return EvidenceKind.PLAIN_LABEL


def _chart_name(value: str) -> str:
    """Cut the version off `NAME-VERSION`."""
    words = value.split("-")
    for position, word in enumerate(words[1:], start=1):
        if word.removeprefix("v")[:1].isdigit():
            return "-".join(words[:position])
    return ""


@lru_cache(maxsize=8)
def hint_index(catalogue: Catalogue) -> HintIndex:
    """Give the index of a whole catalogue."""
    return HintIndex(catalogue.software.values(), recognition_rules())
