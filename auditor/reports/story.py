"""`explain`: why a finding is so, in plain words, with the way to check each step."""

import re
from collections.abc import Iterator
from textwrap import wrap

from auditor.checks.catalog import catalog
from auditor.model.finding import Finding
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.reports.check_list import section
from auditor.reports.text import is_harmless, safe
from auditor.reports.verifying import Access, command_for, in_files

_SAID = {
    Verdict.FAIL.value: "fails here",
    Verdict.UNKNOWN.value: "could not decide",
    ACCEPTED: "fails here, and somebody accepted that",
    Verdict.PASS.value: "passes here",
    Verdict.NOT_APPLICABLE.value: "has nothing to judge here",
}
_WIDTH = 100
_STATES = "forbidden|failed|partial|stale|not-provided"
_NOT_READ = re.compile(rf"\b([a-z][a-z0-9.]+) (?:is|are) ({_STATES})\b")
"""How a reason names a resource that was not read whole."""
_POLICIES = frozenset(
    {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy", "NetworkPolicy"}
)
_OBJECTS_SHOWN = 6
_LONGEST_REASON = 2000
_LONGEST_COMMAND = 1000
"""Characters; names of a real cluster end at 253, and a context's name is rarely longer."""


def write_story(
    cluster_id: str | None, finding: Finding, access: Access | None = None, files: str | None = None
) -> str:
    """Tell a finding's story, a step a hop, each with the command that shows it.

    Args:
        cluster_id: the cluster that was audited; None where it is a finding of the whole fleet.
        finding: what is told of.
        access: how kubectl reaches the cluster; None where there is none, only files.
        files: where the objects were read from, where that was no API server.
    """
    parts = (
        _head(cluster_id, finding),
        _meaning(finding),
        _evidence(finding, access, files),
        _policies(finding),
        _settling(finding),
        _advice(finding),
    )
    return "".join(f"{line}\n" for part in parts for line in part)


def _head(cluster_id: str | None, finding: Finding) -> Iterator[str]:
    check, severity = catalog()[finding.check], finding.severity
    yield from (safe(finding.summary), "")
    said = f"The check {check.slug} ({check.title}) {_SAID[finding.shown_verdict]}, "
    said += f"in cluster {safe(cluster_id)}. " if cluster_id else "of all clusters together. "
    said += _followed(finding)
    if finding.acceptance is not None:
        said += f" It was accepted: {safe(finding.acceptance.reason, _LONGEST_REASON)}."
    elif finding.reason:
        said += f" What was not known: {safe(finding.reason, _LONGEST_REASON)}."
    yield from wrap(said, _WIDTH)
    yield from ("", f"severity  {severity.level.value} ({safe(severity.reason)})")
    yield f"subject   {safe(str(finding.subject))}"
    yield f"id        {finding.id}"
    if finding.port is not None:
        yield f"port      {finding.port}/{finding.protocol}"


def _followed(finding: Finding) -> str:
    """Say which way the evidence leads, from object to object."""
    objects = list(dict.fromkeys(hop.hop for hop in finding.evidence))
    if not objects:
        return "No evidence could be read."
    shown = [safe(name) for name in objects[:_OBJECTS_SHOWN]]
    rest = len(objects) - len(shown)
    more = f" and {rest} more" if rest else ""
    if len(objects) == 1:
        return f"That rests on {shown[0]}."
    return f"The evidence leads from {shown[0]} to {', then '.join(shown[1:])}{more}."


def _meaning(finding: Finding) -> Iterator[str]:
    if finding.verdict in {Verdict.FAIL, Verdict.UNKNOWN}:
        yield from ("", "Why it matters:")
        why = section(catalog()[finding.check], "Why it matters")
        yield from (f"  {line}" for line in wrap(" ".join(why.split()), _WIDTH - 2))


def _evidence(finding: Finding, access: Access | None, files: str | None) -> Iterator[str]:
    yield from ("", "Evidence, hop by hop:")
    if files is not None and finding.evidence:
        yield f"  Read from {safe(files)}."
    if access is not None and access.context is None and finding.evidence:
        yield "  The commands ask the cluster of kubectl's current context; make sure of it."
    for number, hop in enumerate(finding.evidence, 1):
        note = f"  ({safe(hop.note)})" if hop.note else ""
        yield f"  {number}. {safe(hop.hop)}: {safe(hop.field)} = {safe(hop.value)}{note}"
        command = command_for(hop, access) if access is not None else None
        # A name that a terminal would act on makes no command to copy.
        if command is not None and len(command) <= _LONGEST_COMMAND and is_harmless(command):
            yield f"     $ {command}"
    if not finding.evidence:
        yield "  none: see the reason above"
    if access is None:
        yield from _objects(finding)


def _objects(finding: Finding) -> Iterator[str]:
    """Say what to look at where there is no cluster to ask."""
    found = dict.fromkeys(place for hop in finding.evidence if (place := in_files(hop)) is not None)
    if found:
        yield from ("", "To check it, look in the files for:")
        yield from (f"  {safe(place)}" for place in found)


def _policies(finding: Finding) -> Iterator[str]:
    """Say what policies there are on the way, and what they do."""
    found = dict.fromkeys(
        f"  {safe(hop.hop)}: {safe(hop.value)}{f' ({safe(hop.note)})' if hop.note else ''}"
        for hop in finding.evidence
        if hop.hop.partition("/")[0] in _POLICIES and "/" in hop.hop
    )
    if found:
        yield from ("", "Policies on the way:", *found)


def _settling(finding: Finding) -> Iterator[str]:
    """Say what would decide it: what to do about each resource that was not read, else why."""
    if finding.verdict is not Verdict.UNKNOWN:
        return
    yield from ("", "What would settle it:")
    found = dict.fromkeys(_NOT_READ.findall(finding.reason or ""))
    for name, state in found:
        if state == "not-provided":
            yield f"  the source holds no {name}: add them, or audit the cluster itself"
        elif state == "forbidden":
            yield f"  let the auditor list {name} (deploy/clusterrole.yaml has the rule)"
        else:
            yield f"  {name} came {state}: see `audit-incomplete`, and audit again"
    if not found:
        yield "  what was not known, as said above, once it can be read or is known"


def _advice(finding: Finding) -> Iterator[str]:
    yield from ("", "What to do:")
    yield f"  {finding.remediation}"
    yield from (f"  `exposure-auditor checks {finding.check}` says more.", "")
    yield f"Controls: {', '.join(finding.controls)}"
