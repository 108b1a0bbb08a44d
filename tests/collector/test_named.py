"""ConfigMaps: the few that a rule names, one by one, and of those the entries that it names."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.collector.capture import read_capture, write_capture
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.collector.reading import Reading
from auditor.kube.resources import CONFIG_MAPS
from auditor.model.cluster import Cluster, Files
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from auditor.simulator.faults import Body, Fault, Status
from auditor.simulator.fleet import SimulatedCluster
from auditor.simulator.identities import Identity
from tests.collector.live import QUICK, TOKEN, coverage, read, reader, run, states

PROJECTION = projection_for(Configuration())
UNTOLD = "/api/v1/namespaces/kube-system/configmaps/eni-config"
SECRET = "hunter2-in-a-config-map"
CILIUM = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "cilium-config", "namespace": "kube-system"},
    "data": {"enable-policy": "never", "ipsec-key": SECRET},
}
OTHER = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "app", "namespace": "web"},
    "data": {"enable-policy": SECRET, "template": "{{ not rendered }}"},
}


def struck(*faults: Fault, objects: Any = (CILIUM, OTHER)) -> Reading:
    """Read a cluster that has faults."""

    async def scenario(cluster: SimulatedCluster) -> Reading:
        cluster.faults.extend(faults)
        return await read(cluster, QUICK)

    reading: Reading = run(objects, scenario)
    return reading


def from_files(folder: Path, *documents: Any) -> Reading:
    """Read documents from a folder."""
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_bytes(msgspec.json.encode(document))
    cluster = Cluster(id="snapshot/x", name="x", provider="snapshot", access=Files(str(folder)))
    return read_files(cluster, PROJECTION, ReadLimits())


def test_named_entries_are_read_and_nothing_else_of_a_config_map() -> None:
    reading = struck()
    (found,) = reading.inventory.config_maps
    assert (found.full_name, dict(found.data)) == (
        "kube-system/cilium-config",
        {"enable-policy": "never"},
    )
    assert coverage(reading, CONFIG_MAPS).state.value == "complete"
    assert SECRET not in repr(reading)


def test_none_of_them_being_there_is_a_complete_answer() -> None:
    reading = struck(objects=(OTHER,))
    assert reading.inventory.config_maps == ()
    assert (states(reading)[CONFIG_MAPS], coverage(reading, CONFIG_MAPS).count) == ("complete", 0)


def test_a_role_without_them_makes_them_forbidden_and_costs_nothing_else() -> None:
    rules = tuple(rule for rule in reader().rules if "configmaps" not in rule["resources"])
    reading = run([CILIUM], read, tokens={TOKEN: Identity("auditor", (), rules)})
    told = states(reading)
    assert told.pop(CONFIG_MAPS) == "forbidden"
    assert set(told.values()) == {"complete"}
    detail = coverage(reading, CONFIG_MAPS).detail or ""
    assert detail.startswith(f"{min(PROJECTION.config_maps)}: HTTP 403")
    assert detail.endswith(f"and {len(PROJECTION.config_maps) - 1} more")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Status(404, message="no such path"), "HTTP 404"),
        (Status(500, message="etcd is away"), "etcd is away"),
        (Body(b"<html>log in</html>", "text/html"), ""),
        (Body(msgspec.json.encode(OTHER)), "another"),
    ],
)
def test_any_other_answer_leaves_them_unread(fault: Any, said: str) -> None:
    reading = struck(Fault(fault, resource="configmaps"))
    assert reading.inventory.config_maps == ()
    assert states(reading)[CONFIG_MAPS] == "failed"
    assert said in (coverage(reading, CONFIG_MAPS).detail or "")


def test_one_that_cannot_be_read_leaves_the_others_in_part() -> None:
    reading = struck(Fault(Status(403, message="no"), path=UNTOLD))
    assert states(reading)[CONFIG_MAPS] == "partial"
    assert len(reading.inventory.config_maps) == 1


def test_files_give_the_named_ones_and_pass_over_the_rest(tmp_path: Path) -> None:
    reading = from_files(tmp_path, CILIUM, OTHER)
    (found,) = reading.inventory.config_maps
    assert dict(found.data) == {"enable-policy": "never"}
    assert reading.inventory.problems == ()
    assert SECRET not in repr(reading)


def test_files_never_say_that_one_is_absent(tmp_path: Path) -> None:
    listed = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [OTHER]}
    assert states(from_files(tmp_path, listed))[CONFIG_MAPS] == "not-provided"


def test_a_capture_holds_what_was_kept_and_gives_it_back() -> None:
    live = struck()
    captured = write_capture(live.cluster, live.inventory)
    assert SECRET.encode() not in captured
    again = read_capture(captured, "prod.json", PROJECTION, ReadLimits())
    assert again.inventory == live.inventory
