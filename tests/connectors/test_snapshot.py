"""The snapshot connector: what its paths mean."""

import asyncio
from pathlib import Path

import pytest

from auditor.model.cluster import Cluster, Files, SourceError, SourceNotFoundError
from connectors.snapshot import SnapshotConnector


def only(source: str, base: Path) -> Cluster:
    async def collect() -> list[Cluster]:
        options = SnapshotConnector.from_source(source)
        found = SnapshotConnector.clusters(options, base, unattended=True)
        return [cluster async for cluster in found]

    (cluster,) = asyncio.run(collect())
    return cluster


@pytest.mark.parametrize(
    ("source", "name"), [("m", "m"), ("m#x", "x"), ("m/", "m"), ("m/.", "m"), ("m/in/..", "m")]
)
def test_a_path_is_one_cluster_named_after_it(tmp_path: Path, source: str, name: str) -> None:
    (tmp_path / "m/in").mkdir(parents=True)
    found = only(source, tmp_path)
    assert (found.id, found.name, found.provider) == (f"snapshot/{name}", name, "snapshot")
    assert found.access == Files(str(tmp_path / source.partition("#")[0]))


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert only("~/m", tmp_path).access == Files(str(tmp_path / "home/m"))


@pytest.mark.parametrize("source", ["~nobody-of-that-name/m", "loop", "loop/m", "a\0b"])
def test_what_is_no_path_is_a_wrong_source(tmp_path: Path, source: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(SourceNotFoundError, match="is no path"):
        only(source, tmp_path)


def test_a_source_without_path_tells_how_to_write_one() -> None:
    with pytest.raises(SourceError, match="write snapshot:PATH"):
        SnapshotConnector.from_source("#x")
