"""Dropping old history on purpose, so that it can be told from tampering.

What is needed to answer for any later moment stays: facts that still held, and the last look before
the moment. The entries that recorded them are dropped, and an anchor seals where the chain begins
and what was carried over.
"""

from itertools import accumulate
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import and_, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from auditor.audit.ledger import FIRST, Anchor, seal_anchor, seal_carried
from auditor.store.engine import Database
from auditor.store.retention import newest_anchor
from auditor.store.rows import sealed
from auditor.store.schema import anchors, audits, clusters, evidence, facts


class Pruned(Struct, frozen=True):
    """How many rows of each sort were dropped."""

    entries: int
    facts: int
    evidence: int


async def prune(database: Database, before: int, pruned_at: int) -> Pruned:
    """Drop what no question about a moment from `before` on (microseconds) needs.

    All of it is one transaction. Call `verify` first: what is dropped cannot be verified later.

    Raises:
        StoreUnavailableError: the database refused; nothing was dropped.
    """
    entries = dropped_facts = 0
    async with database.transaction() as connection:
        for cluster in (await connection.execute(select(clusters).with_for_update())).all():
            last = await _last_to_drop(connection, cluster.id, before)
            if last is not None:
                dropped = await _drop(connection, cluster, last, pruned_at)
                entries += dropped[0]
                dropped_facts += dropped[1]
        contents = await connection.execute(
            delete(evidence).where(
                evidence.c.hash.not_in(select(facts.c.detail)),
                evidence.c.hash.not_in(select(audits.c.summary)),
            )
        )
        return Pruned(entries, dropped_facts, contents.rowcount)


async def _last_to_drop(connection: AsyncConnection, cluster: int, before: int) -> Any:
    """Find the entry up to which all are old, and that is the newest look among them.

    It becomes the anchor and its own row stays: None where no entry comes before it.
    """
    found = await connection.execute(
        select(audits).where(audits.c.cluster == cluster).order_by(audits.c.epoch, audits.c.seq)
    )
    rows = found.all()
    newest = list(accumulate((row.observed_at for row in rows), max))
    candidates = [
        index
        for index, row in enumerate(rows)
        if newest[index] <= before and row.observed_at == newest[index]
    ]
    return rows[candidates[-1]] if candidates and candidates[-1] > 0 else None


async def _drop(
    connection: AsyncConnection, cluster: Any, last: Any, pruned_at: int
) -> tuple[int, int]:
    """Drop the entries before `last` and the facts that nobody can ask for any more."""
    old = select(audits.c.id).where(
        audits.c.cluster == cluster.id,
        tuple_(audits.c.epoch, audits.c.seq) <= tuple_(last.epoch, last.seq),
    )
    mine = facts.c.cluster == cluster.id
    recorded = and_(mine, facts.c.recorded_by.in_(old))
    gone = await connection.execute(
        delete(facts).where(
            recorded,
            or_(
                facts.c.superseded_by.in_(old),
                and_(facts.c.superseded_by.is_(None), facts.c.valid_to <= last.observed_at),
            ),
        )
    )
    await connection.execute(update(facts).where(recorded).values(recorded_by=last.id))
    kept = await connection.execute(select(facts).where(mine, facts.c.recorded_by == last.id))
    carried = seal_carried([sealed(dict(row)) for row in kept.mappings()])
    newest = await connection.execute(
        select(func.max(audits.c.seq)).where(audits.c.cluster == cluster.id)
    )
    dropped = await connection.execute(
        delete(audits).where(audits.c.id.in_(old), audits.c.id != last.id)
    )
    before = await newest_anchor(connection, cluster.id)
    anchor = Anchor(
        cluster=cluster.locator.decode(),
        origin=cluster.origin,
        epoch=last.epoch,
        seq=last.seq,
        observed_at=last.observed_at,
        entry_hash=last.hash,
        pruned_at=pruned_at,
        after_seq=newest.scalar_one(),
        carried=carried,
        previous_hash=before.hash if before else FIRST,
    )
    values = msgspec.structs.asdict(anchor) | {"cluster": cluster.id, "hash": seal_anchor(anchor)}
    del values["origin"]  # the row of the cluster holds it
    await connection.execute(insert(anchors).values(**values))
    return dropped.rowcount, gone.rowcount
