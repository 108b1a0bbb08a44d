"""`demo`: the first thing that somebody runs."""

import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

from tests.acceptance.conftest import COMMAND, Run
from tests.acceptance.test_serve import until


def test_the_fleet_is_audited_once(run: Run) -> None:
    outcome = run("demo", "--once", "--format", "json")
    assert outcome.code == 3
    answer = outcome.json()
    clusters = {item["name"]: item for item in answer["clusters"]}
    assert len(clusters) == 6
    assert {item["platform"]["kubernetes"].partition(".")[0] for item in clusters.values()} == {
        "v1"
    }
    failing = {
        finding["check"]
        for item in clusters.values()
        for finding in item["findings"]
        if finding["verdict"] == "fail"
    }
    assert {
        "auditor-overprivileged",
        "cluster-connection-unverified",
        "audit-incomplete",
        "load-balancer-open-to-internet",
        "tenants-share-node",
    } <= failing
    assert "6 clusters were read over HTTPS, audited and stored" in outcome.err
    assert [item["name"] for item in answer["clusters"] if item["state"] == "partial"] == [
        "tools-weu"
    ]


def test_the_fleet_is_watched_until_it_is_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [COMMAND, "demo", "--listen", "127.0.0.1:0"],
            stderr=written,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        )
    try:
        until(lambda: log.read_text().count('"event": "audited"') >= 6, 60)
        port = re.search(r"\\'127.0.0.1\\', (\\d+)|\('127.0.0.1', (\d+)\)", log.read_text())
        assert port is not None
        address = f"http://127.0.0.1:{port[2]}/metrics"
        with urllib.request.urlopen(address, timeout=10) as answer:
            text = answer.read().decode()
        assert text.count('exposure_auditor_cluster_state{cluster="kubeconfig/') == 18
        config = re.search(r"kubeconfig is (\S+);", log.read_text())
        assert config is not None
        assert Path(config[1]).exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert not Path(config[1]).exists()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)
