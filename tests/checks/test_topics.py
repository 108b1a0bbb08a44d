"""What checks say to frameworks: topics, controls, and slugs that exist."""

import pytest

from auditor.catalogue.frameworks import backed_controls, frameworks
from auditor.checks.catalog import catalog, reserved_slugs
from auditor.checks.check import Check, Control

every_check = pytest.mark.parametrize("check", catalog().values(), ids=lambda check: check.slug)


@every_check
def test_a_check_has_topics_each_once(check: Check) -> None:
    assert check.topics
    assert len(set(check.topics)) == len(check.topics)


@every_check
def test_a_check_backs_the_controls_that_its_findings_name_and_some_of_owasp(check: Check) -> None:
    backed = {item.reference for item in backed_controls(check.slug, check.topics, check.controls)}
    assert {control.value for control in check.controls} <= backed
    assert any(control.value.startswith("owasp-") for control in check.controls)


def test_every_control_of_findings_stands_in_the_data() -> None:
    known = {f"{found.id}/{control.id}" for found in frameworks() for control in found.controls}
    assert {control.value for control in Control} <= known


def test_a_control_names_checks_of_the_published_catalogue_only() -> None:
    named = {
        slug
        for framework in frameworks()
        for control in framework.controls
        for slug in control.checks or ()
    }
    assert named <= set(catalog()) | reserved_slugs()
