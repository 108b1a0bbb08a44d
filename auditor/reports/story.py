"""`explain`: why a finding is so, in plain words, with the commands that show each step."""

import re
from collections.abc import Iterator
from textwrap import wrap

from auditor.checks.catalog import catalog
from auditor.model.finding import Finding
from auditor.model.verdict import Verdict
from auditor.reports.check_list import check_page
from auditor.reports.text import safe
from auditor.reports.verifying import Access, command_for

_OPENING = {
    "fail": "This is a failure",
    "unknown": "This could not be decided",
    "accepted": "This is a failure that somebody accepted",
    "pass": "This passed",
    "not_applicable": "There is nothing to judge",
}
_WIDTH = 100
_STATES = "forbidden|failed|partial|stale|not-provided"
_NOT_READ = re.compile(rf"\b([a-z][a-z0-9.]+) (?:is|are) ({_STATES})\b")
"""How a reason names a resource that was not read whole."""
_WHY = re.compile(r"^## Why it matters\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def write_story(
    cluster_id: str, finding: Finding, access: Access | None = None, files: str | None = None
) -> str:
    """Tell a finding's story, a step a hop, each with the command that shows it.

    Args:
        cluster_id: the cluster that was audited.
        finding: what is told of.
        access: how kubectl reaches the cluster.
        files: where the objects were read from, where that was no API server.
    """
    return (
        "\n".join(
            (
                *_head(cluster_id, finding),
                *_meaning(finding),
                *_evidence(finding, access or Access(), files),
                *_advice(finding),
            )
        )
        + "\n"
    )


def _head(cluster_id: str, finding: Finding) -> Iterator[str]:
    shown = finding.shown_verdict
    yield from (safe(finding.summary), "")
    yield f"{_OPENING[shown]} of the check {finding.check} in cluster {safe(cluster_id)}."
    yield f"severity  {finding.severity.level.value} ({safe(finding.severity.reason)})"
    yield f"subject   {safe(str(finding.subject))}"
    yield f"id        {finding.id}"
    if finding.port is not None:
        yield f"port      {finding.port}/{finding.protocol}"
    if reason := finding.acceptance.reason if finding.acceptance else finding.reason:
        yield f"because   {safe(reason)}"


def _meaning(finding: Finding) -> Iterator[str]:
    """Say what it means, and what would settle it where it is not decided."""
    found = _WHY.search(check_page(catalog()[finding.check]))
    if finding.verdict in {Verdict.FAIL, Verdict.UNKNOWN} and found is not None:
        yield from ("", "Why it matters:")
        yield from (f"  {line}" for line in wrap(" ".join(found[1].split()), _WIDTH - 2))
    if finding.verdict is Verdict.UNKNOWN:
        yield from ("", "What would settle it:")
        yield from (f"  {line}" for line in _settling(finding.reason or ""))


def _settling(reason: str) -> Iterator[str]:
    """Say what to do about each resource that was not read; else what the reason already says."""
    found = dict.fromkeys(_NOT_READ.findall(reason))
    for name, state in found:
        if state == "not-provided":
            yield f"the source holds no {name}: add them, or audit the cluster itself"
        elif state == "forbidden":
            yield f"let the auditor list {name} (deploy/clusterrole.yaml has the rule)"
        else:
            yield f"{name} came {state}: see `audit-incomplete`, and audit again"
    if not found:
        yield "what the reason above names, once it can be read or is known"


def _evidence(finding: Finding, access: Access, files: str | None) -> Iterator[str]:
    yield from ("", "Evidence, hop by hop:")
    if files is not None and finding.evidence:
        yield f"  Read from {safe(files)}; on a cluster that holds the same, the commands show it."
    for number, hop in enumerate(finding.evidence, 1):
        note = f"  ({safe(hop.note)})" if hop.note else ""
        yield f"  {number}. {safe(hop.hop)}: {safe(hop.field)} = {safe(hop.value)}{note}"
        command = command_for(hop, access)
        # A name that a terminal would act on, or that is cut, makes no command to copy.
        if command is not None and safe(command) == command:
            yield f"     $ {command}"
    if not finding.evidence:
        yield "  none: see the reason above"


def _advice(finding: Finding) -> Iterator[str]:
    yield from ("", "What to do:")
    yield f"  {finding.remediation}"
    yield from (f"  `exposure-auditor checks {finding.check}` says more.", "")
    yield f"Controls: {', '.join(finding.controls)}"
