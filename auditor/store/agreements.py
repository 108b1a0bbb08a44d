"""What became of exceptions and declarations: what each matches, and when it last matched.

An agreement that never matched anything is either misspelt or no longer needed; both are worth a
look before its expiry comes.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Row, select

from auditor.model.history import FactKind, written_moment
from auditor.store.engine import Database
from auditor.store.retention import newest_anchor, require_kept
from auditor.store.schema import audits, clusters, evidence, facts


class PastAgreement(Struct, frozen=True, kw_only=True):
    """An agreement that was in force for a cluster at a moment."""

    cluster: str
    kind: str
    """`exception` or `declaration`."""
    entry: dict[str, Any]
    """As it was written, with its defaults."""
    matched: int
    """Findings (of an exception) or exposures (of a declaration) at that moment."""
    since: str
    """The first look under it, in this wording, RFC 3339."""
    last_matched_at: str | None
    """The last look at which it matched something; None if it never did."""


async def agreements_as_of(database: Database, moment: int) -> tuple[PastAgreement, ...]:
    """Give what was in force at a moment (microseconds), by cluster and wording.

    Raises:
        OutsideRetentionError: some cluster's history of that moment was dropped by `db prune`.
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        for cluster in (await connection.execute(select(clusters))).all():
            anchor = await newest_anchor(connection, cluster.id)
            if anchor is not None:
                require_kept(anchor, moment, cluster.locator.decode())
        spans = await connection.execute(
            select(facts, evidence.c.content, clusters.c.locator)
            .join(evidence, evidence.c.hash == facts.c.detail)
            .join(clusters, clusters.c.id == facts.c.cluster)
            .where(
                facts.c.kind == FactKind.AGREEMENT.value,
                facts.c.superseded_by.is_(None),
                facts.c.valid_from <= moment,
            )
            .order_by(clusters.c.locator, facts.c.key, facts.c.valid_from)
        )
        looks = await connection.execute(
            select(audits.c.cluster, audits.c.observed_at)
            .where(audits.c.observed_at <= moment)
            .order_by(audits.c.observed_at)
        )
        by_key: dict[tuple[bytes, bytes], list[Row[Any]]] = defaultdict(list)
        for row in spans:
            by_key[row.locator, row.key].append(row)
        times: dict[int, list[int]] = defaultdict(list)
        for cluster, observed_at in looks:
            times[cluster].append(observed_at)
    return tuple(
        _agreement(rows, times[rows[-1].cluster], moment)
        for rows in by_key.values()
        if rows[-1].valid_to is None or rows[-1].valid_to > moment
    )


def _agreement(rows: list[Any], looks: list[int], moment: int) -> PastAgreement:
    now = rows[-1]
    matching = [row for row in rows if row.state != b"0"]
    last = None
    if matching:
        end = matching[-1].valid_to
        # The last look within the span at which it matched.
        index = bisect_right(looks, moment) if end is None else bisect_left(looks, end)
        last = looks[index - 1]
    return PastAgreement(
        cluster=now.locator.decode(),
        kind=now.topic,
        entry=msgspec.json.decode(now.content),
        matched=int(now.state),
        since=written_moment(rows[0].valid_from),
        last_matched_at=written_moment(last) if last is not None else None,
    )
