"""Doors beyond Services and Ingresses: while one was not read or followed, no way is closed."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.collector.capture import read_capture, write_capture
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.collector.reading import Reading
from auditor.kube.resources import OTHER_WAYS, RESOURCE_BY_NAME, UNFOLLOWED_WAYS
from auditor.model.cluster import Cluster, Files
from auditor.model.finding import Finding
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from auditor.simulator.faults import Fault, Status
from auditor.simulator.fleet import SimulatedCluster
from auditor.simulator.identities import Identity
from tests.analysis.clusters import AT
from tests.collector.live import QUICK, TOKEN, coverage, read, reader, run

PROJECTION = projection_for(Configuration())
GRAFANA: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "grafana", "namespace": "mon", "labels": {"app": "grafana"}},
    "spec": {"containers": [{"name": "grafana", "image": "grafana/grafana:11"}]},
    "status": {"phase": "Running"},
}

WAYS_FROM_OUTSIDE = {
    f"management-interface-open-to-{audience}" for audience in ("internet", "private-network")
}


def a_way(name: str) -> dict[str, Any]:
    """Write an object of a resource, with what nobody reads of it."""
    resource = RESOURCE_BY_NAME[name]
    return {
        "apiVersion": f"{resource.group}/{resource.versions[0]}",
        "kind": resource.kind,
        "metadata": {"name": "edge", "namespace": "mon"},
        "spec": {"secret": "hunter2"},
    }


def verdicts(reading: Reading) -> dict[str, Finding]:
    """Give what the path checks say of Grafana."""
    result = audit(reading.cluster, reading.inventory, Rules.of(Configuration()), AT)
    return {
        item.check: item
        for item in result.findings
        if item.check in WAYS_FROM_OUTSIDE and item.subject.name == "grafana"
    }


def test_without_any_a_console_without_a_way_passes() -> None:
    reading = run([GRAFANA], read)
    assert all(coverage(reading, name).state.value == "absent" for name in OTHER_WAYS)
    assert {item.verdict for item in verdicts(reading).values()} == {Verdict.PASS}


@pytest.mark.parametrize("name", [item.name for item in UNFOLLOWED_WAYS])
def test_one_that_is_there_makes_it_unknown_and_is_named(name: str) -> None:
    reading = run([GRAFANA, a_way(name)], read)
    assert coverage(reading, name).count == 1
    assert "hunter2" not in repr(reading.inventory)
    found = verdicts(reading)
    assert {item.verdict for item in found.values()} == {Verdict.UNKNOWN}
    assert all(f"1 {name}" in (item.reason or "") for item in found.values())


@pytest.mark.parametrize("name", OTHER_WAYS)
def test_one_that_may_not_be_read_makes_it_unknown(name: str) -> None:
    rules = [
        {
            **rule,
            "resources": [item for item in rule["resources"] if item != name.partition(".")[0]],
        }
        if RESOURCE_BY_NAME[name].group in rule["apiGroups"]
        else rule
        for rule in reader().rules
    ]
    less = Identity("auditor", (), tuple(rules))
    reading = run([GRAFANA, a_way(name)], read, tokens={TOKEN: less})
    assert coverage(reading, name).state.value == "forbidden"
    found = verdicts(reading)
    assert {item.verdict for item in found.values()} == {Verdict.UNKNOWN}
    assert all(f"{name} is forbidden" in (item.reason or "") for item in found.values())


def test_a_list_that_fails_makes_it_unknown() -> None:
    name = OTHER_WAYS[0]

    async def scenario(cluster: SimulatedCluster) -> Reading:
        cluster.faults.append(Fault(Status(500), resource=name))
        return await read(cluster, QUICK)

    reading = run([GRAFANA, a_way(name)], scenario)
    assert {item.verdict for item in verdicts(reading).values()} == {Verdict.UNKNOWN}


def test_manifests_are_taken_to_hold_what_they_show(tmp_path: Path) -> None:
    def of(*documents: Any) -> set[Verdict]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        lists = [
            {"apiVersion": "v1", "kind": "ServiceList", "items": []},
            {"apiVersion": "v1", "kind": "NodeList", "items": []},
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSliceList", "items": []},
            {"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": []},
            {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClassList", "items": []},
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicyList", "items": []},
        ]
        for number, document in enumerate((*lists, *documents)):
            (folder / f"{number}.json").write_bytes(msgspec.json.encode(document))
        cluster = Cluster(id="snapshot/x", name="x", provider="snapshot", access=Files(str(folder)))
        reading = read_files(cluster, PROJECTION, ReadLimits())
        return {item.verdict for item in verdicts(reading).values()}

    assert of(GRAFANA) == {Verdict.PASS}
    assert of(GRAFANA, a_way("routes.route.openshift.io")) == {Verdict.PASS}
    assert of(GRAFANA, a_way("virtualservers.k8s.nginx.org")) == {Verdict.UNKNOWN}


def test_a_capture_keeps_that_they_are_there() -> None:
    live = run([GRAFANA, *(a_way(name) for name in OTHER_WAYS)], read)
    captured = write_capture(live.cluster, live.inventory)
    again = read_capture(captured, "x.json", PROJECTION, ReadLimits())
    assert again.inventory == live.inventory
    assert set(again.inventory.other_ways) == set(OTHER_WAYS)
