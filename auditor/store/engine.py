"""Opening a database so that nothing is lost: SQLite with the hooks that it needs, or PostgreSQL.

SQLite's Python driver opens no transaction before the first write, so two read-modify-write
transactions silently lose updates. The two hooks here take over: autocommit on connect, and an
explicit BEGIN IMMEDIATE. One process writes an SQLite database at a time; a second one is told so.
"""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from auditor.store.errors import StoreBusyError, StoreError, StoreUnavailableError

BUSY_MILLISECONDS = 30_000
"""How long a transaction of this process waits for another one; an audit is written in far less."""


class Database:
    """An open database. Close it, or use it with `async with`."""

    def __init__(self, engine: AsyncEngine, lock: int | None) -> None:
        """Keep an engine and the lock that makes this the writing process."""
        self._engine = engine
        self._lock = lock

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite database."""
        return self._engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Run a block in one transaction: all of it is kept, or nothing.

        Raises:
            StoreUnavailableError: the database refused or was lost; nothing of the block is kept,
                unless the connection broke during the commit itself.
        """
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (DBAPIError, OSError) as error:
            raise StoreUnavailableError(_plain(error)) from error

    async def close(self) -> None:
        """Close all connections and let another process write."""
        await self._engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def __aenter__(self) -> "Database":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def open_database(url: str) -> Database:
    """Open a database by its SQLAlchemy URL (`sqlite:///PATH` or `postgresql://…`).

    Raises:
        StoreBusyError: another process writes this SQLite database.
        StoreUnavailableError: the file's folder cannot be written to.
        StoreError: it is no URL of a database that is known.
    """
    try:
        parsed = make_url(url)
    except SQLAlchemyError as error:
        message = f"{url!r} is no database URL; write sqlite:///PATH or postgresql://…"
        raise StoreError(message) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite" and not parsed.database:
        raise StoreError(f"{url!r} names no file; write sqlite:///PATH")
    if backend == "sqlite":
        lock = _lock(Path(str(parsed.database)))
        engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite"))
        _hook(engine)
        return Database(engine, lock)
    if backend == "postgresql":
        asynchronous = parsed.set(drivername="postgresql+psycopg")
        return Database(create_async_engine(asynchronous, pool_pre_ping=True), None)
    raise StoreError(f"{backend!r} is no database that is known; use sqlite or postgresql")


def _lock(path: Path) -> int:
    """Become the process that writes an SQLite database; the lock ends with the process.

    Raises:
        StoreBusyError: another process is it.
        StoreUnavailableError: the lock cannot be made.
    """
    name = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # The map of every open door is nobody else's to read.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        message = f"{path} cannot be opened: {error.strerror}; name another with --database"
        raise StoreUnavailableError(message) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        message = f"another process writes {path}; wait for it, or audit with --no-store"
        raise StoreBusyError(message) from error
    return handle


def _hook(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_MILLISECONDS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _plain(error: BaseException) -> str:
    """Say a driver's error in one line, without the statement and its values."""
    original = getattr(error, "orig", None) or error
    return f"the database refused: {' '.join(str(original).split())}"
