"""Declarations as people write them: in the configuration, or in files that it names."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml

from auditor.model.addresses import AddressSet
from auditor.model.agreement import Declaration
from auditor.model.audience import Audience
from auditor.model.globs import may_meet
from auditor.model.ports import Protocol
from auditor.settings.errors import ConfigurationError
from auditor.settings.places import Places
from auditor.settings.shape import fitting, plain_mismatch, shape_errors
from auditor.settings.yaml_text import load_yaml


class DeclarationFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `declaration_files`, as `exposure-auditor declare` writes it."""

    declarations: tuple[Declaration, ...]


def read_declarations(path: Path, key: str) -> tuple[tuple[Declaration, ...], tuple[str, ...]]:
    """Read a file that the configuration names; give its declarations, and where each is written.

    Raises:
        ConfigurationError: it cannot be read, or holds errors; all of them are listed.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigurationError(str(path), [f"{reason}; check {key}"]) from error
    try:
        raw = load_yaml(text)
    except yaml.YAMLError as error:
        message = f"not YAML: {' '.join(str(error).split())}"
        raise ConfigurationError(str(path), [message]) from error
    places = Places.in_text(text)
    errors = list(shape_errors(raw, msgspec.json.schema(DeclarationFile)))
    errors += declarations_errors(raw.get("declarations") if isinstance(raw, dict) else None)
    if errors:
        raise ConfigurationError(str(path), errors, places)
    try:
        read = msgspec.convert(raw, DeclarationFile).declarations
    except msgspec.ValidationError as error:
        raise ConfigurationError(str(path), [plain_mismatch(error)], places) from error
    return read, origins_of(str(path), places, len(read))


def origins_of(where: str, places: Places, count: int) -> tuple[str, ...]:
    """Say where each declaration of a file is written: its file and line."""
    lines = (places.line_of(f"declarations[{index}]") for index in range(count))
    return tuple(f"{where}:{line}" if line else where for line in lines)


def declarations_errors(raw: Any) -> Iterator[str]:
    """Check what a schema cannot say of declarations, on each whose shape is right."""
    for path, declaration in fitting(raw, Declaration):
        yield from _declaration_errors(f"declarations{path}", declaration)


def _declaration_errors(path: str, declaration: Declaration) -> Iterator[str]:
    for key in ("owner", "reason"):
        if not getattr(declaration, key).strip():
            yield f"{path}.{key}: is empty; a declaration needs somebody who answers for it"
    if declaration.audience is Audience.UNKNOWN:
        yield f"{path}.audience: nobody can agree to what nobody knows; name who may dial it"
    if declaration.sources and declaration.audience is Audience.INTERNET:
        yield (
            f"{path}.sources: contradict the audience internet, which is everybody; declare "
            "allow-listed, or leave them out"
        )
    yield from cidr_errors(f"{path}.sources", declaration.sources)


def cidr_errors(path: str, cidrs: tuple[str, ...]) -> Iterator[str]:
    """Name the ranges that are none."""
    for cidr in cidrs:
        try:
            AddressSet.of([cidr])
        except ValueError as error:
            yield f"{path}: {error}"


def remarks_on_expiry(
    declarations: tuple[Declaration, ...], origins: tuple[str, ...], today: date
) -> Iterator[str]:
    """Say which declarations are past their date and declare nothing any more."""
    for index, declaration in enumerate(declarations):
        if declaration.is_expired(today):
            yield f"{origins[index]}: declarations[{index}]: expired on {declaration.expires}"


def remarks_on_overlaps(
    declarations: tuple[Declaration, ...], origins: tuple[str, ...], today: date
) -> Iterator[str]:
    """Say which declarations in force may cover the same port, and which of them counts then."""
    for later, earlier, others in _overlaps(declarations, today):
        more = f" and {others} more" if others else ""
        breadths = declarations[earlier].breadth, declarations[later].breadth
        counts = later if breadths[1] < breadths[0] else earlier
        yield (
            f"{origins[later]}: declarations[{later}]: overlaps declarations[{earlier}] "
            f"({origins[earlier]}){more}; of a port that both cover, declarations[{counts}] counts"
        )


def _overlaps(declarations: tuple[Declaration, ...], today: date) -> Iterator[tuple[int, int, int]]:
    """Give each declaration in force that may cover what an earlier one covers.

    With the first such, and how many more there are.
    """
    in_force = [
        (index, item) for index, item in enumerate(declarations) if not item.is_expired(today)
    ]
    by_port: dict[tuple[int, Protocol], list[tuple[int, Declaration]]] = {}
    for index, later in in_force:
        before = by_port.setdefault((later.port, later.protocol), [])
        found = [place for place, earlier in before if _may_overlap(earlier, later)]
        if found:
            yield index, found[0], len(found) - 1
        before.append((index, later))


def _may_overlap(earlier: Declaration, later: Declaration) -> bool:
    if earlier.sources and later.sources:
        shared = AddressSet.of(earlier.sources) & AddressSet.of(later.sources)
        if not shared:
            return False
    return (
        may_meet(earlier.cluster, later.cluster)
        and may_meet(earlier.namespace, later.namespace)
        and may_meet(earlier.workload, later.workload)
    )
