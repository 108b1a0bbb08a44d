"""The fake Azure, dialled by the real SDKs."""

import asyncio
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from azure.core.pipeline.transport import AioHttpTransport

from auditor.model.cluster import Cluster, Gap, Progress
from connectors.azure.clouds import CLOUDS, Cloud
from connectors.azure.connector import AzureConnector
from connectors.azure.options import AzureOptions
from tests.connectors.azure.fake import CLIENT, SECRET, TENANT, FakeAzure

SECRET_VARIABLE = "AUDITOR_TEST_SECRET"
LOGIN: dict[str, Any] = {
    "tenant": TENANT,
    "client_id": CLIENT,
    "client_secret_env": SECRET_VARIABLE,
}

Found = tuple[dict[str, Cluster], list[Gap]]
List = Callable[..., Found]
Running = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> FakeAzure:
    for name in [name for name in os.environ if name.startswith(("AZURE_", "IDENTITY_", "MSI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    return FakeAzure()


@pytest.fixture
def while_served(
    azure: FakeAzure, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Running:
    """Run something while the fake answers, with the SDKs' requests going there."""
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setattr("connectors.azure.transport.BACKOFF_SECONDS", 0.01)
    transport = functools.partial(AioHttpTransport, connection_verify=str(trusted))
    monkeypatch.setattr("connectors.azure.transport.AioHttpTransport", transport)

    def run(doing: Callable[[], Any]) -> Any:
        async def served() -> Any:
            async with azure.serving(authority):
                cloud = Cloud(azure.url, azure.url)
                monkeypatch.setitem(CLOUDS, "AzureCloud", cloud)
                return await doing()

        return asyncio.run(served())

    return run


@pytest.fixture
def listed(while_served: Running) -> List:
    """List by the connector: the clusters by id, and the gaps."""

    def run(*, unattended: bool = True, **options: Any) -> Found:
        async def collect() -> Found:
            chosen = AzureOptions(**(LOGIN | {"requests_per_second": 100.0} | options))
            items = [
                item
                async for item in AzureConnector.clusters(chosen, Path(), unattended=unattended)
            ]
            clusters = {item.id: item for item in items if isinstance(item, Cluster)}
            assert any(isinstance(item, Progress) for item in items)
            return clusters, [item for item in items if isinstance(item, Gap)]

        found: Found = while_served(collect)
        return found

    return run
