"""Every door: a manifest set, and the exposures that the documentation says it makes.

Each row of the YAML files beside this one was written from the source that it names. An expected
exposure is written `ENTRY VIA PORT | AUDIENCE CONFIDENCE | TARGET VERDICT`, with further fields
behind another bar: `host`, `path`, `sources`, `reason` (a part of it), `recognised`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.model.exposure import Exposure
from auditor.model.reading import ReadState
from auditor.settings.configuration import Configuration
from tests.analysis.clusters import AT, facts_of
from tests.doors.blocks import written
from tests.kube.manifests import Object

FOLDER = Path(__file__).parent


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the tables."""

    name: str
    source: str
    """The documentation that says so."""
    objects: list[Any]
    expect: list[str]
    provider: str = "kubeconfig"
    assume_cni: str | None = None
    states: dict[str, ReadState] = {}
    internal_cidrs: tuple[str, ...] = ()

    def facts(self) -> Facts:
        """Work out the facts of the manifests."""
        objects: list[Object] = [one for item in self.objects for one in written(item)]
        return facts_of(
            *objects,
            states=self.states,
            provider=self.provider,
            assume_cni=self.assume_cni,
            internal_cidrs=self.internal_cidrs,
        )


def _rows() -> Iterator[tuple[str, Row]]:
    for path in sorted(FOLDER.glob("*.yaml")):
        for item in yaml.safe_load(path.read_text(encoding="utf-8")):
            row = msgspec.convert(item, Row, strict=False)
            yield f"{path.stem}: {row.name}", row


ROWS: Mapping[str, Row] = dict(_rows())


def _said(item: Exposure) -> str:
    """Write what every row tells of an exposure."""
    entry, target = item.entry, item.target
    port = "?" if entry.port is None else str(entry.port)
    port += "" if entry.protocol.value == "TCP" else f"/{entry.protocol}"
    where = "nothing"
    if target.workload or target.port:
        where = f"{target.workload or 'address'}:{target.port}"
    return (
        f"{entry.object} {entry.via} {port} | {item.audience} {item.confidence} | "
        f"{where} {item.verdict}"
    )


def _more(item: Exposure, wanted: Mapping[str, str]) -> dict[str, str]:
    """Give the further fields that a row asks for."""
    found = {
        "host": item.entry.host or "-",
        "path": item.entry.path or "-",
        "sources": " ".join(item.sources) or "-",
        "addresses": " ".join(item.entry.addresses) or "-",
        "recognised": " ".join(item.recognised) or "-",
    }
    if "reason" in wanted:
        reason = item.reason or "-"
        found["reason"] = wanted["reason"] if wanted["reason"] in reason else reason
    return {key: found[key] for key in wanted}


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    head, _, more = text.partition(" || ")
    fields = (part.split("=", 1) for part in more.split("; ") if part)
    return head, {key.strip(): value.strip() for key, value in fields}


@pytest.mark.parametrize("name", ROWS)
def test_a_door_is_told_as_documented(name: str) -> None:
    row = ROWS[name]
    found = sorted(row.facts().exposures, key=_key)
    expected = sorted((_parsed(text) for text in row.expect), key=lambda item: item[0])
    assert [_said(item) for item in found] == [head for head, _ in expected], _shown(found)
    left = list(found)
    for head, fields in expected:
        like = [item for item in left if _said(item) == head]
        match = next((item for item in like if _more(item, fields) == fields), None)
        assert match is not None, (fields, [_more(item, fields) for item in like])
        left.remove(match)


def _key(item: Exposure) -> str:
    return _said(item)


def _shown(found: list[Exposure]) -> str:
    return "\n".join(
        f"{_said(item)} || host={item.entry.host}; path={item.entry.path}; "
        f"sources={' '.join(item.sources)}; reason={item.reason}"
        for item in found
    )


@pytest.mark.parametrize("name", ROWS)
def test_a_way_can_be_checked_hop_by_hop(name: str) -> None:
    for item in ROWS[name].facts().exposures:
        assert item.path
        assert all(hop.hop and hop.field and hop.value for hop in item.path), item.path
        if item.verdict.value != "exposed":
            assert item.reason, item


def test_what_is_found_has_one_id_each() -> None:
    """All doors in one cluster: no two findings, and no two exposures, are taken for one."""
    objects: dict[str, Object] = {}
    for row in ROWS.values():
        for one in (one for item in row.objects for one in written(item)):
            meta = one["metadata"]
            key = f"{one['apiVersion']} {one['kind']} {meta.get('namespace')}/{meta['name']}"
            objects.setdefault(key, one)
    facts = facts_of(*objects.values(), assume_cni="cilium")
    rules = Rules.of(Configuration(), "cilium")
    result = audit(facts.cluster, facts.inventory, rules, AT)
    for found in (result.findings, result.exposures):
        assert len({item.id for item in found}) == len(found) > 30


def test_backends_of_one_path_that_are_gone_are_one_finding() -> None:
    refs = [{"name": name, "port": 80} for name in ("front", "gone", "lost")]
    items = [
        "web",
        "envoy-gateway",
        {"gateway": {"ip": ["203.0.113.40"]}},
        {"route": {"refs": refs}},
    ]
    facts = facts_of(*(one for item in items for one in written(item)))
    result = audit(facts.cluster, facts.inventory, Rules.of(Configuration()), AT)
    (finding,) = (item for item in result.findings if item.check == "exposed-route-dangling")
    assert finding.verdict.value == "fail"
    shown = [hop.value for hop in finding.evidence if hop.field == "spec.rules[0].backendRefs"]
    assert shown == ["Service/web/gone:80", "Service/web/lost:80"]


def test_the_rows_are_many() -> None:
    assert len(ROWS) >= 120
    assert len([row for row in ROWS.values() if "::" in repr(row.objects)]) >= 15
    assert len(ROWS) == sum(
        len(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in FOLDER.glob("*.yaml")
    ), "two rows of a file have one name"
    assert all(row.source for row in ROWS.values())
