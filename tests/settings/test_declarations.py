"""Declarations that people wrote: files of them, errors with their lines, overlaps."""

from datetime import date
from pathlib import Path

import pytest

from auditor.catalogue.contents import entry_errors
from auditor.settings.declarations import remarks_on_expiry, remarks_on_overlaps
from auditor.settings.errors import ConfigurationError
from auditor.settings.loading import Loaded, load_configuration
from auditor.settings.places import Places

TODAY = date(2026, 11, 22)
GOOD = """\
declarations:
  - {workload: Deployment/web/front, port: 443, audience: internet, owner: a, reason: b}
  - workload: Deployment/web/api
    port: 443
    audience: private-network
    owner: a
    reason: b
"""


def load(tmp_path: Path, text: str, **files: str) -> Loaded:
    for name, content in files.items():
        (tmp_path / f"{name}.yaml").write_text(content)
    (tmp_path / "auditor.yaml").write_text(text)
    return load_configuration(tmp_path / "auditor.yaml", {}, TODAY, entry_errors)


def refusal(tmp_path: Path, text: str, **files: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text, **files)
    return [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]


def test_files_are_read_beside_the_configuration_and_each_entry_knows_its_line(
    tmp_path: Path,
) -> None:
    own = "declaration_files: [more.yaml]\n" + GOOD
    loaded = load(tmp_path, own, more=f"# By hand.\n{GOOD}")
    assert [item.workload for item in loaded.configuration.declarations] == [
        "Deployment/web/front",
        "Deployment/web/api",
    ] * 2
    assert [Path(origin).name for origin in loaded.origins] == [
        "auditor.yaml:3",
        "auditor.yaml:4",
        "more.yaml:3",
        "more.yaml:4",
    ]


@pytest.mark.parametrize(
    ("changed", "line", "said"),
    [
        ("port: 70000", 4, "declarations[1].port: 70000 is greater than the maximum of 65535"),
        ("port: 0", 4, "declarations[1].port: 0 is less than the minimum of 1"),
        ("port: http", 4, "declarations[1].port: 'http' is not of type 'integer'"),
        ("port: 443\n    protocol: HTTP", 5, "declarations[1].protocol: 'HTTP' is not one of"),
        ("port: 443\n    expires: 2027-02-30", 5, "declarations[1].expires: '2027-02-30' is not a"),
        ("port: 443\n    owners: a", 3, "declarations[1]: unknown key 'owners'"),
        ("port: 443\n    sources: [office]", 5, "declarations[1].sources: 'office' is neither"),
        ("reason: again", 3, "declarations[1]: 'port' is missing"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_with_file_line_and_reason(
    tmp_path: Path, changed: str, line: int, said: str
) -> None:
    broken = GOOD.replace("    port: 443\n", f"    {changed}\n")
    told = refusal(tmp_path, "declaration_files: [more.yaml]", more=broken)
    assert f"more.yaml:{line}: {said}" in told[-1]
    assert refusal(tmp_path, broken)[-1].startswith(f"auditor.yaml:{line}: {said}")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{port: 1, audience: internet, owner: ' ', reason: b}", "owner: is empty; a declaration"),
        ("{port: 1, audience: internet, owner: a, reason: ''}", "reason: is empty; a declaration"),
        ("{port: 1, audience: unknown, owner: a, reason: b}", "audience: nobody can agree to what"),
        (
            "{port: 1, audience: internet, sources: [192.0.2.0/24], owner: a, reason: b}",
            "sources: contradict the audience internet",
        ),
    ],
)
def test_an_entry_that_says_nothing_is_refused(tmp_path: Path, entry: str, said: str) -> None:
    (told,) = refusal(tmp_path, f"declarations:\n- {entry}\n")
    assert told.startswith(f"auditor.yaml:2: declarations[0].{said}")


def test_the_errors_of_all_files_come_at_once(tmp_path: Path) -> None:
    told = refusal(
        tmp_path,
        "declaration_files: [a.yaml, gone.yaml, b.yaml, c.yaml, d.yaml]",
        a=GOOD.replace("owner: a, reason: b", "owner: '', reason: ''"),
        b="declarations: {}",
        c="- [",
        d="",
    )
    assert [line.partition(": ")[0] for line in told] == [
        "a.yaml:2", "a.yaml:2", "gone.yaml", "b.yaml:1", "c.yaml", "d.yaml",
    ]  # fmt: skip
    assert told[2] == "gone.yaml: No such file or directory; check declaration_files[1]"


def test_a_file_of_declarations_holds_nothing_else(tmp_path: Path) -> None:
    (told,) = refusal(
        tmp_path, "declaration_files: [a.yaml]", a="declarations: []\nexceptions: []\n"
    )
    assert told == "a.yaml: top level: unknown key 'exceptions'; known are declarations"


def test_aliases_within_aliases_do_not_fill_the_memory(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x]"]
    rows += [
        f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 30)
    ]
    places = Places.in_text("\n".join(rows).encode())
    assert places.line_of("a29[8][3]") == 29
    assert refusal(tmp_path, "\n".join(rows[:5]))


def remarks(tmp_path: Path, *entries: str) -> list[str]:
    body = "".join(f"- {{{entry}, owner: a, reason: b}}\n" for entry in entries)
    loaded = load(tmp_path, f"declarations:\n{body}")
    declarations = loaded.configuration.declarations
    found = [
        *remarks_on_expiry(declarations, loaded.origins, TODAY),
        *remarks_on_overlaps(declarations, loaded.origins, TODAY),
    ]
    return [line.replace(f"{tmp_path}/", "") for line in found]


WIDE = "workload: Deployment/web/*, port: 443, audience: internet"
NARROW = "workload: '*/front', port: 443, audience: private-network"


def test_overlapping_globs_are_named_with_the_one_that_counts(tmp_path: Path) -> None:
    (told,) = remarks(tmp_path, WIDE, NARROW)
    assert told == (
        "auditor.yaml:3: declarations[1]: overlaps declarations[0] (auditor.yaml:2); of a port "
        "that both cover, declarations[1] counts"
    )
    (told,) = remarks(tmp_path, NARROW, WIDE)
    assert told.endswith("declarations[0] counts")
    (told,) = remarks(tmp_path, WIDE, WIDE)
    assert told.endswith("declarations[0] counts")
    told_of_two = remarks(tmp_path, WIDE, NARROW, WIDE)
    assert "overlaps declarations[0] (auditor.yaml:2) and 1 more" in told_of_two[1]


@pytest.mark.parametrize(
    "other",
    [
        "workload: Deployment/shop/*, port: 443, audience: internet",
        "workload: Deployment/web/*, port: 80, audience: internet",
        "workload: Deployment/web/*, port: 443, protocol: UDP, audience: internet",
        "workload: Deployment/web/*, port: 443, audience: internet, expires: 2026-11-21",
    ],
)
def test_what_cannot_cover_one_port_does_not_overlap(tmp_path: Path, other: str) -> None:
    assert not [line for line in remarks(tmp_path, WIDE, other) if "overlaps" in line]


def test_sources_apart_do_not_overlap(tmp_path: Path) -> None:
    ours, theirs = (
        f"port: 443, audience: allow-listed, sources: [{cidr}]"
        for cidr in ("192.0.2.0/25", "192.0.2.128/25")
    )
    assert remarks(tmp_path, ours, theirs) == []
    assert remarks(tmp_path, ours, ours)


def test_a_date_that_is_over_is_told_with_its_line(tmp_path: Path) -> None:
    assert remarks(tmp_path, WIDE, f"{NARROW}, expires: 2026-11-21") == [
        "auditor.yaml:3: declarations[1]: expired on 2026-11-21"
    ]
    assert remarks(tmp_path, f"{WIDE}, expires: 2026-11-22") == []
