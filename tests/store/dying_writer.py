"""Records one look and dies by SIGKILL at the n-th statement of that transaction, or at its commit.

Run as a program: URL, number of the statement, cluster id. It exits with 0 if it lived through all.
"""

import asyncio
import os
import signal
import sys
from typing import Any

import msgspec
from sqlalchemy import event
from sqlalchemy.engine import Engine

from auditor.model.verdict import Verdict
from auditor.store.engine import open_database
from auditor.store.writing import record
from tests.store.looks import Look, audit_of, day

SECOND = Look(
    at=day(1),
    found={("check-of-pods", "front"): Verdict.PASS, ("check-of-services", "back"): Verdict.FAIL},
    tenants={"web": "new"},
)


def main() -> None:
    url, deadly, cluster = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    left = [deadly]

    def step(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)

    async def write() -> None:
        async with open_database(url) as database:
            audit = msgspec.structs.replace(audit_of(SECOND), cluster_id=cluster)
            await record(database, audit, 2, origin="live")

    asyncio.run(write())


if __name__ == "__main__":
    main()
