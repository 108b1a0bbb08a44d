"""`diff`: a pull request's gate, which fails on what the change adds and on nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Run

BASE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: front, namespace: shop}
spec:
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec: {containers: [{name: c, image: front, ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: c, image: cart, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {type: LoadBalancer, selector: {app: front}, ports: [{port: 443, targetPort: 8080}]}
"""
POLICY = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}, {ipBlock: {cidr: 10.0.0.0/8}}]
      ports: [{port: 8080}]
"""
NODE_PORT = """
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  type: NodePort
  selector: {app: cart}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
"""


@pytest.fixture
def folders(tmp_path: Path) -> Any:
    def make(**texts: str) -> list[str]:
        for name, text in texts.items():
            folder = tmp_path / name / "manifests"
            folder.mkdir(parents=True)
            (folder / "all.yaml").write_text(text)
        return [f"snapshot:{tmp_path / name / 'manifests'}" for name in texts]

    return make


def test_the_same_source_twice_is_no_difference(run: Run, folders: Any) -> None:
    sources = folders(first=BASE + POLICY, second=BASE + POLICY)
    outcome = run("diff", *sources, "--fail-on", "unknown")
    assert outcome.code == 0
    assert outcome.out == "no difference\n"


def test_a_door_that_a_change_adds_fails_it_and_those_before_do_not(run: Run, folders: Any) -> None:
    sources = folders(first=BASE, second=BASE + NODE_PORT)
    outcome = run("diff", *sources, "--format", "json", "--fail-on", "medium")
    assert outcome.code == 1
    answer = outcome.json()
    assert answer["schema"] == "exposure-auditor/diff/v1"
    assert list(answer) == ["schema", "exposures", "connections", "findings"]
    added = {item["check"] for item in answer["findings"]["added"] if item["verdict"] == "fail"}
    assert added == {"node-port-open"}
    (exposure,) = answer["exposures"]["added"]
    assert (exposure["entry"]["via"], exposure["entry"]["port"]) == ("NodePort", 30080)
    assert not answer["exposures"]["removed"]
    assert not answer["connections"]["added"]
    back = run("diff", *reversed(sources), "--format", "json", "--fail-on", "low")
    assert back.code == 0
    assert back.json()["exposures"]["removed"] == [exposure]


def test_a_policy_removes_connections_and_shows_the_ports_that_differ_alone(
    run: Run, folders: Any
) -> None:
    sources = folders(first=BASE, second=BASE + POLICY)
    outcome = run("diff", *sources, "--format", "json", "--assume-cni", "reference")
    connections = outcome.json()["connections"]
    assert not connections["added"]
    removed = {(item["from"], item["to"]): item for item in connections["removed"]}
    cart, front = "Deployment/shop/cart", "Deployment/shop/front"
    assert set(removed) == {
        (front, cart),
        ("0.0.0.0-9.255.255.255", cart),
        ("10.0.0.0-10.255.255.255", cart),
        ("11.0.0.0-255.255.255.255", cart),
    }
    assert removed["0.0.0.0-9.255.255.255", cart]["all"] is True
    for source in (front, "10.0.0.0-10.255.255.255"):
        assert removed[source, cart]["ports"] == [
            {"protocol": "TCP", "ports": "1-8079,8081-65535"},
            {"protocol": "UDP", "ports": "1-65535"},
            {"protocol": "SCTP", "ports": "1-65535"},
        ]


def test_what_is_added_and_removed_is_marked_in_text(run: Run, folders: Any) -> None:
    told = run("diff", *folders(first=BASE + NODE_PORT, second=BASE + POLICY)).out
    assert "- exposure    Service/shop/cart NodePort 30080/TCP" in told
    assert "- finding     " in told
    assert "- connection  Deployment/shop/front => Deployment/shop/cart" in told


def test_two_runs_give_the_same_bytes(run: Run, folders: Any) -> None:
    sources = folders(first=BASE, second=BASE + POLICY + NODE_PORT)
    for form in ("text", "json", "sarif", "junit"):
        texts = [run("diff", *sources, "--format", form).out for _ in range(2)]
        timeless = [re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "", text) for text in texts]
        assert timeless[0] == timeless[1]


def test_pipelines_are_told_what_a_change_adds_alone(run: Run, folders: Any) -> None:
    sources = folders(first=BASE, second=BASE + NODE_PORT)
    outcome = run("diff", *sources, "--format", "junit", "--fail-on", "medium")
    assert outcome.code == 1
    failing = [line for line in outcome.out.splitlines() if "<failure " in line]
    assert len(failing) == 1
    assert "opens 30080/TCP on every node" in failing[0]
    outcome = run("diff", *sources, "--format", "sarif")
    (sarif,) = outcome.json()["runs"]
    found = [item for item in sarif["results"] if item["kind"] == "fail"]
    assert [(item["ruleId"], item["baselineState"]) for item in found] == [
        ("node-port-open", "new")
    ]
    assert sarif["properties"]["exposures/removed"] == []
    assert "NodePort 30080/TCP" in sarif["properties"]["exposures/added"][0]
    # Where nothing is added there is a case that says so: Jenkins refuses a report without any.
    same = run("diff", sources[0], sources[0], "--format", "junit", "--fail-on", "unknown")
    assert same.code == 0
    assert 'tests="1" failures="0" errors="0"' in same.out


def test_a_source_that_cannot_be_read_is_no_improvement(run: Run, folders: Any) -> None:
    sources = folders(first=BASE + NODE_PORT, second=BASE + "---\nkind: Service\nspec: [\n")
    outcome = run("diff", *sources, "--format", "json")
    assert outcome.code == 3
    removed = {item["check"] for item in outcome.json()["findings"]["removed"]}
    added = {(item["check"], item["verdict"]) for item in outcome.json()["findings"]["added"]}
    # What is gone from sight is not gone: the cluster says so in its place.
    assert "node-port-open" in removed
    assert ("node-port-open", "unknown") in added


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["snapshot:a"], "Missing argument"), (["snapshot:a", "snapshot:b"], "is not there")],
)
def test_wrong_usage_says_what_to_do(run: Run, arguments: list[str], said: str) -> None:
    outcome = run("diff", *arguments)
    assert outcome.code == 2
    assert said in outcome.err
