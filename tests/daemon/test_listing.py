"""A connector of anybody's that lists in part: what it has counts, and the rest is said."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from auditor.cli.failures import ExitCode
from auditor.cli.reading import FleetReader
from auditor.daemon import sources
from auditor.daemon.sources import clusters_of, parse_source
from auditor.model.cluster import Cluster, Files, Gap, SourceError
from auditor.settings.configuration import Configuration

DENIED = Gap("account 2, eu-west-1", "eks:ListClusters is denied to role/auditor")


class Options(Struct, frozen=True):
    """What the source names: the folder of its clusters."""

    folder: str


class PartlyConnector:
    """Lists one cluster of files, and one account that it may not ask."""

    kind = "partly"
    options = Options

    @staticmethod
    def from_source(text: str) -> Options:
        return Options(text)

    @staticmethod
    async def clusters(
        options: Options, base: Path, *, unattended: bool
    ) -> AsyncIterator[Cluster | Gap]:
        yield Cluster(id="partly/a", name="a", provider="partly", access=Files(options.folder))
        if options.folder == "broken":
            raise SourceError("the organization cannot be listed")
        yield DENIED


@pytest.fixture
def partly(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        @staticmethod
        def load() -> type[PartlyConnector]:
            return PartlyConnector

    known: dict[str, Any] = {**sources.installed_connectors(), "partly": Point()}
    monkeypatch.setattr(sources, "installed_connectors", lambda: known)


async def _listed(folder: str) -> Any:
    return await clusters_of(
        parse_source(f"partly:{folder}", Configuration(), Path()), unattended=True
    )


@pytest.mark.usefixtures("partly")
def test_a_part_that_cannot_be_listed_is_told_apart() -> None:
    listing = asyncio.run(_listed("x"))
    assert [cluster.id for cluster in listing.clusters] == ["partly/a"]
    assert listing.gaps == (DENIED,)


@pytest.mark.usefixtures("partly")
def test_the_rest_is_audited_and_the_answer_is_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    reader = FleetReader(Configuration(), Path(), lambda reading: reading.cluster.id)
    read = reader.read([f"partly:{tmp_path}"])
    assert read.used == ("partly/a",)
    assert read.exit_code is ExitCode.INCOMPLETE
    (error,) = read.errors
    assert error.message == "account 2, eu-west-1: eks:ListClusters is denied to role/auditor"
    assert error.message in capsys.readouterr().err


@pytest.mark.usefixtures("partly")
def test_a_source_that_fails_midway_lists_nothing() -> None:
    with pytest.raises(SourceError, match="the organization cannot be listed"):
        asyncio.run(_listed("broken"))
