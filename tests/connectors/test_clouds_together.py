"""A fleet over three clouds, audited at once: the answer is what its generator knows.

Every cluster's API is one of the simulator, which takes the tokens of its own cloud alone. Which
tenants and risk levels meet in which networks is worked out here by naive means.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trustme
import yaml
from aiohttp import web
from azure.core.pipeline.transport import AioHttpTransport
from msgspec import Struct

from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.cli.failures import ExitCode
from auditor.cli.reading import FleetReader, ReadFleet
from auditor.model.audit import Audit, FleetAudit
from auditor.model.cluster import Api
from auditor.model.finding import Finding
from auditor.settings.configuration import Configuration, ConnectorSettings
from auditor.simulator.fleet import Simulator
from auditor.simulator.identities import Identity
from connectors.azure.clouds import CLOUDS, Cloud
from tests.collector.live import reader
from tests.connectors.aws.fake import REGION, FakeAws, moto_server
from tests.connectors.aws.verifying import SignedTokens
from tests.connectors.azure.conftest import LOGIN, SECRET_VARIABLE
from tests.connectors.azure.fake import SECRET, FakeAzure, subscription_id
from tests.connectors.google.clusters import cluster as google_cluster
from tests.connectors.google.clusters import new_endpoints
from tests.connectors.google.fake import FakeGoogle, Running, running

PER_CLOUD = 10
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ACCOUNTS = ("210987654321", "310987654321")
AKS_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
OPEN, LISTED, PRIVATE = "open", "listed", "private"
ALLOWED = {OPEN: ["0.0.0.0/0"], LISTED: ["198.51.100.0/24"], PRIVATE: ["0.0.0.0/0"]}


class Made(Struct, frozen=True):
    """A cluster as its generator knows it."""

    id: str
    tenant: str
    risk: str
    network: str
    endpoint: str


class Drawn(Struct, frozen=True):
    """What chance decided of a cluster before it was made."""

    number: int
    tenant: str
    risk: str
    place: int
    """Which of the networks of its cloud."""
    endpoint: str

    @property
    def tags(self) -> dict[str, str]:
        return {"tenant": self.tenant, "risk-level": self.risk}

    @property
    def name(self) -> str:
        return f"c{self.number}"


def drawn(random: Random) -> Iterator[Drawn]:
    for number in range(PER_CLOUD):
        yield Drawn(
            number,
            random.choice("abc"),
            random.choice(("low", "high")),
            random.randrange(4),
            random.choice((OPEN, LISTED, PRIVATE)),
        )


class AzureTokens(Mapping[str, Identity]):
    """The tokens that Entra ID gave for AKS's own application."""

    def __init__(self, azure: FakeAzure) -> None:
        self._azure = azure

    def __getitem__(self, token: str) -> Identity:
        if self._azure.tokens.get(token) != AKS_APPLICATION:
            raise KeyError(token)
        return reader()

    def __iter__(self) -> Iterator[str]:
        return iter(self._azure.tokens)

    def __len__(self) -> int:
        return len(self._azure.tokens)


class GoogleTokens(Mapping[str, Identity]):
    """The tokens that the fake Google gave and has not withdrawn."""

    def __init__(self, google: FakeGoogle) -> None:
        self._google = google

    def __getitem__(self, token: str) -> Identity:
        if token not in self._google.given:
            raise KeyError(token)
        return reader()

    def __iter__(self) -> Iterator[str]:
        return iter(self._google.given)

    def __len__(self) -> int:
        return len(self._google.given)


class World:
    """The clouds, the clusters behind them, and what is known of both."""

    def __init__(self, moto: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.simulator = Simulator()
        self.aws = FakeAws(moto)
        self.azure = FakeAzure()
        self.made: list[Made] = []
        self.peered: set[frozenset[str]] = set()
        self.entries: list[dict[str, Any]] = []
        self._kubeconfigs: dict[str, bytes] = {}
        self._folder = folder
        self._monkeypatch = monkeypatch

    @asynccontextmanager
    async def running(self, seed: int) -> AsyncIterator["World"]:
        authority = trustme.CA()
        random = Random(seed)
        with running() as google:
            async with self.simulator, self.aws, self.azure.serving(authority):
                await self.aws.forget()
                await self._make_eks(random)
                await self._make_aks(random, authority)
                await self._make_gke(random, google)
                yield self

    def _note(self, item: Drawn, cluster_id: str, network: str) -> None:
        self.made.append(Made(cluster_id, item.tenant, item.risk, network, item.endpoint))

    async def _make_eks(self, random: Random) -> None:
        for name, value in self.aws.environment().items():
            self._monkeypatch.setenv(name, value)
        ec2 = {account: self.aws.client("ec2", account) for account in ACCOUNTS}
        networks = [
            (account, ec2[account].create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
            for account in ACCOUNTS
            for _ in range(2)
        ]
        first, second = networks[0][1], networks[1][1]
        asked = ec2[ACCOUNTS[0]].create_vpc_peering_connection(VpcId=first, PeerVpcId=second)
        ec2[ACCOUNTS[0]].accept_vpc_peering_connection(
            VpcPeeringConnectionId=asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        )
        self.peered.add(frozenset((first, second)))
        for item in drawn(random):
            account, network = networks[item.place]
            tokens = SignedTokens(item.name, reader(), self.aws.secrets)
            server = await self.simulator.add(f"eks-{item.name}", (), tokens=tokens)
            vpc = {
                "vpcId": network,
                "endpointPublicAccess": item.endpoint != PRIVATE,
                "endpointPrivateAccess": item.endpoint == PRIVATE,
                "publicAccessCidrs": ALLOWED[item.endpoint],
            }
            ca = base64.b64encode(server.ca_pem).decode()
            self.aws.add_cluster(
                item.name,
                account=account,
                endpoint=server.url,
                certificateAuthority={"data": ca},
                vpc=vpc,
                tags=item.tags,
            )
            self._note(item, f"eks/{account}/{REGION}/{item.name}", network)
        self.entries.append(
            {
                "kind": "aws",
                "role": "arn:aws:iam::*:role/exposure-auditor",
                "accounts": list(ACCOUNTS),
                "regions": [REGION],
                "requests_per_second": 100,
            }
        )

    async def _make_aks(self, random: Random, authority: trustme.CA) -> None:
        pem = self._folder / "azure.pem"
        authority.cert_pem.write_to_path(str(pem))
        self._monkeypatch.setenv(SECRET_VARIABLE, SECRET)
        transport = partial(AioHttpTransport, connection_verify=str(pem))
        self._monkeypatch.setattr("connectors.azure.transport.AioHttpTransport", transport)
        self._monkeypatch.setitem(CLOUDS, "AzureCloud", Cloud(self.azure.url, self.azure.url))
        self.azure.kubeconfigs = self._kubeconfig
        networks = [
            f"/subscriptions/{subscription_id(1 + number % 2)}/resourcegroups/net/providers/"
            f"microsoft.network/virtualnetworks/vnet{number}"
            for number in range(4)
        ]
        self.peered.add(frozenset((networks[2], networks[3])))
        for number, network in enumerate(networks):
            other = {2: networks[3], 3: networks[2]}.get(number)
            joined = {"remoteVirtualNetwork": {"id": other}, "peeringState": "Connected"}
            self.azure.resources.append(
                {
                    "id": network,
                    "name": network.rpartition("/")[2],
                    "type": "microsoft.network/virtualnetworks",
                    "properties": {
                        "subnets": [{"id": f"{network}/subnets/nodes", "name": "nodes"}],
                        "virtualNetworkPeerings": [{"properties": joined}] if other else [],
                    },
                }
            )
        for item in drawn(random):
            subscription, network = subscription_id(1 + item.place % 2), networks[item.place]
            server = await self.simulator.add(
                f"aks-{item.name}", (), tokens=AzureTokens(self.azure)
            )
            profile: dict[str, Any] = {"authorizedIPRanges": ALLOWED[item.endpoint]}
            if item.endpoint == OPEN:
                # Absent is everyone.
                profile = {"enablePrivateCluster": False}
            if item.endpoint == PRIVATE:
                profile = {"enablePrivateCluster": True}
            made = self.azure.add(
                subscription,
                item.name,
                apiServerAccessProfile=profile,
                # No load balancer of its own, which would have to be there too.
                networkProfile={"networkPlugin": "azure", "outboundType": "userAssignedNATGateway"},
                agentPoolProfiles=[{"name": "system", "vnetSubnetID": f"{network}/subnets/nodes"}],
            )
            made["tags"] = item.tags
            self._kubeconfigs[item.name] = yaml.safe_dump(
                {
                    "clusters": [
                        {
                            "name": item.name,
                            "cluster": {
                                "server": server.url,
                                "certificate-authority-data": base64.b64encode(
                                    server.ca_pem
                                ).decode(),
                            },
                        }
                    ]
                }
            ).encode()
            self._note(item, f"aks/{subscription}/shop/{item.name}", network)
        self.entries.append({"kind": "azure", **LOGIN})

    async def _make_gke(self, random: Random, it: Running) -> None:
        it.write_key(self._folder / "key.json")
        self._monkeypatch.setattr("connectors.google.discovery.PLACES", it.places)
        networks = [f"projects/host/global/networks/net{number}" for number in range(4)]
        joined = {"network": networks[1], "state": "ACTIVE"}
        it.google.answer(f"/compute/v1/{networks[0]}", {"peerings": [joined]})
        self.peered.add(frozenset((networks[0], networks[1])))
        servers: dict[str, str] = {}

        def dialled(**access: Any) -> Api:
            # GKE's addresses have the port 443, which only root may listen at here.
            return Api(**access | {"server": servers[access["server"]]})

        self._monkeypatch.setattr("connectors.google.project.Api", dialled)
        for item in drawn(random):
            project, network = f"project-{item.place % 2}", networks[item.place]
            tokens = GoogleTokens(it.google)
            server = await self.simulator.add(f"gke-{item.name}", (), tokens=tokens)
            public, private = f"34.90.1.{item.number}", f"10.132.0.{item.number}"
            own = private if item.endpoint == PRIVATE else public
            servers[f"https://{own}"] = server.url
            allowed: dict[str, Any] = {"enabled": item.endpoint != OPEN}
            allowed["gcpPublicCidrsAccessEnabled"] = False
            if item.endpoint == LISTED:
                allowed["cidrBlocks"] = [{"cidrBlock": cidr} for cidr in ALLOWED[LISTED]]
            ways = new_endpoints(
                networks=allowed,
                enablePublicEndpoint=item.endpoint != PRIVATE,
                publicEndpoint=None if item.endpoint == PRIVATE else public,
                privateEndpoint=private,
            )
            it.google.clusters.setdefault(project, []).append(
                google_cluster(
                    item.name,
                    endpoint=own,
                    masterAuth={"clusterCaCertificate": base64.b64encode(server.ca_pem).decode()},
                    controlPlaneEndpointsConfig=ways,
                    networkConfig={"network": network},
                    resourceLabels=item.tags,
                )
            )
            self._note(item, f"gke/{project}/europe-west1/{item.name}", network)
        projects = sorted(it.google.clusters)
        entry = {"credentials_file": "key.json", "projects": projects}
        self.entries.append({"kind": "google", **entry})

    def _kubeconfig(self, request: web.Request) -> web.Response:
        value = base64.b64encode(self._kubeconfigs[request.match_info["name"]]).decode()
        return web.json_response({"kubeconfigs": [{"name": "clusterUser", "value": value}]})

    async def audited(self) -> tuple[ReadFleet[Audit], FleetAudit]:
        """Audit every connector at once, as `audit` does."""
        connectors = tuple(
            ConnectorSettings(name=entry["kind"], kind=entry["kind"], options=rest)
            for entry in self.entries
            for rest in [{key: value for key, value in entry.items() if key != "kind"}]
        )
        configuration = Configuration(connectors=connectors)
        rules = Rules.of(configuration)
        fleet = FleetReader(
            configuration,
            self._folder,
            lambda item: audit(item.cluster, item.inventory, rules, AT),
        )
        read = await fleet.read_beside(())
        return read, audit_fleet(read.used, rules, AT)

    def meeting(self, values: Mapping[str, str]) -> set[str]:
        """Name the pairs of values that meet in a network, two clusters at a time."""
        found = set()
        for one, other in combinations(self.made, 2):
            ends = frozenset((one.network, other.network))
            pair = sorted((values[one.id], values[other.id]))
            if pair[0] != pair[1] and (len(ends) == 1 or ends in self.peered):
                found.add("|".join(pair))
        return found


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


def one(found: Audit, check: str) -> Finding:
    (finding,) = [item for item in found.findings if item.check == check]
    return finding


@pytest.mark.parametrize("seed", [1])
def test_the_whole_fleet(
    seed: int, moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with World(moto, tmp_path, monkeypatch).running(seed) as world:
            read, fleet = await world.audited()
            assert read.errors == ()
            assert read.exit_code is ExitCode.DONE
            audits = {item.cluster_id: item for item in fleet.audits}
            assert set(audits) == {item.id for item in world.made}
            for made in world.made:
                found = audits[made.id]
                assert found.state == "audited", made.id
                assert (found.tenants, found.risk_levels) == ((made.tenant,), (made.risk,))
                assert (found.networks or ())[0] == made.network
                server = one(found, "api-server-open-to-internet")
                assert server.verdict == ("fail" if made.endpoint == OPEN else "pass"), made
            pairs = {
                kind: {item.subject.name for item in failing(fleet) if item.subject.kind == kind}
                for kind in ("TenantPair", "RiskLevelPair")
            }
            assert pairs["TenantPair"] == world.meeting({i.id: i.tenant for i in world.made})
            assert pairs["RiskLevelPair"] == world.meeting({i.id: i.risk for i in world.made})

    asyncio.run(scenario())


def failing(fleet: FleetAudit) -> list[Finding]:
    return [item for item in fleet.fleet_findings if item.verdict == "fail"]


def test_one_cloud_that_fails_costs_only_itself(
    moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with World(moto, tmp_path, monkeypatch).running(3) as world:
            world.azure.login_error = "AADSTS7000215: Invalid client secret provided."
            read, fleet = await world.audited()
            assert read.exit_code is ExitCode.INCOMPLETE
            (error,) = read.errors
            assert error.source == "connector:azure"
            assert "AADSTS7000215" in error.message
            assert {item.provider for item in fleet.audits} == {"eks", "gke"}
            assert len(fleet.audits) == 2 * PER_CLOUD

    asyncio.run(scenario())
