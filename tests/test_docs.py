"""The documentation: generated pages are fresh, and links lead somewhere."""

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from auditor.catalogue.contents import catalogue_with, entry_errors
from auditor.catalogue.listed import CatalogueEntry
from auditor.catalogue.listing import KINDS, CatalogueKind
from auditor.checks.catalog import catalog, parameter_types, reserved_slugs
from auditor.settings.loading import parse_configuration
from tools.docs import catalogue_pages
from tools.docs.check_pages import INDEX
from tools.docs.markdown import plain, table
from tools.docs.writing import DOCS, OWNED, pages, stale, write

ROOT = Path(__file__).parent.parent
GENERATED = sorted(path for folder in OWNED for path in (DOCS / folder).glob("*.md"))
HAND_WRITTEN = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs/connectors").glob("*.md")),
]
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def test_generated_pages_are_fresh() -> None:
    assert stale(DOCS, pages()) == [], "run `make docs` and commit what it writes"


def test_every_check_has_a_page_and_no_page_is_left_over() -> None:
    found = {path.stem for path in (DOCS / "checks").glob("*.md")}
    assert found == {*catalog(), Path(INDEX).stem}


def test_the_index_names_every_slug_of_the_catalogue() -> None:
    index = pages()[f"checks/{INDEX}"]
    assert all(f"]({slug}.md)" in index for slug in catalog())
    assert all(f"- `{slug}`" in index for slug in reserved_slugs())


@pytest.mark.parametrize("slug", list(catalog()))
def test_a_page_holds_the_sections_of_its_check(slug: str) -> None:
    page = pages()[f"checks/{slug}.md"]
    for heading in ("What it reports", "Why it matters", "How to fix", "Known gaps", "Frameworks"):
        assert f"\n## {heading}\n" in page


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_a_page_of_the_catalogue_holds_every_entry_in_a_row(kind: CatalogueKind) -> None:
    page = pages()[f"catalogue/{kind.id}.md"]
    entries = list(kind.entries())
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [entry.id for entry in entries]
    # A bar that is not escaped would part a cell in two.
    bars = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert len(bars) == 1
    for row, entry in zip(rows, entries, strict=True):
        assert plain(entry.source or "") in row
        assert ("| no |" in row) is (entry.confirmed is False)


def test_the_index_of_the_catalogue_counts_its_entries() -> None:
    index = pages()[f"catalogue/{catalogue_pages.INDEX}"]
    for kind in KINDS:
        assert f"| [{kind.title}]({kind.id}.md) | {len(list(kind.entries()))} |" in index


def test_text_of_the_data_reads_in_a_table_as_it_stands_there() -> None:
    hostile = "a|b *c* _d_ `e` [f](g) <h>\n~~i~~ \\"
    assert plain(hostile) == (r"a\|b \*c\* \_d\_ \`e\` \[f\](g) \<h\> \~\~i\~\~ " + "\\\\")
    assert table(("x", ""), [("1", "")]) == "| x | |\n|---|---|\n| 1 | |"


def test_a_column_without_anything_to_say_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = CatalogueEntry(kind="door", id="a|b", name="A*", details={"seen_at": "x_y"})
    kind = CatalogueKind("door", "Doors", "All doors.", lambda: [entry])
    monkeypatch.setattr(catalogue_pages, "KINDS", (kind,))
    page = catalogue_pages.pages()["door.md"]
    assert "| id | name | what is known |\n" in page
    assert page.endswith("| `a\\|b` | A\\* | seen at: x\\_y |\n")


def test_writing_mends_missing_changed_and_left_over_pages(tmp_path: Path) -> None:
    expected = {"checks/a.md": "a\n", "checks/b.md": "b\n", "c.md": "c\n"}
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "a.md").write_text("old\n")
    (tmp_path / "checks" / "gone.md").write_text("gone\n")
    (tmp_path / "by-hand.md").write_text("stays\n")
    assert write(tmp_path, expected) == [
        "c.md",
        "checks/a.md",
        "checks/b.md",
        "checks/gone.md",
    ]
    assert stale(tmp_path, expected) == []
    there = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.md"))
    assert there == ["by-hand.md", "c.md", "checks/a.md", "checks/b.md"]


def test_the_generator_agrees_with_the_committed_pages() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.docs", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "page", [*HAND_WRITTEN, *GENERATED], ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    places = [link.partition("#")[0] for link in _LINK.findall(text) if "://" not in link]
    missing = [place for place in places if place and not (page.parent / place).exists()]
    assert missing == []


def test_the_documented_configuration_is_valid(at: datetime) -> None:
    text = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    examples = [block for block in _FENCED.findall(text) if "# auditor.yaml" in block]
    assert len(examples) == 1
    lines = examples[0].splitlines()[1:-1]
    configuration = parse_configuration(
        "\n".join(lines).encode(), parameter_types(), at.date(), entry_errors
    )
    assert configuration.connectors
    assert configuration.exceptions


def test_the_documented_entries_of_the_catalogue_are_valid(at: datetime) -> None:
    text = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    (example,) = _FENCED.findall(text)
    lines = "\n".join(example.splitlines()[1:-1]).encode()
    configuration = parse_configuration(lines, parameter_types(), at.date(), entry_errors)
    assert "our-console" in catalogue_with(configuration.catalogue).software
