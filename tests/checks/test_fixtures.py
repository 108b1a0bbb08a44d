"""Every check over its fixtures: it flags what it must, nothing else, and says why."""

from collections import Counter

import pytest

from auditor.model.finding import Finding
from auditor.model.verdict import Verdict
from tests.checks.fixtures import EVERY, audited, fixture, subject_of

every_fixture = pytest.mark.parametrize(("slug", "name"), EVERY)


def findings_of(slug: str, name: str) -> list[Finding]:
    return [finding for finding in audited(slug, name).findings if finding.check == slug]


@every_fixture
def test_a_check_flags_exactly_what_its_fixture_names(slug: str, name: str) -> None:
    failed = [
        finding
        for finding in findings_of(slug, name)
        if finding.verdict is Verdict.FAIL and finding.acceptance is None
    ]
    assert {subject_of(finding) for finding in failed} == fixture(slug, name).flagged
    assert bool(failed) is (name == "bad")


@pytest.mark.parametrize("slug", sorted({slug for slug, _ in EVERY}))
def test_a_check_passes_something_of_its_good_fixture(slug: str) -> None:
    assert any(finding.verdict is Verdict.PASS for finding in findings_of(slug, "good"))


@pytest.mark.parametrize(("slug", "name"), [e for e in EVERY if e != ("audit-incomplete", "bad")])
def test_nothing_that_a_check_needs_is_missing_from_its_fixture(slug: str, name: str) -> None:
    read = fixture(slug, name)
    (check,) = (check for check in read.rules.checks if check.slug == slug)
    missing = {need for need in check.needs if not read.inventory.state(need).is_complete}
    assert not missing


@every_fixture
def test_every_unknown_has_a_reason(slug: str, name: str) -> None:
    findings = audited(slug, name).findings
    silent = [f for f in findings if f.verdict is Verdict.UNKNOWN and not f.reason]
    assert not silent


@every_fixture
def test_every_failure_has_a_chain_of_evidence(slug: str, name: str) -> None:
    for finding in audited(slug, name).findings:
        if finding.verdict is Verdict.FAIL:
            assert finding.evidence, finding.summary
            for hop in finding.evidence:
                assert hop.hop, finding.summary
                assert hop.field, finding.summary
                assert hop.value, finding.summary


def test_no_two_findings_have_one_id() -> None:
    ids = Counter(f.id for key in EVERY for f in audited(*key).findings)
    assert [identity for identity, count in ids.items() if count > 1] == []
    assert len(ids) > 40 * len(EVERY) / 2
