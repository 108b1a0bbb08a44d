"""The segmentation matrix: every tenant against every other, in a cluster of 10,000 pods."""

import gc
import json
import resource
import subprocess
import sys
import time
from statistics import median

from msgspec.structs import replace

from auditor.analysis.reachability.connections import Owners
from auditor.analysis.segmentation.matrix import Matrices
from auditor.analysis.segments.assignment import assign_segments
from auditor.analysis.segments.sharing import Dimension
from auditor.analysis.workloads import WorkloadIndex
from auditor.kube.inventory import Inventory
from auditor.kube.meta import ObjectMeta
from auditor.kube.policies import NetworkPolicy, NetworkPolicySpec
from auditor.model.cluster import Cluster, Files
from auditor.settings.configuration import Configuration
from auditor.settings.memory import NEW_OBJECTS_PER_COLLECTION
from benchmarks.clusters import GeneratedCluster, hostile, ordinary, segmented
from benchmarks.reachability import build

RUNS, TENANTS, WANTED = 3, 50, 2.0
SHAPES = {
    "10,000 pods, tenants kept apart": lambda: segmented(2000, TENANTS, replicas=5),
    "10,000 workloads, kept apart": lambda: segmented(10000, TENANTS),
    "10,000 pods x 1,000 policies": lambda: ordinary(2000, 1000, replicas=5),
    "10,000 workloads x 1,000 policies": lambda: ordinary(10000, 1000),
    "hostile: 10,000 x 1,000": lambda: hostile(10000, 1000),
    "hostile, all isolated": lambda: denying(hostile(10000, 1000)),
}


def main() -> None:
    """Measure and print."""
    print(f"segmentation matrix of {TENANTS} tenants, median of {RUNS} runs, each its own process")
    for name in SHAPES:
        runs = [_measure(name) for _ in range(RUNS)]
        figures = {key: median(run[key] for run in runs) for key in runs[0]}
        print(
            f"  {name:36}{figures['seconds']:8.3f} s CPU{figures['megabytes']:6.0f} MB, "
            f"{figures['borders']:.0f} borders, {figures['open']:.0f} open"
        )
    print(f"  wanted: under {WANTED} s")


def denying(cluster: GeneratedCluster) -> GeneratedCluster:
    """Add a policy to every namespace that denies what no other admits."""
    spec = NetworkPolicySpec(policy_types=("Ingress", "Egress"))
    more = tuple(
        NetworkPolicy(ObjectMeta("deny", item.metadata.name), spec) for item in cluster.namespaces
    )
    return GeneratedCluster(cluster.pods, cluster.namespaces, (*cluster.policies, *more))


def of_tenants(cluster: GeneratedCluster) -> Inventory:
    """Give the namespaces of a generated cluster to tenants in turn."""
    namespaces = tuple(
        replace(
            item,
            metadata=replace(
                item.metadata, labels=item.metadata.labels | {"tenant": f"t{number % TENANTS}"}
            ),
        )
        for number, item in enumerate(cluster.namespaces)
    )
    return Inventory(
        namespaces=namespaces,
        pods=cluster.pods,
        network_policies=cluster.policies,
        coverage={},
    )


def _measure(name: str) -> dict[str, float]:
    command = [sys.executable, "-m", __name__, name]
    done = subprocess.run(command, check=True, capture_output=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _run(name: str) -> dict[str, float]:
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    cluster = SHAPES[name]()
    inventory = of_tenants(cluster)
    segments = assign_segments(
        Cluster(id="snapshot/c", name="c", provider="snapshot", access=Files("")),
        inventory,
        Configuration(),
    )
    engine = build(cluster)
    owners = Owners(engine, WorkloadIndex(inventory))
    began = time.process_time()
    found = Matrices(engine, segments, owners).crossings(Dimension.TENANT)
    return {
        "seconds": time.process_time() - began,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "borders": len(found),
        "open": sum(item.open is not None for item in found.values()),
        "unfollowed": sum(not item.is_followed for item in found.values()),
        "by rule": sum(not item.maybe_open and bool(item.through) for item in found.values()),
    }


if __name__ == "__main__":
    print(json.dumps(_run(sys.argv[1])))
