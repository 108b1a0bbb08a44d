"""Consoles behind Ingresses: it is the front of the controller that tells who reaches them."""

import pytest

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.model.cluster import Cluster, Files
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration
from tests.analysis.clusters import AT, a_node, a_service
from tests.analysis.test_ingress_doors import NGINX, an_ingress, nginx
from tests.kube.manifests import Object, a_pod, read

FAIL, PASS = Verdict.FAIL, Verdict.PASS
DASHBOARD = (
    a_pod(
        "app",
        labels={"app": "app", "k8s-app": "kubernetes-dashboard"},
        image="kubernetesui/dashboard:v2.7.0",
        ports=[{"containerPort": 9090}],
    ),
    a_service("app", selector={"app": "app"}, ports=[{"port": 80, "targetPort": 9090}]),
)

WAYS_FROM_OUTSIDE = {
    f"management-interface-open-to-{audience}" for audience in ("internet", "private-network")
}


def verdicts(*objects: Object, of: str = "app") -> dict[str, set[Verdict]]:
    """Give what the two path checks of consoles say of a workload."""
    cluster = Cluster(id="kubeconfig/t", name="t", provider="kubeconfig", access=Files(""))
    node = a_node("n", "InternalIP=10.0.0.1")
    result = audit(cluster, read((node, *objects)), Rules.of(Configuration()), AT)
    found: dict[str, set[Verdict]] = {}
    for item in result.findings:
        is_console = item.subject.name == of
        if is_console and item.check in WAYS_FROM_OUTSIDE:
            audience = item.check.removeprefix("management-interface-open-to-")
            found.setdefault(audience, set()).add(item.verdict)
    return found


@pytest.mark.parametrize(
    ("address", "internet", "private"),
    [("203.0.113.9", FAIL, PASS), ("10.0.0.9", PASS, FAIL)],
)
def test_a_dashboard_is_open_to_whom_the_controllers_load_balancer_is(
    address: str, internet: Verdict, private: Verdict
) -> None:
    found = verdicts(*DASHBOARD, NGINX, *nginx(address), an_ingress(class_name="nginx"))
    assert found == {"internet": {internet}, "private-network": {private}}


def test_a_dashboard_that_no_ingress_names_has_no_way() -> None:
    found = verdicts(*DASHBOARD, NGINX, *nginx("203.0.113.9"))
    assert found == {"internet": {PASS}, "private-network": {PASS}}


def a_controller(*ports: int) -> Object:
    return a_pod(
        "nginx",
        "ingress",
        labels={"app": "nginx", "app.kubernetes.io/name": "ingress-nginx"},
        image="registry.k8s.io/ingress-nginx/controller:v1.11",
        ports=[{"containerPort": port} for port in ports],
    )


@pytest.mark.parametrize("ports", [(443,), (80, 443), (80, 443, 8443)])
def test_the_front_of_a_controller_is_not_its_admission_webhook(ports: tuple[int, ...]) -> None:
    front = nginx("203.0.113.9")[1]
    found = verdicts(a_controller(*ports), front, of="nginx")
    assert FAIL not in found.get("internet", set())


def test_an_admission_webhook_behind_a_load_balancer_is_found() -> None:
    webhook = a_service(
        "admission",
        "ingress",
        uid="u",
        type="LoadBalancer",
        selector={"app": "nginx"},
        ports=[{"port": 443, "targetPort": 8443}],
        status={"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}},
    )
    found = verdicts(a_controller(80, 443, 8443), webhook, of="nginx")
    assert found["internet"] == {FAIL}
