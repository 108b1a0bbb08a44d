"""A check's frameworks, as text, JSON and page."""

import re

import pytest

from auditor.checks.catalog import catalog
from auditor.checks.check import Check
from auditor.reports.check_list import check_list, check_view, controls_of, write_check
from auditor.reports.document import write_json
from tools.docs.writing import DOCS, pages

every_check = pytest.mark.parametrize("check", catalog().values(), ids=lambda check: check.slug)

_TOP_TEN_ID = re.compile(r"\bK(0[1-9]|10)\b")
_YEAR_BEFORE = re.compile(r"(owasp-k8s-20\d\d/|20\d\d\s+)$")
_YEAR_BEHIND = re.compile(r"^:20\d\d\b")


def without_year(text: str) -> list[str]:
    """Name the ids of the Kubernetes Top Ten that do not say of which year they are."""
    return [
        text[max(0, found.start() - 30) : found.end() + 6]
        for found in _TOP_TEN_ID.finditer(text)
        if not _YEAR_BEFORE.search(text[: found.start()])
        and not _YEAR_BEHIND.search(text[found.end() :])
    ]


def test_an_id_without_its_year_would_be_seen() -> None:
    assert len(without_year("K07, (K05) and K10: 2025")) == 3
    assert without_year("K07:2022, owasp-k8s-2025/K05, OWASP Kubernetes 2022 K07, K11") == []


@every_check
def test_text_says_which_controls_a_finding_speaks_against(check: Check) -> None:
    text = write_check(check)
    assert without_year(text) == []
    lines = text.partition("\n## Frameworks\n")[2].partition("\n\n")[0].splitlines()
    controls = [line for line in lines if line.startswith("    ")]
    for line, backed in zip(controls, controls_of(check), strict=True):
        assert line.startswith(f"    {backed.written_id}")
        assert backed.control.title in line
        assert ("not confirmed" in line) is not backed.is_confirmed
    frameworks = dict.fromkeys(backed.framework.title for backed in controls_of(check))
    assert [line for line in lines if line not in controls] == [
        f"  {title}" for title in frameworks
    ]


@every_check
def test_json_says_the_same_with_what_is_not_confirmed(check: Check) -> None:
    view = check_view(check)
    found = [
        (item.framework, item.control, item.version, item.confirmed) for item in view.frameworks
    ]
    assert found == [
        (item.framework.id, item.written_id, item.control.version, item.is_confirmed)
        for item in controls_of(check)
    ]
    assert len(set(found)) == len(found)


def test_some_controls_of_the_list_are_not_confirmed_and_some_are_for_one_cloud() -> None:
    controls = [item for check in catalog().values() for item in check_view(check).frameworks]
    assert {item.confirmed for item in controls} == {True, False}
    assert {item.provider for item in controls} == {None, "eks", "gke", "aks"}


def test_the_whole_list_names_no_id_without_its_year() -> None:
    assert without_year(write_json(check_list(catalog().values()))) == []


@every_check
def test_the_page_of_a_check_marks_what_is_not_confirmed(check: Check) -> None:
    page = pages()[f"checks/{check.slug}.md"]
    section = page.partition("\n## Frameworks\n")[2].partition("\n## ")[0]
    unconfirmed = sum(not item.is_confirmed for item in controls_of(check))
    assert section.count("not confirmed)") == unconfirmed
    assert without_year(page) == []


def test_the_page_of_frameworks_links_every_check_and_marks_what_is_not_confirmed() -> None:
    page = pages()["frameworks.md"]
    assert all(f"](checks/{slug}.md)" in page for slug in catalog())
    assert "T1611 | Escape to Host (not confirmed) |" in page
    assert without_year(page) == []


def test_no_page_written_by_hand_names_an_id_without_its_year() -> None:
    for path in DOCS.glob("*.md"):
        assert without_year(path.read_text(encoding="utf-8")) == [], path.name
