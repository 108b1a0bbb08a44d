"""docs/checks/: a page for each check, and their index.

A check's text, code and fixtures live in one folder. Its page is made from them.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from itertools import groupby

import msgspec

from auditor.checks.catalog import catalog, reserved_slugs
from auditor.checks.check import Check, Family
from auditor.reports.check_list import check_page, controls_of
from tools.docs.markdown import plain, remark, table

INDEX = "README.md"

_FIXTURES = (("bad.yaml", "Manifests that fail"), ("good.yaml", "Manifests that do not"))

_INDEX_OPENING = """\
A page each. The name of a check says what is wrong, and is what exceptions, alerts and queries use:
it never changes. The severity is the default: the highest risk level raises it one step, and the
configuration overrides both. [Control frameworks](../frameworks.md) lists the standards that they
speak of."""
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


def _page(check: Check) -> str:
    package = check.module.rpartition(".")[0]
    summary, _, sections = check_page(check).partition("\n\n")
    source = f"{package.replace('.', '/')}/"
    parts = [remark(source), f"# {check.title}", summary, _facts(check), sections]
    parts.append(f"## Frameworks\n\n{_frameworks(check)}")
    for name, heading in _FIXTURES:
        fixture = files(package).joinpath(name)
        if fixture.is_file():
            content = fixture.read_text(encoding="utf-8").strip("\n")
            parts.append(f"## {heading}\n\n```yaml\n{content}\n```")
    return "\n\n".join(parts) + "\n"


def _frameworks(check: Check) -> str:
    rows = [
        (
            plain(framework.title),
            "<br>".join(
                f"{plain(backed.written_id)} {plain(backed.control.title)} {backed.remark}".rstrip()
                for backed in members
            ),
        )
        for framework, members in groupby(controls_of(check), key=lambda backed: backed.framework)
    ]
    return table(("framework", "controls"), rows)


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
    return table(("", ""), rows)


def _listed(resources: frozenset[str]) -> str:
    return ", ".join(f"`{resource}`" for resource in sorted(resources)) or "nothing"


def _parameters(check: Check) -> Iterator[str]:
    for name, default in msgspec.to_builtins(check.parameters()).items():
        yield f"`{name}`, by default `{json.dumps(default)}`"


def _index() -> str:
    parts = [remark("the checks"), "# The checks", _INDEX_OPENING, _RULES]
    checks = catalog().values()
    for family in Family:
        members = [check for check in checks if check.family is family]
        if members:
            rows = (
                (f"[{check.slug}]({check.slug}.md)", check.severity.value, check.title)
                for check in members
            )
            parts += [
                f"## {family.value}",
                table(("check", "severity", "what"), rows),
            ]
    parts.append(_RESERVED_OPENING)
    parts.append("\n".join(f"- `{slug}`" for slug in sorted(reserved_slugs())))
    return "\n\n".join(parts) + "\n"
