"""`reachability`: the command as people and pipelines meet it."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Run

SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: shop, labels: {app: front}}
spec: {containers: [{name: c, image: front}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec: {containers: [{name: c, image: cart, ports: [{containerPort: 8080, name: http}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: http}, {port: 9000, endPort: 9010, protocol: UDP}]
"""


@pytest.fixture
def shop(tmp_path: Path) -> str:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "all.yaml").write_text(SHOP)
    return f"snapshot:{folder}"


def test_json_has_the_shape_that_scripts_rely_on(run: Run, shop: str) -> None:
    outcome = run("reachability", shop, "--format", "json", "--assume-cni", "reference")
    assert outcome.code == 0
    answer = outcome.json()
    assert answer["schema"] == "exposure-auditor/reachability/v1"
    assert answer["cluster"] == "snapshot/shop"
    by_ends = {(item["from"], item["to"]): item for item in answer["connections"]}
    assert by_ends["Pod/shop/front", "Pod/shop/cart"] == {
        "from": "Pod/shop/front",
        "to": "Pod/shop/cart",
        "ports": [
            {"protocol": "TCP", "ports": "8080"},
            {"protocol": "UDP", "ports": "9000-9010"},
        ],
        "all": False,
        "decided_by": ["NetworkPolicy/shop/cart"],
    }
    assert by_ends["Pod/shop/cart", "0.0.0.0-255.255.255.255"] == {
        "from": "Pod/shop/cart",
        "to": "0.0.0.0-255.255.255.255",
        "ports": [],
        "all": True,
        "decided_by": [],
    }
    assert ("0.0.0.0-255.255.255.255", "Pod/shop/cart") not in by_ends
    assert ("Pod/shop/cart", "Pod/shop/cart") not in by_ends


def test_two_runs_give_the_same_bytes(run: Run, shop: str) -> None:
    for form in ("text", "json", "csv", "dot"):
        answers = {run("reachability", shop, "--format", form).out for _ in range(2)}
        assert len(answers) == 1


def test_what_the_plugin_decides_is_unknown_with_a_reason(run: Run, shop: str) -> None:
    answer = run("reachability", shop, "--format", "json").json()
    (row,) = (
        item
        for item in answer["connections"]
        if (item["from"], item["to"]) == ("Pod/shop/front", "Pod/shop/cart") and "verdict" in item
    )
    # No plugin is known, so nobody knows whether it takes a range of ports as one.
    assert row["verdict"] == "unknown"
    assert "NetworkPolicy/shop/cart spec.ingress[0]" in row["reason"]
    assert row["unknown_ports"] == [{"protocol": "UDP", "ports": "9001-9010"}]
    assert answer["enforcement"]["assumed"] is True


def test_policies_that_nothing_enforces_are_said_to_be_declared(run: Run, shop: str) -> None:
    answer = run("reachability", shop, "--format", "json", "--assume-cni", "flannel").json()
    assert answer["not_enforced"] == ["NetworkPolicy/shop/cart"]
    by_ends = {(item["from"], item["to"]): item for item in answer["connections"]}
    assert by_ends["0.0.0.0-255.255.255.255", "Pod/shop/cart"]["all"] is True
    told = run("reachability", shop, "--to", "cart", "--explain", "--assume-cni", "flannel").out
    assert "declared, not enforced: NetworkPolicy/shop/cart" in told


def test_an_explanation_names_the_rule_in_both_directions(run: Run, shop: str) -> None:
    arguments = ("--from", "front", "--to", "shop/cart", "--explain", "--assume-cni", "reference")
    told = run("reachability", shop, *arguments).out
    assert "egress: source may send all ports" in told
    assert "allow TCP 8080, UDP 9000-9010: NetworkPolicy/shop/cart spec.ingress[0]" in told
    assert "both agree on: TCP 8080, UDP 9000-9010" in told


def test_a_denial_names_the_nearest_rule(run: Run, shop: str) -> None:
    arguments = ("--from", "8.8.8.8", "--to", "Pod/shop/cart", "--explain")
    told = run("reachability", shop, *arguments, "--assume-cni", "reference").out
    assert "nothing is let through" in told
    assert "nearest rule: NetworkPolicy/shop/cart spec.ingress[0] speaks of TCP 8080" in told


def test_the_address_of_a_pod_is_the_pod(run: Run, shop: str) -> None:
    folder = Path(shop.removeprefix("snapshot:"))
    pod = (
        (folder / "all.yaml")
        .read_text()
        .replace(
            "spec: {containers: [{name: c, image: front}]}",
            "spec: {containers: [{name: c, image: front}]}\nstatus: {podIPs: [{ip: 10.1.0.7}]}",
        )
    )
    (folder / "all.yaml").write_text(pod)
    arguments = ("--to", "cart", "--assume-cni", "reference")
    by_address = run("reachability", shop, "--from", "10.1.0.7", *arguments).out
    assert by_address == run("reachability", shop, "--from", "front", *arguments).out
    assert "Pod/shop/front => Pod/shop/cart : TCP 8080" in by_address


def test_one_end_gives_the_rows_of_the_whole(run: Run, shop: str) -> None:
    whole = run("reachability", shop, "--format", "json").json()["connections"]
    for option, end in (("--to", "to"), ("--from", "from")):
        part = run("reachability", shop, option, "cart", "--format", "json").json()["connections"]
        assert part == [item for item in whole if item[end] == "Pod/shop/cart"]
    outside = run("reachability", shop, "--internet", "--format", "json").json()["connections"]
    assert outside == [item for item in whole if "255.255.255.255" in item["from"] + item["to"]]


def test_csv_and_dot_can_be_read_by_what_reads_them(run: Run, shop: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run("reachability", shop, "--format", "csv").out)))
    assert {"from", "to", "ports", "verdict", "reason", "decided_by"} == set(rows[0])
    assert any(row["ports"] == "all" for row in rows)
    graph = run("reachability", shop, "--format", "dot").out
    assert graph.startswith("digraph reachability {")
    assert '"Pod/shop/front" -> "Pod/shop/cart"' in graph
    assert graph.count("{") == graph.count("}")


def test_hostile_names_stay_text(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    for number, name in enumerate(("=cmd|x", 'a"];x[', "\u202eevil\x1b[31m")):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "web"},
            "spec": {"containers": [{"name": "c", "image": "a"}]},
        }
        (folder / f"{number}.json").write_text(json.dumps(pod))
    for form in ("text", "csv", "dot"):
        told = run("reachability", f"snapshot:{folder}", "--format", form).out
        assert "\x1b" not in told
        assert "\u202e" not in told
        assert '"a"];x["' not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["snapshot:nowhere"], "is not there"),
        (["--to", "nobody"], "no workload is called 'nobody'; there are Pod/shop/cart"),
        (["--explain"], "give --from W or --to W"),
        (["--explain", "--to", "cart", "--format", "json"], "leave --format away"),
        (["--assume-cni", "magic"], "no plugin is called 'magic'"),
    ],
)
def test_wrong_usage_says_what_to_do(run: Run, shop: str, arguments: list[str], said: str) -> None:
    source = [] if arguments[0].startswith("snapshot:") else [shop]
    outcome = run("reachability", *source, *arguments)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_broken_part_of_a_policy_is_named_and_the_rest_is_exact(run: Run, shop: str) -> None:
    policy = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: broken, namespace: shop}
spec:
  podSelector: {matchLabels: {app: front}}
  policyTypes: [Ingress]
  ingress:
    - from: [{ipBlock: {cidr: 300.0.0.0/8}}, {}, {podSelector: {matchLabels: {app: cart}}}]
      ports: [{port: 90, endPort: 80}, {port: 443}]
    - from: [{podSelector: {matchExpressions: [{key: app, operator: Equals, values: [x]}]}}]
"""
    Path(shop.removeprefix("snapshot:"), "broken.yaml").write_text(policy)
    outcome = run(
        "reachability", shop, "--to", "front", "--format", "json", "--assume-cni", "reference"
    )
    assert outcome.code == 0
    issues = {item["field"]: item["message"] for item in outcome.json()["issues"]}
    assert set(issues) == {
        "spec.ingress[0].from[0].ipBlock",
        "spec.ingress[0].from[1]",
        "spec.ingress[0].ports[0]",
        "spec.ingress[1].from[0].podSelector",
    }
    assert [(item["from"], item["ports"]) for item in outcome.json()["connections"]] == [
        ("Pod/shop/cart", [{"protocol": "TCP", "ports": "443"}])
    ]
    assert "NetworkPolicy/shop/broken spec.ingress[0].from[0].ipBlock" in outcome.err


def test_a_document_that_cannot_be_read_makes_everything_unknown(run: Run, shop: str) -> None:
    folder = Path(shop.removeprefix("snapshot:"))
    (folder / "more.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: [\n"
    )
    outcome = run("reachability", shop, "--format", "json")
    assert outcome.code == 3
    answer = outcome.json()
    assert "networkpolicies.networking.k8s.io is partial" in answer["gap"]
    assert answer["connections"]
    assert {item["verdict"] for item in answer["connections"]} == {"unknown"}


DOOR = """
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {type: LoadBalancer, selector: {app: front}, ports: [{port: 80, targetPort: 8080}]}
"""


def test_the_blast_radius_of_a_door(run: Run, shop: str) -> None:
    path = Path(shop.partition(":")[2]) / "door.yaml"
    path.write_text(DOOR)
    arguments = ("reachability", shop, "--blast-radius", "--assume-cni", "reference")
    (radius,) = run(*arguments, "--format", "json").json()["radiuses"]
    assert radius["workload"] == "Pod/shop/front"
    assert [item["workload"] for item in radius["workloads"]] == ["Pod/shop/cart"]
    assert radius["workloads"][0]["ports"] == [
        {"protocol": "TCP", "ports": "8080"},
        {"protocol": "UDP", "ports": "9000-9010"},
    ]
    exposures = run("audit", shop, "--format", "json").json()["clusters"][0]["exposures"]
    assert {way["exposure"] for way in radius["ways"]} == {item["id"] for item in exposures}
    told = run(*arguments).out
    assert "1 of 1 next; 1 by any number of steps" in told
    drawn = run(*arguments, "--format", "dot").out
    assert '"Service/shop/front LoadBalancer" -> "Pod/shop/front" [label="8080"];' in drawn
    assert run(*arguments, "--from", "cart").out == "no workload that the internet may reach\n"


@pytest.mark.parametrize("wrong", [("--to", "cart"), ("--explain",), ("--format", "csv")])
def test_a_blast_radius_takes_no_other_question(
    run: Run, shop: str, wrong: tuple[str, ...]
) -> None:
    outcome = run("reachability", shop, "--blast-radius", *wrong)
    assert outcome.code == 2
    assert outcome.errors


TENANTS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {tenant: retail, risk-level: low}}
---
apiVersion: v1
kind: Namespace
metadata: {name: vault, labels: {tenant: "=bank", risk-level: high}}
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: shop}
spec: {containers: [{name: c, image: front}]}
---
apiVersion: v1
kind: Pod
metadata: {name: ledger, namespace: vault}
spec: {containers: [{name: c, image: ledger}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: vault}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


@pytest.fixture
def tenants(tmp_path: Path) -> str:
    (tmp_path / "tenants.yaml").write_text(TENANTS)
    return f"snapshot:{tmp_path / 'tenants.yaml'}"


def test_tenants_are_told_as_a_matrix(run: Run, tenants: str) -> None:
    outcome = run("reachability", tenants, "--tenants", "--format", "json")
    assert outcome.code == 0
    answer = outcome.json()
    assert answer["schema"] == "exposure-auditor/segmentation/v1"
    assert answer["cluster"] == "snapshot/tenants.yaml"
    assert answer["tenants"] == [
        {
            "from": "=bank",
            "to": "retail",
            "state": "open",
            "allowed": False,
            "example": {
                "from": "Pod/vault/ledger",
                "to": "Pod/shop/front",
                "ports": "all ports",
                "cluster": None,
            },
            "reason": None,
        },
        {
            "from": "retail",
            "to": "=bank",
            "state": "separated",
            "allowed": False,
            "example": None,
            "reason": None,
        },
    ]
    assert [(item["from"], item["to"]) for item in answer["risk_levels"]] == [
        ("high", "low"),
        ("low", "high"),
    ]
    audited = run("audit", tenants, "--format", "json", "--no-store").json()
    assert audited["clusters"][0]["segmentation"]["tenants"] == answer["tenants"]


def test_the_matrix_for_people_and_for_spreadsheets(run: Run, tenants: str) -> None:
    text = run("reachability", tenants, "--tenants").out
    assert "TENANT: FROM" in text
    assert "=bank => retail; Pod/vault/ledger => Pod/shop/front : all ports" in text
    table = run("audit", tenants, "--no-store").out
    assert "TENANT: FROM" in table
    assert "separated" in table
    rows = list(
        csv.reader(io.StringIO(run("reachability", tenants, "--tenants", "--format", "csv").out))
    )
    assert rows[0][:4] == ["dimension", "from", "to", "state"]
    assert rows[1][:4] == ["tenant", "'=bank", "retail", "open"]


def test_a_matrix_with_many_tenants_is_listed(run: Run, tmp_path: Path) -> None:
    names = [f"t{number}" for number in range(14)]
    (tmp_path / "many.yaml").write_text(
        "---".join(
            f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {name}, labels: {{tenant: {name}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: p, namespace: {name}}}
spec: {{containers: [{{name: c, image: app}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: {name}}}
spec: {{podSelector: {{}}, policyTypes: [{"Ingress" if name != "t3" else "Egress"}]}}
"""
            for name in names
        )
    )
    out = run("reachability", f"snapshot:{tmp_path / 'many.yaml'}", "--tenants").out
    assert "tenants, each to each: 169 separated, 0 by-rule, 0 unknown, 13 open" in out
    assert "t0 => t3" in out


def test_a_source_without_tenants_says_so(run: Run, shop: str) -> None:
    assert "no two tenants" in run("reachability", shop, "--tenants").out


@pytest.mark.parametrize(
    "wrong",
    [("--from", "x"), ("--to", "x"), ("--internet",), ("--format", "dot"), ("--blast-radius",)],
)
def test_a_matrix_goes_with_no_other_question(
    run: Run, tenants: str, wrong: tuple[str, ...]
) -> None:
    outcome = run("reachability", tenants, "--tenants", *wrong)
    assert outcome.code == 2
    assert "--tenants goes with" in outcome.errors[0]
