"""Verifying the chain: every audit's hash worked out anew from the rows that it recorded."""

from hashlib import sha256
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from auditor.audit.ledger import FIRST, Entry, SealedFact, seal
from auditor.store.engine import Database
from auditor.store.rows import sealed
from auditor.store.schema import audits, clusters, evidence, facts


class Verification(Struct, frozen=True):
    """What verifying found."""

    entries: int
    first_bad: str | None
    """The first entry that does not hold, as `cluster epoch/seq: why`; None if all hold."""


async def verify(database: Database) -> Verification:
    """Verify the chain of every cluster, and that evidence is what its hash says.

    Raises:
        StoreUnavailableError: the database refused.
    """
    entries = 0
    async with database.transaction() as connection:
        bad = await _bad_evidence(connection)
        if bad is not None:
            return Verification(0, bad)
        for cluster in (await connection.execute(select(clusters).order_by(clusters.c.id))).all():
            previous = FIRST
            rows = await connection.execute(
                select(audits)
                .where(audits.c.cluster == cluster.id)
                .order_by(audits.c.epoch, audits.c.seq)
            )
            for expected, row in enumerate(rows.all(), 1):
                entries += 1
                why = await _why_bad(connection, cluster, row, previous, expected)
                if why is not None:
                    place = f"{cluster.locator.decode()} {row.epoch}/{row.seq}"
                    return Verification(entries, f"{place}: {why}")
                previous = row.hash
    return Verification(entries, None)


async def _bad_evidence(connection: Any) -> str | None:
    for row in await connection.execute(select(evidence).order_by(evidence.c.hash)):
        # SQLite lets a tamperer store text where bytes belong.
        is_bytes = isinstance(row.content, bytes)
        if not is_bytes or sha256(row.content).hexdigest() != row.hash:
            return f"evidence {row.hash}: its content is another one's"
    return None


async def _why_bad(
    connection: Any, cluster: Any, row: Any, previous: str, expected: int
) -> str | None:
    if row.previous_hash != previous:
        return "it does not follow the entry before it"
    if row.seq != expected:
        return f"entry {expected} is missing"
    entry = Entry(
        cluster=cluster.locator.decode(),
        origin=cluster.origin,
        epoch=row.epoch,
        seq=row.seq,
        observed_at=row.observed_at,
        recorded_at=row.recorded_at,
        incarnation=(row.incarnation or b"").decode(),
        state=row.state,
        rules_version=row.rules_version,
        catalogue_version=row.catalogue_version,
        summary=row.summary,
        previous_hash=row.previous_hash,
    )
    added = await _facts(connection, facts.c.recorded_by == row.id)
    superseded = await _facts(connection, facts.c.superseded_by == row.id)
    if seal(entry, added, superseded) != row.hash:
        return "its rows are not what it sealed"
    return None


async def _facts(connection: Any, condition: Any) -> list[SealedFact]:
    found = await connection.execute(select(facts).where(condition))
    return [sealed(row) for row in found.mappings()]
