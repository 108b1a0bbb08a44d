"""Writing an audit: one transaction, all or nothing, sealed into the cluster's chain."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from auditor.audit.ledger import FIRST, Entry, seal
from auditor.audit.reconcile import reconcile
from auditor.audit.timeline import Span, rewrite
from auditor.model.audit import Audit
from auditor.model.canonical import canonical_json, digest_text
from auditor.model.history import (
    Changes,
    FactKey,
    FactKind,
    Known,
    Tally,
    to_microseconds,
)
from auditor.model.verdict import Verdict
from auditor.store.engine import Database
from auditor.store.retention import newest_anchor, require_kept
from auditor.store.rows import key_of, sealed, span_of, written
from auditor.store.schema import audits, clusters, evidence, facts

ROWS_AT_ONCE = 500
"""Rows of one statement: SQLite takes 32,766 values in one, PostgreSQL 65,535."""


class Recorded(Struct, frozen=True):
    """A written audit: its place in the chain and what it changed."""

    seq: int
    hash: str
    tally: Tally
    is_newest: bool
    """False for an audit older than one that was stored: it added history only."""


async def record(
    database: Database, audit: Audit, recorded_at: int, *, origin: str, epoch: int = 0
) -> Recorded:
    """Write an audit at a moment (microseconds), and what it changes of what is known.

    `origin` is `live` or `snapshot`. Either everything of it is stored, or nothing.

    Raises:
        OutsideRetentionError: the audit is older than what is kept of the cluster.
        StoreUnavailableError: the database refused; nothing of it is stored.
    """
    async with database.transaction() as connection:
        writer = _Writer(connection, audit, recorded_at, epoch)
        return await writer.write(origin)


class _Neighbour(Struct, frozen=True):
    """An audit next to this one in the order of observation."""

    observed_at: int
    incarnation: str | None
    rules_version: str


class _Tip(Struct, frozen=True):
    """The newest entry of a chain."""

    seq: int
    hash: str


class _Writer:
    def __init__(
        self, connection: AsyncConnection, audit: Audit, recorded_at: int, epoch: int
    ) -> None:
        self._connection = connection
        self._audit = audit
        self._at = to_microseconds(audit.at)
        self._recorded_at = recorded_at
        self._epoch = epoch
        self._cluster = 0

    async def write(self, origin: str) -> Recorded:
        self._cluster = await self._own_cluster(origin)
        anchor = await newest_anchor(self._connection, self._cluster)
        if anchor is not None:
            require_kept(anchor, self._at, self._audit.cluster_id)
        last = await self._last()
        before = await self._neighbour(older=True)
        after = await self._neighbour(older=False)
        timelines = await self._timelines()
        changes = reconcile(await self._known(before, timelines), self._audit)
        looked_before = before.observed_at if before else None
        added, superseded = rewrite(
            changes, timelines, self._at, after.observed_at if after else None, looked_before
        )
        seq = last.seq + 1 if last else 1
        entry = await self._entry(
            origin,
            seq=seq,
            changes=changes,
            anchor=anchor.hash if anchor else FIRST,
            previous=last.hash if last else FIRST,
        )
        audit_id = await self._reserve(entry)
        rows = [written(self._cluster, key, span, audit_id) for key, span in added]
        await self._keep_details(span.value.detail for _, span in added)
        await self._supersede(superseded, audit_id)
        await self._insert(rows)
        old = [sealed(written(self._cluster, key, span, 0)) for key, span in superseded]
        hashed = seal(entry, map(sealed, rows), old)
        await self._connection.execute(
            update(audits).where(audits.c.id == audit_id).values(hash=hashed)
        )
        return Recorded(seq, hashed, changes.tally, after is None)

    async def _own_cluster(self, origin: str) -> int:
        """Find or make the cluster's row, and hold it until the transaction ends."""
        locator = self._audit.cluster_id.encode()
        values = {"locator": locator, "origin": origin}
        await self._connection.execute(_insert_new(self._connection, clusters, [values]))
        found = await self._connection.execute(
            select(clusters.c.id)
            .where(clusters.c.locator == locator, clusters.c.origin == origin)
            .with_for_update()
        )
        return int(found.scalar_one())

    async def _last(self) -> _Tip | None:
        """Give the cluster's newest entry in the order of recording."""
        found = await self._connection.execute(
            select(audits.c.seq, audits.c.hash)
            .where(audits.c.cluster == self._cluster)
            .order_by(audits.c.epoch.desc(), audits.c.seq.desc())
            .limit(1)
        )
        row = found.first()
        return _Tip(row.seq, row.hash) if row else None

    async def _neighbour(self, *, older: bool) -> _Neighbour | None:
        """Give the audit just before, or just after, in the order of observation."""
        time = audits.c.observed_at
        side = time <= self._at if older else time > self._at
        order = (time.desc(), audits.c.id.desc()) if older else (time, audits.c.id)
        found = await self._connection.execute(
            select(audits.c.observed_at, audits.c.incarnation, audits.c.rules_version)
            .where(and_(audits.c.cluster == self._cluster, side))
            .order_by(*order)
            .limit(1)
        )
        row = found.first()
        if row is None:
            return None
        incarnation = row.incarnation.decode() if row.incarnation else None
        return _Neighbour(row.observed_at, incarnation, row.rules_version)

    async def _timelines(self) -> dict[FactKey, list[Span]]:
        """Read every believed span that holds at the audit's moment or later."""
        found = await self._connection.execute(
            select(facts, evidence.c.content)
            .join(evidence, evidence.c.hash == facts.c.detail)
            .where(
                facts.c.cluster == self._cluster,
                facts.c.superseded_by.is_(None),
                or_(facts.c.valid_to.is_(None), facts.c.valid_to >= self._at),
            )
            .order_by(facts.c.valid_from)
        )
        timelines: dict[FactKey, list[Span]] = defaultdict(list)
        for row in found:
            span = span_of(row, {row.detail: row.content.decode()})
            timelines[key_of(row)].append(span)
        return timelines

    async def _known(
        self, before: _Neighbour | None, timelines: dict[FactKey, list[Span]]
    ) -> Known:
        values = {
            key: span.value
            for key, spans in timelines.items()
            for span in spans
            if span.start <= self._at < span.stop
        }
        failed = await self._connection.execute(
            select(facts.c.key)
            .where(
                facts.c.cluster == self._cluster,
                facts.c.kind == FactKind.VERDICT.value,
                facts.c.state == Verdict.FAIL.value.encode(),
                facts.c.superseded_by.is_(None),
                facts.c.valid_to <= self._at,
            )
            .distinct()
        )
        return Known(
            values=values,
            incarnation=before.incarnation if before else None,
            rules_version=before.rules_version if before else None,
            failed_before=frozenset(key.decode() for key in failed.scalars()),
        )

    async def _entry(
        self, origin: str, *, seq: int, changes: Changes, anchor: str, previous: str
    ) -> Entry:
        audit = self._audit
        summary = canonical_json(_summary(audit, changes)).decode()
        await self._keep_details([summary])
        return Entry(
            cluster=audit.cluster_id,
            origin=origin,
            epoch=self._epoch,
            seq=seq,
            observed_at=self._at,
            recorded_at=self._recorded_at,
            incarnation=audit.incarnation or "",
            state=audit.state.value,
            rules_version=audit.rules_version,
            catalogue_version=audit.catalogue_version,
            summary=digest_text(summary),
            anchor=anchor,
            previous_hash=previous,
        )

    async def _reserve(self, entry: Entry) -> int:
        values = msgspec.structs.asdict(entry)
        values["cluster"] = self._cluster
        del values["origin"]  # the row of the cluster holds it
        values["incarnation"] = entry.incarnation.encode() or None
        statement = insert(audits).values(**values, hash="").returning(audits.c.id)
        return int((await self._connection.execute(statement)).scalar_one())

    async def _keep_details(self, details: Iterable[str]) -> None:
        """Keep contents once, under their hash."""
        rows = [
            {"hash": digest_text(text), "content": text.encode()} for text in sorted(set(details))
        ]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            await self._connection.execute(_insert_new(self._connection, evidence, part))

    async def _insert(self, rows: list[dict[str, Any]]) -> None:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await self._connection.execute(insert(facts), rows[start : start + ROWS_AT_ONCE])

    async def _supersede(self, spans: list[tuple[FactKey, Span]], audit_id: int) -> None:
        ids = [span.id for _, span in spans]
        for start in range(0, len(ids), ROWS_AT_ONCE):
            part = ids[start : start + ROWS_AT_ONCE]
            await self._connection.execute(
                update(facts).where(facts.c.id.in_(part)).values(superseded_by=audit_id)
            )


def _summary(audit: Audit, changes: Changes) -> dict[str, Any]:
    """Count the audit's verdicts: `not_applicable` is kept as a count by family only."""
    verdicts = Counter(finding.shown_verdict for finding in audit.findings)
    not_applicable = Counter(
        finding.family for finding in audit.findings if finding.verdict is Verdict.NOT_APPLICABLE
    )
    return {
        "verdicts": dict(verdicts),
        "not_applicable": dict(not_applicable),
        "changes": msgspec.to_builtins(changes.tally),
    }


def _insert_new(connection: AsyncConnection, table: Any, rows: list[dict[str, Any]]) -> Any:
    """Insert the rows that are not there yet."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).values(rows).on_conflict_do_nothing()
