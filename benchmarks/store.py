"""Remembering: audits written a second, a question at a year of history, bytes for a year.

A year of one medium cluster, an audit a day, 1 % of its verdicts changing at each. The baseline for
bytes is the usual way: the whole answer, compressed, every five minutes.
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec

from benchmarks.pods import SEED, large_cluster

PODS = 2_500
DAYS = 365
CHANGED = 0.01
SNAPSHOTS_A_YEAR = 365 * 24 * 12
QUESTIONS = 20


def main() -> None:
    """Measure and print."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, "measure"], check=True, capture_output=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    baseline = figures["snapshot_bytes"] * SNAPSHOTS_A_YEAR
    print(f"a cluster of {PODS:,} pods, {figures['findings']:.0f} findings, {DAYS} audits, SQLite")
    print(f"  audits written a second      {figures['audits_a_second']:8.1f}    (1 % changed each)")
    print(f"  the same audit again         {figures['unchanged_a_second']:8.1f} /s")
    print(f"  as-of, at a year of history  {figures['as_of_seconds'] * 1000:8.0f} ms  (median)")
    print(f"  bytes for that year          {figures['bytes'] / 1e6:8.1f} MB")
    print(f"  answer every five minutes    {baseline / 1e6:8.0f} MB  compressed")
    print(
        f"  ratio                        {baseline / figures['bytes']:8.0f} x   (wanted: over 200)"
    )
    print(f"  peak memory                  {figures['megabytes']:8.0f} MB")


def _measure(folder: Path) -> dict[str, float]:
    from auditor.audit.auditing import audit
    from auditor.audit.rules import Rules
    from auditor.collector.files import read_files
    from auditor.collector.projection import projection_for
    from auditor.model.audit import Audit
    from auditor.model.cluster import Cluster, Files
    from auditor.model.history import to_microseconds
    from auditor.model.verdict import Verdict
    from auditor.settings.configuration import Configuration
    from auditor.settings.limits import ReadLimits
    from auditor.store.engine import open_database
    from auditor.store.migrating import upgrade
    from auditor.store.reading import as_of
    from auditor.store.writing import record

    path = folder / "cluster.json"
    path.write_bytes(large_cluster(PODS))
    configuration = Configuration()
    cluster = Cluster(id="bench", name="bench", provider="snapshot", access=Files(str(path)))
    reading = read_files(cluster, projection_for(configuration), ReadLimits())
    start = datetime(2026, 1, 1, tzinfo=UTC)
    first = audit(reading.cluster, reading.inventory, Rules.of(configuration), start)
    random = Random(SEED)

    def changed(before: Audit, at: datetime) -> Audit:
        """Flip the verdict of 1 % of the findings."""
        findings = list(before.findings)
        for index in random.sample(range(len(findings)), int(len(findings) * CHANGED)):
            was = findings[index].verdict
            now = Verdict.PASS if was is Verdict.FAIL else Verdict.FAIL
            findings[index] = msgspec.structs.replace(findings[index], verdict=now)
        return msgspec.structs.replace(before, findings=tuple(findings), at=at)

    async def run() -> dict[str, float]:
        database_path = folder / "auditor.db"
        async with open_database(f"sqlite:///{database_path}") as database:
            await upgrade(database)
            current, writing = first, 0.0
            for number in range(DAYS):
                at = start + timedelta(days=number)
                current = changed(current, at) if number else current
                started = time.perf_counter()
                await record(database, current, number, origin="live")
                writing += time.perf_counter() - started
            started = time.perf_counter()
            for minute in range(QUESTIONS):
                again = start + timedelta(days=DAYS, minutes=minute)
                same = msgspec.structs.replace(current, at=again)
                await record(database, same, DAYS, origin="live")
            unchanged = time.perf_counter() - started
            asked = []
            for number in range(QUESTIONS):
                moment = to_microseconds(start + timedelta(days=number * DAYS / QUESTIONS))
                started = time.perf_counter()
                assert await as_of(database, "bench", moment)
                asked.append(time.perf_counter() - started)
        answer = msgspec.json.encode((first.findings, first.exposures, first.coverage))
        return {
            "findings": len(first.findings),
            "audits_a_second": DAYS / writing,
            "unchanged_a_second": QUESTIONS / unchanged,
            "as_of_seconds": statistics.median(asked),
            "bytes": database_path.stat().st_size,
            "snapshot_bytes": len(zlib.compress(answer)),
        }

    return asyncio.run(run())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        figures = _measure(Path(name))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures | {"megabytes": peak}))
