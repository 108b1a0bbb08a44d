"""A Google for each test, and a connector that finds it."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from auditor.model.cluster import Cluster, Gap, Progress
from connectors.google import calling, discovery
from connectors.google.connector import GoogleConnector
from connectors.google.options import GoogleOptions
from tests.connectors.google.fake import Running, running


class Listed(Struct):
    """What the connector yielded."""

    clusters: list[Cluster]
    gaps: list[Gap]
    progress: list[str]

    @property
    def by_id(self) -> dict[str, Cluster]:
        return {cluster.id: cluster for cluster in self.clusters}


async def collect(options: GoogleOptions, base: Path, *, unattended: bool = True) -> Listed:
    found = Listed([], [], [])
    async for item in GoogleConnector.clusters(options, base, unattended=unattended):
        match item:
            case Cluster():
                found.clusters.append(item)
            case Gap():
                found.gaps.append(item)
            case Progress():
                found.progress.append(item.text)
    return found


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running() as it:
        monkeypatch.setattr(discovery, "PLACES", it.places)
        monkeypatch.setattr(calling, "FIRST_WAIT_SECONDS", 0.01)
        for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
            monkeypatch.delenv(name, raising=False)
        yield it


List = Callable[..., Listed]


@pytest.fixture
def listed(fake: Running, tmp_path: Path) -> List:
    """List with a service account's key of the fake Google."""
    fake.write_key(tmp_path / "key.json")

    def run(**options: Any) -> Listed:
        given: dict[str, Any] = {
            "credentials_file": "key.json",
            "requests_per_second": 100.0,
        } | options
        return asyncio.run(collect(GoogleOptions(**given), tmp_path))

    return run
