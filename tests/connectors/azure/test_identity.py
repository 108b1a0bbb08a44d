"""Who we are to Azure: which credentials are used, when tokens are renewed, what never shows."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from auditor.model.cluster import Api, Cluster, Credential, SourceError
from connectors.azure.connector import AzureConnector
from connectors.azure.options import AzureOptions
from tests.connectors.azure.conftest import LOGIN, SECRET_VARIABLE, List, Running
from tests.connectors.azure.fake import (
    CLIENT,
    CLIENT_KEY,
    SECRET,
    TENANT,
    FakeAzure,
    subscription_id,
)

ONE = subscription_id(1)
AKS_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
FOUND = {"tenant": None, "client_id": None, "client_secret_env": None}
"""Names no identity, so that one is looked for."""


class Clock:
    """The time as the tokens see it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_900_000_000.0
        clock = SimpleNamespace(time=lambda: self.now)
        monkeypatch.setattr("connectors.azure.identity.time", clock)


def fake_az(folder: Path, monkeypatch: pytest.MonkeyPatch, *, says: str, code: int) -> Path:
    """Put an `az` on the path that leaves a trace when it is run."""
    trace = folder / "was-run"
    program = folder / "az"
    program.write_text(f"#!/bin/sh\ntouch {trace}\necho '{says}' >&2\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return trace


def no_machine_identity(azure: FakeAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the SDK from asking for a machine's identity beyond loopback."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/nobody")
    monkeypatch.setenv("IDENTITY_HEADER", "planted-identity-header")


def use_tokens(
    azure: FakeAzure, while_served: Running, using: Callable[[Api, FakeAzure], Any]
) -> None:
    """Do something with the access of a listed cluster, while Azure answers."""
    azure.add(ONE, "a")

    async def doing() -> None:
        listing = AzureConnector.clusters(AzureOptions(**LOGIN), Path(), unattended=True)
        items = [item async for item in listing]
        (access,) = [getattr(item, "access", None) for item in items if hasattr(item, "access")]
        assert isinstance(access, Api)
        await using(access, azure)

    while_served(doing)


def test_the_token_for_a_cluster_is_one_for_aks_and_ours(
    azure: FakeAzure, while_served: Running
) -> None:
    async def using(access: Api, azure: FakeAzure) -> None:
        given = await access.credentials.credential(renew=False)
        assert given.token is not None
        assert azure.tokens[given.token] == AKS_SCOPE
        assert given.certificate is None
        # The kubeconfig's entry to run was not run, and the kept token is given out again.
        assert await access.credentials.credential(renew=False) == given

    use_tokens(azure, while_served, using)


def test_a_token_is_renewed_in_use(
    azure: FakeAzure, while_served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)

    async def using(access: Api, azure: FakeAzure) -> None:
        async def token(*, renew: bool = False) -> str | None:
            return (await access.credentials.credential(renew=renew)).token

        now = __import__("time").time()
        clock.now = now
        first = await token()
        clock.now = now + 2900
        assert await token() == first
        clock.now = now + 3100
        second = await token()
        assert second != first
        # Refused at once: a token just made is not made anew for each of many clusters.
        assert await token(renew=True) == second
        clock.now += 61
        third = await token(renew=True)
        assert third not in {first, second}
        assert await token() == third

    use_tokens(azure, while_served, using)


def test_many_clusters_share_one_token(azure: FakeAzure, while_served: Running) -> None:
    async def using(access: Api, azure: FakeAzure) -> None:
        asked = (access.credentials.credential(renew=False) for _ in range(50))
        given = await asyncio.gather(*asked)
        assert len({one.token for one in given}) == 1
        assert azure.scopes.count(AKS_SCOPE) == 1

    use_tokens(azure, while_served, using)


def test_a_login_that_ended_in_use_is_told(azure: FakeAzure, while_served: Running) -> None:
    async def using(access: Api, azure: FakeAzure) -> None:
        azure.login_error = "AADSTS7000222: The provided client secret keys are expired."
        with pytest.raises(SourceError, match="the application's secret has expired"):
            await access.credentials.credential(renew=False)

    use_tokens(azure, while_served, using)


def test_without_entra_id_the_users_certificate_is_used(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a", aadProfile=None, disableLocalAccounts=False)
    access = listed()[0][f"aks/{ONE}/shop/a"].access
    assert isinstance(access, Api)
    given = asyncio.run(access.credentials.credential(renew=True))
    assert given == Credential(certificate=b"certificate", key=CLIENT_KEY)
    assert AKS_SCOPE not in azure.scopes


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("AADSTS7000222: The secret is expired.", "has expired: az ad app credential reset"),
        ("AADSTS7000215: Invalid client secret provided.", "write its value, not its id"),
        ("AADSTS700016: Application was not found.", "look at tenant and client_id"),
        ("AADSTS700024: Client assertion is not within its time range.", "clock"),
        ("AADSTS99999: Something else.", "refuses the login"),
    ],
)
def test_a_refused_login_says_what_to_do(
    azure: FakeAzure, listed: List, said: str, advice: str
) -> None:
    azure.login_error = f"{said}\r\nTrace ID: planted-trace"
    with pytest.raises(SourceError) as refused:
        listed()
    assert advice in str(refused.value)
    assert "planted-trace" not in str(refused.value)


@pytest.mark.parametrize(
    "says",
    [
        "ERROR: AADSTS700082: The refresh token has expired due to inactivity.",
        "ERROR: Please run az login to setup account.",
    ],
)
def test_an_expired_login_of_the_azure_cli(
    azure: FakeAzure, listed: List, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    no_machine_identity(azure, monkeypatch)
    trace = fake_az(tmp_path, monkeypatch, says=says, code=1)
    with pytest.raises(SourceError, match="run az login"):
        listed(unattended=False, **FOUND)
    assert trace.exists()


def test_the_daemon_runs_no_program_for_credentials(
    azure: FakeAzure, listed: List, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_machine_identity(azure, monkeypatch)
    trace = fake_az(tmp_path, monkeypatch, says="no", code=1)
    with pytest.raises(SourceError, match="no usable Azure credentials"):
        listed(**FOUND)
    assert not trace.exists()
    with pytest.raises(SourceError):
        listed(azure_cli=True, **FOUND)
    assert trace.exists()


def test_an_application_with_a_certificate(
    azure: FakeAzure, listed: List, authority: trustme.CA, tmp_path: Path
) -> None:
    azure.add(ONE, "a")
    file = tmp_path / "application.pem"
    authority.issue_cert(
        "application", key_type=trustme.KeyType.RSA
    ).private_key_and_cert_chain_pem.write_to_path(str(file))
    clusters, _ = listed(client_secret_env=None, certificate_file=str(file))
    assert len(clusters) == 1
    assert {proof.count(".") for proof in azure.assertions} == {2}


def test_an_application_that_trusts_another_issuer(
    azure: FakeAzure, listed: List, tmp_path: Path
) -> None:
    azure.add(ONE, "a")
    file = tmp_path / "token"
    file.write_text("planted-federated-token")
    clusters, _ = listed(client_secret_env=None, federated_token_file=str(file))
    assert len(clusters) == 1
    assert set(azure.assertions) == {"planted-federated-token"}


def test_the_identity_of_a_pod(
    azure: FakeAzure, listed: List, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.add(ONE, "a")
    file = tmp_path / "token"
    file.write_text("planted-pod-token")
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    clusters, _ = listed(**FOUND)
    assert len(clusters) == 1
    assert set(azure.assertions) == {"planted-pod-token"}


def test_an_application_that_the_environment_names(
    azure: FakeAzure, listed: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.add(ONE, "a")
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    clusters, _ = listed(**FOUND)
    assert len(clusters) == 1


def test_the_machines_identity(
    azure: FakeAzure, while_served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.add(ONE, "a")

    async def listing() -> list[object]:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "planted-identity-header")
        options = AzureOptions(managed_identity=True)
        found = AzureConnector.clusters(options, Path(), unattended=True)
        return [item async for item in found]

    assert any(isinstance(item, Cluster) for item in while_served(listing))
    assert azure.asked["GET /msi/token"]


def test_a_variable_that_is_not_set_is_named(
    azure: FakeAzure, listed: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SECRET_VARIABLE)
    with pytest.raises(SourceError, match=f"{SECRET_VARIABLE} is not set"):
        listed()


def test_a_file_that_is_not_there_is_named(azure: FakeAzure, listed: List) -> None:
    with pytest.raises(SourceError, match=r"app\.pem is not there"):
        listed(client_secret_env=None, certificate_file="app.pem")


def test_secrets_show_nowhere(
    azure: FakeAzure, listed: List, caplog: pytest.LogCaptureFixture
) -> None:
    azure.add(ONE, "entra")
    azure.add(ONE, "local", aadProfile=None)
    with caplog.at_level(logging.DEBUG):
        clusters, gaps = listed()
        azure.login_error = "AADSTS7000215: Invalid."
        with pytest.raises(SourceError) as refused:
            listed()
    shown = [repr(clusters), repr(gaps), str(refused.value), repr(refused.value), caplog.text]
    for cluster in clusters.values():
        assert isinstance(cluster.access, Api)
        shown += [repr(cluster.access.credentials), repr(vars(cluster.access.credentials))]
    for secret in (SECRET, CLIENT_KEY.decode(), "planted-token-"):
        assert not [text for text in shown if secret in text]


def test_the_sdk_is_imported_when_clusters_are_listed() -> None:
    program = (
        "import sys\n"
        "from connectors.azure.connector import AzureConnector\n"
        "AzureConnector.from_source('#westeurope')\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('azure', 'msal')]\n"
        "AzureConnector.clusters(AzureConnector.options(), None, unattended=True)\n"
        "import connectors.azure.discovery\n"
        "assert 'azure.identity' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_missing_sdk_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "connectors.azure.discovery", raising=False)
    monkeypatch.setitem(sys.modules, "azure.core.credentials", None)
    for name in [name for name in sys.modules if name.startswith("connectors.azure.")]:
        if name not in {"connectors.azure.connector", "connectors.azure.options"}:
            monkeypatch.delitem(sys.modules, name)

    async def first() -> object:
        listing = AzureConnector.clusters(AzureOptions(), Path(), unattended=True)
        return await anext(listing)

    with pytest.raises(SourceError, match=r"pip install 'exposure-auditor\[azure\]'"):
        asyncio.run(first())
