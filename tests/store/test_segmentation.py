"""The segmentation matrix is remembered: what could not be read closes no border and ends none."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.kube.resources import NAMESPACES, NETWORK_POLICIES, NODES
from auditor.model.audit import Audit
from auditor.model.cluster import Cluster, Files
from auditor.model.history import to_microseconds
from auditor.model.reading import ReadState
from auditor.settings.configuration import Configuration
from auditor.store.engine import open_database
from auditor.store.migrating import upgrade
from auditor.store.past import PastBorder, PastCluster
from auditor.store.reading import as_of
from auditor.store.writing import record
from tests.kube.manifests import Object, a_pod, an_object, read

START = datetime(2026, 4, 1, tzinfo=UTC)
HOMES = [
    an_object("Namespace", name, meta={"labels": {"tenant": name, "risk-level": "low"}})
    for name in ("a", "b")
]
PODS = [a_pod("p", name) for name in ("a", "b")]
DENY = an_object("NetworkPolicy", "deny", "a", spec={"podSelector": {}, "policyTypes": ["Ingress"]})


def a_look(day: int, objects: list[Object], states: Mapping[str, ReadState] | None = None) -> Audit:
    cluster = Cluster(id="eks/1/eu/c", name="c", provider="eks", access=Files(""))
    rules = Rules.of(Configuration(), "reference")
    at = START + timedelta(days=day)
    return audit(cluster, read(objects, states), rules, at)


def answers(url: str, looks: list[Audit]) -> list[PastCluster]:
    async def run() -> list[PastCluster]:
        async with open_database(url) as database:
            await upgrade(database)
            for number, item in enumerate(looks):
                await record(database, item, number, origin="live")
            moments = [to_microseconds(item.at) for item in looks]
            found = [await as_of(database, looks[0].cluster_id, moment) for moment in moments]
            return [answer for answer in found if answer is not None]

    return asyncio.run(run())


def border(past: PastCluster, source: str, destination: str) -> PastBorder:
    (found,) = (
        item
        for item in past.segmentation
        if (item.source, item.destination) == (source, destination)
    )
    return found


def test_each_moment_has_the_matrix_of_its_look(url: str) -> None:
    flat, denied = answers(url, [a_look(0, [*HOMES, *PODS]), a_look(1, [*HOMES, *PODS, DENY])])
    assert [(item.source, item.destination) for item in flat.segmentation] == [
        ("a", "b"),
        ("b", "a"),
    ]
    assert {item.state for item in flat.segmentation} == {"open"}
    assert all(item.confirmed for item in flat.segmentation)
    into_a = border(denied, "b", "a")
    assert (into_a.state, into_a.example) == ("separated", None)
    assert into_a.since == denied.observed_at
    still = border(denied, "a", "b")
    assert (still.state, still.since) == ("open", flat.observed_at)
    assert still.example is not None
    assert str(still.example.source) == "Pod/a/p"
    assert still.example.ports == "all ports"
    assert border(flat, "b", "a").until == denied.observed_at


@pytest.mark.parametrize("resource", [NETWORK_POLICIES, NAMESPACES, NODES])
def test_what_was_not_read_masks_what_was_closed_and_keeps_what_was_open(
    url: str, resource: str
) -> None:
    unread = {resource: ReadState.FORBIDDEN}
    blind = a_look(1, [*HOMES, *PODS, DENY], unread)
    again = a_look(2, [*HOMES, *PODS, DENY])
    _, masked, seen = answers(url, [a_look(0, [*HOMES, *PODS, DENY]), blind, again])
    into_a = border(masked, "b", "a")
    assert (into_a.state, into_a.confirmed) == ("unknown", False)
    assert into_a.reason == f"{resource} is forbidden"
    still = border(masked, "a", "b")
    assert (still.state, still.confirmed) == ("open", False)
    # Nothing has changed meanwhile, so it is one span.
    assert border(seen, "b", "a").since == "2026-04-01T00:00:00.000000Z"
    assert border(seen, "b", "a").state == "separated"


def test_a_first_look_that_is_blind_knows_nothing_yet(url: str) -> None:
    blind = a_look(0, [*HOMES, *PODS], {NETWORK_POLICIES: ReadState.FORBIDDEN})
    first, second = answers(url, [blind, a_look(1, [*HOMES, *PODS, DENY])])
    assert {item.state for item in first.segmentation} == {"unknown"}
    assert border(second, "b", "a").state == "separated"


def test_a_border_ends_with_its_tenant(url: str) -> None:
    whole = a_look(0, [*HOMES, *PODS])
    without = a_look(1, [*HOMES, PODS[0]])
    _, gone = answers(url, [whole, without])
    assert gone.segmentation == ()


def test_a_border_stays_while_a_tenant_may_only_be_out_of_sight(url: str) -> None:
    whole = a_look(0, [*HOMES, *PODS])
    blind = a_look(2, [*HOMES, PODS[0]], {NAMESPACES: ReadState.PARTIAL})
    _, kept = answers(url, [whole, blind])
    assert [item.state for item in kept.segmentation] == ["open", "open"]
