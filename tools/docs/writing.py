"""Which pages there are, and how they come into the tree."""

from pathlib import Path

from tools.docs import catalogue_pages, check_pages, framework_page

DOCS = Path(__file__).parent.parent.parent / "docs"

OWNED = ("catalogue", "checks")
"""Folders below docs/ in which every page is generated: one that is left over goes."""


def pages() -> dict[str, str]:
    """Give every generated page by its path below docs/."""
    return {
        **{f"catalogue/{name}": text for name, text in catalogue_pages.pages().items()},
        **{f"checks/{name}": text for name, text in check_pages.pages().items()},
        "frameworks.md": framework_page.page(),
    }


def stale(docs: Path, expected: dict[str, str]) -> list[str]:
    """Name the pages that differ from what is expected, are missing, or are left over."""
    there = {name: docs / name for name in expected}
    for folder in OWNED:
        there |= {f"{folder}/{path.name}": path for path in (docs / folder).glob("*.md")}
    return sorted(name for name, path in there.items() if _text(path) != expected.get(name))


def write(docs: Path, expected: dict[str, str]) -> list[str]:
    """Write the pages that are stale, remove those left over, and name both."""
    changed = stale(docs, expected)
    for name in changed:
        path = docs / name
        if name in expected:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(expected[name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
