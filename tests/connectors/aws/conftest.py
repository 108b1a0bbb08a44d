"""The fake AWS of these tests, and what they list of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from botocore.config import Config

from auditor.model.cluster import Cluster, Gap, Progress
from connectors.aws import calling
from connectors.aws.connector import AwsConnector
from connectors.aws.options import AwsOptions
from tests.connectors.aws.fake import FakeAws, moto_server


class Listed:
    """What a listing yielded."""

    def __init__(self) -> None:
        self.clusters: dict[str, Cluster] = {}
        self.gaps: list[Gap] = []
        self.progress: list[str] = []

    @property
    def told(self) -> list[str]:
        return sorted(f"{gap.place}: {gap.reason}" for gap in self.gaps)


async def list_clusters(options: AwsOptions, *, unattended: bool = True) -> Listed:
    listed = Listed()
    async for item in AwsConnector.clusters(options, Path(), unattended=unattended):
        if isinstance(item, Cluster):
            assert item.id not in listed.clusters
            listed.clusters[item.id] = item
        elif isinstance(item, Gap):
            listed.gaps.append(item)
        else:
            assert isinstance(item, Progress)
            listed.progress.append(item.text)
    return listed


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


Scenario = Callable[[FakeAws], Awaitable[None]]
Play = Callable[[Scenario], None]


@pytest.fixture
def play(moto: str, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Run a scenario against a fake AWS that nobody has used yet."""
    # In earnest six attempts take half a minute.
    quick = Config(retries={"mode": "standard", "max_attempts": 2}, read_timeout=5)
    monkeypatch.setattr(calling, "_CONFIG", quick)

    def run(scenario: Scenario) -> None:
        async def inside() -> None:
            async with FakeAws(moto) as aws:
                await aws.forget()
                for name, value in aws.environment().items():
                    monkeypatch.setenv(name, value)
                await scenario(aws)

        asyncio.run(inside())

    return run
