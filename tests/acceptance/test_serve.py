"""`serve` as its users meet it: a process that is scraped, sees clusters fail, and is stopped."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from auditor.simulator.faults import Delay, Fault, SlowBody, Status
from tests.acceptance.conftest import COMMAND, Run
from tests.acceptance.fleets import (
    BackgroundFleet,
    background_fleet,
    context_of,
    write_kubeconfig,
)
from tests.collector.live import TOKEN, TOKENS

FRONT = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "front", "namespace": "web"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "front"}, "ports": [{"port": 443}]},
    "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}},
}
OPEN = "load-balancer-open-to-internet"

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Served:
    """A running daemon."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log
        self.url = ""

    def log(self) -> list[dict[str, Any]]:
        """Give what was logged so far: every line is one JSON object."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def get(self, path: str) -> tuple[int, str]:
        """GET a path."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def series(self) -> Series:
        """Scrape."""
        status, text = self.get("/metrics")
        assert status == 200
        return {
            (sample.name.removeprefix("exposure_auditor_"), tuple(sorted(sample.labels.items()))): (
                sample.value
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """Give the value of one series; None if it is not there."""
        return self.series().get((name, tuple(sorted(labels.items()))))

    def open_failures(self, cluster: str, check: str = OPEN) -> dict[str, float]:
        """Give the open failures of a check by whether they are confirmed."""
        return {
            dict(labels)["confirmed"]: value
            for (name, labels), value in self.series().items()
            if name == "open_findings"
            and dict(labels)["cluster"] == cluster
            and dict(labels)["check"] == check
        }


def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


@contextmanager
def serving(
    folder: Path,
    *,
    interval: float = 1.0,
    environment: dict[str, str] | None = None,
    **connector: Any,
) -> Iterator[Served]:
    """Run the daemon over the kubeconfig `config` in a folder, or over another connector."""
    entry = {"name": "fleet", "kind": "kubeconfig", **connector}
    if entry["kind"] == "kubeconfig":
        entry.setdefault("path", "config")
    schedule = {"interval_seconds": interval, "discovery_seconds": 1.0}
    configuration = {"connectors": [entry], "schedule": schedule}
    (folder / "auditor.yaml").write_text(yaml.safe_dump(configuration))
    log = folder / "log"
    database = f"sqlite:///{folder / 'auditor.db'}"
    command = [str(COMMAND), "serve", "--config", "auditor.yaml", "--listen", "127.0.0.1:0"]
    with log.open("w") as written:
        process = subprocess.Popen(
            [*command, "--database", database],
            stdout=subprocess.DEVNULL,
            stderr=written,
            text=True,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
            | (environment or {}),
        )
    served = Served(process, log)
    try:
        until(lambda: "listening" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        port = re.search(r"\('127.0.0.1', (\d+)\)", log.read_text())
        assert port is not None, log.read_text()
        served.url = f"http://127.0.0.1:{port[1]}"
        yield served
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def fleet() -> Iterator[BackgroundFleet]:
    with background_fleet() as started:
        yield started


def audited(served: Served, cluster: str) -> bool:
    return served.value("cluster_state", cluster=cluster, state="audited") == 1


def test_a_failure_stays_while_its_cluster_is_blind_and_goes_when_it_is_fixed(
    fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("prod", [FRONT], tokens=TOKENS)
    write_kubeconfig(tmp_path / "config", {"prod": context_of(cluster, TOKEN)})
    with serving(tmp_path) as served:
        until(lambda: audited(served, "kubeconfig/prod"))
        assert served.open_failures("kubeconfig/prod") == {"true": 1.0}
        cluster.faults.append(Fault(Status(503), resource="services"))
        until(lambda: served.open_failures("kubeconfig/prod") == {"false": 1.0})
        state = {"cluster": "kubeconfig/prod", "state": "partial"}
        assert served.value("cluster_state", **state) == 1
        cluster.faults.clear()
        closed = {**FRONT, "spec": {**FRONT["spec"], "type": "ClusterIP"}, "status": {}}  # type: ignore[dict-item]
        cluster.apply(closed)
        until(lambda: served.open_failures("kubeconfig/prod") == {})
        assert audited(served, "kubeconfig/prod")
        assert served.get("/readyz") == (200, "ok\n")
        assert served.get("/livez") == (200, "ok\n")
    assert served.process.returncode == 0
    assert served.log()[-1]["event"] == "stopped"


def test_a_restart_forgets_nothing_while_the_cluster_cannot_be_read(
    fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("restarted", [FRONT], tokens=TOKENS)
    name = "kubeconfig/restarted"
    write_kubeconfig(tmp_path / "config", {"restarted": context_of(cluster, TOKEN)})
    with serving(tmp_path) as served:
        until(lambda: audited(served, name))
        read = served.value("cluster_last_success_timestamp_seconds", cluster=name)
    fleet.call(cluster.stop)
    with serving(tmp_path) as served:
        # From the first scrape on, before anything was looked at again.
        assert set(served.open_failures(name)) <= {"true", "false"}
        assert sum(served.open_failures(name).values()) == 1
        until(lambda: served.value("cluster_state", cluster=name, state="unreachable") == 1)
        assert served.open_failures(name) == {"false": 1.0}
        last = served.value("cluster_last_success_timestamp_seconds", cluster=name)
        assert last is not None
        assert read is not None
        assert last < read + 5


def test_one_slow_cluster_does_not_hold_up_the_others(
    fleet: BackgroundFleet, tmp_path: Path
) -> None:
    slow = fleet.add("slow", [FRONT], tokens=TOKENS)
    slow.faults.append(Fault(SlowBody(30), resource="services"))
    later = fleet.add("late", [FRONT], tokens=TOKENS)
    later.faults.append(Fault(Delay(60)))
    fine = fleet.add("fine", [FRONT], tokens=TOKENS)
    contexts = {one.name: context_of(one, TOKEN) for one in (slow, later, fine)}
    write_kubeconfig(tmp_path / "config", contexts)
    with serving(tmp_path) as served:
        until(lambda: audited(served, "kubeconfig/fine"), 8)
        looks = sum(item.path == "/api/v1/services" for item in fine.requests)
        until(lambda: sum(item.path == "/api/v1/services" for item in fine.requests) > looks + 2, 8)
        # Known and never read: shown as unreachable with no success at all.
        assert (
            served.value("cluster_last_success_timestamp_seconds", cluster="kubeconfig/late") == 0
        )
        began = time.monotonic()
    assert served.process.returncode == 0
    assert time.monotonic() - began < 15


def test_a_cluster_that_leaves_the_kubeconfig_is_decommissioned_and_its_series_go(
    fleet: BackgroundFleet, tmp_path: Path, run: Run
) -> None:
    one, two = (fleet.add(name, [FRONT], tokens=TOKENS) for name in ("one", "two"))
    contexts = {item.name: context_of(item, TOKEN) for item in (one, two)}
    write_kubeconfig(tmp_path / "config", contexts)
    with serving(tmp_path) as served:
        until(lambda: audited(served, "kubeconfig/one") and audited(served, "kubeconfig/two"))
        # A file that is broken shrinks nothing.
        (tmp_path / "config").write_text("no: kubeconfig")
        until(lambda: any(item["event"] == "clusters not listed" for item in served.log()))
        assert served.value("cluster_state", cluster="kubeconfig/two", state="audited") is not None
        write_kubeconfig(tmp_path / "config", {"one": contexts["one"]})
        until(lambda: not any("kubeconfig/two" in str(key) for key in served.series()))
        assert audited(served, "kubeconfig/one")
    database = ("--database", f"sqlite:///{tmp_path / 'auditor.db'}")
    clusters = run("evidence", "list", *database, "--format", "json").json()["clusters"]
    (gone,) = (item for item in clusters if item["cluster"] == "kubeconfig/two")
    assert (gone["state"], gone["findings"]) == ("decommissioned", [])


def test_a_server_that_asks_to_be_left_alone_is_left_alone_between_audits_too(
    fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("busy", [FRONT], tokens=TOKENS)
    cluster.faults.append(Fault(Status(429, retry_after=3_000)))
    write_kubeconfig(tmp_path / "config", {"busy": context_of(cluster, TOKEN)})
    with serving(tmp_path) as served:
        until(lambda: any(item["event"] == "audited" for item in served.log()))
        time.sleep(3)
        assert len(cluster.requests) == 1


def test_the_daemon_runs_no_plugin_that_its_configuration_does_not_name(
    fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("exec", [FRONT], tokens=TOKENS)
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": TOKEN},
    }
    plugin = tmp_path / "plugin.sh"
    plugin.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho '{json.dumps(credential)}'\n")
    plugin.chmod(0o755)
    context = context_of(cluster, "unused")
    version = "client.authentication.k8s.io/v1"
    context["user"] = {"exec": {"apiVersion": version, "command": str(plugin)}}
    write_kubeconfig(tmp_path / "config", {"exec": context})
    with serving(tmp_path) as served:
        until(lambda: any(item["event"] == "audited" for item in served.log()))
        look = next(item for item in served.log() if item["event"] == "audited")
        assert "exec_commands" in look["problems"][0]
        assert not (tmp_path / "ran").exists()
    with serving(tmp_path, exec_commands=[str(plugin)]) as served:
        until(lambda: audited(served, "kubeconfig/exec"))
        assert (tmp_path / "ran").exists()


def test_a_database_that_a_daemon_holds_is_said_and_no_store_is_named(
    fleet: BackgroundFleet, tmp_path: Path, run: Run
) -> None:
    cluster = fleet.add("held", [FRONT], tokens=TOKENS)
    path = write_kubeconfig(tmp_path / "config", {"held": context_of(cluster, TOKEN)})
    database = ("--database", f"sqlite:///{tmp_path / 'auditor.db'}")
    with serving(tmp_path):
        outcome = run("audit", f"kubeconfig:{path}", "--format", "json", *database)
        assert outcome.code == 2
        assert outcome.json()["clusters"]
        assert "--no-store" in outcome.errors[-1]
        second = run("serve", "--config", tmp_path / "auditor.yaml", *database)
        assert (second.code, "another process" in second.errors[0]) == (2, True)


@pytest.mark.parametrize(
    ("listen", "said"),
    [
        ("0.0.0.0:8430", "not loopback"),
        ("192.0.2.1:8430", "not loopback"),
        ("[::]:8430", "not loopback"),
        ("example.com:80", "not loopback"),
        ("8430", "not HOST:PORT"),
        ("127.0.0.1:http", "not HOST:PORT"),
        ("127.0.0.1:99999", "not HOST:PORT"),
    ],
)
def test_only_loopback_is_listened_on(run: Run, tmp_path: Path, listen: str, said: str) -> None:
    (tmp_path / "a.yaml").write_text("connectors: [{name: a, kind: kubeconfig}]")
    outcome = run("serve", "--config", "a.yaml", "--listen", listen)
    assert outcome.code == 2
    assert said in outcome.errors[0]


def test_a_daemon_without_clusters_to_watch_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("connectors: []")
    assert "nothing to watch" in run("serve", "--config", "a.yaml").errors[0]
    assert "--config" in run("serve").errors[0]
