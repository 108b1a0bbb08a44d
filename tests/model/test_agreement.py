"""Declarations and exceptions: what their globs and dates cover."""

from datetime import date, timedelta
from typing import Any

import pytest

from auditor.model.agreement import Declaration, RiskException
from auditor.model.audience import Audience
from auditor.model.ports import Protocol

TODAY = date(2026, 11, 22)
YESTERDAY, TOMORROW = TODAY - timedelta(1), TODAY + timedelta(1)


def declaration(**changes: Any) -> Declaration:
    given: dict[str, Any] = {
        "port": 443,
        "audience": Audience.INTERNET,
        "owner": "team-web",
        "reason": "public shop",
    }
    return Declaration(**{**given, **changes})


def exception(**changes: Any) -> RiskException:
    given: dict[str, Any] = {
        "check": "pod-on-host-network",
        "cluster": "*",
        "reason": "needs host metrics",
        "approved_by": "ciso@example.com",
        "expires": TOMORROW,
    }
    return RiskException(**{**given, **changes})


@pytest.mark.parametrize(
    ("expires", "is_expired"), [(None, False), (YESTERDAY, True), (TODAY, False), (TOMORROW, False)]
)
def test_a_declaration_holds_through_its_last_day(expires: date | None, is_expired: bool) -> None:
    assert declaration(expires=expires).is_expired(TODAY) is is_expired


@pytest.mark.parametrize(
    ("expires", "is_expired"), [(YESTERDAY, True), (TODAY, False), (TOMORROW, False)]
)
def test_an_exception_holds_through_its_last_day(expires: date, is_expired: bool) -> None:
    assert exception(expires=expires).is_expired(TODAY) is is_expired


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        ({}, True),
        ({"cluster": "eks/*/prod-*"}, True),
        ({"cluster": "eks/*/dev-*"}, False),
        ({"namespace": "w?b"}, True),
        ({"namespace": "WEB"}, False),
        ({"namespace": "we"}, False),
        ({"workload": "Deployment/web/front"}, True),
        ({"workload": "Deployment/*"}, True),
        ({"workload": "*/front"}, True),
        ({"workload": "[DS]*/web/fron[a-z]"}, True),
        ({"workload": "front"}, False),
        ({"port": 444}, False),
        ({"protocol": Protocol.UDP}, False),
    ],
)
def test_a_declaration_covers_what_all_its_globs_match(
    changes: dict[str, Any], covers: bool
) -> None:
    asked = ("eks/1/eu/prod-eu", "web", "Deployment/web/front", 443, Protocol.TCP)
    assert declaration(**changes).covers(*asked) is covers


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        ({}, True),
        ({"check": "*"}, False),
        ({"check": "pod-on-host"}, False),
        ({"cluster": "eks/*"}, True),
        ({"cluster": "gke/*"}, False),
        ({"namespace": "monitoring"}, True),
        ({"namespace": "monitor"}, False),
        ({"name": "node-*"}, True),
        ({"name": "node"}, False),
    ],
)
def test_an_exception_covers_what_all_its_globs_match(
    changes: dict[str, Any], covers: bool
) -> None:
    asked = ("pod-on-host-network", "eks/1/eu/prod", "monitoring", "node-exporter")
    assert exception(**changes).covers(*asked) is covers


@pytest.mark.parametrize(("namespace", "covers"), [("*", True), ("?*", False), ("web", False)])
def test_a_subject_without_namespace_is_matched_by_a_star_only(
    namespace: str, covers: bool
) -> None:
    asked = ("pod-on-host-network", "eks/1/eu/prod", None, "prod")
    assert exception(namespace=namespace).covers(*asked) is covers
