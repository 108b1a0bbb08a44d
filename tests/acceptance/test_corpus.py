"""Real input: what must be found and what must not, worked out from reading the manifests.

For each check that fails anywhere in a source, exactly these subjects and ports fail, and no other
check does. Each row has its reason in the manifests; when one changes, read them again first.
"""

from pathlib import Path

import pytest

from tests.acceptance.conftest import Run

Failures = dict[str, set[tuple[str, int | None]]]

SEGMENTLESS = "namespace-without-segment"

GOAT: Failures = {
    # docker-bench mounts /var/run/docker.sock, health-check containerd's, system-monitor /.
    "container-runtime-socket-mounted": {
        ("DaemonSet/default/docker-bench-security", None),
        ("Deployment/default/health-check-deployment", None),
        ("Deployment/default/system-monitor-deployment", None),
    },
    "pod-on-host-network": {("DaemonSet/default/docker-bench-security", None)},
    # system-monitor has its hostNetwork line commented out.
    "pod-shares-host-processes": {
        ("DaemonSet/default/docker-bench-security", None),
        ("Deployment/default/system-monitor-deployment", None),
        ("Job/default/kube-bench-master", None),
        ("Job/default/kube-bench-node", None),
    },
    "node-port-open": {("Service/default/internal-proxy-info-app-service", 30003)},
    # The default namespace is only named here: its labels are not in the manifests.
    SEGMENTLESS: {("Namespace/big-monolith", None), ("Namespace/secure-middleware", None)},
}

BOUTIQUE: Failures = {
    "load-balancer-open-to-internet": {("Service/default/frontend-external", 80)},
    "exposed-port-undeclared": {("Service/default/frontend-external", 80)},
    # allocateLoadBalancerNodePorts is true by default; the number is not known yet.
    "node-port-open": {("Service/default/frontend-external", None)},
}

OUTSIDE_THE_BOUTIQUE: set[tuple[str, int | None]] = {
    (workload, None)
    for workload in (
        "Deployment/big-monolith/hunger-check-deployment",
        "Deployment/default/build-code-deployment",
        "Deployment/default/health-check-deployment",
        "Deployment/default/internal-proxy-deployment",
        "Deployment/default/kubernetes-goat-home-deployment",
        "Deployment/default/poor-registry-deployment",
        "Deployment/default/system-monitor-deployment",
        "Deployment/secure-middleware/cache-store-deployment",
        "Job/default/batch-check-job",
        "Job/default/hidden-in-layers",
        "Job/default/kube-bench-master",
        "Job/default/kube-bench-node",
    )
}
BOUTIQUE_WORKLOADS: set[tuple[str, int | None]] = {
    (f"Deployment/boutique/{name}", None)
    for name in (
        "adservice",
        "cartservice",
        "checkoutservice",
        "currencyservice",
        "emailservice",
        "frontend",
        "loadgenerator",
        "paymentservice",
        "productcatalogservice",
        "recommendationservice",
        "redis-cart",
        "shippingservice",
    )
}

LIVE: Failures = {
    # An API server without kubelets: nothing gives its pods a network.
    "cni-unidentified": {("Cluster/snapshot/live-cluster", None)},
    "container-runtime-socket-mounted": GOAT["container-runtime-socket-mounted"],
    "pod-on-host-network": GOAT["pod-on-host-network"],
    "pod-shares-host-processes": GOAT["pod-shares-host-processes"],
    # node-public has the ExternalIP 203.0.113.13; the other two have 10.0.0.x only.
    "node-has-public-address": {("Node/node-public", None)},
    "load-balancer-open-to-internet": {("Service/boutique/frontend-external", 80)},
    "exposed-port-undeclared": {
        ("Service/boutique/frontend-external", 80),
        ("Service/boutique/frontend-external", 31714),
        ("Service/default/internal-proxy-info-app-service", 30003),
    },
    "node-port-open": {
        ("Service/boutique/frontend-external", 31714),
        ("Service/default/internal-proxy-info-app-service", 30003),
    },
    # Nothing selects these; the boutique's policies may hold or not, since no plugin is known.
    "workload-ingress-not-isolated": OUTSIDE_THE_BOUTIQUE,
    "workload-egress-not-isolated": OUTSIDE_THE_BOUTIQUE,
    "namespace-without-default-deny": {
        ("Namespace/big-monolith", None),
        ("Namespace/default", None),
        ("Namespace/secure-middleware", None),
    },
    # Each of the boutique's egress rules admits everything, enforced or not.
    "egress-to-internet-unrestricted": OUTSIDE_THE_BOUTIQUE | BOUTIQUE_WORKLOADS,
    "pod-can-reach-node-services": OUTSIDE_THE_BOUTIQUE | BOUTIQUE_WORKLOADS,
    # The shop window, and a proxy on a public node: both may dial the whole of goat.
    "internet-exposed-workload-moves-freely": {
        ("Deployment/boutique/frontend", None),
        ("Deployment/default/internal-proxy-deployment", None),
    },
    "policy-admits-everyone": {("NetworkPolicy/boutique/frontend", None)},
    SEGMENTLESS: {
        ("Namespace/big-monolith", None),
        ("Namespace/boutique", None),
        ("Namespace/default", None),
        ("Namespace/goat", None),
        ("Namespace/secure-middleware", None),
    },
}


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("kubernetes-goat", GOAT), ("online-boutique/app", BOUTIQUE), ("live-cluster", LIVE)],
)
def test_exactly_the_expected_subjects_fail(
    run: Run, corpus: Path, folder: str, expected: Failures
) -> None:
    outcome = run("audit", f"snapshot:{corpus / folder}", "--format", "json")
    assert outcome.code == 0
    found: Failures = {}
    for finding in outcome.json()["clusters"][0]["findings"]:
        if finding["verdict"] == "fail":
            found.setdefault(finding["check"], set()).add((_name(finding), finding["port"]))
    assert found == expected


def _name(finding: dict[str, dict[str, str]]) -> str:
    subject = finding["subject"]
    return "/".join(filter(None, [subject["kind"], subject["namespace"], subject["name"]]))


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        # Who dials a node port of a manifest cannot be told: it holds no node.
        (
            "kubernetes-goat",
            [("NodePort", 30003, "unknown", "exposed", "internal-proxy-deployment")],
        ),
        (
            "online-boutique/app",
            [
                ("LoadBalancer", 80, "internet", "exposed", "frontend"),
                ("NodePort", None, "unknown", "exposed", "frontend"),
            ],
        ),
        # The policy that selects the live frontend admits every source, enforced or not.
        (
            "live-cluster",
            [
                ("LoadBalancer", 80, "internet", "exposed", "frontend"),
                ("NodePort", 31714, "internet", "exposed", "frontend"),
                ("NodePort", 30003, "internet", "exposed", "internal-proxy-deployment"),
            ],
        ),
    ],
)
def test_exactly_the_expected_doors_are_open(
    run: Run, corpus: Path, folder: str, expected: list[tuple[str, int | None, str, str, str]]
) -> None:
    outcome = run("audit", f"snapshot:{corpus / folder}", "--format", "json")
    found = [
        (
            exposure["entry"]["via"],
            exposure["entry"]["port"],
            exposure["audience"],
            exposure["verdict"],
            exposure["target"]["workload"].rpartition("/")[2],
        )
        for exposure in outcome.json()["clusters"][0]["exposures"]
    ]
    assert found == expected


def test_a_manifest_folder_is_unknown_where_it_holds_nothing(run: Run, corpus: Path) -> None:
    cluster = run("audit", f"snapshot:{corpus / 'online-boutique/app'}", "--format", "json").json()[
        "clusters"
    ][0]
    coverage = {item["resource"]: item["state"] for item in cluster["coverage"]}
    assert coverage["nodes"] == "not-provided"
    assert coverage["pods"] == "complete"
    unknown = {item["check"] for item in cluster["findings"] if item["verdict"] == "unknown"}
    assert {"node-has-public-address", "api-server-grants-anonymous-access"} <= unknown
    assert cluster["state"] == "audited"
    assert cluster["platform"]["cni"]["enforces"] == "full"
    assert cluster["platform"]["cni"]["assumed"] is True


def test_a_live_snapshot_does_not_assume_enforcement(run: Run, corpus: Path) -> None:
    cluster = run("audit", f"snapshot:{corpus / 'live-cluster'}", "--format", "json").json()[
        "clusters"
    ][0]
    assert cluster["platform"]["cni"] == {
        "name": None,
        "version": None,
        "policy_engine": None,
        "enforces": "unknown",
        "assumed": False,
        "evidence": ["no network plugin was recognised"],
    }


def test_the_evidence_of_a_door_is_a_chain_to_the_workload(run: Run, corpus: Path) -> None:
    cluster = run("audit", f"snapshot:{corpus / 'live-cluster'}", "--format", "json").json()[
        "clusters"
    ][0]
    door = next(
        item for item in cluster["findings"] if item["check"] == "load-balancer-open-to-internet"
    )
    chain = [(hop["hop"], hop["field"], hop["value"]) for hop in door["evidence"]]
    service = "Service/boutique/frontend-external"
    assert chain[:4] == [
        (service, "spec.type", "LoadBalancer"),
        (service, "status.loadBalancer.ingress[].ip", "203.0.113.8"),
        (service, "spec.selector", "app=frontend"),
        (service, "spec.ports[http].targetPort", "8080"),
    ]
    assert ("NetworkPolicy/boutique/frontend", "spec.podSelector") in [hop[:2] for hop in chain]
