"""Pruning: later questions keep their answers, earlier ones are refused, tampering still shows."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from auditor.audit.ledger import Anchor, seal_anchor
from auditor.store.engine import Database, open_database
from auditor.store.errors import OutsideRetentionError
from auditor.store.migrating import upgrade
from auditor.store.pruning import Pruned, prune
from auditor.store.reading import as_of
from auditor.store.verifying import verify
from auditor.store.writing import record
from tests.store.looks import CLUSTER, Look, audit_of, day
from tests.store.test_history import FAIL, KEYS, NONE, PASS, UNKNOWN


def _looks(count: int, seed: int) -> list[Look]:
    random = Random(seed)
    return [
        Look(
            at=day(number),
            found={key: random.choice([FAIL, FAIL, PASS, UNKNOWN, NONE]) for key in KEYS},
            incomplete=frozenset({"pods"} if random.random() < 0.2 else ()),
            tenants={"web": random.choice(["old", "new"])},
        )
        for number in range(count)
    ]


def _run(url: str, scenario: Callable[[Database], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with open_database(url) as database:
            await upgrade(database)
            return await scenario(database)

    return asyncio.run(run())


async def _record(database: Database, looks: list[Look], start: int = 0) -> None:
    for number, look in enumerate(looks, start):
        await record(database, audit_of(look), number, origin="live")


async def _answers(database: Database, days: range) -> dict[int, bytes]:
    return {
        number: msgspec.json.encode(await as_of(database, CLUSTER, day(number, 7)))
        for number in days
    }


def test_later_questions_keep_their_answers_and_earlier_ones_are_refused(url: str) -> None:
    looks = _looks(24, 7)
    late = looks.pop(5)
    looks.insert(9, late)

    async def scenario(database: Database) -> None:
        await _record(database, looks)
        before = await _answers(database, range(12, 26))
        done = await prune(database, day(12, 7), 1)
        assert done.entries == 12
        assert done.facts > 0
        assert await _answers(database, range(12, 26)) == before
        assert (await verify(database)).first_bad is None
        with pytest.raises(OutsideRetentionError, match="2026-03-13T00:00:00"):
            await as_of(database, CLUSTER, day(11))
        with pytest.raises(OutsideRetentionError, match="was dropped"):
            await record(database, audit_of(late), 99, origin="live")
        assert await prune(database, day(12, 7), 2) == Pruned(0, 0, 0)

    _run(url, scenario)


def test_pruning_goes_on_as_history_does(url: str) -> None:
    async def scenario(database: Database) -> None:
        await _record(database, _looks(8, 1))
        await prune(database, day(3), 1)
        await _record(database, _looks(16, 2)[8:], 8)
        before = await _answers(database, range(12, 18))
        await prune(database, day(12), 2)
        assert await _answers(database, range(12, 18)) == before
        await _record(database, _looks(20, 3)[16:], 16)
        verification = await verify(database)
        assert verification.first_bad is None
        assert verification.entries == 7

    _run(url, scenario)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE anchors SET observed_at = observed_at - 1",
        "UPDATE anchors SET carried = previous_hash",
        "DELETE FROM anchors",
        "UPDATE facts SET valid_from = valid_from - 1 WHERE id = (SELECT MIN(id) FROM facts)",
        "DELETE FROM facts WHERE id = (SELECT MIN(id) FROM facts)",
        "UPDATE audits SET anchor = previous_hash WHERE seq = 8",
        "UPDATE anchors SET after_seq = 7",
    ],
)
def test_tampering_after_a_prune_is_found(url: str, tampering: str) -> None:
    async def scenario(database: Database) -> None:
        await _record(database, _looks(6, 4))
        await prune(database, day(3), 1)
        await _record(database, _looks(8, 5)[6:], 6)
        assert (await verify(database)).first_bad is None
        async with database.transaction() as connection:
            changed = await connection.execute(text(tampering))
            assert changed.rowcount > 0
        assert (await verify(database)).first_bad is not None

    _run(url, scenario)


def test_an_anchor_that_was_put_in_later_is_found_by_the_entries_that_do_not_seal_it(
    url: str,
) -> None:
    """Its own hash may be right: whoever invents an anchor can work that out."""

    async def scenario(database: Database) -> None:
        await _record(database, _looks(8, 4))
        await prune(database, day(3), 1)
        async with database.transaction() as connection:
            row = (await connection.execute(text("SELECT * FROM anchors"))).mappings().one()
            fields = {name: row[name] for name in Anchor.__struct_fields__ if name in row}
            fields |= {"cluster": CLUSTER, "origin": "live", "after_seq": 5}
            forged = seal_anchor(Anchor(**fields))
            await connection.execute(
                text("UPDATE anchors SET after_seq = 5, hash = :hash"), {"hash": forged}
            )
        assert (await verify(database)).first_bad == f"{CLUSTER} 0/6: it seals another anchor"

    _run(url, scenario)
