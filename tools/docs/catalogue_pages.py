"""docs/catalogue/: a table for each kind of fact, and their index."""

from collections.abc import Callable

from auditor.catalogue.listed import CatalogueEntry
from auditor.catalogue.listing import KINDS, CatalogueKind
from tools.docs.markdown import code, plain, remark, table

INDEX = "README.md"

_SOURCE = "auditor/catalogue/data/"

_OPENING = """\
The facts that the checks rest on, as they stand in the data files of this version.
`exposure-auditor checks --catalogue WORD` searches them.

Where a kind tells what is confirmed, "yes" marks an entry that was seen in its source and "no" one
that stands as remembered, or of which the named part does. Of software that has neither mark some
facts were seen. [Control frameworks](../frameworks.md) tells which check backs which control."""

_CONFIRMED = {True: "yes", False: "no", None: ""}


def _details(entry: CatalogueEntry) -> str:
    return "<br>".join(
        f"{key.replace('_', ' ')}: {plain(text)}" for key, text in entry.details.items()
    )


Cell = Callable[[CatalogueEntry], str]

_COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("id", lambda entry: code(entry.id)),
    ("name", lambda entry: "" if entry.name == entry.id else plain(entry.name)),
    ("confirmed", lambda entry: _CONFIRMED[entry.confirmed]),
    ("what is known", _details),
    ("source", lambda entry: plain(entry.source or "")),
)


def pages() -> dict[str, str]:
    """Give every page by its file name."""
    return {INDEX: _index()} | {f"{kind.id}.md": _page(kind) for kind in KINDS}


def _index() -> str:
    rows = []
    for kind in KINDS:
        number = sum(1 for _ in kind.entries())
        rows.append((f"[{kind.title}]({kind.id}.md)", str(number), kind.about))
    head = ("kind", "entries", "what")
    parts = (remark(_SOURCE), "# The catalogue of facts", _OPENING, table(head, rows))
    return "\n\n".join(parts) + "\n"


def _page(kind: CatalogueKind) -> str:
    entries = list(kind.entries())
    # A column that this kind has nothing for is left out.
    columns = [(head, cell) for head, cell in _COLUMNS if any(map(cell, entries))]
    rows = ([cell(entry) for _, cell in columns] for entry in entries)
    parts = (
        remark(_SOURCE),
        f"# {kind.title}",
        kind.about,
        table([head for head, _ in columns], rows),
    )
    return "\n\n".join(parts) + "\n"
