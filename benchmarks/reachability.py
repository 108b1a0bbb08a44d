"""The reachability engine: compile, all pairs with ports, a question, a change; time and memory.

Clusters of ordinary shape in the sizes that other analysers publish, a large one, and a hostile one
that no two pods of which are alike. Where the Python package of np-guard's analyser is installed in
an environment of its own (`make second-opinion`), it answers the same input beside.
"""

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.profile import REFERENCE_PROFILE
from auditor.analysis.reachability.rows import rows_to
from auditor.settings.memory import NEW_OBJECTS_PER_COLLECTION
from benchmarks.clusters import GeneratedCluster, hostile, ordinary

RUNS = 3
SIZES = {
    "400 workloads x 160 policies": lambda: ordinary(400, 160),
    "1,000 workloads x 400": lambda: ordinary(1000, 400),
    "2,000 workloads x 800": lambda: ordinary(2000, 800),
    "10,000 pods x 1,000": lambda: ordinary(2000, 1000, replicas=5),
    "hostile: 10,000 x 1,000": lambda: hostile(10000, 1000),
}
ALL_PAIRS_WANTED, MEGABYTES_WANTED = 0.5, 200
QUESTION_WANTED, CHANGE_WANTED, HOSTILE_WANTED = 1.0, 5.0, 5000.0
"""Milliseconds."""
_HOSTILE = "hostile: 10,000 x 1,000"
_LARGE = "10,000 pods x 1,000"


def main() -> None:
    """Measure and print."""
    print("reachability, median of 3 runs, each its own process")
    print(f"  {'':30}{'compile':>10}{'all pairs':>11}{'question':>11}{'change':>10}{'peak':>9}")
    for name in SIZES:
        runs = [_measure(name) for _ in range(RUNS)]
        figures = {key: median(run[key] for run in runs) for key in runs[0]}
        pairs = f"{figures['pairs']:8.3f} s " if "pairs" in figures else "         - "
        print(
            f"  {name:30}{figures['compile']:8.3f} s{pairs:>11}{figures['question']:8.2f} ms"
            f"{figures['change']:7.2f} ms{figures['megabytes']:6.0f} MB"
        )
    print(
        f"  wanted of {_LARGE}: all pairs under {ALL_PAIRS_WANTED} s, a question under "
        f"{QUESTION_WANTED:.0f} ms, a change under {CHANGE_WANTED:.0f} ms, under "
        f"{MEGABYTES_WANTED} MB; hostile: any question under {HOSTILE_WANTED / 1000:.0f} s"
    )
    _beside_np_guard()


def _beside_np_guard() -> None:
    """Give the same files to both programs, from the command to the last line."""
    other = Path(sys.prefix) / "second-opinion" / "bin" / "nca"
    if not other.exists():
        print("  np-guard's analyser is not installed: `make second-opinion` does that")
        return
    own = Path(sys.prefix) / "bin" / "exposure-auditor"
    for name in list(SIZES)[:2]:
        figures = _measure(name)
        with TemporaryDirectory() as folder:
            write(SIZES[name](), Path(folder, "all.yaml"))
            theirs = _seconds(
                [
                    other,
                    "--connectivity",
                    folder,
                    "-r",
                    folder,
                    "-o",
                    "txt_no_fw_rules",
                    "--return_0",
                ]
            )
            source = f"snapshot:{folder}"
            ours = _seconds([own, "reachability", source, "--assume-cni", "reference"])
        analysis = figures["compile"] + figures["pairs"]
        print(
            f"  {name:30} np-guard's {theirs:6.1f} s, this command {ours:5.2f} s wall: "
            f"{theirs / ours:.0f} x; its analysis alone {theirs / analysis:.0f} x"
        )


def write(cluster: GeneratedCluster, path: Path) -> None:
    """Write a generated cluster as manifests."""
    documents = [
        {"apiVersion": version, "kind": kind, **msgspec.to_builtins(item)}
        for version, kind, items in (
            ("v1", "Namespace", cluster.namespaces),
            ("v1", "Pod", cluster.pods),
            ("networking.k8s.io/v1", "NetworkPolicy", cluster.policies),
        )
        for item in items
    ]
    path.write_text("\n---\n".join(json.dumps(item) for item in documents), encoding="utf-8")


def _seconds(command: list[str | Path]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def _measure(name: str) -> dict[str, float]:
    command = [sys.executable, "-m", __name__, name]
    done = subprocess.run(command, check=True, capture_output=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _run(name: str) -> dict[str, float]:
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    cluster = SIZES[name]()
    began = time.process_time()
    engine = build(cluster)
    figures = {"compile": time.process_time() - began}
    bits = [engine.entities.bit(number) for number in range(1, len(engine.entities.classes))]
    asked = bits[:: max(1, len(bits) // 50)]
    figures["question"] = _each(engine.sources_of, asked)
    pods = [_relabelled(cluster, number) for number in range(20)]
    figures["change"] = _each(engine.put_pod, pods)
    if name != _HOSTILE:
        # All pairs of a cluster where no two ports and pods are alike are asked by no check.
        began = time.process_time()
        rows = list(rows_to(engine))
        figures["pairs"] = time.process_time() - began
        assert rows, "no class has a row"
    figures["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def build(cluster: GeneratedCluster) -> Reachability:
    """Compile a generated cluster under the reference profile."""
    return Reachability(REFERENCE_PROFILE, cluster.pods, cluster.namespaces, (), cluster.policies)


def _relabelled(cluster: GeneratedCluster, number: int) -> object:
    pod = cluster.pods[number * 7]
    labels = {**pod.metadata.labels, "app": f"moved-{number}", "k1": f"moved-{number}"}
    return msgspec.structs.replace(
        pod, metadata=msgspec.structs.replace(pod.metadata, labels=labels)
    )


def _each(ask: Callable[..., object], items: Sequence[object]) -> float:
    """Give the milliseconds of one call, over all of them."""
    began = time.process_time()
    for item in items:
        ask(item)
    return (time.process_time() - began) * 1000 / len(items)


if __name__ == "__main__":
    print(json.dumps(_run(sys.argv[1])))
