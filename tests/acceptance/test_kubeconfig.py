"""`audit kubeconfig:…` as a user meets it: fifty contexts, ten of them in trouble."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from auditor.simulator.faults import Body, EndlessBody, Fault, SlowBody, Status
from auditor.simulator.identities import Identity
from tests.acceptance.conftest import Run
from tests.acceptance.fleets import (
    BackgroundFleet,
    background_fleet,
    context_of,
    write_kubeconfig,
)
from tests.collector.live import TOKEN, TOKENS, corpus_objects, reader

NO_STORE = ("--no-store", "--format", "json")
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}}


@pytest.fixture(scope="module")
def fleet() -> Iterator[BackgroundFleet]:
    with background_fleet() as started:
        yield started


def _in_trouble(fleet: BackgroundFleet) -> dict[str, dict[str, Any]]:
    """Give ten contexts with what is wrong of each as its name."""
    contexts = {}
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"https://127.0.0.1:{unused.getsockname()[1]}"
    good = fleet.add("for-the-dead", tokens=TOKENS)
    contexts["dead"] = context_of(good, TOKEN, server=dead)
    faults = {
        "slow": Fault(SlowBody(5)),
        "html": Fault(Body(b"<html><body>Sign in</body></html>", "text/html")),
        "endless": Fault(EndlessBody(), verb="list"),
        # Deleted while it is being read: after discovery nothing answers any more.
        "deleted": Fault(Status(404, message="not found"), skip=3),
    }
    for name, fault in faults.items():
        cluster = fleet.add(name, [SERVICE], tokens=TOKENS)
        cluster.faults.append(fault)
        contexts[name] = context_of(cluster, TOKEN)
    contexts["unauthorized"] = context_of(fleet.add("a", tokens=TOKENS), "wrong")
    nobody = {TOKEN: Identity("nobody")}
    contexts["forbidden"] = context_of(fleet.add("b", [SERVICE], tokens=nobody), TOKEN)
    rules = [
        {**rule, "resources": [name for name in rule["resources"] if name != "networkpolicies"]}
        for rule in reader().rules
    ]
    less = {TOKEN: Identity("auditor", (), tuple(rules))}
    contexts["no-policies"] = context_of(fleet.add("c", [SERVICE], tokens=less), TOKEN)
    ca = trustme.CA()
    late = ca.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1))
    expired = fleet.add("d", tokens=TOKENS, certificate=late)
    contexts["expired"] = context_of(expired, TOKEN)
    stranger = trustme.CA().issue_cert("127.0.0.1")
    contexts["wrong-ca"] = context_of(fleet.add("e", tokens=TOKENS, certificate=stranger), TOKEN)
    return contexts


REASONS = {
    "dead": "cannot be reached: Connection refused",
    "slow": "comes too slowly",
    "html": "no discovery document",
    "endless": "holds over 67,108,864 bytes",
    "deleted": "HTTP 404",
    "unauthorized": "HTTP 401",
    "forbidden": "is forbidden",
    "no-policies": "networkpolicies.networking.k8s.io is forbidden",
    "expired": "not trusted",
    "wrong-ca": "not trusted",
}


def test_fifty_contexts_of_which_ten_are_in_trouble(
    run: Run, fleet: BackgroundFleet, tmp_path: Path
) -> None:
    contexts = {}
    for number in range(40):
        cluster = fleet.add(f"fine-{number:02}", [SERVICE], tokens=TOKENS)
        contexts[f"fine-{number:02}"] = context_of(cluster, TOKEN)
    contexts |= _in_trouble(fleet)
    path = write_kubeconfig(tmp_path / "config", contexts)
    began = time.monotonic()
    outcome = run("audit", f"kubeconfig:{path}", *NO_STORE)
    seconds = time.monotonic() - began
    assert outcome.code == 3
    clusters = {item["name"]: item for item in outcome.json()["clusters"]}
    assert set(clusters) == set(contexts)
    audited = {name for name, item in clusters.items() if item["state"] == "audited"}
    assert audited == {name for name in contexts if name.startswith("fine-")}
    for name, reason in REASONS.items():
        lines = [line for line in outcome.errors if f"kubeconfig/{name}" in line]
        said = json.dumps(clusters[name]["coverage"])
        assert reason in said, (name, said)
        assert any(reason in line for line in lines), (name, lines)
    states = {name: clusters[name]["state"] for name in REASONS}
    assert states == dict.fromkeys(REASONS, "unreachable") | {
        "no-policies": "partial",
    }
    progress = [line for line in outcome.err.splitlines() if line.startswith("read kubeconfig/")]
    assert len(progress) == 50
    assert progress[-1].endswith("(50 of 50)")
    assert seconds < 30
    assert TOKEN not in outcome.out + outcome.err


def test_one_context_is_audited_and_stored_as_live(
    run: Run, fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("prod", corpus_objects(), tokens=TOKENS)
    path = write_kubeconfig(
        tmp_path / "config", {"prod": context_of(cluster, TOKEN), "other": context_of(cluster, "x")}
    )
    database = ("--database", "sqlite:///auditor.db")
    outcome = run("audit", f"kubeconfig:{path}#prod", "--format", "json", *database)
    assert outcome.code == 0, outcome.err
    assert "stored kubeconfig/prod as entry 1" in outcome.err
    (stored,) = run("evidence", "list", *database, "--format", "json").json()["clusters"]
    assert (stored["cluster"], stored["origin"]) == ("kubeconfig/prod", "live")
    assert run("db", "check", *database).code == 0
    kept = (tmp_path / "auditor.db").read_bytes()
    assert TOKEN.encode() not in kept


def test_the_default_kubeconfig_is_audited_where_nothing_is_named(
    run: Run, fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("home", [SERVICE], tokens=TOKENS)
    (tmp_path / ".kube").mkdir()
    write_kubeconfig(tmp_path / ".kube" / "config", {"home": context_of(cluster, TOKEN)})
    outcome = run("audit", *NO_STORE)
    assert outcome.code == 0, outcome.err
    assert [item["id"] for item in outcome.json()["clusters"]] == ["kubeconfig/home"]


def test_a_snapshot_of_a_live_cluster_gives_its_answer(
    run: Run, fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("prod", corpus_objects(), tokens=TOKENS)
    path = write_kubeconfig(tmp_path / "config", {"prod": context_of(cluster, TOKEN)})
    live = run("audit", f"kubeconfig:{path}", *NO_STORE).json()
    taken = run("snapshot", f"kubeconfig:{path}", "--output", "prod.json.gz")
    assert taken.code == 0, taken.err
    replayed = run("audit", "snapshot:prod.json.gz", *NO_STORE).json()
    assert replayed["clusters"] == live["clusters"]
    assert run("snapshot", f"kubeconfig:{path}#gone", "--output", "x.json").code == 3


def test_two_contexts_of_one_cluster_are_reported_and_never_merged(
    run: Run, fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("twice", [SERVICE], tokens=TOKENS)
    context = context_of(cluster, TOKEN)
    path = write_kubeconfig(tmp_path / "config", {"one": context, "two": context})
    outcome = run("audit", f"kubeconfig:{path}", *NO_STORE)
    assert outcome.code == 0
    assert len(outcome.json()["clusters"]) == 2
    assert outcome.json()["duplicates"] == [["kubeconfig/one", "kubeconfig/two"]]
    assert "kubeconfig/one and kubeconfig/two are one cluster" in outcome.err


def test_an_exec_plugin_of_the_users_own_kubeconfig_runs(
    run: Run, fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("exec", [SERVICE], tokens=TOKENS)
    plugin = tmp_path / "plugin.sh"
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": TOKEN},
    }
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\n")
    plugin.chmod(0o755)
    context = context_of(cluster, "unused")
    context["user"] = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin.sh"}
    }
    path = write_kubeconfig(tmp_path / "config", {"exec": context})
    outcome = run("audit", f"kubeconfig:{path}", *NO_STORE)
    assert outcome.code == 0, outcome.err


def test_a_connection_without_verification_is_a_finding(
    run: Run, fleet: BackgroundFleet, tmp_path: Path
) -> None:
    cluster = fleet.add("insecure", [SERVICE], tokens=TOKENS)
    context = context_of(cluster, TOKEN, **{"insecure-skip-tls-verify": True})
    path = write_kubeconfig(tmp_path / "config", {"insecure": context})
    outcome = run("audit", f"kubeconfig:{path}", "--fail-on", "high", *NO_STORE)
    assert outcome.code == 1
    (answer,) = outcome.json()["clusters"]
    failing = {item["check"] for item in answer["findings"] if item["verdict"] == "fail"}
    assert "cluster-connection-unverified" in failing


def test_explain_names_the_kubeconfig_and_the_context(
    run: Run, fleet: BackgroundFleet, tmp_path: Path
) -> None:
    service: dict[str, Any] = {
        **SERVICE,
        "metadata": {"name": "front", "namespace": "web"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    shop = fleet.add("shop", [service], tokens=TOKENS)
    path = write_kubeconfig(tmp_path / "my config", {"shop": context_of(shop, TOKEN)})
    source = f"kubeconfig:{path}#shop"
    findings = run("audit", source, *NO_STORE).json()["clusters"][0]["findings"]
    wanted = next(item for item in findings if item["check"] == "exposed-route-dangling")
    told = run("explain", wanted["id"], source).out
    shown = f"$ kubectl --kubeconfig '{path}' --context shop --namespace web get services"
    assert shown in told
    # A home folder is written out: quoted, no shell would, and kubectl never does.
    at_home = f"kubeconfig:~/{path.relative_to(tmp_path)}#shop"
    assert shown in run("explain", wanted["id"], at_home).out
    # Of two files the one that holds the context is named.
    other = write_kubeconfig(tmp_path / "other", {"blog": context_of(shop, TOKEN)})
    assert shown in run("explain", wanted["id"], f"kubeconfig:{other}#blog", source).out
    (tmp_path / "auditor.yaml").write_text(
        "connectors: [{name: a, kind: kubeconfig, path: my config}]\n"
    )
    shown = "$ kubectl --kubeconfig 'my config' --context shop --namespace web get services"
    assert shown in run("explain", wanted["id"], "--config", "auditor.yaml").out
    # A capture keeps the id, and with it the context.
    run("snapshot", source, "--output", "shop.json")
    told = run("explain", wanted["id"], "snapshot:shop.json").out
    assert "Read from shop.json." in told
    assert "$ kubectl --context shop --namespace web get services" in told
