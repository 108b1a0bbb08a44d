"""Opening the database of a command so that errors say what to do.

Imported only by what uses a database: the libraries under it take over a second to load.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from auditor.cli.failures import UsageFailure, remark
from auditor.model.audit import Audit
from auditor.model.history import to_microseconds
from auditor.reports.text import safe
from auditor.store.engine import Database, open_database
from auditor.store.errors import StoreError
from auditor.store.migrating import is_empty, require_current, upgrade
from auditor.store.reading import LIVE, SNAPSHOT
from auditor.store.writing import record

Answer = TypeVar("Answer")


def with_database(
    url: str, ask: Callable[[Database], Awaitable[Answer]], *, may_create: bool
) -> Answer:
    """Open a database whose schema is current, do something with it, and close it.

    `may_create` lets an empty SQLite database be brought to the schema at once; anything else that
    is not current is left to `db upgrade`.

    Raises:
        UsageFailure: the database cannot be used; the message says what to do.
    """

    async def run() -> Answer:
        async with opened_database(url, may_create=may_create) as database:
            return await ask(database)

    try:
        return asyncio.run(run())
    except StoreError as error:
        raise UsageFailure(str(error)) from error


@asynccontextmanager
async def opened_database(url: str, *, may_create: bool = True) -> AsyncIterator[Database]:
    """Open a database whose schema is current; `may_create` as for `with_database`.

    Raises:
        StoreError: the database cannot be used.
    """
    async with open_database(url) as database:
        if may_create and database.is_sqlite and await is_empty(database):
            await upgrade(database)
        await require_current(database)
        yield database


def record_all(url: str, audits: list[Audit], live_ids: frozenset[str]) -> None:
    """Store audits, each in a transaction of its own; those not of live clusters as snapshots.

    Raises:
        UsageFailure: the database cannot be used; the message says what to do.
    """

    async def run(database: Database) -> None:
        for audit in audits:
            recorded_at = to_microseconds(datetime.now(UTC))
            origin = LIVE if audit.cluster_id in live_ids else SNAPSHOT
            done = await record(database, audit, recorded_at, origin=origin)
            remark(f"stored {safe(audit.cluster_id)} as entry {done.seq}")

    with_database(url, run, may_create=True)
