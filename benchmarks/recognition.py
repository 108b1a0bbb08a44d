"""Recognition of software in 20,000 workloads of which no two have one name and image.

Half of them run real images (`tests/analysis/real_images.txt`), under registries, tags and names
that differ; half run images of a house's own, which is what most clusters are full of.
"""

import gc
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from auditor.settings.memory import NEW_OBJECTS_PER_COLLECTION

WORKLOADS = 20_000
RUNS = 5
SECONDS_WANTED = 2.0
SEED = 20261123

_IMAGES = Path(__file__).parent.parent / "tests" / "analysis" / "real_images.txt"
_WORDS = ("cart", "user", "order", "price", "stock", "mail", "report", "search", "auth", "feed")
_PARTS = ("api", "worker", "web", "sync", "import", "gateway", "cron", "proxy", "backend", "ui")


def main() -> None:
    """Measure and print."""
    runs = [_measure() for _ in range(RUNS)]
    figures = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    print(f"{WORKLOADS:,} distinct workloads, median of {RUNS} runs, each its own process")
    print(f"  index of the catalogue       {figures['index']:8.2f} s CPU")
    print(
        f"  recognition                  {figures['seconds']:8.2f} s CPU  "
        f"(wanted: under {SECONDS_WANTED:.0f})"
    )
    print(f"  recognised                   {figures['recognised']:8.0f}")


def _measure() -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def workloads(count: int) -> list[dict[str, Any]]:
    """Write a pod for each workload, all of them different; the same count gives the same pods."""
    random = Random(SEED)
    lines = _IMAGES.read_text(encoding="utf-8").splitlines()
    real = [line.split()[0] for line in lines if line and not line.startswith("#")]
    return [_pod(number, random, real) for number in range(count)]


def _pod(number: int, random: Random, real: list[str]) -> dict[str, Any]:
    name = f"{random.choice(_WORDS)}-{random.choice(_PARTS)}-{number}"
    if number % 2:
        image = f"registry.example/team-{number % 300}/{name}:1.{number % 40}.{number % 7}"
    else:
        path = random.choice(real).partition("@")[0]
        image = f"mirror-{number % 50}.example/{path}"
        name = f"{path.rpartition('/')[2].partition(':')[0]}-{number}"
    port = random.choice((80, 8080, 3000, 9090, 5432, 6379, 8443, 50051))
    labels = {
        "app": name,
        "app.kubernetes.io/name": name.rpartition("-")[0],
        "app.kubernetes.io/instance": name,
        "pod-template-hash": f"{number:010x}",
    }
    container = {
        "name": name.partition("-")[0],
        "image": image,
        "args": [f"--listen=:{port}", "--log-level=info"],
        "ports": [{"containerPort": port, "name": "http"}],
    }
    owner = {"kind": "ReplicaSet", "name": f"{name}-{number:010x}", "controller": True}
    return {
        "metadata": {
            "name": f"{name}-{number:010x}-x",
            "namespace": f"team-{number % 300}",
            "labels": labels,
            "ownerReferences": [owner],
        },
        "spec": {"containers": [container]},
        "status": {"phase": "Running"},
    }


def _run() -> dict[str, float]:
    from auditor.analysis.recognition.images import image_index
    from auditor.analysis.recognition.index import hint_index
    from auditor.analysis.recognition.software import recognise
    from auditor.analysis.workloads import WorkloadIndex
    from auditor.catalogue.contents import shipped
    from auditor.collector.projection import projection_for
    from auditor.kube.decoding import ObjectDecoder
    from auditor.kube.inventory import assemble
    from auditor.kube.resources import PODS, RESOURCE_BY_NAME, RESOURCES
    from auditor.model.reading import Coverage, ReadState
    from auditor.settings.configuration import Configuration

    decoder = ObjectDecoder(projection_for(Configuration()), 2**20)
    pods = [
        decoder.decode(RESOURCE_BY_NAME[PODS], json.dumps(item).encode())
        for item in workloads(WORKLOADS)
    ]
    coverage = {item.name: Coverage(item.name, ReadState.COMPLETE, 0) for item in RESOURCES}
    inventory = assemble({PODS: pods}, coverage)
    index = WorkloadIndex(inventory)
    began = time.process_time()
    image_index(shipped())
    hint_index(shipped())
    made = time.process_time()
    found = recognise(inventory, index, shipped())
    seconds = time.process_time() - made
    assert len(index) == WORKLOADS
    return {"index": made - began, "seconds": seconds, "recognised": len(found)}


if __name__ == "__main__":
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    print(json.dumps(_run()))
