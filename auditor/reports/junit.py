"""JUnit XML, which every CI system shows: a suite a cluster, a test case a finding.

`fail` is a failure. `unknown` is skipped, with its reason: neither passed nor failed, as the exit
code has it unless `--fail-on unknown` asks for more. `accepted` is skipped as well. What could not
be audited at all is an error. Findings that passed are counted in the suite's properties, and one
test case stands for all of them where they are not listed. A suite without any case would be taken
for a lost report, and Jenkins fails a build for that: it gets one that says that nothing was found.
"""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from msgspec import Struct

from auditor.model.finding import Finding
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.reports.text import LONGEST, safe

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, whatever it is escaped as."""
_LONGEST_LINE = 2000
_SKIPPED = frozenset({Verdict.UNKNOWN.value, ACCEPTED})


class Suite(Struct, frozen=True):
    """What is said of one cluster, or of a source that could not be audited."""

    name: str
    findings: tuple[Finding, ...] = ()
    passed: int = 0
    """Findings that passed, listed or not."""
    errors: tuple[str, ...] = ()
    """Why something could not be audited."""


def write_junit(suites: Iterable[Suite], started_at: str) -> str:
    """Write suites as JUnit XML."""
    root = Element("testsuites", name="exposure-auditor")
    for suite in suites:
        _write_suite(root, suite, started_at)
    # Jenkins' schema knows no `skipped` here.
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(part.get(key, "0")) for part in root)))
    indent(root)
    declared = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f"{declared}{tostring(root, encoding='unicode')}\n"


def _write_suite(root: Element, suite: Suite, started_at: str) -> None:
    element = SubElement(root, "testsuite", name=_text(suite.name), timestamp=started_at)
    properties = SubElement(element, "properties")
    SubElement(properties, "property", name="pass", value=str(suite.passed))
    if suite.errors:
        _write_errors(element, suite)
    for finding in suite.findings:
        _write_case(element, suite.name, finding)
    cases = bool(suite.errors) + len(suite.findings)
    lists_passed = any(item.verdict is Verdict.PASS for item in suite.findings)
    if not cases or (suite.passed and not lists_passed):
        # One name for good: CI systems follow a case from run to run by it.
        name = "all that passed" if suite.passed else "nothing found"
        SubElement(element, "testcase", name=name, classname=_text(suite.name))
        cases += 1
    shown = [finding.shown_verdict for finding in suite.findings]
    element.set("tests", str(cases))
    element.set("failures", str(shown.count(Verdict.FAIL.value)))
    element.set("errors", str(int(bool(suite.errors))))
    element.set("skipped", str(sum(1 for verdict in shown if verdict in _SKIPPED)))


def _write_errors(element: Element, suite: Suite) -> None:
    case = SubElement(element, "testcase", name="audit", classname=_text(suite.name))
    first, *others = suite.errors
    more = f" (and {len(others)} more)" if others else ""
    message = f"{_text(first, _LONGEST_LINE)}{more}"
    error = SubElement(case, "error", type="not audited", message=message)
    error.text = "\n".join(_text(line, _LONGEST_LINE) for line in suite.errors)


def _write_case(element: Element, cluster: str, finding: Finding) -> None:
    shown = finding.shown_verdict
    port = f":{finding.port}/{finding.protocol}" if finding.port is not None else ""
    # What tells findings apart has to be in the name: CI systems take two of one name for one.
    apart = f" ({finding.discriminator})" if finding.discriminator else ""
    case = SubElement(
        element,
        "testcase",
        name=_text(f"{finding.check}: {finding.subject}{port}{apart}"),
        classname=_text(f"{cluster}.{finding.family}"),
    )
    if shown == Verdict.FAIL.value:
        failure = SubElement(
            case, "failure", type=finding.severity.level.value, message=_text(finding.summary)
        )
        lines = (*_evidence(finding), "", finding.remediation)
        failure.text = "\n".join(_text(line, _LONGEST_LINE) for line in lines)
    elif shown in _SKIPPED:
        reason = finding.acceptance.reason if finding.acceptance else finding.reason
        said = _text(f"{shown}: {reason or finding.summary}", _LONGEST_LINE)
        SubElement(case, "skipped", message=said)


def _evidence(finding: Finding) -> Iterable[str]:
    for number, hop in enumerate(finding.evidence, 1):
        note = f" ({hop.note})" if hop.note else ""
        yield f"{number}. {hop.hop}: {hop.field} = {hop.value}{note}"


def _text(text: str, longest: int = LONGEST) -> str:
    """Write a text that XML can hold and a terminal does not act on."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", safe(text, longest))
