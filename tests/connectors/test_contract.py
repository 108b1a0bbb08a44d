"""What every connector keeps to, ours and anybody's: the promises of `auditor.daemon.sources`."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
import yaml
from azure.core.pipeline.transport import AioHttpTransport
from msgspec import Struct

from auditor.daemon.sources import (
    ENTRY_POINT_GROUP,
    Listing,
    Source,
    clusters_of,
    installed_connectors,
    load_connector,
)
from auditor.model.cluster import Api, Cluster, Files, Gap, NoAccess, SourceError
from connectors.azure.clouds import CLOUDS, Cloud
from tests.connectors.aws.fake import OWN_KEY, OWN_SECRET, FakeAws, moto_server
from tests.connectors.azure.conftest import LOGIN, SECRET_VARIABLE
from tests.connectors.azure.fake import SECRET as AZURE_SECRET
from tests.connectors.azure.fake import FakeAzure, subscription_id
from tests.connectors.google.clusters import cluster as google_cluster
from tests.connectors.google.fake import PLANTED, PLANTED_KEY, running

SECRET = "planted-secret-of-a-connector"
SDKS = {
    "aiolimiter", "azure", "boto3", "botocore", "google", "grpc", "kubernetes_asyncio", "msal",
}  # fmt: skip


EXAMPLES = {"azure": subscription_id(1), "google": "shop-prod-123456"}
"""Of a command line's source, where it is not any text."""


class Case(Struct, frozen=True):
    """A connector with a place that has clusters, and one that has none to list."""

    kind: str
    good: dict[str, Any]
    bad: dict[str, Any]


def kubeconfig_case(folder: Path) -> Case:
    document = {
        "clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.1"}}],
        "users": [{"name": "u", "user": {"token": SECRET}}],
        "contexts": [
            {"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("one", "two")
        ],
    }
    (folder / "config").write_text(yaml.safe_dump(document))
    return Case("kubeconfig", {"path": "config"}, {"path": "config", "contexts": ["none"]})


def snapshot_case(folder: Path) -> Case:
    (folder / "pod.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    return Case("snapshot", {"path": "pod.yaml"}, {"path": "a\0b"})


def outsider_case(folder: Path) -> Case:
    """Install a connector of somebody else's, by its metadata as any distribution has it."""
    (folder / "outsider.py").write_text(
        "from msgspec import Struct\n"
        "from auditor.model.cluster import Cluster, Gap, NoAccess, Progress, SourceError\n"
        "class Options(Struct, frozen=True, forbid_unknown_fields=True):\n"
        "    place: str\n"
        "class Outsider:\n"
        "    kind = 'outsider'\n"
        "    options = Options\n"
        "    @staticmethod\n"
        "    def from_source(text):\n"
        "        return Options(text)\n"
        "    @staticmethod\n"
        "    async def clusters(options, base, *, unattended):\n"
        "        if options.place == 'nowhere':\n"
        "            raise SourceError('nowhere is no place: name another')\n"
        "        yield Progress('on the way')\n"
        "        yield Cluster(id='outsider/a', name='a', provider='outsider',\n"
        "                      access=NoAccess('not today'))\n"
        "        yield Gap('the cellar', 'the door is locked')\n"
    )
    metadata = folder / "outsider-1.0.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[{ENTRY_POINT_GROUP}]\noutsider = outsider:Outsider\n"
    )
    return Case("outsider", {"place": "here"}, {"place": "nowhere"})


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


CASES = {"kubeconfig": kubeconfig_case, "snapshot": snapshot_case, "outsider": outsider_case}


class World(Struct, frozen=True):
    """Where a connector lists."""

    case: Case
    folder: Path
    moto: str
    monkeypatch: pytest.MonkeyPatch

    def listed(self, *, bad: bool = False, unattended: bool = True) -> Listing:
        """List the good place, or the bad one."""
        connector = load_connector(self.case.kind)
        options = msgspec.convert(self.case.bad if bad else self.case.good, connector.options)
        source = Source("test", self.case.kind, options, self.folder)
        around = AROUND.get(self.case.kind, nothing_around)

        async def run() -> Listing:
            async with around(self, bad=bad):
                return await clusters_of(source, unattended=unattended)

        return asyncio.run(run())


@asynccontextmanager
async def nothing_around(_: World, *, bad: bool) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def aws_around(world: World, *, bad: bool) -> AsyncIterator[None]:
    async with FakeAws(world.moto) as aws:
        await aws.forget()
        aws.add_cluster("prod")
        aws.add_cluster("new", status="CREATING", endpoint=None)
        for name, value in aws.environment().items():
            world.monkeypatch.setenv(name, value)
        if bad:
            world.monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        yield


@asynccontextmanager
async def azure_around(world: World, *, bad: bool) -> AsyncIterator[None]:
    azure, authority = FakeAzure(), trustme.CA()
    azure.add(subscription_id(1), "Prod")
    azure.add(subscription_id(1), "new", provisioningState="Creating")
    azure.login_error = "AADSTS7000215: Invalid." if bad else ""
    authority.cert_pem.write_to_path(str(world.folder / "azure.pem"))
    world.monkeypatch.setenv(SECRET_VARIABLE, AZURE_SECRET)
    transport = partial(AioHttpTransport, connection_verify=str(world.folder / "azure.pem"))
    world.monkeypatch.setattr("connectors.azure.transport.AioHttpTransport", transport)
    async with azure.serving(authority):
        world.monkeypatch.setitem(CLOUDS, "AzureCloud", Cloud(azure.url, azure.url))
        yield


@asynccontextmanager
async def google_around(world: World, *, bad: bool) -> AsyncIterator[None]:
    with running() as it:
        it.google.clusters["own-project"] = [
            google_cluster("prod"),
            google_cluster("new", status="PROVISIONING"),
        ]
        it.write_key(world.folder / "key.json")
        if bad:
            refusal = {"error": "invalid_grant", "error_description": "Account disabled"}
            it.google.token_answers = [(400, refusal)] * 5
        world.monkeypatch.setattr("connectors.google.discovery.PLACES", it.places)
        yield


AROUND = {"aws": aws_around, "azure": azure_around, "google": google_around}
CLOUD_CASES = {
    "aws": Case("aws", {"regions": ["eu-west-1"]}, {"regions": ["eu-west-1"]}),
    "azure": Case("azure", LOGIN, LOGIN),
    "google": Case("google", {"credentials_file": "key.json"}, {"credentials_file": "key.json"}),
}


@pytest.fixture(params=[*CASES, *CLOUD_CASES])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, moto: str, monkeypatch: pytest.MonkeyPatch
) -> World:
    monkeypatch.syspath_prepend(str(tmp_path))
    own = CLOUD_CASES.get(request.param)
    return World(own or CASES[request.param](tmp_path), tmp_path, moto, monkeypatch)


def test_it_is_known_by_its_kind(world: World) -> None:
    assert world.case.kind in installed_connectors()
    connector = load_connector(world.case.kind)
    assert connector.kind == world.case.kind
    assert issubclass(connector.options, Struct)


def test_options_that_it_does_not_know_are_refused(world: World) -> None:
    options = {**world.case.good, "no_such_option": 1}
    with pytest.raises(msgspec.ValidationError, match="no_such_option"):
        msgspec.convert(options, load_connector(world.case.kind).options)


def test_a_source_of_the_command_line_gives_its_options(world: World) -> None:
    connector = load_connector(world.case.kind)
    text = EXAMPLES.get(world.case.kind, "somewhere")
    assert isinstance(connector.from_source(text), connector.options)


@pytest.mark.parametrize("unattended", [True, False])
def test_it_yields_clusters_that_can_be_told_apart(world: World, unattended: bool) -> None:
    listing = world.listed(unattended=unattended)
    assert listing.clusters
    ids = [cluster.id for cluster in listing.clusters]
    assert len(ids) == len(set(ids))
    for cluster in listing.clusters:
        assert isinstance(cluster, Cluster)
        assert cluster.id.startswith(f"{cluster.provider}/")
        assert cluster.id.lower().endswith(f"/{cluster.name}".lower())
        assert isinstance(cluster.access, Files | Api | NoAccess)
        assert cluster.place
    for gap in listing.gaps:
        assert isinstance(gap, Gap)
        assert gap.place
        assert gap.reason == " ".join(gap.reason.split())


def test_it_lists_the_same_twice(world: World) -> None:
    first, second = world.listed(), world.listed()
    assert [item.id for item in first.clusters] == [item.id for item in second.clusters]


def test_what_cannot_be_listed_is_an_error_and_never_empty(world: World) -> None:
    with pytest.raises(SourceError) as caught:
        world.listed(bad=True)
    text = str(caught.value)
    assert text
    assert "\n" not in text


def test_no_secret_shows_in_what_it_yields(world: World) -> None:
    listing = world.listed()
    shown = repr(listing) + str([cluster.place for cluster in listing.clusters])
    for secret in (SECRET, OWN_SECRET, OWN_KEY, AZURE_SECRET, PLANTED, PLANTED_KEY):
        assert secret not in shown


def test_what_the_cloud_says_can_be_kept(world: World) -> None:
    for cluster in world.listed().clusters:
        kept = msgspec.json.encode(cluster.cloud)
        assert msgspec.json.decode(kept, type=type(cluster.cloud)) == cluster.cloud


def test_every_connector_of_ours_is_held_to_this() -> None:
    ours = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}
    assert ours - {"outsider"} <= {*CASES, *CLOUD_CASES}


@pytest.mark.parametrize("kind", sorted(installed_connectors()))
def test_an_sdk_is_imported_only_when_clusters_are_listed(kind: str) -> None:
    program = (
        "import sys\n"
        "from auditor.daemon.sources import load_connector\n"
        f"load_connector({kind!r}).from_source({EXAMPLES.get(kind, 'x')!r})\n"
        f"early = {SDKS!r} & sys.modules.keys()\n"
        "assert not early, early\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
