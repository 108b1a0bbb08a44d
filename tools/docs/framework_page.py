"""docs/frameworks.md: every framework, its controls, and the checks that back them."""

from collections import defaultdict

from auditor.catalogue.frameworks import Backed, Framework, frameworks
from auditor.checks.catalog import catalog
from auditor.reports.check_list import controls_of
from tools.docs.markdown import plain, remark, table

_SOURCE = "auditor/catalogue/data/frameworks.yaml and the topics of the checks"

_OPENING = """\
Which checks speak of which control of which standard, benchmark or threat list. A finding speaks
against the control. That nothing was found does not meet it yet: a control asks for more than a
look at a cluster can show, and one without a check cannot be judged by this version.

Only ids and short titles stand here. "(not confirmed)" marks what was not seen in the source that
is named. Ids of the OWASP Kubernetes Top Ten always carry their year, since the lists of 2022 and
2025 number the same things differently."""


def page() -> str:
    """Give the page."""
    backing = _checks_by_control()
    parts = [remark(_SOURCE), "# Control frameworks", _OPENING]
    for framework in frameworks():
        about = f"`{framework.id}`, from {plain(framework.source)}"
        parts += [f"## {plain(framework.title)}", about, _controls(framework, backing)]
    return "\n\n".join(parts) + "\n"


def _controls(framework: Framework, backing: dict[Backed, list[str]]) -> str:
    rows = []
    for control in framework.controls:
        backed = Backed(framework, control)
        checks = ", ".join(f"[{slug}](checks/{slug}.md)" for slug in backing[backed])
        title = f"{plain(control.title)} {backed.remark}".rstrip()
        if control.source:
            title = f"{title}<br>from {plain(control.source)}"
        rows.append((plain(backed.written_id), title, checks or "none"))
    return table(("control", "title", "checks"), rows)


def _checks_by_control() -> dict[Backed, list[str]]:
    found: dict[Backed, list[str]] = defaultdict(list)
    for check in catalog().values():
        for backed in controls_of(check):
            found[backed].append(check.slug)
    return found
