"""Verifying the chain: every audit's hash worked out anew from the rows that it recorded."""

from hashlib import sha256
from typing import Any

from msgspec import Struct
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auditor.audit.ledger import (
    FIRST,
    Anchor,
    Entry,
    SealedFact,
    seal,
    seal_anchor,
    seal_carried,
)
from auditor.store.engine import Database
from auditor.store.rows import sealed
from auditor.store.schema import anchors, audits, clusters, evidence, facts


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
            chain = _Chain(connection, cluster)
            bad = await chain.first_bad()
            entries += chain.entries
            if bad is not None:
                return Verification(entries, bad)
    return Verification(entries, None)


class _Chain:
    """The entries of one cluster, from its newest anchor on."""

    def __init__(self, connection: AsyncConnection, cluster: Any) -> None:
        self.entries = 0
        self._connection = connection
        self._cluster = cluster
        self._name = cluster.locator.decode()

    async def first_bad(self) -> str | None:
        rows = await self._rows(audits, audits.c.epoch, audits.c.seq)
        fixed = await self._rows(anchors, anchors.c.id)
        why = self._why_bad_anchors(fixed)
        if why is not None:
            return f"{self._name}: {why}"
        previous, first = FIRST, 1
        if fixed:
            why = await self._why_bad_start(fixed[-1], rows)
            if why is not None:
                return f"{self._name} {fixed[-1].epoch}/{fixed[-1].seq}: {why}"
            previous, first = fixed[-1].entry_hash, fixed[-1].seq + 1
            rows = rows[1:]
        for expected, row in enumerate(rows, first):
            self.entries += 1
            why = await self._why_bad(row, previous, expected)
            # An entry seals the newest anchor of its time: none is taken away or put in later.
            if why is None and row.anchor != _newest_before(fixed, row.seq):
                why = "it seals another anchor"
            if why is not None:
                return f"{self._name} {row.epoch}/{row.seq}: {why}"
            previous = row.hash
        return None

    async def _rows(self, table: Table, *order: Any) -> Any:
        mine = select(table).where(table.c.cluster == self._cluster.id).order_by(*order)
        return (await self._connection.execute(mine)).all()

    def _why_bad_anchors(self, fixed: Any) -> str | None:
        previous = FIRST
        for anchor in fixed:
            if anchor.previous_hash != previous:
                return "an anchor does not follow the one before it"
            if seal_anchor(self._anchor(anchor)) != anchor.hash:
                return "an anchor is not what was written"
            previous = anchor.hash
        return None

    def _anchor(self, row: Any) -> Anchor:
        return Anchor(
            cluster=self._name,
            origin=self._cluster.origin,
            epoch=row.epoch,
            seq=row.seq,
            observed_at=row.observed_at,
            entry_hash=row.entry_hash,
            pruned_at=row.pruned_at,
            after_seq=row.after_seq,
            carried=row.carried,
            previous_hash=row.previous_hash,
        )

    async def _why_bad_start(self, anchor: Any, rows: Any) -> str | None:
        start = rows[0] if rows else None
        if start is None or (start.epoch, start.seq) != (anchor.epoch, anchor.seq):
            return "the entry that the anchor names is missing"
        if start.hash != anchor.entry_hash or start.observed_at != anchor.observed_at:
            return "the entry is not the one that the anchor names"
        carried = await _facts(self._connection, facts.c.recorded_by == start.id)
        if seal_carried(carried) != anchor.carried:
            return "the facts carried over are not what the anchor sealed"
        return None

    async def _why_bad(self, row: Any, previous: str, expected: int) -> str | None:
        if row.previous_hash != previous:
            return "it does not follow the entry before it"
        if row.seq != expected:
            return f"entry {expected} is missing"
        entry = Entry(
            cluster=self._name,
            origin=self._cluster.origin,
            epoch=row.epoch,
            seq=row.seq,
            observed_at=row.observed_at,
            recorded_at=row.recorded_at,
            incarnation=(row.incarnation or b"").decode(),
            state=row.state,
            rules_version=row.rules_version,
            catalogue_version=row.catalogue_version,
            summary=row.summary,
            anchor=row.anchor,
            previous_hash=row.previous_hash,
        )
        added = await _facts(self._connection, facts.c.recorded_by == row.id)
        superseded = await _facts(self._connection, facts.c.superseded_by == row.id)
        if seal(entry, added, superseded) != row.hash:
            return "its rows are not what it sealed"
        return None


async def _bad_evidence(connection: Any) -> str | None:
    for row in await connection.execute(select(evidence).order_by(evidence.c.hash)):
        # SQLite lets a tamperer store text where bytes belong.
        is_bytes = isinstance(row.content, bytes)
        if not is_bytes or sha256(row.content).hexdigest() != row.hash:
            return f"evidence {row.hash}: its content is another one's"
    return None


def _newest_before(fixed: Any, seq: int) -> str:
    """Give the hash of the newest anchor that was written before an entry."""
    return next((item.hash for item in reversed(fixed) if item.after_seq < seq), FIRST)


async def _facts(connection: Any, condition: Any) -> list[SealedFact]:
    found = await connection.execute(select(facts).where(condition))
    return [sealed(row) for row in found.mappings()]
