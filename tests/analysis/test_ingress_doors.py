"""Doors of Ingresses: the audience is that of the front of the controller that serves them."""

from typing import Any

import pytest

from auditor.analysis.facts import Facts
from auditor.kube.resources import INGRESS_CLASSES, PODS, SERVICES
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.reading import ReadState
from auditor.model.verdict import Confidence
from tests.analysis.clusters import a_node, a_service, facts_of, the_door
from tests.kube.manifests import Object, a_pod, an_object

INTERNET, PRIVATE, LISTED, UNKNOWN = (
    Audience.INTERNET,
    Audience.PRIVATE_NETWORK,
    Audience.ALLOW_LISTED,
    Audience.UNKNOWN,
)
AWS = a_node("a", "InternalIP=10.0.0.1", spec={"providerID": "aws:///eu-west-1a/i-1"})
GCP = a_node("a", "InternalIP=10.0.0.1", spec={"providerID": "gce://p/z/n"})
AZURE = a_node("a", "InternalIP=10.0.0.1", spec={"providerID": "azure:///s/n"})
WEB = (a_pod("app", labels={"app": "app"}), a_service("app", selector={"app": "app"}))
ALLOW = "nginx.ingress.kubernetes.io/whitelist-source-range"
SCHEME = "alb.ingress.kubernetes.io/scheme"


def a_class(name: str, controller: str, *, default: bool = False, **spec: Any) -> Object:
    mark = {"ingressclass.kubernetes.io/is-default-class": "true"} if default else {}
    return an_object(
        "IngressClass", name, meta={"annotations": mark}, spec={"controller": controller, **spec}
    )


def an_ingress(name: str = "front", ip: str | None = None, **parts: Any) -> Object:
    """Write an Ingress to the Service `app`; `annotations`, `class_name`, `tls` are its own."""
    spec: dict[str, Any] = {
        "rules": parts.get(
            "rules",
            [{"host": "a.example", "http": {"paths": [{"path": "/", "backend": _backend()}]}}],
        )
    }
    if "class_name" in parts:
        spec["ingressClassName"] = parts["class_name"]
    if "tls" in parts:
        spec["tls"] = parts["tls"]
    status = {"loadBalancer": {"ingress": [{"ip": ip}]}} if ip else {}
    meta = {"annotations": parts.get("annotations", {})}
    return an_object("Ingress", name, "web", meta=meta, spec=spec, status=status)


def _backend(service: str = "app", **port: Any) -> Object:
    return {"service": {"name": service, "port": port or {"number": 80}}}


def nginx(ip: str | None, name: str = "nginx", **service: Any) -> tuple[Object, ...]:
    """Write a controller's pod and the load balancer before it."""
    image = "registry.k8s.io/ingress-nginx/controller:v1.11"
    status = {"loadBalancer": {"ingress": [{"ip": ip}]}} if ip else {}
    return (
        a_pod(name, "ingress", labels={"app": name}, image=image, ports=[{"containerPort": 443}]),
        a_service(
            name,
            "ingress",
            uid="u",
            type="LoadBalancer" if ip else "ClusterIP",
            selector={"app": name},
            ports=[{"port": 80, "targetPort": 80}, {"port": 443, "targetPort": 443}],
            status=status,
            **service,
        ),
    )


NGINX = a_class("nginx", "k8s.io/ingress-nginx")
ALB = a_class("alb", "ingress.k8s.aws/alb")


def audience(*objects: Object, **options: Any) -> Audience:
    return the_door(facts_of(*WEB, *objects, **options), Via.INGRESS).audience


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        # The controller's own front decides.
        ((NGINX, *nginx("203.0.113.9"), an_ingress(class_name="nginx")), INTERNET),
        ((NGINX, *nginx("10.0.0.9"), an_ingress(class_name="nginx")), PRIVATE),
        ((NGINX, *nginx(None), an_ingress(class_name="nginx")), UNKNOWN),
        # By the older annotation, and by the usual name where no class was read.
        (
            (
                *nginx("203.0.113.9"),
                an_ingress(annotations={"kubernetes.io/ingress.class": "nginx"}),
            ),
            INTERNET,
        ),
        ((*nginx("203.0.113.9"), an_ingress(class_name="nginx")), INTERNET),
        ((*nginx("203.0.113.9"), an_ingress(class_name="corp")), UNKNOWN),
        # The default class, none, and two of them.
        (
            (
                a_class("n", "k8s.io/ingress-nginx", default=True),
                *nginx("203.0.113.9"),
                an_ingress(),
            ),
            INTERNET,
        ),
        ((NGINX, *nginx("203.0.113.9"), an_ingress()), UNKNOWN),
        (
            (
                a_class("n", "k8s.io/ingress-nginx", default=True),
                a_class("m", "ingress.k8s.aws/alb", default=True),
                *nginx("203.0.113.9"),
                an_ingress(),
            ),
            UNKNOWN,
        ),
        # A controller that nobody knows: the published address is a fact, else it stays open.
        ((a_class("x", "example.com/x"), an_ingress(class_name="x")), UNKNOWN),
        ((a_class("x", "example.com/x"), an_ingress(ip="203.0.113.5", class_name="x")), INTERNET),
        ((a_class("x", "example.com/x"), an_ingress(ip="10.0.0.5", class_name="x")), PRIVATE),
        # An application load balancer of AWS.
        ((AWS, ALB, an_ingress(class_name="alb")), PRIVATE),
        (
            (AWS, ALB, an_ingress(class_name="alb", annotations={SCHEME: "internet-facing"})),
            INTERNET,
        ),
        ((AWS, ALB, an_ingress(class_name="alb", annotations={SCHEME: "internal"})), PRIVATE),
        (
            (
                AWS,
                a_class("alb", "ingress.k8s.aws/alb", parameters={"kind": "P", "name": "p"}),
                an_ingress(class_name="alb"),
            ),
            UNKNOWN,
        ),
        (
            (
                AWS,
                ALB,
                an_ingress(
                    class_name="alb",
                    annotations={
                        SCHEME: "internet-facing",
                        "alb.ingress.kubernetes.io/inbound-cidrs": "198.51.100.0/24",
                    },
                ),
            ),
            LISTED,
        ),
        (
            (
                AWS,
                ALB,
                an_ingress(
                    class_name="alb",
                    annotations={
                        SCHEME: "internet-facing",
                        "alb.ingress.kubernetes.io/security-groups": "sg-1",
                    },
                ),
            ),
            UNKNOWN,
        ),
        # Google: no class at all is its own controller's.
        ((GCP, an_ingress()), INTERNET),
        ((GCP, an_ingress(annotations={"kubernetes.io/ingress.class": "gce-internal"})), PRIVATE),
        ((AWS, an_ingress()), UNKNOWN),
        # Azure's gateway keeps its public address whatever is asked.
        (
            (
                AZURE,
                a_class("agic", "azure/application-gateway"),
                an_ingress(
                    class_name="agic",
                    annotations={"appgw.ingress.kubernetes.io/use-private-ip": "true"},
                ),
            ),
            UNKNOWN,
        ),
        # The address that was published outweighs what is asked for.
        ((AWS, ALB, an_ingress(ip="203.0.113.7", class_name="alb")), INTERNET),
        # A wide front that the status does not show counts too.
        (
            (NGINX, *nginx("203.0.113.9"), an_ingress(ip="10.0.0.9", class_name="nginx")),
            INTERNET,
        ),
    ],
)
def test_who_can_dial_an_ingress(objects: tuple[Object, ...], expected: Audience) -> None:
    assert audience(*objects) is expected


@pytest.mark.parametrize(
    ("listed", "expected", "is_unsure"),
    [
        ("198.51.100.0/24", LISTED, False),
        ("0.0.0.0/1,128.0.0.0/1", INTERNET, False),
        # The controller may see its nodes instead of the clients: then this admits everyone.
        ("10.0.0.0/8", PRIVATE, True),
        ("198.51.100.0/24, 10.0.0.0/8", LISTED, True),
        ("nonsense", UNKNOWN, True),
        ("", INTERNET, False),
    ],
)
def test_a_list_of_sources_narrows_an_open_front(
    listed: str, expected: Audience, *, is_unsure: bool
) -> None:
    front = an_ingress(class_name="nginx", annotations={ALLOW: listed})
    door = the_door(facts_of(*WEB, NGINX, *nginx("203.0.113.9"), front), Via.INGRESS)
    assert (door.audience, bool(door.reason)) == (expected, is_unsure)


def test_a_list_that_is_not_confirmed_narrows_nothing() -> None:
    key = "nginx.ingress.kubernetes.io/allowlist-source-range"
    front = an_ingress(class_name="nginx", annotations={key: "198.51.100.0/24"})
    assert audience(NGINX, *nginx("203.0.113.9"), front) is INTERNET


def test_of_two_installations_the_published_address_tells_which() -> None:
    both = (NGINX, *nginx("203.0.113.9", "outer"), *nginx("10.0.0.9", "inner"))
    assert audience(*both, an_ingress(ip="10.0.0.9", class_name="nginx")) is PRIVATE
    assert audience(*both, an_ingress(ip="203.0.113.9", class_name="nginx")) is INTERNET
    assert audience(*both, an_ingress(class_name="nginx")) is INTERNET


@pytest.mark.parametrize("resource", [PODS, SERVICES, INGRESS_CLASSES])
def test_what_was_not_read_leaves_it_open_who_can_dial_it(resource: str) -> None:
    front = an_ingress(class_name="corp" if resource == INGRESS_CLASSES else "nginx")
    states = {resource: ReadState.FORBIDDEN}
    assert audience(front, states=states) is UNKNOWN


def _routes(facts: Facts) -> list[tuple[Any, ...]]:
    return sorted(
        (
            item.entry.host or "*",
            item.entry.path or "-",
            item.entry.port,
            str(item.target.workload),
            item.target.port,
            item.verdict.value,
        )
        for item in facts.exposures
        if item.entry.via is Via.INGRESS
    )


def test_each_host_and_path_is_followed_to_its_pods() -> None:
    named = a_service("named", selector={"app": "app"}, ports=[{"name": "web", "port": 8080}])
    rules = [
        {
            "host": "shop.example",
            "http": {
                "paths": [
                    {"path": "/", "backend": _backend()},
                    {"path": "/named", "backend": _backend("named", name="web")},
                    {"path": "/lost", "backend": _backend("lost")},
                    {"path": "/port", "backend": _backend("app", number=81)},
                    {"path": "/bucket", "backend": {"resource": {"kind": "Bucket", "name": "b"}}},
                ]
            },
        },
        {"http": {"paths": [{"backend": _backend()}]}},
    ]
    tls = [{"hosts": ["shop.example"], "secretName": "s"}]
    front = an_ingress(class_name="nginx", rules=rules, tls=tls)
    assert _routes(facts_of(*WEB, named, NGINX, *nginx("203.0.113.9"), front)) == [
        ("*", "/", 80, "Pod/web/app", 80, "exposed"),
        ("shop.example", "/", 443, "Pod/web/app", 80, "exposed"),
        ("shop.example", "/bucket", 443, "None", None, "unknown"),
        ("shop.example", "/lost", 443, "None", None, "blocked"),
        ("shop.example", "/named", 443, "Pod/web/app", 8080, "exposed"),
        ("shop.example", "/port", 443, "None", None, "blocked"),
    ]


def test_a_default_backend_is_a_route_for_every_host() -> None:
    front = an_object(
        "Ingress", "front", "web", spec={"ingressClassName": "alb", "defaultBackend": _backend()}
    )
    (route,) = _routes(facts_of(*WEB, AWS, ALB, front))
    assert route[:4] == ("*", "-", 80, "Pod/web/app")


def test_the_evidence_goes_from_the_class_by_the_front_to_the_pod() -> None:
    facts = facts_of(*WEB, NGINX, *nginx("203.0.113.9"), an_ingress(class_name="nginx"))
    (exposure,) = (item for item in facts.exposures if item.entry.via is Via.INGRESS)
    said = [(hop.hop, hop.field, hop.value) for hop in exposure.path]
    assert said == [
        ("Ingress/web/front", "spec.ingressClassName", "nginx"),
        ("IngressClass/nginx", "spec.controller", "k8s.io/ingress-nginx"),
        ("Service/ingress/nginx", "spec.type", "LoadBalancer"),
        ("Service/ingress/nginx", "status.loadBalancer.ingress[].ip", "203.0.113.9"),
        ("Service/ingress/nginx", "spec.selector", "app=nginx"),
        ("Service/ingress/nginx", "spec.ports[80].targetPort", "80"),
        ("Ingress/web/front", "spec.rules[].http.paths[].backend.service", "app:80"),
        ("Service/web/app", "spec.selector", "app=app"),
        ("Service/web/app", "spec.ports[80].targetPort", "80"),
    ]


@pytest.mark.parametrize(
    ("hostname", "scheme", "expected"),
    [
        ("k8s-web-front-1-2.eu-west-1.elb.amazonaws.com", "internet-facing", INTERNET),
        ("internal-k8s-web-front-1-2.eu-west-1.elb.amazonaws.com", "internal", PRIVATE),
        # The name is a habit, the annotation is what the controller was asked for.
        ("internal-k8s-web-front-1-2.eu-west-1.elb.amazonaws.com", "internet-facing", INTERNET),
        ("k8s-web-front-1-2.eu-west-1.elb.amazonaws.com", None, PRIVATE),
    ],
)
def test_a_hostname_without_an_address_is_judged_by_what_was_asked(
    hostname: str, scheme: str | None, expected: Audience
) -> None:
    made = an_ingress(class_name="alb", annotations={SCHEME: scheme} if scheme else {})
    made["status"] = {"loadBalancer": {"ingress": [{"hostname": hostname}]}}
    door = the_door(facts_of(*WEB, AWS, ALB, made), Via.INGRESS)
    assert door.audience is expected
    assert door.entry.addresses == (hostname,)
    assert door.confidence is not Confidence.HIGH
