"""Asking the store: what held of a cluster at a moment, as far as is known now.

An answer is the verdicts that held, masked by the coverage of what their checks need: a `pass`
that rests on something which could not be read at that moment is `unknown`, and a `fail` stays but
is not confirmed. Answers are ordered, so that the same question gives the same bytes.
"""

from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auditor.model.audit import ClusterState
from auditor.model.history import written_moment
from auditor.store.answer import Answer
from auditor.store.engine import Database
from auditor.store.past import PastCluster
from auditor.store.retention import newest_anchor, require_kept
from auditor.store.schema import audits, clusters, evidence, facts

LIVE = "live"
"""Origin of what was read from a cluster itself."""

SNAPSHOT = "snapshot"
"""Origin of stored snapshots."""


async def cluster_ids(database: Database) -> tuple[tuple[str, str], ...]:
    """List the clusters that were ever recorded, each with its origin, in order.

    Raises:
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        columns = (clusters.c.locator, clusters.c.origin)
        found = await connection.execute(select(*columns).order_by(*columns))
        return tuple((locator.decode(), origin) for locator, origin in found)


async def as_of(
    database: Database, cluster: str, moment: int, *, origin: str = LIVE
) -> PastCluster | None:
    """Tell what held of a cluster at a moment (microseconds); None if it was not looked at yet.

    Live looks and stored snapshots of one cluster are two histories; `origin` says which.

    Raises:
        OutsideRetentionError: what was known of that moment was dropped by `db prune`.
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        own = (
            await connection.execute(
                select(clusters.c.id).where(
                    clusters.c.locator == cluster.encode(), clusters.c.origin == origin
                )
            )
        ).first()
        if own is None:
            return None
        anchor = await newest_anchor(connection, own.id)
        if anchor is not None:
            require_kept(anchor, moment, cluster)
        last = await _look(connection, own.id, audits.c.observed_at <= moment)
        if last is None:
            return None
        following = await _look(connection, own.id, audits.c.observed_at > moment, newest=False)
        was_read = audits.c.state.in_((ClusterState.AUDITED.value, ClusterState.PARTIAL.value))
        read = await _look(connection, own.id, audits.c.observed_at <= moment, was_read)
        rows = (
            await connection.execute(
                select(facts, evidence.c.content)
                .join(evidence, evidence.c.hash == facts.c.detail)
                .where(
                    facts.c.cluster == own.id,
                    facts.c.superseded_by.is_(None),
                    facts.c.valid_from <= moment,
                    or_(facts.c.valid_to.is_(None), facts.c.valid_to > moment),
                )
                .order_by(facts.c.kind, facts.c.key)
            )
        ).all()
    answer = Answer(rows)
    return PastCluster(
        cluster=cluster,
        origin=origin,
        asked_at=written_moment(moment),
        observed_at=written_moment(last.observed_at),
        next_look_at=written_moment(following.observed_at) if following else None,
        state=last.state,
        read_at=written_moment(read.observed_at) if read else None,
        incarnation=last.incarnation.decode() if last.incarnation else None,
        kubernetes=answer.kubernetes(),
        cni=answer.cni(),
        coverage=answer.coverage,
        tenancy=answer.tenancy(),
        segmentation=answer.segmentation(),
        exposures=answer.exposures(),
        findings=answer.findings(),
        not_applicable=msgspec.json.decode(last.content)["not_applicable"],
    )


async def _look(
    connection: AsyncConnection, cluster: int, *conditions: Any, newest: bool = True
) -> Any:
    """Give the newest (or the oldest) look of a cluster that meets the conditions, or None."""
    time = audits.c.observed_at
    order = (time.desc(), audits.c.id.desc()) if newest else (time, audits.c.id)
    found = await connection.execute(
        select(time, audits.c.incarnation, audits.c.state, evidence.c.content)
        .join(evidence, evidence.c.hash == audits.c.summary)
        .where(audits.c.cluster == cluster, *conditions)
        .order_by(*order)
        .limit(1)
    )
    return found.first()
