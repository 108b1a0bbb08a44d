"""`checks`: the catalogue for a person, and for scripts."""

import inspect
import sys
from collections.abc import Iterable

from msgspec import Struct

from auditor.checks.check import Check


class CheckView(Struct, frozen=True):
    """One check as `checks --format json` gives it."""

    slug: str
    family: str
    severity: str
    title: str
    remediation: str
    needs: tuple[str, ...]
    reads: tuple[str, ...]
    controls: tuple[str, ...]
    parameters: dict[str, str]


class CheckListDocument(Struct, frozen=True):
    """All checks."""

    schema: str
    checks: tuple[CheckView, ...]


def check_list(checks: Iterable[Check]) -> CheckListDocument:
    """Give the catalogue in the shape of `checks/v1`."""
    return CheckListDocument(
        "exposure-auditor/checks/v1", tuple(check_view(check) for check in checks)
    )


def check_view(check: Check) -> CheckView:
    """Give one check in the shape of `checks/v1`."""
    defaults = check.parameters()
    return CheckView(
        slug=check.slug,
        family=check.family.value,
        severity=check.severity.value,
        title=check.title,
        remediation=check.remediation,
        needs=tuple(sorted(check.needs)),
        reads=tuple(sorted(check.reads)),
        controls=tuple(control.value for control in check.controls),
        parameters={
            name: str(getattr(defaults, name)) for name in check.parameters.__struct_fields__
        },
    )


def check_page(check: Check) -> str:
    """Give the documentation of a check, as its module holds it."""
    return inspect.getdoc(sys.modules[check.judge.__module__]) or check.title


def write_check(check: Check) -> str:
    """Write a check's documentation for a terminal."""
    head = f"{check.slug}  ({check.family.value}, {check.severity.value})"
    controls = ", ".join(control.value for control in check.controls)
    needs = ", ".join(sorted(check.needs))
    return f"{head}\n\n{check_page(check)}\n\nNeeds to read: {needs}\nControls: {controls}\n"


def write_check_list(checks: Iterable[Check]) -> str:
    """Write one line a check, by family."""
    lines: list[str] = []
    family = None
    for check in checks:
        if check.family is not family:
            lines += ([""] if lines else []) + [check.family.value]
            family = check.family
        lines.append(f"  {check.slug:<38} {check.severity.value:<9} {check.title}")
    return "\n".join(lines) + "\n"
