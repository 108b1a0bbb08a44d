"""A fresh database for each test, of both kinds."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.store.engine import open_database
from auditor.store.migrating import upgrade
from tests.store.postgres import Server, running_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an SQLite database that is migrated: copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("migrated") / "auditor.db"

    async def migrate() -> None:
        async with open_database(f"sqlite:///{path}") as database:
            await upgrade(database)

    asyncio.run(migrate())
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'auditor.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()
