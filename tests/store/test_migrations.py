"""The schema: migrations and declaration agree, and a database of another version is told so."""

import asyncio

import pytest
from sqlalchemy import text

from auditor.store.engine import open_database
from auditor.store.errors import SchemaError
from auditor.store.migrating import differences, require_current, upgrade


def test_migrations_give_the_declared_schema(url: str) -> None:
    async def scenario() -> None:
        async with open_database(url) as database:
            assert await upgrade(database) == await upgrade(database) == "0001"
            assert await differences(database) == []
            await require_current(database)

    asyncio.run(scenario())


def test_a_database_without_schema_says_what_to_run(url: str) -> None:
    async def scenario() -> None:
        async with open_database(url) as database:
            with pytest.raises(SchemaError, match="db upgrade"):
                await require_current(database)

    asyncio.run(scenario())


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    async def scenario() -> None:
        async with open_database(url) as database:
            await upgrade(database)
            async with database.transaction() as connection:
                await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
            for attempt in (upgrade, require_current):
                with pytest.raises(SchemaError, match="newer than this version"):
                    await attempt(database)

    asyncio.run(scenario())
