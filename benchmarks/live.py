"""Reading simulated API servers over TLS: 10,000 pods of one cluster, and 200 small clusters.

The servers run in a process of their own beside the measured one, on the same two cores. Each
figure is taken in a process of its own: wall and CPU seconds, and the peak of resident memory.
"""

import asyncio
import json
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.pods import large_cluster

PODS = 10_000
CLUSTERS, OBJECTS = 200, 500
RUNS = 5
"""Runs of each figure; the median is printed. The generated client's models are run once."""
TOKEN = "bench-reader"  # noqa: S105 - of a simulated server on loopback

Place = dict[str, Any]
"""Where the servers are: `urls` and the path of the authority's certificate."""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, _servers("large", Path(folder)) as place:
        print(f"{PODS:,} pods from a simulated API server over TLS, median of {RUNS} runs")
        whole = _median("bytes", place)
        ours = _median("ours", place)
        models = _measure("models", place)
        read = _median("read", place)
        _say("pages of bytes only", whole)
        _say("ours: pages decoded and kept", ours)
        _say("generated models", models)
        _say("ours: the whole cluster with rights", read)
        wall, cpu = ours["wall"] / whole["wall"], models["cpu"] / ours["cpu"]
        print(f"  wall, ours against bytes only      {wall:7.2f} x    (wanted: under 2)")
        print(f"  CPU, models against ours           {cpu:7.1f} x")
        peak = ours["megabytes"]
        print(f"  peak memory, ours                  {peak:7.0f} MB   (wanted: under 150)")
    with tempfile.TemporaryDirectory() as folder, _servers("small", Path(folder)) as place:
        fleet = _measure("fleet", place)
        print(f"{CLUSTERS} clusters of {OBJECTS} objects each, read and judged, 20 at once")
        print(f"  clusters a second                  {CLUSTERS / fleet['wall']:7.1f}")
        _say("altogether", fleet)


def _say(what: str, figures: dict[str, float]) -> None:
    print(
        f"  {what:<36}{figures['wall']:6.2f} s wall {figures['cpu']:7.2f} s CPU "
        f"{figures['megabytes']:6.0f} MB"
    )


@contextmanager
def _servers(what: str, folder: Path) -> Iterator[Path]:
    """Run the servers beside; gives the file that says where they are."""
    place = folder / "place.json"
    process = subprocess.Popen([sys.executable, "-m", __name__, "serve", what, str(place)])
    try:
        while not place.exists() or not place.read_bytes().endswith(b"}"):
            assert process.poll() is None
            time.sleep(0.05)
        yield place
    finally:
        process.terminate()
        process.wait(20)


def _median(what: str, place: Path) -> dict[str, float]:
    runs = [_measure(what, place) for _ in range(RUNS)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def _measure(what: str, place: Path) -> dict[str, float]:
    command = [sys.executable, "-m", __name__, what, str(place)]
    done = subprocess.run(command, check=True, capture_output=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


async def _serve(what: str, place: Path) -> None:
    from auditor.simulator.fleet import Simulator
    from auditor.simulator.identities import Identity

    tokens = {TOKEN: Identity("reader", (), _READ_ALL)}
    async with Simulator() as simulator:
        if what == "large":
            objects = json.loads(large_cluster(PODS))["items"]
            clusters = [await simulator.add("large", objects, tokens=tokens)]
        else:
            objects = json.loads(large_cluster(OBJECTS))["items"][:OBJECTS]
            clusters = [
                await simulator.add(f"small-{number}", objects, tokens=tokens)
                for number in range(CLUSTERS)
            ]
        ca = place.with_suffix(".pem")
        ca.write_bytes(clusters[0].ca_pem)
        where = {"urls": [cluster.url for cluster in clusters], "ca": str(ca)}
        await asyncio.to_thread(place.write_text, json.dumps(where))
        await asyncio.Event().wait()


_READ_ALL = ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]},)


def _client(place: Place) -> Any:
    from auditor.collector.api.client import ApiClient
    from auditor.settings.limits import ApiLimits

    return ApiClient(_access(place["urls"][0], place), ApiLimits())


def _access(url: str, place: Place) -> Any:
    from auditor.model.cluster import Api, Credential

    class Bearer:
        async def credential(self, *, renew: bool) -> Credential:
            del renew
            return Credential(token=TOKEN)

    return Api(server=url, credentials=Bearer(), ca=Path(place["ca"]).read_bytes())


async def _bytes(place: Place) -> None:
    """Fetch all pages and keep nothing of them but the token."""
    import aiohttp

    context = ssl.create_default_context(cafile=place["ca"])
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "gzip"}
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        token, pages = "", 0
        while token or not pages:
            query = {"limit": "500"} | ({"continue": token} if token else {})
            async with session.get(f"{place['urls'][0]}/api/v1/pods", params=query) as answer:
                body = await answer.read()
            # The metadata stands first: nothing behind it is looked at.
            head = body[:2_000].decode(errors="replace")
            token = head.partition('"continue":"')[2].partition('"')[0]
            pages += 1
    assert pages == PODS // 500


async def _ours(place: Place) -> None:
    """List the pods as the collector does and keep them."""
    from auditor.collector.api.listing import ResourceLister
    from auditor.kube.decoding import ObjectDecoder
    from auditor.kube.meta import Projection
    from auditor.kube.resources import RESOURCE_BY_NAME
    from auditor.settings.limits import ApiLimits

    async with _client(place) as client:
        decoder = ObjectDecoder(Projection(), 3 * 1024 * 1024)
        lister = ResourceLister(client, decoder, ApiLimits(), lambda _: None)
        listed = await lister.list(RESOURCE_BY_NAME["pods"], "/api/v1/pods")
    assert len(listed.objects) == PODS, listed.coverage


async def _read(place: Place) -> None:
    """Read every resource of the cluster, and our own rights."""
    from auditor.collector.api.reader import read_api
    from auditor.collector.projection import projection_for
    from auditor.model.cluster import Cluster
    from auditor.settings.configuration import Configuration
    from auditor.settings.limits import ApiLimits

    access = _access(place["urls"][0], place)
    cluster = Cluster(id="kubeconfig/x", name="x", provider="kubeconfig", access=access)
    projection = projection_for(Configuration())
    reading = await read_api(cluster, access, projection, ApiLimits(), lambda _: None)
    assert all(item.state.is_complete for item in reading.inventory.coverage.values())


async def _models(place: Place) -> None:
    """List the pods as the generated client does, page by page, and keep its models."""
    from kubernetes_asyncio.client import ApiClient

    kept: list[Any] = []
    async with _client(place) as client, ApiClient() as generated:
        token = ""
        while token or not kept:
            query = {"limit": "500"} | ({"continue": token} if token else {})
            answer = await client.get("/api/v1/pods", query)
            page = generated.deserialize(SimpleNamespace(data=answer.body.decode()), "V1PodList")
            kept += page.items
            token = page.metadata._continue or ""  # noqa: SLF001 - the model names it so
    assert len(kept) == PODS


async def _fleet(place: Place) -> None:
    """Read and judge all clusters, as many at once as the command does."""
    from datetime import UTC, datetime

    from auditor.audit.auditing import audit
    from auditor.audit.rules import Rules
    from auditor.collector.api.reader import read_api
    from auditor.collector.projection import projection_for
    from auditor.model.cluster import Cluster
    from auditor.settings.configuration import Configuration
    from auditor.settings.limits import ApiLimits

    configuration = Configuration()
    rules, projection = Rules.of(configuration), projection_for(configuration)
    places = asyncio.Semaphore(20)

    async def look(number: int, url: str) -> None:
        access = _access(url, place)
        cluster = Cluster(id=f"kubeconfig/{number}", name="x", provider="x", access=access)
        async with places:
            reading = await read_api(cluster, access, projection, ApiLimits(), lambda _: None)
            assert all(item.state.is_complete for item in reading.inventory.coverage.values())
            await asyncio.to_thread(audit, cluster, reading.inventory, rules, datetime.now(UTC))

    await asyncio.gather(*(look(number, url) for number, url in enumerate(place["urls"])))


_MEASURED: dict[str, Callable[[Place], Awaitable[None]]] = {
    "bytes": _bytes,
    "ours": _ours,
    "read": _read,
    "models": _models,
    "fleet": _fleet,
}


def _run(what: str, place: Path) -> dict[str, float]:
    where = json.loads(place.read_bytes())
    began, used = time.perf_counter(), time.process_time()
    asyncio.run(_MEASURED[what](where))  # type: ignore[arg-type]
    return {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - used,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(_serve(sys.argv[2], Path(sys.argv[3])))
    else:
        print(json.dumps(_run(sys.argv[1], Path(sys.argv[2]))))
