"""Nothing that was acknowledged is lost, and nothing is half there."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text, update

from auditor.model.verdict import Verdict
from auditor.store.engine import Database, open_database
from auditor.store.errors import StoreBusyError, StoreError, StoreUnavailableError
from auditor.store.migrating import upgrade
from auditor.store.reading import as_of
from auditor.store.schema import evidence
from auditor.store.verifying import verify
from auditor.store.writing import record
from tests.store.dying_writer import SECOND
from tests.store.looks import CLUSTER, Look, audit_of, day, finding_id
from tests.store.postgres import running_server

FAIL, PASS = Verdict.FAIL, Verdict.PASS
FIRST = Look(at=day(0), found={("check-of-pods", "front"): FAIL}, tenants={"web": "old"})
WRITERS, EACH = 10, 30


def test_ten_writers_lose_nothing(url: str) -> None:
    async def write(database: Database, writer: int) -> int:
        opened = 0
        for number in range(EACH):
            at = day(0) + number * WRITERS + writer
            look = Look(at=at, found={("check-of-pods", f"{writer}-{number}"): FAIL})
            done = await record(database, audit_of(look), number, origin="live")
            opened += done.tally.opened
        return opened

    async def scenario() -> None:
        async with open_database(url) as database:
            await upgrade(database)
            opened = await asyncio.gather(*(write(database, n) for n in range(WRITERS)))
            assert sum(opened) == WRITERS * EACH
            verification = await verify(database)
            assert (verification.entries, verification.first_bad) == (WRITERS * EACH, None)
            for writer, number in ((0, 0), (3, 17), (9, 29)):
                answer = await as_of(database, CLUSTER, day(0) + number * WRITERS + writer)
                assert answer is not None
                wanted = finding_id(("check-of-pods", f"{writer}-{number}"))
                assert [item.id for item in answer.findings] == [wanted]

    asyncio.run(scenario())


async def _state(database: Database, cluster: str) -> tuple[int, list[tuple[str, str]]]:
    answer = await as_of(database, cluster, day(2))
    assert answer is not None
    verification = await verify(database)
    assert verification.first_bad is None
    return verification.entries, [(item.check, item.verdict) for item in answer.findings]


def test_a_writer_killed_between_any_two_statements_leaves_all_or_nothing(url: str) -> None:
    async def prepare(cluster: str) -> None:
        async with open_database(url) as database:
            await upgrade(database)
            audit = msgspec.structs.replace(audit_of(FIRST), cluster_id=cluster)
            await record(database, audit, 1, origin="live")

    async def verdicts(cluster: str) -> list[tuple[str, str]]:
        async with open_database(url) as database:
            return (await _state(database, cluster))[1]

    before = [("check-of-pods", "fail")]
    after = [("check-of-pods", "pass"), ("check-of-services", "fail")]
    assert SECOND.at > FIRST.at
    deaths = 0
    for deadly in range(1, 60):
        cluster = f"cluster-{deadly}"
        asyncio.run(prepare(cluster))
        done = subprocess.run(
            [sys.executable, "-m", "tests.store.dying_writer", url, str(deadly), cluster],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=Path(__file__).parents[2],
        )
        found = asyncio.run(verdicts(cluster))
        if done.returncode == 0:
            assert found == after
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert found == before, deadly
        deaths += 1
    else:
        pytest.fail("the writer never lived through its transaction")
    assert deaths > 10


@pytest.mark.parametrize(
    ("tampering", "where"),
    [
        ("UPDATE facts SET valid_from = valid_from - 1 WHERE recorded_by = 2", "0/2"),
        ("DELETE FROM facts WHERE recorded_by = 1 AND kind = 'coverage'", "0/1"),
        ("UPDATE facts SET superseded_by = NULL WHERE superseded_by = 2", "0/2"),
        ("UPDATE audits SET observed_at = observed_at + 1 WHERE seq = 1", "0/1"),
        ("UPDATE audits SET seq = 9 WHERE seq = 3", "0/9"),
    ],
)
def test_tampering_is_located(url: str, tampering: str, where: str) -> None:
    async def scenario() -> None:
        async with open_database(url) as database:
            await upgrade(database)
            for number, look in enumerate((FIRST, SECOND, Look(at=day(2), found={}))):
                await record(database, audit_of(look), number, origin="live")
            async with database.transaction() as connection:
                await connection.execute(text(tampering))
            bad = (await verify(database)).first_bad
            assert bad is not None
            assert bad.startswith(f"{CLUSTER} {where}: ")

    asyncio.run(scenario())


def test_changed_evidence_is_located(url: str) -> None:
    async def scenario() -> None:
        async with open_database(url) as database:
            await upgrade(database)
            await record(database, audit_of(FIRST), 0, origin="live")
            async with database.transaction() as connection:
                await connection.execute(update(evidence).values(content=b"x"))
            bad = (await verify(database)).first_bad
            assert bad is not None
            assert "its content is another one's" in bad

    asyncio.run(scenario())


def test_a_second_process_is_told_that_one_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    program = f"from auditor.store.engine import open_database; open_database({url!r})"

    database = open_database(url)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "another process writes" in done.stderr
    with pytest.raises(StoreBusyError, match="--no-store"):
        open_database(url)
    asyncio.run(database.close())
    asyncio.run(open_database(url).close())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailableError, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'a.db'}")


@pytest.mark.parametrize("bad", ["", "nonsense", "mysql://x/y", "sqlite+what://x"])
def test_what_is_no_database_url_is_named(bad: str) -> None:
    with pytest.raises(StoreError):
        open_database(bad)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is no database at all, but somebody's notes" * 100)

    async def scenario() -> None:
        async with open_database(f"sqlite:///{path}") as database:
            with pytest.raises(StoreUnavailableError, match="not a database"):
                await upgrade(database)

    asyncio.run(scenario())
    assert path.read_bytes().startswith(b"this is no database")


def test_a_full_disk_loses_nothing_that_was_acknowledged(migrated: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(migrated.read_bytes())
    url = f"sqlite:///{path}"
    program = (
        "import asyncio, resource, sys\n"
        "from tests.store.test_durability import fill\n"
        f"asyncio.run(fill({url!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    acknowledged = int(done.stdout.split()[-1])
    assert "the database refused" in done.stdout
    assert acknowledged > 0

    async def scenario() -> None:
        async with open_database(url) as database:
            verification = await verify(database)
            assert (verification.entries, verification.first_bad) == (acknowledged, None)
            await record(database, audit_of(Look(at=day(9), found={})), 0, origin="live")

    asyncio.run(scenario())
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def fill(url: str) -> None:
    """Record until files may grow no further; print how many were acknowledged."""
    limit = 400_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    acknowledged = 0
    async with open_database(url) as database:
        while acknowledged < 10_000:
            name = os.urandom(2_000).hex()
            look = Look(at=day(0) + acknowledged, found={("check-of-pods", name): FAIL})
            try:
                await record(database, audit_of(look), acknowledged, origin="live")
            except StoreUnavailableError as error:
                sys.stdout.write(f"{error}\n")
                break
            acknowledged += 1
    sys.stdout.write(f"{acknowledged}\n")


def test_a_server_that_is_gone_is_said_and_nothing_is_half_there() -> None:
    async def first(url: str) -> None:
        async with open_database(url) as database:
            await upgrade(database)
            await record(database, audit_of(FIRST), 0, origin="live")

    async def second(url: str) -> None:
        async with open_database(url) as database:
            with pytest.raises(StoreUnavailableError):
                await record(database, audit_of(SECOND), 1, origin="live")

    with running_server() as server:
        url = server.new_database()
        asyncio.run(first(url))
    asyncio.run(second(url))
