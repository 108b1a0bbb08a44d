"""Exposures and platform are remembered as findings are: blindness ends none of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from auditor.audit.auditing import audit, decommission
from auditor.audit.described import DOOR_RESOURCES
from auditor.audit.rules import Rules
from auditor.checks.ways import WAYS_NEED
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.collector.reading import Reading
from auditor.collector.unread import unread
from auditor.kube.inventory import assemble
from auditor.kube.resources import INGRESS_CLASSES, INGRESSES, NETWORK_POLICIES
from auditor.model.audit import Audit
from auditor.model.cluster import Cluster, Files
from auditor.model.history import to_microseconds
from auditor.model.reading import Coverage, ReadState
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from auditor.store.engine import open_database
from auditor.store.migrating import upgrade
from auditor.store.past import PastCluster
from auditor.store.reading import as_of
from auditor.store.writing import record

CORPUS = Path(__file__).parents[1] / "corpus" / "live-cluster"
START = datetime(2026, 3, 1, tzinfo=UTC)


def _audits() -> list[Audit]:
    rules = Rules.of(Configuration(), None)
    cluster = Cluster(id="snapshot/live", name="live", provider="x", access=Files(str(CORPUS)))
    seen = read_files(cluster, projection_for(Configuration()), ReadLimits())
    blind = unread(cluster, "connection refused")
    # The dump is older than the reading of IngressClasses, which a server would have answered.
    classes = {INGRESS_CLASSES: Coverage(INGRESS_CLASSES, ReadState.COMPLETE, 0)}
    coverage = {**seen.inventory.coverage, **classes}
    seen = Reading(cluster, msgspec.structs.replace(seen.inventory, coverage=coverage))
    empty = Reading(cluster, assemble({}, coverage, (), "v1.36.2"))
    return [
        audit(cluster, reading.inventory, rules, START + timedelta(days=number))
        for number, reading in enumerate((seen, blind, empty, empty))
    ]


def _answers(url: str, audits: list[Audit]) -> list[PastCluster]:
    async def run() -> list[PastCluster]:
        async with open_database(url) as database:
            await upgrade(database)
            for number, item in enumerate(audits):
                await record(database, item, number, origin="live")
            found = [
                await as_of(database, item.cluster_id, to_microseconds(item.at)) for item in audits
            ]
            return [answer for answer in found if answer is not None]

    return asyncio.run(run())


def test_exposures_are_kept_while_blind_and_end_when_a_look_shows_them_gone(url: str) -> None:
    audits = _audits()
    seen, blind, empty, _ = _answers(url, audits)
    assert audits[0].exposures
    stored = {(item.id, item.audience, item.verdict) for item in seen.exposures}
    assert stored == {(item.id, item.audience, item.verdict) for item in audits[0].exposures}
    first = next(item for item in audits[0].exposures if item.id == seen.exposures[0].id)
    assert msgspec.to_builtins(seen.exposures[0].entry) == msgspec.to_builtins(first.entry)
    assert all(item.confirmed for item in seen.exposures)
    assert {item.id for item in blind.exposures} == {item.id for item in seen.exposures}
    assert not any(item.confirmed for item in blind.exposures)
    # Few objects vanish here, so nothing waits for a second look: the complete empty one ends all.
    assert empty.exposures == ()


def test_a_look_that_read_nothing_says_so_and_when_it_was_read_last(url: str) -> None:
    seen, blind, empty, _ = _answers(url, _audits())
    assert [seen.state, blind.state, empty.state] == ["audited", "unreachable", "audited"]
    assert blind.read_at == seen.observed_at
    assert empty.read_at == empty.observed_at
    assert blind.cni is not None
    assert blind.cni.enforces == "unknown"
    assert empty.kubernetes == "v1.36.2"


def test_not_applicable_is_counted_by_family(url: str) -> None:
    audits = _audits()
    seen = _answers(url, audits[:1])[0]
    expected: dict[str, int] = {}
    for finding in audits[0].findings:
        if finding.verdict.value == "not_applicable":
            expected[finding.family] = expected.get(finding.family, 0) + 1
    assert expected
    assert seen.not_applicable == expected


def test_a_decommissioned_cluster_ends_with_that_reason_and_may_come_back(url: str) -> None:
    seen = _audits()[0]
    rules = Rules.of(Configuration(), None)
    gone = decommission(seen.cluster_id, START + timedelta(days=1), rules)
    again = msgspec.structs.replace(seen, at=START + timedelta(days=2))
    before, after, back = _answers(url, [seen, gone, again])
    assert {item.ended for item in before.findings} == {"decommissioned"}
    assert (after.state, after.findings, after.exposures) == ("decommissioned", (), ())
    assert after.read_at == before.observed_at
    assert [item.id for item in back.findings] == [item.id for item in before.findings]


def test_an_exposure_waits_for_all_that_ways_are_followed_through() -> None:
    """A policy opens and closes a way and is no door: without it no exposure is gone."""
    assert set(DOOR_RESOURCES) == WAYS_NEED - {NETWORK_POLICIES}


def test_an_exposure_stays_while_the_routes_could_not_be_read(url: str) -> None:
    seen, _, empty, _ = _audits()
    routes = Coverage(INGRESSES, ReadState.FORBIDDEN, 0, "may not list them")
    blind = msgspec.structs.replace(
        empty,
        coverage=tuple(routes if item.resource == INGRESSES else item for item in empty.coverage),
    )
    before, after = _answers(url, [seen, blind])
    assert {item.id for item in after.exposures} == {item.id for item in before.exposures}
    assert not any(item.confirmed for item in after.exposures)
