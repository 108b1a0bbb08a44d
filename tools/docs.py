"""Writes the pages under docs/checks/: `python -m tools.docs`, or `--check` to only compare.

A check's text, code and fixtures live in one folder. Its page is made from them, so that the page
cannot say anything else. Pages of checks that are gone are removed.
"""

import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import click
import msgspec

from auditor.checks.catalog import catalog, reserved_slugs
from auditor.checks.check import Check, Family
from auditor.reports.check_list import check_page

PAGES = Path(__file__).parent.parent / "docs" / "checks"
INDEX = "README.md"

_FIXTURES = (("bad.yaml", "Manifests that fail"), ("good.yaml", "Manifests that do not"))
_REMARK = "<!-- Written by `make docs`: edit {source} instead. -->"

_INDEX_OPENING = """\
A page each. The name of a check says what is wrong, and is what exceptions, alerts and queries use:
it never changes. The severity is the default: the highest risk level raises it one step, and the
configuration overrides both."""
_RESERVED_OPENING = """\
## Not judged yet

The published catalogue names these too. A configuration may name them already; this version does
not judge them, so they have no effect."""


_RULES = """## Rules for every row
- Unknown is never pass. While a resource that a check needs is incomplete, nothing of that check is
  `pass` or `not_applicable`: it is `unknown` and names the resource.
- Proven stays proven. A `fail` whose own evidence was read stays, whatever else is missing.
- Checks of doors judge the door. A policy behind it never makes them `pass`; the evidence names it.
- The evidence of a `fail` is a chain: each hop names the object, the field and the value.
- Severity is the default of the row. The highest risk level raises it one step. The configuration
  overrides both. Nothing else changes it.
- `accepted` is laid over a `fail` by an exception, and in the ports family by a declaration. The
  raw verdict is kept beside it."""


def pages() -> dict[str, str]:
    """Give every generated page by its file name."""
    return {INDEX: _index()} | {f"{slug}.md": _page(check) for slug, check in catalog().items()}


def stale(folder: Path, expected: dict[str, str]) -> list[str]:
    """Name the files of a folder that differ from the pages, are missing, or are left over."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    names = there.keys() | expected.keys()
    return sorted(name for name in names if there.get(name) != expected.get(name))


def write(folder: Path, expected: dict[str, str]) -> list[str]:
    """Write the pages that are stale, remove those left over, and name both."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = stale(folder, expected)
    for name in changed:
        if name in expected:
            (folder / name).write_text(expected[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def _page(check: Check) -> str:
    package = check.judge.__module__.rpartition(".")[0]
    summary, _, sections = check_page(check).partition("\n\n")
    source = f"{package.replace('.', '/')}/"
    parts = [_REMARK.format(source=source), f"# {check.title}", summary, _facts(check), sections]
    for name, heading in _FIXTURES:
        fixture = files(package).joinpath(name)
        if fixture.is_file():
            content = fixture.read_text(encoding="utf-8").strip("\n")
            parts.append(f"## {heading}\n\n```yaml\n{content}\n```")
    return "\n\n".join(parts) + "\n"


def _facts(check: Check) -> str:
    rows = [
        ("check", f"`{check.slug}`"),
        ("family", check.family.value),
        ("severity", check.severity.value),
        ("needs", _listed(check.needs)),
        ("reads too", _listed(check.reads)),
        ("controls", ", ".join(f"`{control.value}`" for control in check.controls)),
        ("parameters", "<br>".join(_parameters(check)) or "none"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows)])


def _listed(resources: frozenset[str]) -> str:
    return ", ".join(f"`{resource}`" for resource in sorted(resources)) or "nothing"


def _parameters(check: Check) -> Iterator[str]:
    for name, default in msgspec.to_builtins(check.parameters()).items():
        yield f"`{name}`, by default `{json.dumps(default)}`"


def _index() -> str:
    parts = [
        _REMARK.format(source="the checks"),
        "# The checks",
        _INDEX_OPENING,
        _RULES,
    ]
    checks = catalog().values()
    for family in Family:
        members = [check for check in checks if check.family is family]
        if members:
            rows = (
                f"| [{check.slug}]({check.slug}.md) | {check.severity.value} | {check.title} |"
                for check in members
            )
            parts += [
                f"## {family.value}",
                "\n".join(["| check | severity | what |", "|---|---|---|", *rows]),
            ]
    parts.append(_RESERVED_OPENING)
    parts.append("\n".join(f"- `{slug}`" for slug in sorted(reserved_slugs())))
    return "\n\n".join(parts) + "\n"


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 on stale files.")
def main(*, only_check: bool) -> None:
    """Write the generated pages under docs/ anew."""
    changed = stale(PAGES, pages()) if only_check else write(PAGES, pages())
    for name in changed:
        print(f"docs/checks/{name} {'is stale' if only_check else 'written'}")
    if only_check and changed:
        print("run `make docs` and commit what it writes", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
