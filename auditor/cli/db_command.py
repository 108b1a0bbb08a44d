"""`db`: keep the database in order."""

import asyncio
import sys
from pathlib import Path

import click

from auditor.cli.database import with_database
from auditor.cli.failures import ExitCode, UsageFailure, complain
from auditor.cli.options import chosen_database, config_option, database_option, load, now
from auditor.store.engine import Database, open_database
from auditor.store.errors import StoreError
from auditor.store.migrating import differences, upgrade
from auditor.store.verifying import verify


@click.group("db", epilog="Example: exposure-auditor db upgrade")
def command() -> None:
    """Keep the database in order."""


@command.command(
    "upgrade", epilog="Example: exposure-auditor db upgrade --database sqlite:///auditor.db"
)
@config_option
@database_option
def upgrade_command(config_path: Path | None, database: str | None) -> None:
    """Bring the database to this version's schema; nothing happens if it is there."""
    url = chosen_database(database, load(config_path, now()))

    async def run() -> str:
        async with open_database(url) as opened:
            return await upgrade(opened)

    try:
        revision = asyncio.run(run())
    except StoreError as error:
        raise UsageFailure(str(error)) from error
    click.echo(f"the database is at revision {revision}")


@command.command("check", epilog="Example: exposure-auditor db check")
@config_option
@database_option
def check_command(config_path: Path | None, database: str | None) -> None:
    """Check the schema, and verify the hash chain of every cluster and all evidence."""
    url = chosen_database(database, load(config_path, now()))

    async def run(opened: Database) -> tuple[int, list[str]]:
        wrong = [
            f"the schema differs from the declared one: {d}" for d in await differences(opened)
        ]
        verification = await verify(opened)
        if verification.first_bad is not None:
            wrong.append(f"the chain does not hold at {verification.first_bad}")
        return verification.entries, wrong

    entries, wrong = with_database(url, run, may_create=False)
    for line in wrong:
        complain(line)
    if wrong:
        sys.exit(int(ExitCode.INCOMPLETE))
    click.echo(f"{entries} entries verified")
