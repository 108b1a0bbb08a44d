"""`checks --catalogue`: the facts of the field for a person, and for scripts."""

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct

from auditor.catalogue.listed import CatalogueEntry


class CatalogueDocument(Struct, frozen=True):
    """What was found in the catalogue."""

    schema: str
    version: str
    entries: tuple[CatalogueEntry, ...]


def catalogue_document(entries: Sequence[CatalogueEntry], version: str) -> CatalogueDocument:
    """Give entries in the shape of `catalogue/v1`."""
    return CatalogueDocument("exposure-auditor/catalogue/v1", version, tuple(entries))


def write_catalogue(
    entries: Sequence[CatalogueEntry], version: str, words: Sequence[str], width: int
) -> str:
    """Write one line an entry, by kind, and how many there are."""
    searched = f" for {' '.join(words)!r}" if words else ""
    if not entries:
        return f"nothing found{searched} in catalogue {version}\n"
    lines: list[str] = []
    for kind, members in groupby(entries, key=lambda entry: entry.kind):
        lines += [kind, *(_cut(_line(entry), width) for entry in members), ""]
    noun = "entry" if len(entries) == 1 else "entries"
    lines.append(f"{len(entries)} {noun}{searched} in catalogue {version}")
    return "\n".join(lines) + "\n"


def _line(entry: CatalogueEntry) -> str:
    name = "" if entry.name == entry.id else f"{entry.name}  "
    doubt = "(not confirmed)  " if entry.confirmed is False else ""
    told = "; ".join(f"{key.replace('_', ' ')}: {text}" for key, text in entry.details.items())
    return f"  {entry.id:<36} {name}{doubt}{told}".rstrip()


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"
