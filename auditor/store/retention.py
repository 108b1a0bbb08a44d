"""How far back a cluster's history is kept: the anchor from which it can still be asked."""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auditor.model.history import written_moment
from auditor.store.errors import OutsideRetentionError
from auditor.store.schema import anchors


async def newest_anchor(connection: AsyncConnection, cluster: int) -> Row[Any] | None:
    """Give the row of a cluster's newest anchor; None if nothing of it was ever dropped."""
    found = await connection.execute(
        select(anchors).where(anchors.c.cluster == cluster).order_by(anchors.c.id.desc()).limit(1)
    )
    return found.first()


def require_kept(anchor: Row[Any], moment: int, cluster: str) -> None:
    """Make sure that a moment (microseconds) is not older than what is kept.

    Raises:
        OutsideRetentionError: it is.
    """
    if moment < anchor.observed_at:
        message = (
            f"{cluster}: history before {written_moment(anchor.observed_at)} was dropped by "
            f"`db prune`; nothing is known of {written_moment(moment)} any more"
        )
        raise OutsideRetentionError(message)
