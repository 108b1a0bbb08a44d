"""The documentation: generated pages are fresh, and links lead somewhere."""

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from auditor.catalogue.contents import catalogue_with, entry_errors
from auditor.checks.catalog import catalog, parameter_types, reserved_slugs
from auditor.settings.loading import parse_configuration
from tools.docs.check_pages import INDEX
from tools.docs.writing import DOCS, OWNED, pages, stale, write

ROOT = Path(__file__).parent.parent
GENERATED = sorted(path for folder in OWNED for path in (DOCS / folder).glob("*.md"))
HAND_WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
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
