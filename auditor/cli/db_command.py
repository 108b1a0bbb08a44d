"""`db`: keep the database in order."""

import asyncio
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path

import click

from auditor.cli.database import with_database
from auditor.cli.failures import ExitCode, UsageFailure, complain
from auditor.cli.options import chosen_database, config_option, database_option, load, now
from auditor.model.history import to_microseconds
from auditor.store.engine import Database, open_database
from auditor.store.errors import StoreError
from auditor.store.migrating import differences, upgrade
from auditor.store.pruning import Pruned, prune
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


@command.command("prune", epilog="Example: exposure-auditor db prune --before 2026-01-01")
@click.option(
    "--before",
    required=True,
    metavar="DATE",
    help="Keep what questions about this day (UTC) and later ones need, and drop the rest.",
)
@config_option
@database_option
def prune_command(before: str, config_path: Path | None, database: str | None) -> None:
    """Drop old history, sealed so that it can be told from tampering.

    What still held then is carried over. A question about an earlier moment is answered with an
    error, not with silence. The chain is verified first; a broken one is left as it is.
    """
    at = now()
    moment = _start_of(before)
    if moment > to_microseconds(at):
        raise UsageFailure(f"--before: {before} is not over yet; name a day of the past")
    url = chosen_database(database, load(config_path, at))

    async def run(opened: Database) -> Pruned | str:
        verification = await verify(opened)
        if verification.first_bad is not None:
            return verification.first_bad
        return await prune(opened, moment, to_microseconds(at))

    done = with_database(url, run, may_create=False)
    if isinstance(done, str):
        complain(f"nothing was dropped, for the chain does not hold at {done}")
        sys.exit(int(ExitCode.INCOMPLETE))
    click.echo(
        f"dropped {done.entries} entries, {done.facts} facts and {done.evidence} pieces of evidence"
    )


def _start_of(day: str) -> int:
    """Read a day as its first microsecond in UTC.

    Raises:
        UsageFailure: it is no day.
    """
    try:
        return to_microseconds(datetime.combine(date.fromisoformat(day), time.min, UTC))
    except ValueError as error:
        raise UsageFailure(f"--before: {day!r} is no date; write 2026-01-31") from error
