"""A client that hides nothing, and one simulated cluster for a scenario."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

import aiohttp
from msgspec import Struct
from yarl import URL

from auditor.simulator.fleet import SimulatedCluster, Simulator
from auditor.simulator.identities import Identity

ADMINISTRATOR = "administrator-token"
READER = "reader-token"
NOBODY = "nobody-token"
READS = ("get", "list", "watch")
READER_RULES: tuple[Mapping[str, Any], ...] = (
    {
        "verbs": READS,
        "apiGroups": [""],
        "resources": [
            "namespaces",
            "nodes",
            "pods",
            "services",
            "endpoints",
            "serviceaccounts",
            "configmaps",
            "replicationcontrollers",
        ],
    },
    {
        "verbs": READS,
        "apiGroups": ["apps"],
        "resources": ["deployments", "replicasets", "statefulsets", "daemonsets"],
    },
    {"verbs": READS, "apiGroups": ["batch"], "resources": ["jobs", "cronjobs"]},
    {"verbs": READS, "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"]},
    {
        "verbs": READS,
        "apiGroups": ["networking.k8s.io"],
        "resources": ["ingresses", "ingressclasses", "networkpolicies"],
    },
)
"""What the reader of the recordings was allowed."""
TOKENS = {
    ADMINISTRATOR: Identity.administrator(),
    READER: Identity("auditor", ("auditors",), READER_RULES),
    NOBODY: Identity("nobody"),
}

Result = TypeVar("Result")


class Got(Struct, frozen=True):
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.json["items"]]

    @property
    def token(self) -> str:
        found: str = self.json["metadata"].get("continue", "")
        return found


class Client:
    """Asks a cluster; bodies come as they are on the wire, decompressed only on demand."""

    def __init__(self, cluster: SimulatedCluster, session: aiohttp.ClientSession) -> None:
        self._cluster = cluster
        self._session = session

    async def ask(
        self,
        path: str,
        token: str | None = ADMINISTRATOR,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Got:
        own = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(
            method,
            URL(self._cluster.url + path, encoded=True),
            headers=own | dict(headers or {}),
            data=None if body is None else json.dumps(body),
            allow_redirects=False,
        ) as response:
            return Got(response.status, response.headers, await response.read())

    async def get(self, path: str, **query: Any) -> Got:
        """GET as the administrator."""
        joined = URL("/").with_query(query).raw_query_string
        return await self.ask(f"{path}?{joined}" if joined else path)


Scenario = Callable[[SimulatedCluster, Client], Awaitable[Result]]


def trusting(cluster: SimulatedCluster) -> ssl.SSLContext:
    """Give a context that trusts the cluster's authority alone."""
    return ssl.create_default_context(cadata=cluster.ca_pem.decode())


def run(
    objects: Iterable[Mapping[str, Any]],
    scenario: Scenario[Result],
    *,
    decompress: bool = True,
    **options: Any,
) -> Result:
    """Start a cluster over plain HTTP, run a scenario against it, and stop it."""

    async def whole() -> Result:
        async with Simulator() as simulator:
            given: dict[str, Any] = {"tokens": TOKENS, "tls": False} | options
            cluster = await simulator.add("prod", objects, **given)
            timeout = aiohttp.ClientTimeout(total=10)
            async with aiohttp.ClientSession(
                auto_decompress=decompress, timeout=timeout
            ) as session:
                return await scenario(cluster, Client(cluster, session))

    return asyncio.run(whole())


def pod(name: str, namespace: str = "default", **labels: str) -> dict[str, Any]:
    """Give a pod as a manifest has it."""
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    spec = {"containers": [{"name": "main", "image": "example.org/main:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def pods(count: int, namespace: str = "default") -> list[dict[str, Any]]:
    """Give pods with names in order."""
    return [pod(f"pod-{number:05}", namespace) for number in range(count)]
