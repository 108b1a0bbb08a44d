"""Every row of the table of doors, from manifests to exposures; `table` says how a row is read."""

import re
from collections.abc import Iterator, Mapping
from difflib import ndiff
from typing import Any

import pytest
import yaml
from msgspec import structs, to_builtins

from auditor.analysis.facts import Facts
from auditor.model.cluster import Api, Credential
from auditor.model.connection import Connection
from auditor.model.exposure import Exposure
from auditor.model.reading import ReadState
from tests.analysis.clusters import facts_of
from tests.doors_apart.table import BLOCKS, Row, load, rows

_BLOCKS = load(BLOCKS)
_ROWS = tuple(rows())
_COMPARED = ("entry", "via", "port", "protocol", "host", "path", "target", "audience", "verdict")
_IDENTITY = _COMPARED[:7]
_DEFAULTS = {"protocol": "TCP", "host": None, "path": None}
_WHERE_TOLD = ("sources", "addresses", "recognised", "not_recognised", "reason")
_ANYTHING = "?"
_IPV6 = re.compile(r"IPv6|[0-9a-f]*::[0-9a-f/]")


class _NoCredentials:
    async def credential(self, *, renew: bool) -> Credential:
        return Credential()


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{topic}: {row.name}") for topic, row in _ROWS]
)
def test_every_door_is_told_as_documented(row: Row) -> None:
    found = [_told(exposure) for exposure in _exposures(row)]
    wanted = [{**_DEFAULTS, **item} for item in row.expect]
    for item in wanted:
        lacking = {*_COMPARED, "confidence"} - item.keys()
        assert not lacking, f"an expectation does not tell {sorted(lacking)}: {item}"
    expected, got = _lines(wanted, found)
    difference = "\n".join(line for line in ndiff(expected, got) if line[0] != "?")
    assert expected == got, f"{row.name} ({row.source}): - expected, + found\n{difference}"


def test_the_table_is_wide_enough() -> None:
    assert len(_ROWS) >= 120
    assert sum(bool(_IPV6.search(_text(row))) for _, row in _ROWS) >= 15


def test_every_row_has_a_name_of_its_own_and_a_source() -> None:
    names = [row.name for _, row in _ROWS]
    assert len(set(names)) == len(names), {name for name in names if names.count(name) > 1}
    assert all(len(row.source) >= 10 for _, row in _ROWS)


def test_every_block_is_used() -> None:
    used = {name for _, row in _ROWS for name in row.brings}
    used |= {name for block in _BLOCKS.values() for name in block.get("with", ())}
    assert used == set(_BLOCKS)


def _text(row: Row) -> str:
    return yaml.safe_dump(to_builtins(structs.replace(row, name="", source="")))


def _exposures(row: Row) -> Iterator[Exposure]:
    """Give the exposures that a row speaks of."""
    states = {name: ReadState(state) for name, state in row.states.items()}
    facts = facts_of(
        *row.written(_BLOCKS),
        states=states,
        provider=row.provider,
        assume_cni=row.assume_cni,
        **row.configured,
    )
    if row.server:
        facts = _live(facts, row.server)
    left_out = row.left_out(_BLOCKS) - {item["entry"] for item in row.expect}
    for exposure in facts.exposures:
        is_block = str(exposure.entry.object) in left_out
        if not is_block and exposure.audience.value != "cluster":
            yield exposure


def _live(facts: Facts, server: str) -> Facts:
    access = Api(server=server, credentials=_NoCredentials())
    connection = Connection(server=server, is_verified=True)
    return Facts(
        structs.replace(facts.cluster, access=access),
        structs.replace(facts.inventory, connection=connection),
        facts.configuration,
        facts.at,
    )


def _told(exposure: Exposure) -> dict[str, Any]:
    entry, target = exposure.entry, exposure.target
    workload = str(target.workload) if target.workload else ""
    port = "" if target.port is None else f":{target.port}"
    return {
        "entry": str(entry.object),
        "via": entry.via.value,
        "port": entry.port,
        "protocol": entry.protocol.value,
        "host": entry.host,
        "path": entry.path,
        "target": workload + port or None,
        "audience": exposure.audience.value,
        "verdict": exposure.verdict.value,
        "confidence": exposure.confidence.value,
        "sources": list(exposure.sources),
        "addresses": list(entry.addresses),
        "recognised": sorted(exposure.recognised),
        "reason": exposure.reason or "",
    }


def _lines(
    wanted: list[dict[str, Any]], found: list[dict[str, Any]]
) -> tuple[list[str], list[str]]:
    """Write both as lines, those of one exposure alike where they agree."""
    expected: list[str] = []
    got: list[str] = []
    rest = list(found)
    for item in sorted(wanted, key=lambda item: _ANYTHING in item.values()):
        same = next((other for other in rest if _is_same(item, other)), None)
        expected.append(_line(item))
        if same is not None:
            rest.remove(same)
            got.append(_line(_as_told(item, same)))
    got += [_line(other) for other in rest]
    return sorted(expected), sorted(got)


def _is_same(item: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(item[key] in (_ANYTHING, other[key]) for key in _IDENTITY)


def _as_told(item: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Give of an exposure what a row tells; what agrees is written as there."""
    told = {key: other[key] for key in (*_COMPARED, "confidence")}
    told |= {key: _ANYTHING for key in told if item[key] == _ANYTHING}
    for key in _WHERE_TOLD:
        if key not in item:
            continue
        if key == "reason":
            holds = item[key].lower() in other[key].lower()
            told[key] = item[key] if holds else other[key]
        elif key == "recognised":
            told[key] = [name for name in item[key] if name in other[key]]
        elif key == "not_recognised":
            told[key] = [name for name in item[key] if name not in other["recognised"]]
        else:
            told[key] = other[key]
    if told != {key: item[key] for key in told}:
        told["reason"] = other["reason"]
    return told


def _line(item: Mapping[str, Any]) -> str:
    front = "{entry} via {via} {protocol} {port} host={host} path={path}".format_map(item)
    behind = "{target}: {audience}, {verdict}, {confidence}".format_map(item)
    more = "".join(f" {key}={item[key]}" for key in _WHERE_TOLD if key in item)
    return f"{front} -> {behind}{more}"
