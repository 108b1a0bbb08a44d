"""Simulated clusters as the collector meets them, and one reading of them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec.structs import replace

from auditor.collector.api.reader import read_api
from auditor.collector.projection import projection_for
from auditor.collector.reading import Reading
from auditor.kube.resources import ADDED_APIS
from auditor.model.cluster import Api, Cluster, Credential
from auditor.model.reading import Coverage, ReadState
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ApiLimits
from auditor.simulator.fleet import SimulatedCluster, Simulator
from auditor.simulator.identities import Identity

TOKEN = "reader-token"
ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpus"

QUICK = ApiLimits(
    connect_seconds=5.0,
    silence_seconds=10.0,
    grace_seconds=10.0,
    cluster_seconds=20.0,
    max_retry_after_seconds=1.5,
)
"""Limits under which nothing takes long, and a busy machine is not taken for a slow server."""
IMPATIENT = replace(QUICK, connect_seconds=2.0, silence_seconds=0.4, grace_seconds=0.4)
"""Limits under which a test of a slow server is over soon."""


class Token:
    """A bearer token; `tokens` are given one after the other, the last one for ever."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)
        self.asked = 0

    async def credential(self, *, renew: bool) -> Credential:
        self.asked += 1
        if renew and len(self._tokens) > 1:
            self._tokens.pop(0)
        return Credential(token=self._tokens[0])


def role_rules() -> tuple[dict[str, Any], ...]:
    """Give the rules of the role that the repository ships."""
    documents = yaml.safe_load_all((ROOT / "deploy" / "clusterrole.yaml").read_text())
    role = next(item for item in documents if item["kind"] == "ClusterRole")
    return tuple(role["rules"])


def reader() -> Identity:
    """Give an identity that has the shipped role and nothing else."""
    return Identity("auditor", ("auditors",), role_rules())


TOKENS = {TOKEN: reader()}


def corpus_objects(name: str = "live-cluster") -> list[dict[str, Any]]:
    """Give the objects of a corpus folder of kubectl lists, as a server would hold them."""
    found: list[dict[str, Any]] = []
    for path in sorted((CORPUS / name).rglob("*.json")):
        document = json.loads(path.read_text())
        kind = document["kind"].removesuffix("List")
        meta = {"apiVersion": document["apiVersion"], "kind": kind}
        found += [meta | item for item in document.get("items") or ()]
    return found


def access(cluster: SimulatedCluster, **changes: Any) -> Api:
    """Give access to a simulated cluster with the reader's token."""
    own = Api(server=cluster.url, credentials=Token(TOKEN), ca=cluster.ca_pem or None)
    return msgspec.structs.replace(own, **changes)


async def read(cluster: SimulatedCluster, limits: ApiLimits = QUICK, **changes: Any) -> Reading:
    """Read a simulated cluster."""
    way = access(cluster, **changes)
    known = Cluster(
        id=f"kubeconfig/{cluster.name}", name=cluster.name, provider="kubeconfig", access=way
    )
    return await read_api(known, way, projection_for(Configuration()), limits, lambda _: None)


def assert_harmless(simulator: Simulator) -> None:
    """Make sure that no server saw anything but GET and reviews of our own rights."""
    for cluster in simulator.clusters:
        for request in cluster.requests:
            is_review = request.path.rpartition("/")[2] in REVIEWS
            assert request.method == "GET" or (request.method == "POST" and is_review), request
            assert "secrets" not in request.path
            assert not request.path.endswith("/configmaps"), "ConfigMaps are never listed"


REVIEWS = ("selfsubjectaccessreviews", "selfsubjectreviews")


def run(
    objects: Iterable[dict[str, Any]],
    scenario: Callable[[SimulatedCluster], Awaitable[Any]],
    **options: Any,
) -> Any:
    """Start one simulated cluster, run a scenario against it, and stop it."""

    async def whole() -> Any:
        async with Simulator() as simulator:
            given = {"tokens": TOKENS} | options
            result = await scenario(await simulator.add("prod", objects, **given))
            assert_harmless(simulator)
            return result

    return asyncio.run(whole())


def states(reading: Reading) -> dict[str, str]:
    """Give the read state of each resource; what plain Kubernetes does not have, if it is there."""
    return {
        name: item.state.value
        for name, item in reading.inventory.coverage.items()
        if not (name in ADDED_APIS and item.state is ReadState.ABSENT)
    }


def coverage(reading: Reading, resource: str) -> Coverage:
    """Give the coverage of one resource."""
    return reading.inventory.coverage[resource]
