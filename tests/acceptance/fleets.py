"""Simulated clusters beside a command that runs in a process of its own, and their kubeconfig."""

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml

from auditor.simulator.fleet import SimulatedCluster, Simulator
from tests.collector.live import assert_harmless

Given = TypeVar("Given")


class BackgroundFleet:
    """A simulator whose loop runs in a thread; every call waits for its answer."""

    def __init__(self) -> None:
        self.simulator = Simulator()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, make: Callable[[], Awaitable[Given]]) -> Given:
        """Run something in the simulator's loop."""

        async def run() -> Given:
            return await make()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def add(self, name: str, objects: Any = (), **options: Any) -> SimulatedCluster:
        """Start a cluster."""
        return self.call(lambda: self.simulator.add(name, objects, **options))

    def close(self) -> None:
        """Stop everything, after a look at all that the servers were asked."""
        assert_harmless(self.simulator)
        self.call(lambda: self.simulator.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@contextmanager
def background_fleet() -> Iterator[BackgroundFleet]:
    """Give a fleet that is stopped at the end."""
    fleet = BackgroundFleet()
    try:
        yield fleet
    finally:
        fleet.close()


def context_of(cluster: SimulatedCluster, token: str, **changes: Any) -> dict[str, Any]:
    """Give what a kubeconfig says of a cluster; `changes` replace parts of the cluster's entry."""
    entry: dict[str, Any] = {"server": cluster.url}
    if cluster.ca_pem:
        entry["certificate-authority-data"] = base64.b64encode(cluster.ca_pem).decode()
    return {"cluster": entry | changes, "user": {"token": token}}


def write_kubeconfig(path: Path, contexts: dict[str, dict[str, Any]]) -> Path:
    """Write a kubeconfig with a context for each."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": one["cluster"]} for name, one in contexts.items()],
        "users": [{"name": name, "user": one["user"]} for name, one in contexts.items()],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name}} for name in contexts
        ],
    }
    path.write_text(yaml.safe_dump(document))
    return path
