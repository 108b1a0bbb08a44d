"""Bringing a database to this version's schema, and telling whether it is there."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

import auditor
from auditor.store.engine import Database
from auditor.store.errors import SchemaError, StoreError
from auditor.store.schema import metadata

_ADVISORY_LOCK = 0x0E5905DE
"""PostgreSQL's lock under which one of several starting processes migrates; any fixed number."""


def migrations_folder() -> Path:
    """Find the migrations: inside the installed package, or beside it in a source tree.

    Raises:
        StoreError: they are in neither place; the installation is broken.
    """
    package = Path(auditor.__file__).parent
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise StoreError("the migrations are missing from this installation; install it again")


async def upgrade(database: Database) -> str:
    """Bring the schema to this version's; give its revision. Nothing happens if it is there.

    Raises:
        SchemaError: the database is newer than this version.
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        return await connection.run_sync(_upgrade)


async def is_empty(database: Database) -> bool:
    """Whether the database holds nothing at all yet.

    Raises:
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        return await connection.run_sync(lambda sync: not inspect(sync).get_table_names())


async def require_current(database: Database) -> None:
    """Make sure that the schema is this version's.

    Raises:
        SchemaError: it is older, newer, or no schema of ours; the message says what to do.
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        await connection.run_sync(_require_current)


async def differences(database: Database) -> list[Any]:
    """Give what of the schema differs from the declared one; empty if all is as declared.

    Raises:
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        return await connection.run_sync(_differences)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
    _refuse_newer(connection)
    command.upgrade(_config(connection), "head")
    return str(_head())


def _require_current(connection: Connection) -> None:
    _refuse_newer(connection)
    current = _current(connection)
    if current != _head():
        state = f"is at revision {current}" if current else "holds no schema yet"
        raise SchemaError(f"the database {state}; run `exposure-auditor db upgrade`")


def _refuse_newer(connection: Connection) -> None:
    current = _current(connection)
    known = {
        revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()
    }
    if current is not None and current not in known:
        message = f"the database is at revision {current}, newer than this version; update it"
        raise SchemaError(message)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))
