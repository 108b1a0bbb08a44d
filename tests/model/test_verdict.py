"""Severity and confidence: steps of a ladder."""

import pytest

from auditor.model.verdict import Confidence, Severity, Verdict, least_confident


@pytest.mark.parametrize(
    ("severity", "raised"),
    [
        (Severity.LOW, Severity.MEDIUM),
        (Severity.MEDIUM, Severity.HIGH),
        (Severity.HIGH, Severity.CRITICAL),
        (Severity.CRITICAL, Severity.CRITICAL),
    ],
)
def test_a_severity_is_raised_by_one_step(severity: Severity, raised: Severity) -> None:
    assert severity.raised() is raised


def test_severities_rank_from_low_to_critical() -> None:
    assert [severity.rank for severity in Severity] == [0, 1, 2, 3]


def test_a_chain_is_as_sure_as_its_weakest_link() -> None:
    chain = (Confidence.HIGH, Confidence.LOW, Confidence.MEDIUM)
    assert least_confident(*chain) is Confidence.LOW
    assert least_confident(Confidence.HIGH, Confidence.MEDIUM) is Confidence.MEDIUM
    assert least_confident(Confidence.HIGH) is Confidence.HIGH


def test_only_pass_and_not_applicable_claim_health() -> None:
    assert {verdict for verdict in Verdict if verdict.claims_health} == {
        Verdict.PASS,
        Verdict.NOT_APPLICABLE,
    }
