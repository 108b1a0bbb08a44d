"""History: every instant's answer equals that of an oracle that keeps everything."""

import asyncio
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

import msgspec
import pytest

from auditor.model.audit import AgreementMatch
from auditor.model.verdict import Verdict
from auditor.store.agreements import agreements_as_of
from auditor.store.engine import Database, open_database
from auditor.store.migrating import upgrade
from auditor.store.reading import as_of
from auditor.store.verifying import verify
from auditor.store.writing import Recorded, record
from tests.store.looks import CLUSTER, NEEDS, RESOURCES, Look, Oracle, audit_of, day, simplified

KEYS = [(check, name) for check in NEEDS for name in ("front", "back")]
FAIL, PASS, UNKNOWN, NONE = (
    Verdict.FAIL,
    Verdict.PASS,
    Verdict.UNKNOWN,
    Verdict.NOT_APPLICABLE,
)


async def _record_all(database: Database, looks: Sequence[Look]) -> list[Recorded]:
    return [
        await record(database, audit_of(look), 1_000 + number, origin="live")
        for number, look in enumerate(looks)
    ]


async def _compare(url: str, looks: Sequence[Look]) -> None:
    """Record looks in the order given, and compare the answers at and around every instant."""
    oracle = Oracle()
    async with open_database(url) as database:
        await upgrade(database)
        for number, look in enumerate(looks):
            await record(database, audit_of(look), number, origin="live")
            oracle.arrive(look)
        times = sorted({look.at for look in looks})
        ends = {day(number) for number in range(0, 32, 2)}
        instants = {instant + step for instant in times for step in (-1, 0)} | ends
        for instant in sorted(instants):
            answer = await as_of(database, CLUSTER, instant)
            assert simplified(answer) == oracle.answer(instant), instant
            again = await as_of(database, CLUSTER, instant)
            assert msgspec.json.encode(again) == msgspec.json.encode(answer)
        assert (await verify(database)).first_bad is None


def test_forty_audits_with_gaps_late_arrivals_an_expiry_and_a_renamed_tenant(url: str) -> None:
    random = Random(40)
    looks = []
    for number in range(40):
        if 12 <= number < 18:
            continue  # nobody looked for six days
        found = {key: random.choice([FAIL, FAIL, PASS, UNKNOWN, NONE]) for key in KEYS}
        for key in random.sample(KEYS, random.randrange(2)):
            del found[key]
        looks.append(
            Look(
                at=day(number // 2, number % 2 * 40_000),
                found=found,
                incomplete=frozenset(random.sample(RESOURCES, random.choice([0, 0, 0, 1]))),
                incarnation="one" if number < 30 else "two",
                tenants={"web": "old" if number < 20 else "new"},
                accepted={KEYS[0]: date(2026, 3, 9)},
            )
        )
    arrivals = list(looks)
    for _ in range(8):  # some arrive late
        late = arrivals.pop(random.randrange(len(arrivals) - 5))
        arrivals.insert(random.randrange(len(arrivals) - 4, len(arrivals) + 1), late)
    asyncio.run(_compare(url, arrivals))


def _history(url: str, looks: Sequence[Look]) -> tuple[list[Recorded], list[Any]]:
    async def scenario() -> tuple[list[Recorded], list[Any]]:
        async with open_database(url) as database:
            await upgrade(database)
            recorded = await _record_all(database, looks)
            answers = [await as_of(database, CLUSTER, look.at) for look in looks]
            return recorded, answers

    return asyncio.run(scenario())


def test_a_failure_opens_is_kept_is_fixed_and_reopens(url: str) -> None:
    key = KEYS[0]
    verdicts = [FAIL, FAIL, PASS, FAIL]
    looks = [Look(at=day(n), found={key: verdict}) for n, verdict in enumerate(verdicts)]
    recorded, answers = _history(url, looks)
    tallies = [(r.tally.opened, r.tally.kept, r.tally.reopened) for r in recorded]
    assert tallies == [(1, 0, 0), (0, 1, 0), (0, 0, 0), (0, 0, 1)]
    assert recorded[2].tally.closed == {"fixed": 1}
    first = answers[0].findings[0]
    assert (first.since, first.until) == (
        "2026-03-01T00:00:00.000000Z",
        "2026-03-03T00:00:00.000000Z",
    )
    assert first.ended == "fixed"
    again = answers[3].findings[0]
    assert (again.since, again.not_before) == (
        "2026-03-04T00:00:00.000000Z",
        "2026-03-03T00:00:00.000000Z",
    )


def test_blindness_ends_nothing_and_confirms_nothing(url: str) -> None:
    key = ("check-of-pods", "front")
    looks = [
        Look(at=day(0), found={key: FAIL}),
        Look(at=day(1), found={}, incomplete=frozenset({"pods"})),
        Look(at=day(2), found={key: UNKNOWN}, incomplete=frozenset({"pods"})),
        Look(at=day(3), found={key: UNKNOWN}),
    ]
    recorded, answers = _history(url, looks)
    assert [item.tally.unconfirmed for item in recorded] == [0, 1, 1, 1]
    assert [answer.findings[0].verdict for answer in answers] == ["fail"] * 4
    assert [answer.findings[0].confirmed for answer in answers] == [True, False, False, True]


def test_a_pass_that_cannot_be_confirmed_is_unknown_and_names_the_resource(url: str) -> None:
    key = ("check-of-services", "front")
    looks = [
        Look(at=day(0), found={key: PASS}),
        Look(at=day(1), found={}, incomplete=frozenset({"nodes"})),
    ]
    _, answers = _history(url, looks)
    assert [answer.findings[0].verdict for answer in answers] == ["pass", "unknown"]
    assert answers[1].findings[0].reason == "nodes is forbidden"


def test_each_end_has_its_reason(url: str) -> None:
    key, other = ("check-of-pods", "front"), ("check-of-services", "front")
    cases = {
        "fixed": Look(at=day(1), found={key: PASS, other: PASS}),
        "subject-gone": Look(at=day(1), found={}),
        "rule-changed": Look(at=day(1), found={key: PASS, other: PASS}, rules="rules-2"),
        "check-off": Look(at=day(1), found={}, checks=frozenset({"check-of-services"})),
        "cluster-replaced": Look(at=day(1), found={key: FAIL}, incarnation="two"),
    }
    first = Look(at=day(0), found={key: FAIL})

    async def scenario() -> None:
        async with open_database(url) as database:
            await upgrade(database)
            for number, (reason, look) in enumerate(cases.items()):
                ends = []
                for item in (first, look):
                    audit = msgspec.structs.replace(audit_of(item), cluster_id=f"c{number}")
                    ends.append((await record(database, audit, 0, origin="live")).tally.closed)
                assert ends[1] == {reason: 1}, reason
                before = await as_of(database, f"c{number}", day(0))
                assert before is not None
                assert before.findings[0].ended == reason

    asyncio.run(scenario())


def test_a_mass_disappearance_waits_for_the_next_look(url: str) -> None:
    key = ("check-of-pods", "front")
    looks = [
        Look(at=day(0), found={key: FAIL}, counts={"pods": 300}),
        Look(at=day(1), found={}, counts={"pods": 100}),
        Look(at=day(2), found={}, counts={"pods": 100}),
    ]
    recorded, answers = _history(url, looks)
    assert [item.tally.closed for item in recorded] == [{}, {}, {"subject-gone": 1}]
    assert answers[1].coverage["pods"] == "stale"
    assert [len(answer.findings) for answer in answers] == [1, 1, 0]


@pytest.mark.parametrize(("before", "after"), [(60, 11), (1000, 801), (10, 0)])
def test_a_small_disappearance_is_believed_at_once(url: str, before: int, after: int) -> None:
    looks = [
        Look(at=day(0), found={("check-of-pods", "front"): FAIL}, counts={"pods": before}),
        Look(at=day(1), found={}, counts={"pods": after}),
    ]
    recorded, _ = _history(url, looks)
    assert recorded[-1].tally.closed == {"subject-gone": 1}


def test_an_older_audit_adds_history_and_does_not_move_the_present(url: str) -> None:
    key = KEYS[0]
    looks = [
        Look(at=day(0), found={key: PASS}),
        Look(at=day(9), found={key: PASS}),
        Look(at=day(5), found={key: FAIL}),
    ]
    recorded, answers = _history(url, looks)
    assert [item.is_newest for item in recorded] == [True, True, False]
    assert [answer.findings[0].verdict for answer in answers] == ["pass", "pass", "fail"]


def test_an_exception_that_expires_opens_the_finding_at_midnight(url: str) -> None:
    key = KEYS[0]
    look = Look(at=day(0), found={key: FAIL}, accepted={key: date(2026, 3, 3)})

    async def scenario() -> list[str]:
        async with open_database(url) as database:
            await upgrade(database)
            await _record_all(database, [look])
            moments = (day(2), day(3) - 1, day(3))
            answers = [await as_of(database, CLUSTER, moment) for moment in moments]
            return [answer.findings[0].verdict for answer in answers if answer]

    assert asyncio.run(scenario()) == ["accepted", "accepted", "fail"]


def test_hostile_names_are_data(url: str) -> None:
    names = ["a\0b", "'; DROP TABLE facts; --", "%_%", "x" * 10_000, "\u202ea", "\U0001f600"]
    looks = [Look(at=day(0), found={("check-of-pods", name): FAIL for name in names})]
    _, answers = _history(url, looks)
    assert sorted(item.subject.name for item in answers[0].findings) == sorted(names)


def test_a_cluster_that_was_never_looked_at_has_no_answer(url: str) -> None:
    looks = [Look(at=day(5), found={})]

    async def scenario() -> None:
        async with open_database(url) as database:
            await upgrade(database)
            await _record_all(database, looks)
            assert await as_of(database, CLUSTER, day(5) - 1) is None
            assert await as_of(database, "snapshot/other", day(9)) is None

    asyncio.run(scenario())


def test_an_agreement_says_what_it_matches_and_when_it_last_did(url: str) -> None:
    used, idle = (AgreementMatch("exception", f'{{"check":"{name}"}}', 2) for name in "ab")
    gone = msgspec.structs.replace(used, matched=0)
    never = msgspec.structs.replace(idle, matched=0)
    looks = [
        Look(at=day(0), found={}, agreements=(used, never)),
        Look(at=day(1), found={}, agreements=(used, never)),
        Look(at=day(2), found={}, agreements=(gone, never)),
        Look(at=day(3), found={}, agreements=(never,)),
    ]

    async def scenario() -> list[list[tuple[str, int, str | None]]]:
        async with open_database(url) as database:
            await upgrade(database)
            await _record_all(database, looks)
            answers = [await agreements_as_of(database, day(n)) for n in range(4)]
            assert (await verify(database)).first_bad is None
            return [
                sorted((i.entry["check"], i.matched, i.last_matched_at) for i in answer)
                for answer in answers
            ]

    first, second = "2026-03-01T00:00:00.000000Z", "2026-03-02T00:00:00.000000Z"
    assert asyncio.run(scenario()) == [
        [("a", 2, first), ("b", 0, None)],
        [("a", 2, second), ("b", 0, None)],
        [("a", 0, second), ("b", 0, None)],
        [("b", 0, None)],
    ]


def test_a_stored_snapshot_is_another_history_than_the_live_one(url: str) -> None:
    key = KEYS[0]
    live, snapshot = (Look(at=day(n), found={key: v}) for n, v in ((0, FAIL), (1, PASS)))

    async def scenario() -> list[str]:
        async with open_database(url) as database:
            await upgrade(database)
            await record(database, audit_of(live), 0, origin="live")
            done = await record(database, audit_of(snapshot), 1, origin="snapshot")
            assert done.seq == 1
            assert (await verify(database)).first_bad is None
            answers = [
                await as_of(database, CLUSTER, day(2), origin=origin)
                for origin in ("live", "snapshot")
            ]
            return [answer.findings[0].verdict for answer in answers if answer]

    assert asyncio.run(scenario()) == ["fail", "pass"]
