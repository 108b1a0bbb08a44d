"""What every connector keeps to, ours and anybody's: the promises of `auditor.daemon.sources`."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
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
from tests.connectors.aws.fake import OWN_KEY, OWN_SECRET, FakeAws, moto_server

SECRET = "planted-secret-of-a-connector"
SDKS = {
    "aiolimiter", "azure", "boto3", "botocore", "google", "grpc", "kubernetes_asyncio", "msal",
}  # fmt: skip


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
    aws: str
    monkeypatch: pytest.MonkeyPatch

    def listed(self, *, bad: bool = False, unattended: bool = True) -> Listing:
        """List the good place, or the bad one."""
        connector = load_connector(self.case.kind)
        options = msgspec.convert(self.case.bad if bad else self.case.good, connector.options)
        source = Source("test", self.case.kind, options, self.folder)

        async def run() -> Listing:
            async with FakeAws(self.aws) as aws:
                await aws.forget()
                aws.add_cluster("prod")
                aws.add_cluster("new", status="CREATING", endpoint=None)
                for name, value in aws.environment().items():
                    self.monkeypatch.setenv(name, value)
                if bad:
                    self.monkeypatch.delenv("AWS_ACCESS_KEY_ID")
                return await clusters_of(source, unattended=unattended)

        return asyncio.run(run())


@pytest.fixture(params=[*CASES, "aws"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, moto: str, monkeypatch: pytest.MonkeyPatch
) -> World:
    monkeypatch.syspath_prepend(str(tmp_path))
    if request.param == "aws":
        case = Case("aws", {"regions": ["eu-west-1"]}, {"regions": ["eu-west-1"]})
    else:
        case = CASES[request.param](tmp_path)
    return World(case, tmp_path, moto, monkeypatch)


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
    assert isinstance(connector.from_source("somewhere"), connector.options)


@pytest.mark.parametrize("unattended", [True, False])
def test_it_yields_clusters_that_can_be_told_apart(world: World, unattended: bool) -> None:
    listing = world.listed(unattended=unattended)
    assert listing.clusters
    ids = [cluster.id for cluster in listing.clusters]
    assert len(ids) == len(set(ids))
    for cluster in listing.clusters:
        assert isinstance(cluster, Cluster)
        assert cluster.id.startswith(f"{cluster.provider}/")
        assert cluster.id.endswith(f"/{cluster.name}")
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
    for secret in (SECRET, OWN_SECRET, OWN_KEY):
        assert secret not in shown


def test_what_the_cloud_says_can_be_kept(world: World) -> None:
    for cluster in world.listed().clusters:
        kept = msgspec.json.encode(cluster.cloud)
        assert msgspec.json.decode(kept, type=type(cluster.cloud)) == cluster.cloud


def test_every_connector_of_ours_is_held_to_this() -> None:
    ours = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}
    assert ours - {"outsider"} <= {*CASES, "aws"}


@pytest.mark.parametrize("kind", sorted(installed_connectors()))
def test_an_sdk_is_imported_only_when_clusters_are_listed(kind: str) -> None:
    program = (
        "import sys\n"
        "from auditor.daemon.sources import load_connector\n"
        f"load_connector({kind!r}).from_source('x')\n"
        f"early = {SDKS!r} & sys.modules.keys()\n"
        "assert not early, early\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
