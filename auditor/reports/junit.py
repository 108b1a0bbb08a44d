"""JUnit XML, which every CI system shows: a suite a cluster, a test case a finding.

`fail` is a failure. `unknown` is skipped, with its reason: neither passed nor failed, as the exit
code has it unless `--fail-on unknown` asks for more. `accepted` is skipped as well. What could not
be audited at all is an error. Findings that passed are counted in the suite's properties, and one
test case stands for all of them where they are not listed, so that no suite is empty.
"""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from msgspec import Struct

from auditor.model.finding import Finding
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.reports.text import safe

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, whatever it is escaped as."""
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
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(part.get(key, "0")) for part in root)))
    indent(root)
    declared = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f"{declared}{tostring(root, encoding='unicode')}\n"


def _write_suite(root: Element, suite: Suite, started_at: str) -> None:
    element = SubElement(root, "testsuite", name=_text(suite.name), timestamp=started_at)
    properties = SubElement(element, "properties")
    SubElement(properties, "property", name="pass", value=str(suite.passed))
    cases = 0
    for message in suite.errors:
        case = SubElement(element, "testcase", name="audit", classname=_text(suite.name))
        SubElement(case, "error", type="not audited", message=_text(message))
        cases += 1
    for finding in suite.findings:
        _write_case(element, suite.name, finding)
        cases += 1
    lists_passed = any(item.verdict is Verdict.PASS for item in suite.findings)
    if suite.passed and not lists_passed:
        name = f"{suite.passed} findings passed"
        SubElement(element, "testcase", name=name, classname=_text(suite.name))
        cases += 1
    shown = [finding.shown_verdict for finding in suite.findings]
    element.set("tests", str(cases))
    element.set("failures", str(shown.count(Verdict.FAIL.value)))
    element.set("errors", str(len(suite.errors)))
    element.set("skipped", str(sum(1 for verdict in shown if verdict in _SKIPPED)))


def _write_case(element: Element, cluster: str, finding: Finding) -> None:
    shown = finding.shown_verdict
    port = f":{finding.port}/{finding.protocol}" if finding.port is not None else ""
    case = SubElement(
        element,
        "testcase",
        name=_text(f"{finding.check}: {finding.subject}{port}"),
        classname=_text(f"{cluster}.{finding.family}"),
    )
    if shown == Verdict.FAIL.value:
        failure = SubElement(
            case, "failure", type=finding.severity.level.value, message=_text(finding.summary)
        )
        failure.text = _text("\n".join((*_evidence(finding), "", finding.remediation)), lines=True)
    elif shown in _SKIPPED:
        reason = finding.acceptance.reason if finding.acceptance else finding.reason
        SubElement(case, "skipped", message=_text(f"{shown}: {reason or finding.summary}"))


def _evidence(finding: Finding) -> Iterable[str]:
    for number, hop in enumerate(finding.evidence, 1):
        note = f" ({hop.note})" if hop.note else ""
        yield f"{number}. {hop.hop}: {hop.field} = {hop.value}{note}"


def _text(text: str, *, lines: bool = False) -> str:
    """Write a text that XML can hold and a terminal does not act on."""
    clean = "\n".join(map(safe, text.split("\n"))) if lines else safe(text)
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", clean)
