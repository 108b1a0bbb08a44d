"""From a finding to a pager: real Prometheus, real Alertmanager, our rules, a webhook of ours."""

import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from auditor.metrics.registry import Metrics
from auditor.metrics.view import FleetView
from auditor.store.past import PastCluster
from tests.metrics.past import HOSTILE_IDS, finding, past_cluster

RULES = Path(__file__).parents[2] / "monitoring" / "exposure-auditor.rules.yaml"
HOST = "127.0.0.1"
PATIENCE = 55.0
"""Seconds that the whole story may take; it takes about twelve."""

pytestmark = pytest.mark.e2e


class Auditor:
    """Serves metrics of what it is told, or breaks down; and is the pager that hears of alerts."""

    def __init__(self, *clusters: PastCluster) -> None:
        self.clusters = clusters
        self.is_broken = False
        self.heard: list[tuple[str, str, str]] = []
        """Status, name and cluster of each alert that was delivered."""
        self.metrics = Metrics(
            lambda: FleetView(clusters=self.clusters, interval=3600, connectors={})
        )

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a scrape."""
        body = b"" if self.is_broken else self.metrics.text()
        request.send_response(500 if self.is_broken else 200)
        request.send_header("Content-Type", "text/plain; version=0.0.4")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def hear(self, request: BaseHTTPRequestHandler) -> None:
        """Note what Alertmanager delivers."""
        told = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        for alert in told["alerts"]:
            labels = alert["labels"]
            told_of = (alert["status"], labels["alertname"], labels.get("cluster", ""))
            self.heard.append(told_of)
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()


@contextmanager
def served(auditor: Auditor) -> Iterator[int]:
    """Let it listen on a loopback port, and give that."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            auditor.answer(self)

        def do_POST(self) -> None:
            auditor.hear(self)

        def log_message(self, *_: Any) -> None:
            """Stay silent: pytest shows what fails."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running(program: str, port: int, log: Path, until: float, *arguments: str) -> Iterator[None]:
    """Run a server of the Prometheus project until the end of the block."""
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [program, f"--web.listen-address={HOST}:{port}", *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
        ) as process,
    ):
        try:
            wait_until(lambda: asked(port, "/-/ready") is not None, log, until)
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        port: int = found.getsockname()[1]
        return port


def asked(port: int, path: str) -> bytes | None:
    """Ask a server; None while it does not answer well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except OSError:
        return None
    finally:
        connection.close()
    return body if response.status == 200 else None


def wait_until(is_so: Callable[[], bool], log: Path, until: float) -> None:
    while not is_so():
        assert time.monotonic() < until, log.read_text(errors="replace")
        time.sleep(0.1)


def firing(port: int) -> set[tuple[str, str]]:
    """Ask Prometheus which alerts fire, by name and cluster."""
    answer = json.loads(asked(port, "/api/v1/alerts") or b"null")
    assert answer, "Prometheus does not answer"
    return {
        (alert["labels"]["alertname"], alert["labels"].get("cluster", ""))
        for alert in answer["data"]["alerts"]
        if alert["state"] == "firing"
    }


def is_down(port: int) -> bool:
    answer = json.loads(asked(port, "/api/v1/query?query=up") or b"null")
    assert answer, "Prometheus does not answer"
    return [result["value"][1] for result in answer["data"]["result"]] == ["0"]


def write_configurations(folder: Path, auditor: int, alertmanager: int) -> None:
    """Write both programs' configurations, with everything as fast as it goes."""
    prometheus = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {
                "job_name": "exposure-auditor",
                "static_configs": [{"targets": [f"{HOST}:{auditor}"]}],
            }
        ],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [f"{HOST}:{alertmanager}"]}]}]
        },
    }
    alerting = {
        "route": {
            "receiver": "pager",
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": "1s",
        },
        "receivers": [{"name": "pager", "webhook_configs": [{"url": f"http://{HOST}:{auditor}/"}]}],
    }
    # JSON is YAML, too.
    (folder / "prometheus.yaml").write_text(json.dumps(prometheus))
    (folder / "alertmanager.yaml").write_text(json.dumps(alerting))


def test_a_critical_finding_reaches_the_pager_and_stays_until_it_is_mended(tmp_path: Path) -> None:
    until = time.monotonic() + PATIENCE
    now = datetime.now(UTC).isoformat()
    hostile, quiet = HOSTILE_IDS[0], past_cluster("quiet", read_at=now)
    auditor = Auditor(past_cluster(hostile, read_at=now, findings=(finding(),)), quiet)
    with ExitStack() as stack:
        own = stack.enter_context(served(auditor))
        alertmanager, prometheus = free_port(), free_port()
        write_configurations(tmp_path, own, alertmanager)
        log = tmp_path / "prometheus.log"
        stack.enter_context(
            running(
                "prometheus-alertmanager",
                alertmanager,
                tmp_path / "alertmanager.log",
                until,
                "--config.file=alertmanager.yaml",
                "--storage.path=alertmanager",
                "--cluster.listen-address=",
            )
        )
        stack.enter_context(
            running(
                "prometheus",
                prometheus,
                log,
                until,
                "--config.file=prometheus.yaml",
                "--storage.tsdb.path=prometheus",
            )
        )

        critical = ("ExposureNewCritical", hostile)
        wait_until(lambda: ("firing", *critical) in auditor.heard, log, until)

        # The auditor breaks down: nothing is resolved.
        auditor.is_broken = True
        wait_until(lambda: is_down(prometheus), log, until)
        time.sleep(3)
        assert critical in firing(prometheus)
        assert [status for status, *_ in auditor.heard] == ["firing"]

        # It comes back and has seen that the finding is mended.
        auditor.clusters = (past_cluster(hostile, read_at=now), quiet)
        auditor.is_broken = False
        wait_until(lambda: ("resolved", *critical) in auditor.heard, log, until)
        assert {told_of[1:] for told_of in auditor.heard} == {critical}
