"""10,000 pods from JSON: decode, audit, peak memory; the generated client's models beside it.

Each figure is taken in a process of its own, so that one does not warm or fill the other's memory:
CPU seconds as the operating system counted them, and the peak of resident memory.
"""

import asyncio
import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from benchmarks.pods import large_cluster

PODS = 10_000
RUNS = 5
"""Runs of each figure; the median is printed. The generated client is run once: it is slow."""

SECONDS_WANTED, MEGABYTES_WANTED, RATIO_WANTED = 3.0, 200.0, 20.0


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.json"
        # In a process of its own too: a child's peak starts from its parent's size.
        _measure("generate", path)
        size = path.stat().st_size / 1e6
        print(f"{PODS:,} pods, {size:.0f} MB of JSON, median of {RUNS} runs, each its own process")
        ours = _median("ours", path)
        audit = _median("audit", path)
        models = _measure("models", path)
    ratio = models["seconds"] / ours["seconds"]
    total = audit["total_seconds"]
    print(
        f"  decode, ours                 {ours['seconds']:8.2f} s CPU  {ours['megabytes']:6.0f} MB"
    )
    print(
        f"  decode, generated models     {models['seconds']:8.2f} s CPU  "
        f"{models['megabytes']:6.0f} MB"
    )
    print(f"  ratio of CPU                 {ratio:8.1f} x    (wanted: over {RATIO_WANTED:.0f})")
    print(f"  audit after reading          {audit['seconds']:8.2f} s CPU")
    print(
        f"  read and audit together      {total:8.2f} s wall (wanted: under {SECONDS_WANTED:.0f})"
    )
    print(
        f"  peak memory of that          {audit['megabytes']:8.0f} MB   "
        f"(wanted: under {MEGABYTES_WANTED:.0f})"
    )
    print(f"  findings                     {audit['findings']:8.0f}")


def _median(what: str, path: Path) -> dict[str, float]:
    runs = [_measure(what, path) for _ in range(RUNS)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def _measure(what: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", __name__, what, str(path)], check=True, capture_output=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _generate(path: Path) -> dict[str, float]:
    return {"bytes": path.write_bytes(large_cluster(PODS))}


def _ours(path: Path) -> dict[str, float]:
    """Decode the pods alone, as the reader does, and keep them."""
    from auditor.kube.decoding import ObjectDecoder, decode_type
    from auditor.kube.meta import Projection
    from auditor.kube.resources import PODS as PODS_RESOURCE
    from auditor.kube.resources import RESOURCE_BY_NAME, resource_of

    content = path.read_bytes()
    decoder = ObjectDecoder(Projection(), 3 * 1024 * 1024)
    pods = RESOURCE_BY_NAME[PODS_RESOURCE]
    started = time.process_time()
    kept = []
    for item in decode_type(content).items or ():
        own = decode_type(item)
        if resource_of(own.api_version, own.kind) is pods:
            kept.append(decoder.decode(pods, item))
    seconds = time.process_time() - started
    assert len(kept) == PODS
    return {"seconds": seconds}


def _models(path: Path) -> dict[str, float]:
    """Decode the same pods into the generated client's models, as its list call does."""
    items = json.loads(path.read_bytes())["items"]
    pods = [item for item in items if item["kind"] == "Pod"]
    page = json.dumps({"apiVersion": "v1", "kind": "PodList", "items": pods})
    del items, pods
    gc.collect()
    return {"seconds": asyncio.run(_deserialise(page))}


async def _deserialise(page: str) -> float:
    from kubernetes_asyncio.client import ApiClient

    async with ApiClient() as client:
        started = time.process_time()
        found = client.deserialize(SimpleNamespace(data=page), "V1PodList")
        seconds = time.process_time() - started
    assert len(found.items) == PODS
    return seconds


def _audit(path: Path) -> dict[str, float]:
    """Read the file as the command does, and judge it."""
    from auditor.settings.memory import NEW_OBJECTS_PER_COLLECTION

    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    from auditor.audit.auditing import audit
    from auditor.audit.rules import Rules
    from auditor.collector.files import read_files
    from auditor.collector.projection import projection_for
    from auditor.model.cluster import Cluster, Files
    from auditor.settings.configuration import Configuration
    from auditor.settings.limits import ReadLimits

    configuration = Configuration()
    rules = Rules.of(configuration)
    cluster = Cluster(id="snapshot/x", name="x", provider="snapshot", access=Files(str(path)))
    started = time.perf_counter()
    reading = read_files(cluster, projection_for(configuration), ReadLimits())
    judged = time.process_time()
    answer = audit(reading.cluster, reading.inventory, rules, datetime.now(UTC))
    seconds = time.process_time() - judged
    total = time.perf_counter() - started
    return {"seconds": seconds, "total_seconds": total, "findings": len(answer.findings)}


_MEASURED: dict[str, Callable[[Path], dict[str, float]]] = {
    "generate": _generate,
    "ours": _ours,
    "models": _models,
    "audit": _audit,
}

if __name__ == "__main__":
    figures = _MEASURED[sys.argv[1]](Path(sys.argv[2]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures | {"megabytes": peak}))
