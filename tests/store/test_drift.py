"""Drift over a scripted history: what began, stood, ended and passed, and what nobody could see."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.kube.resources import NETWORK_POLICIES, SERVICES
from auditor.model.agreement import Declaration
from auditor.model.audience import Audience
from auditor.model.audit import Audit
from auditor.model.cluster import Cluster, Files
from auditor.model.history import to_microseconds
from auditor.model.reading import ReadState
from auditor.settings.configuration import Configuration
from auditor.store.drift import DriftOfCluster, PastDrift, drift_between
from auditor.store.engine import open_database
from auditor.store.migrating import upgrade
from auditor.store.writing import record
from tests.kube.manifests import Object, a_pod, an_object, read

START = datetime(2026, 4, 1, tzinfo=UTC)
CLUSTER = "eks/1/eu/c"
HOME = an_object("Namespace", "web", meta={"labels": {"tenant": "shop"}})
POD = a_pod("p", labels={"app": "front"})


def a_door(name: str, port: int = 443) -> Object:
    spec = {
        "type": "LoadBalancer",
        "allocateLoadBalancerNodePorts": False,
        "selector": {"app": "front"},
        "ports": [{"port": port, "targetPort": 8443}],
    }
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}
    return an_object("Service", name, "web", spec=spec, status=status)


def declared(port: int = 443, expires: date | None = None) -> Declaration:
    return Declaration(
        cluster=CLUSTER,
        workload="Pod/web/p",
        port=port,
        audience=Audience.INTERNET,
        owner="team-web",
        reason="the shop",
        expires=expires,
    )


def a_look(
    day: int,
    *objects: Object,
    declarations: tuple[Declaration, ...] = (),
    states: Mapping[str, ReadState] | None = None,
) -> Audit:
    cluster = Cluster(id=CLUSTER, name="c", provider="eks", access=Files(""))
    rules = Rules.of(Configuration(declarations=declarations), "reference")
    inventory = read([HOME, POD, *objects], states)
    return audit(cluster, inventory, rules, START + timedelta(days=day))


def drift(url: str, looks: list[Audit], since: float, until: float) -> DriftOfCluster | None:
    async def run() -> DriftOfCluster | None:
        async with open_database(url) as database:
            await upgrade(database)
            for number, item in enumerate(looks):
                await record(database, item, number, origin="live")
            first, last = (to_microseconds(START + timedelta(days=days)) for days in (since, until))
            return await drift_between(database, CLUSTER, first, last, origin="live")

    return asyncio.run(run())


def told(found: DriftOfCluster | None) -> list[tuple[str, str, str, str | None]]:
    assert found is not None
    return [(item.kind, item.change, item.subject.name, item.ended_by) for item in found.drift]


def only(found: DriftOfCluster | None) -> PastDrift:
    assert found is not None
    (item,) = found.drift
    return item


def day(number: int) -> str:
    return f"2026-04-{number + 1:02}T00:00:00.000000Z"


def test_a_history_is_told_as_it_went(url: str) -> None:
    front, old, brief = a_door("front"), a_door("old", 8080), a_door("brief", 9090)
    looks = [
        a_look(0, old),
        a_look(2, old, front),
        a_look(4, old, front, brief),
        a_look(6, front),
        a_look(8, front, declarations=(declared(),)),
        a_look(10, declarations=(declared(),)),
    ]
    whole = drift(url, looks, 1, 11)
    assert told(whole) == [
        ("undeclared", "passing", "brief", "subject-gone"),
        ("undeclared", "passing", "front", "accepted"),
        ("undeclared", "ended", "old", "subject-gone"),
        ("declared-but-gone", "new", "Pod/web/p:443/TCP", None),
    ]
    assert whole is not None
    assert (whole.since_observed_at, whole.observed_at) == (day(0), day(10))
    passed, accepted, _, unused = whole.drift
    assert (passed.since, passed.not_before, passed.until) == (day(4), day(2), day(6))
    assert (accepted.since, accepted.until) == (day(2), day(8))
    assert (unused.since, unused.not_before) == (day(10), day(8))
    assert {item.tenants for item in whole.drift} == {("shop",)}


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (-1, 0.5, [("undeclared", "new", "old", None)]),
        (0, 1, [("undeclared", "standing", "old", None)]),
        (1, 5, [("undeclared", "new", "front", None), ("undeclared", "standing", "old", None)]),
        (
            3,
            7,
            [
                ("undeclared", "standing", "front", None),
                ("undeclared", "ended", "old", "subject-gone"),
            ],
        ),
        (6.5, 6.6, [("undeclared", "standing", "front", None)]),
    ],
)
def test_each_period_has_its_own_words(
    url: str, since: float, until: float, expected: list[tuple[str, str, str, str | None]]
) -> None:
    front, old = a_door("front"), a_door("old", 8080)
    looks = [a_look(0, old), a_look(2, old, front), a_look(6, front)]
    assert told(drift(url, looks, since, until)) == expected


def test_what_was_not_read_is_neither_gone_nor_confirmed(url: str) -> None:
    blind = {SERVICES: ReadState.FORBIDDEN}
    looks = [a_look(0, a_door("front")), a_look(2, states=blind)]
    item = only(drift(url, looks, 1, 3))
    assert (item.change, item.until, item.confirmed) == ("standing", None, False)
    again = only(drift(url, [*looks, a_look(4, a_door("front"))], 1, 5))
    assert (again.change, again.since, again.confirmed) == ("standing", day(0), True)


def test_what_cannot_be_told_any_more_is_not_closed(url: str) -> None:
    deny = an_object(
        "NetworkPolicy",
        "some",
        "web",
        spec={
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}],
        },
    )
    looks = [a_look(0, a_door("front")), a_look(2, a_door("front"), deny)]
    item = only(drift(url, looks, 1, 3))
    assert (item.change, item.ended_by) == ("standing", None)


def test_what_was_unused_while_doors_could_not_be_read_is_not_told_as_gone(url: str) -> None:
    blind = {SERVICES: ReadState.FORBIDDEN}
    looks = [a_look(0, a_door("front"), declarations=(declared(),))]
    looks.append(a_look(2, declarations=(declared(),), states=blind))
    assert told(drift(url, looks, 1, 3)) == []
    looks.append(a_look(4, declarations=(declared(),)))
    assert told(drift(url, looks, 1, 5)) == [
        ("declared-but-gone", "new", "Pod/web/p:443/TCP", None)
    ]


def test_a_declaration_that_runs_out_opens_its_port_again(url: str) -> None:
    until = declared(expires=date(2026, 4, 4))
    looks = [a_look(number, a_door("front"), declarations=(until,)) for number in (0, 2, 5)]
    assert told(drift(url, looks[:2], 1, 3)) == []
    assert told(drift(url, looks, 1, 6)) == [
        ("undeclared", "new", "front", None),
        ("expired", "new", "Pod/web/p:443/TCP", None),
    ]
    renewed = [*looks, a_look(7, a_door("front"), declarations=(declared(),))]
    kinds = {item[:2] + item[3:] for item in told(drift(url, renewed, 6, 8))}
    assert kinds == {("undeclared", "ended", "accepted"), ("expired", "ended", "closed")}


def test_a_finding_whose_words_change_is_one_span(url: str) -> None:
    looks = [a_look(0, a_door("front")), a_look(2, a_door("front"), declarations=(declared(80),))]
    found = drift(url, looks, 1, 3)
    assert told(found)[0] == ("undeclared", "standing", "front", None)
    assert found is not None
    assert found.drift[0].since == day(0)


def test_a_policy_list_that_was_not_read_leaves_an_open_port_open(url: str) -> None:
    blind = {NETWORK_POLICIES: ReadState.FORBIDDEN}
    looks = [a_look(0, a_door("front")), a_look(2, a_door("front"), states=blind)]
    found = drift(url, looks, 1, 3)
    assert found is not None
    assert [(item.change, item.confirmed) for item in found.drift] == [("standing", False)]


def test_before_the_first_look_nothing_is_known(url: str) -> None:
    assert drift(url, [a_look(4, a_door("front"))], 1, 3) is None
    first = drift(url, [a_look(4, a_door("front"))], 3, 5)
    assert first is not None
    assert first.since_observed_at is None
    assert first.drift[0].not_before is None
