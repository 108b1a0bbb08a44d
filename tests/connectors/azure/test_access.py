"""From the user's kubeconfig to the way to the API server."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from aiohttp import web

from auditor.model.cluster import Api, Cluster, Credential, CredentialProvider, NoAccess
from connectors.azure.access import access_of
from connectors.azure.connector import AzureConnector
from connectors.azure.options import AzureOptions
from connectors.azure.shapes import AksCluster
from tests.connectors.azure.conftest import LOGIN, List, Running
from tests.connectors.azure.fake import CA, FakeAzure, kubeconfig, managed_cluster, subscription_id

ONE = subscription_id(1)
ENTRA = {"managed": False, "serverAppID": "retired-application"}


class Tokens:
    """Gives a token that names whom it is for."""

    def __init__(self, application: str) -> None:
        self._application = application

    async def credential(self, *, renew: bool) -> Credential:
        return Credential(token=self._application)


TOKENS: dict[str, CredentialProvider] = {
    "": Tokens("aks"),
    "retired-application": Tokens("retired"),
}


def cluster(**properties: Any) -> AksCluster:
    return msgspec.convert(managed_cluster(ONE, "a", **properties), AksCluster)


def written(server: str = "https://a:443", ca: bytes | str = CA, **user: str) -> bytes:
    data = ca if isinstance(ca, str) else base64.b64encode(ca).decode()
    held = {
        "clusters": [{"cluster": {"server": server, "certificate-authority-data": data}}],
        "users": [{"user": user}],
    }
    return yaml.safe_dump(held).encode()


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (b"\tplanted: [", "cannot be read"),
        (b"planted", "cannot be read"),
        (b"clusters: planted", "cannot be read"),
        (b"{}", "without an https server"),
        (written("http://a:80"), "without an https server"),
        (written(ca=""), "no certificate authority"),
        (written(ca="planted!"), "cannot be read"),
    ],
)
def test_a_kubeconfig_that_is_of_no_use(held: bytes, reason: str) -> None:
    access = access_of(cluster(), held, TOKENS)
    assert isinstance(access, NoAccess)
    assert reason in access.reason
    assert "planted" not in access.reason


@pytest.mark.parametrize(
    ("properties", "user", "token"),
    [
        ({}, {}, "aks"),
        # With Entra ID on, what else the kubeconfig holds is not used.
        ({}, {"token": "static"}, "aks"),
        ({"aadProfile": {"managed": True, "serverAppID": "retired-application"}}, {}, "aks"),
        ({"aadProfile": ENTRA}, {}, "retired"),
        ({"aadProfile": None}, {"token": "static"}, "static"),
        # Entra ID that the answer does not tell of: the kubeconfig has nothing of its own.
        ({"aadProfile": None}, {}, "aks"),
    ],
)
def test_whose_token_is_sent(properties: dict[str, Any], user: dict[str, str], token: str) -> None:
    access = access_of(cluster(**properties), written(**user), TOKENS)
    assert isinstance(access, Api)
    assert access.verify
    given = asyncio.run(access.credentials.credential(renew=False))
    assert given.token == token


def test_a_cluster_of_another_tenant_is_not_sent_our_token(azure: FakeAzure, listed: List) -> None:
    other = "99999999-9999-9999-9999-999999999999"
    azure.add(ONE, "a", aadProfile={"managed": True, "tenantID": other})
    access = listed()[0][f"aks/{ONE}/shop/a"].access
    assert isinstance(access, NoAccess)
    assert other in access.reason


@pytest.mark.parametrize(("wanted", "named"), [(True, "public"), (False, None)])
def test_private_clusters_by_their_public_name(
    azure: FakeAzure, listed: List, wanted: bool, named: str | None
) -> None:
    profile = {"enablePrivateCluster": True, "enablePrivateClusterPublicFQDN": True}
    held = azure.add(ONE, "a", apiServerAccessProfile=profile)
    azure.add(ONE, "plain")
    seen: dict[str, str | None] = {}

    def answer(request: web.Request) -> web.Response:
        seen[request.match_info["name"]] = request.query.get("server-fqdn")
        value = base64.b64encode(kubeconfig(held)).decode()
        return web.json_response({"kubeconfigs": [{"name": "clusterUser", "value": value}]})

    azure.kubeconfigs = answer
    listed(public_fqdn=wanted)
    assert seen == {"a": named, "plain": None}


def test_a_listing_that_nobody_ends_leaves_nothing_behind(
    azure: FakeAzure, while_served: Running
) -> None:
    azure.add(ONE, "a")
    azure.add(subscription_id(2), "b")

    async def first_cluster() -> set[asyncio.Task[Any]]:
        before = asyncio.all_tasks()
        listing = AzureConnector.clusters(AzureOptions(**LOGIN), Path(), unattended=True)
        async for item in listing:
            if isinstance(item, Cluster):
                break
        await listing.aclose()  # type: ignore[attr-defined]
        return {task for task in asyncio.all_tasks() - before if "_listing" in repr(task)}

    assert while_served(first_cluster) == set()
