"""Whom one load balancer serves, by every sort of door that one may have."""

from typing import Any

import pytest

from auditor.analysis.exposure.shared_balancers import share_of_balancers
from auditor.analysis.facts import Facts
from auditor.analysis.segments.sharing import Dimension, Pair
from tests.analysis.clusters import a_service, facts_of
from tests.kube.manifests import Object, a_pod, an_object

NGINX = an_object("IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"})
CONTROLLER = a_pod(
    "nginx",
    "ingress",
    labels={"app": "nginx"},
    image="registry.k8s.io/ingress-nginx/controller:v1.11.3",
    ports=[{"containerPort": 443, "name": "https"}],
)
FRONT = a_service(
    "nginx",
    "ingress",
    uid="u",
    type="LoadBalancer",
    selector={"app": "nginx"},
    ports=[{"port": 443, "targetPort": "https"}],
    status={"loadBalancer": {"ingress": [{"ip": "203.0.113.20"}]}},
)


def a_home(name: str, tenant: str | None) -> Object:
    labels = {"tenant": tenant} if tenant else {}
    return an_object("Namespace", name, meta={"labels": labels})


def an_ingress(namespace: str, ip: str | None = None, **spec: Any) -> Object:
    status = {"loadBalancer": {"ingress": [{"ip": ip}]}} if ip else {}
    backend = {"service": {"name": "front", "port": {"number": 80}}}
    return an_object(
        "Ingress",
        "web",
        namespace,
        spec={"defaultBackend": backend, **spec},
        status=status,
    )


def a_balancer(namespace: str, *ips: str) -> Object:
    return a_service(
        "public",
        namespace,
        uid=f"u-{namespace}",
        type="LoadBalancer",
        selector={"app": "x"},
        status={"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]}},
    )


def shared(facts: Facts) -> tuple[set[Pair], tuple[str, ...], tuple[str, ...]]:
    sharing, unplaced = share_of_balancers(facts.doors, facts.segments, Dimension.TENANT)
    return set(sharing.pairs), sharing.untold, unplaced


HOMES = (a_home("a", "red"), a_home("b", "blue"), a_home("c", "red"), a_home("u", None))


@pytest.mark.parametrize(
    ("objects", "pairs"),
    [
        pytest.param(
            [an_ingress("a", ingressClassName="nginx"), an_ingress("b", ingressClassName="nginx")],
            {("blue", "red")},
            id="one controller",
        ),
        pytest.param(
            [an_ingress("a", ingressClassName="nginx"), an_ingress("c", ingressClassName="nginx")],
            set(),
            id="one controller, one tenant",
        ),
        pytest.param(
            [a_balancer("a", "203.0.113.1"), a_balancer("b", "203.0.113.1")],
            {("blue", "red")},
            id="one address",
        ),
        pytest.param(
            [a_balancer("a", "203.0.113.1", "2001:db8::1"), a_balancer("b", "2001:0db8::1")],
            {("blue", "red")},
            id="one of two addresses",
        ),
        pytest.param(
            [a_balancer("a", "203.0.113.1"), a_balancer("b", "203.0.113.2")],
            set(),
            id="an address each",
        ),
        pytest.param([a_balancer("a"), a_balancer("b")], set(), id="a Service each"),
        pytest.param(
            [an_ingress("a", "203.0.113.9"), an_ingress("b", "203.0.113.9")],
            {("blue", "red")},
            id="two Ingresses of a cloud's balancer",
        ),
        pytest.param(
            [an_ingress("a", "203.0.113.9"), a_balancer("b", "203.0.113.9")],
            {("blue", "red")},
            id="an Ingress and a Service",
        ),
        pytest.param(
            [
                a_service("public", "a", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]),
                a_service("public", "b", type="NodePort", ports=[{"port": 80, "nodePort": 30081}]),
            ],
            set(),
            id="node ports",
        ),
    ],
)
def test_tenants_meet_at_what_serves_both(objects: list[Object], pairs: set[Pair]) -> None:
    facts = facts_of(*HOMES, NGINX, CONTROLLER, FRONT, *objects)
    assert shared(facts) == (pairs, (), ())


def test_who_runs_the_controller_is_not_served_by_it() -> None:
    platform = a_home("ingress", "platform")
    facts = facts_of(
        *HOMES, platform, NGINX, CONTROLLER, FRONT, an_ingress("a", ingressClassName="nginx")
    )
    assert shared(facts) == (set(), (), ())


def test_a_namespace_that_nobody_tells_may_be_another_tenants() -> None:
    objects = (a_balancer("a", "203.0.113.1"), a_balancer("u", "203.0.113.1"))
    assert shared(facts_of(*HOMES, *objects)) == (set(), ("u",), ())
    alone = (a_balancer("a", "203.0.113.1"), a_balancer("u", "203.0.113.2"))
    assert shared(facts_of(*HOMES, *alone)) == (set(), (), ())


def test_a_route_whose_balancer_cannot_be_told_may_share_one() -> None:
    routes = [an_ingress(home, ingressClassName="nginx") for home in ("a", "b")]
    expected = ("Ingress/a/web", "Ingress/b/web")
    assert shared(facts_of(*HOMES, NGINX, *routes)) == (set(), (), expected)
    same = [an_ingress(home, ingressClassName="nginx") for home in ("a", "c")]
    assert shared(facts_of(*HOMES, NGINX, *same)) == (set(), (), ())
    untold = [an_ingress(home, ingressClassName="nginx") for home in ("a", "u")]
    assert shared(facts_of(*HOMES, NGINX, *untold))[2] == ("Ingress/a/web", "Ingress/u/web")
