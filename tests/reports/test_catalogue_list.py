"""The catalogue's list for a person."""

from auditor.catalogue.listed import CatalogueEntry
from auditor.reports.catalogue_list import catalogue_document, write_catalogue

ENTRIES = (
    CatalogueEntry(
        kind="cni",
        id="calico",
        name="calico",
        confirmed=True,
        details={"enforces": "full", "also_known_as": "tigera"},
    ),
    CatalogueEntry(kind="cni", id="contiv", name="Contiv", confirmed=False),
    CatalogueEntry(kind="runtime-socket", id="/run/docker.sock", name="Docker"),
)


def test_entries_are_listed_by_kind_and_counted() -> None:
    assert write_catalogue(ENTRIES, "0123", (), 160).splitlines() == [
        "cni",
        f"  {'calico':<36} enforces: full; also known as: tigera",
        f"  {'contiv':<36} Contiv  (not confirmed)",
        "",
        "runtime-socket",
        f"  {'/run/docker.sock':<36} Docker",
        "",
        "3 entries in catalogue 0123",
    ]


def test_a_line_is_as_wide_as_the_terminal_at_most() -> None:
    lines = write_catalogue(ENTRIES, "0123", (), 50).splitlines()
    assert max(map(len, lines)) == 50
    assert lines[1].endswith("…")


def test_the_count_says_what_was_asked_for() -> None:
    assert write_catalogue(ENTRIES[:1], "0123", ("a", "b"), 160).endswith(
        "\n1 entry for 'a b' in catalogue 0123\n"
    )


def test_nothing_found_is_one_line() -> None:
    assert write_catalogue((), "0123", ("x\x1b[2J",), 160) == (
        "nothing found for 'x\\x1b[2J' in catalogue 0123\n"
    )


def test_the_document_holds_schema_version_and_entries() -> None:
    document = catalogue_document(ENTRIES, "0123")
    assert document.schema == "exposure-auditor/catalogue/v1"
    assert document.version == "0123"
    assert document.entries == ENTRIES
