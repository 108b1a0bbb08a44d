"""`checks`: the catalogue for a person, and for scripts."""

import inspect
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from auditor.catalogue.frameworks import Backed, backed_controls
from auditor.checks.check import Check


class FrameworkControlView(Struct, frozen=True):
    """A control of a framework that a finding of the check speaks against."""

    framework: str
    name: str
    version: str | None
    provider: str | None
    control: str
    title: str
    confirmed: bool


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
    frameworks: tuple[FrameworkControlView, ...]


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
        frameworks=tuple(_control_view(backed) for backed in controls_of(check)),
    )


def _control_view(backed: Backed) -> FrameworkControlView:
    framework, control = backed.framework, backed.control
    return FrameworkControlView(
        framework=framework.id,
        name=framework.name,
        version=control.version,
        provider=framework.provider.value if framework.provider else None,
        control=backed.written_id,
        title=control.title,
        confirmed=backed.is_confirmed,
    )


def controls_of(check: Check) -> tuple[Backed, ...]:
    """Give the controls of every framework that a check backs, by framework."""
    return backed_controls(check.slug, check.topics, check.controls)


def check_page(check: Check) -> str:
    """Give the documentation of a check, as its module holds it."""
    return inspect.getdoc(sys.modules[check.module]) or check.title


def section(check: Check, heading: str) -> str:
    """Give what a check's documentation says under a heading, in its lines; "" if nothing."""
    _, _, below = check_page(check).partition(f"\n## {heading}\n")
    return below.partition("\n## ")[0].strip()


def write_check(check: Check) -> str:
    """Write a check's documentation for a terminal."""
    head = f"{check.slug}  ({check.family.value}, {check.severity.value})"
    controls = ", ".join(control.value for control in check.controls)
    needs = ", ".join(sorted(check.needs))
    frameworks = "\n".join(("## Frameworks", *_framework_lines(check)))
    foot = f"Needs to read: {needs}\nControls: {controls}\n"
    return "\n\n".join((head, check_page(check), frameworks, foot))


def _framework_lines(check: Check) -> Iterator[str]:
    for framework, members in groupby(controls_of(check), key=lambda backed: backed.framework):
        yield f"  {framework.title}"
        for backed in members:
            written, title = backed.written_id, backed.control.title
            # Where a text has headings and no numbers, the heading is the id.
            named = written if written.endswith(title) else f"{written}  {title}"
            yield f"    {named} {backed.remark}".rstrip()


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
