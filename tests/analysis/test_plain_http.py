"""What becomes of plain HTTP at a route: a table from the documentation of each controller."""

from typing import Any

import pytest
from msgspec import Struct

from auditor.catalogue.ingress_controllers import CLASS_ANNOTATION, Plain, ingress_controllers
from auditor.kube.resources import CONFIG_MAPS
from auditor.model.exposure import Via
from auditor.model.reading import ReadState
from tests.analysis.clusters import facts_of, the_door
from tests.analysis.test_ingress_doors import (
    ALB,
    AWS,
    AZURE,
    GCP,
    NGINX,
    SCHEME,
    WEB,
    a_class,
    an_ingress,
    nginx,
)
from tests.kube.manifests import Object, an_object

SERVED, REDIRECTED, REFUSED, UNKNOWN = (
    Plain.SERVED,
    Plain.REDIRECTED,
    Plain.REFUSED,
    Plain.UNKNOWN,
)
TLS = [{"hosts": ["a.example"]}]
SSL = "nginx.ingress.kubernetes.io/ssl-redirect"
FORCE = "nginx.ingress.kubernetes.io/force-ssl-redirect"
PORTS = "alb.ingress.kubernetes.io/listen-ports"
CERT = {"alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:x"}
BOTH = {PORTS: '[{"HTTP": 80}, {"HTTPS": 443}]', **CERT}
PUBLIC = {SCHEME: "internet-facing"}


class Case(Struct, frozen=True, kw_only=True):
    """An Ingress under a controller, and what becomes of plain HTTP."""

    controller: str
    name: str
    objects: tuple[Object, ...]
    plain: Plain


def settings(full_name: str = "ingress-nginx/ingress-nginx-controller", **data: str) -> Object:
    """Write a controller's ConfigMap; underscores in keys stand for hyphens."""
    namespace, _, name = full_name.partition("/")
    kept = {key.replace("_", "-"): value for key, value in data.items()}
    return an_object("ConfigMap", name, namespace, data=kept)


def of_nginx(name: str, plain: Plain, *more: Object, **ingress: Any) -> Case:
    objects = (NGINX, *nginx("203.0.113.9"), an_ingress(class_name="nginx", **ingress), *more)
    return Case(controller="ingress-nginx", name=name, objects=objects, plain=plain)


def of_alb(name: str, plain: Plain, annotations: dict[str, str], **ingress: Any) -> Case:
    made = an_ingress(class_name="alb", annotations=PUBLIC | annotations, **ingress)
    return Case(
        controller="aws-load-balancer-controller", name=name, objects=(AWS, ALB, made), plain=plain
    )


def of_gke(name: str, plain: Plain, annotations: dict[str, str], **ingress: Any) -> Case:
    marked = {"kubernetes.io/ingress.class": "gce"} | annotations
    made = an_ingress("i", "203.0.113.9", annotations=marked, **ingress)
    return Case(controller="gke-ingress", name=name, objects=(GCP, made), plain=plain)


def of(controller: str, name: str, plain: Plain, **ingress: Any) -> Case:
    """Write an Ingress of a controller by the class that names it."""
    known = next(item for item in ingress_controllers() if item.id == controller)
    if not known.controllers:
        annotations = {CLASS_ANNOTATION: known.annotated[0], **ingress.pop("annotations", {})}
        made = an_ingress("i", "203.0.113.9", annotations=annotations, **ingress)
        return Case(controller=controller, name=name, objects=(made,), plain=plain)
    made = an_ingress("i", "203.0.113.9", class_name="c", **ingress)
    objects = (AZURE, a_class("c", known.controllers[0]), made)
    return Case(controller=controller, name=name, objects=objects, plain=plain)


CASES = (
    of_nginx("no TLS", SERVED),
    of_nginx("TLS of another host", SERVED, tls=[{"hosts": ["b.example"]}]),
    of_nginx("TLS, settings read", REDIRECTED, settings(), tls=TLS),
    of_nginx("TLS of all hosts, settings read", REDIRECTED, settings(), tls=[{}]),
    of_nginx("TLS, settings not found", UNKNOWN, tls=TLS),
    of_nginx("TLS, redirect off for all", SERVED, settings(ssl_redirect="false"), tls=TLS),
    of_nginx("TLS, settings of another name", UNKNOWN, settings("x/y"), tls=TLS),
    of_nginx("TLS, redirect off here", SERVED, settings(), tls=TLS, annotations={SSL: "false"}),
    of_nginx("TLS, redirect on here", REDIRECTED, tls=TLS, annotations={SSL: "true"}),
    of_nginx("no TLS, redirect on here", SERVED, annotations={SSL: "true"}),
    of_nginx("TLS ends before it", REDIRECTED, annotations={FORCE: "true"}),
    of_nginx(
        "redirect on for all that is off here",
        SERVED,
        settings(ssl_redirect="true"),
        tls=TLS,
        annotations={SSL: "False"},
    ),
    of_alb("nothing said", SERVED, {}),
    of_alb("a certificate alone", REFUSED, CERT),
    of_alb("both ports", SERVED, BOTH),
    of_alb(
        "both ports, redirected",
        REDIRECTED,
        {**BOTH, "alb.ingress.kubernetes.io/ssl-redirect": "443"},
    ),
    of_alb("HTTPS alone", REFUSED, {PORTS: '[{"HTTPS":443}]', **CERT}),
    of_alb("HTTP alone on a port of its own", SERVED, {PORTS: '[{"HTTP": 8080}]'}),
    of_alb("ports that nobody understands", UNKNOWN, {PORTS: "80,443"}),
    of_alb("a group", UNKNOWN, {**BOTH, "alb.ingress.kubernetes.io/group.name": "shared"}),
    of_alb(
        "a redirect as an action",
        UNKNOWN,
        {**BOTH, "alb.ingress.kubernetes.io/actions.ssl-redirect": "{}"},
    ),
    of_alb("TLS by the host's name", UNKNOWN, {}, tls=TLS),
    Case(
        controller="aws-load-balancer-controller",
        name="parameters of the class",
        objects=(
            AWS,
            a_class(
                "p", "ingress.k8s.aws/alb", parameters={"kind": "IngressClassParams", "name": "p"}
            ),
            an_ingress("i", "203.0.113.9", class_name="p", annotations=CERT),
        ),
        plain=UNKNOWN,
    ),
    of_gke("nothing said", SERVED, {}),
    of_gke("TLS", SERVED, {}, tls=TLS),
    of_gke("HTTP switched off", REFUSED, {"kubernetes.io/ingress.allow-http": "false"}, tls=TLS),
    of_gke("a FrontendConfig", UNKNOWN, {"networking.gke.io/v1beta1.FrontendConfig": "f"}, tls=TLS),
    of("azure-application-gateway", "no TLS", SERVED),
    of("azure-application-gateway", "TLS", UNKNOWN, tls=TLS),
    of(
        "azure-application-gateway",
        "TLS, redirected",
        REDIRECTED,
        tls=TLS,
        annotations={"appgw.ingress.kubernetes.io/ssl-redirect": "true"},
    ),
    of(
        "azure-application-gateway",
        "redirected, by a certificate of its own",
        UNKNOWN,
        annotations={"appgw.ingress.kubernetes.io/ssl-redirect": "true"},
    ),
    of("aks-app-routing", "no TLS", SERVED),
    of("aks-app-routing", "TLS", UNKNOWN, tls=TLS),
    of("aks-app-routing", "TLS, redirect on here", REDIRECTED, tls=TLS, annotations={SSL: "true"}),
    of("nginx-inc", "no TLS", SERVED),
    of("nginx-inc", "TLS", UNKNOWN, tls=TLS),
    of(
        "nginx-inc",
        "TLS, redirect off here",
        SERVED,
        tls=TLS,
        annotations={"ingress.kubernetes.io/ssl-redirect": "false"},
    ),
    of("traefik", "no TLS", UNKNOWN),
    of("traefik", "TLS", UNKNOWN, tls=TLS),
    of("openshift-router", "no TLS", SERVED),
    of("openshift-router", "TLS", UNKNOWN, tls=TLS),
    of("contour", "no TLS", SERVED),
    of("contour", "TLS", SERVED, tls=TLS),
    of(
        "contour",
        "TLS, redirected",
        REDIRECTED,
        tls=TLS,
        annotations={"ingress.kubernetes.io/force-ssl-redirect": "true"},
    ),
    of("contour", "refused", REFUSED, annotations={"kubernetes.io/ingress.allow-http": "false"}),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.controller}: {case.name}")
def test_plain_http_is_told_as_documented(case: Case) -> None:
    answer = the_door(facts_of(*WEB, *case.objects), Via.INGRESS).plain
    assert answer is not None
    assert answer.plain is case.plain
    assert (answer.reason is not None) == (case.plain is UNKNOWN)


def test_every_controller_has_a_row() -> None:
    assert {case.controller for case in CASES} == {item.id for item in ingress_controllers()}


def test_a_front_without_a_port_for_it_refuses_plain_http() -> None:
    pod, front = nginx("203.0.113.9")
    front["spec"]["ports"] = [{"port": 443, "targetPort": 443}]
    door = the_door(facts_of(*WEB, NGINX, pod, front, an_ingress(class_name="nginx")), Via.INGRESS)
    assert door.plain is not None
    assert door.plain.plain is REFUSED


def test_an_unknown_controller_leaves_it_open() -> None:
    made = an_ingress("i", "203.0.113.9", class_name="house")
    door = the_door(facts_of(*WEB, made), Via.INGRESS)
    assert door.plain is not None
    assert (door.plain.plain, bool(door.plain.reason)) == (UNKNOWN, True)


@pytest.mark.parametrize("state", [ReadState.FORBIDDEN, ReadState.FAILED, ReadState.NOT_PROVIDED])
def test_settings_that_could_not_be_read_leave_a_redirect_open(state: ReadState) -> None:
    objects = (*WEB, NGINX, *nginx("203.0.113.9"), an_ingress(class_name="nginx", tls=TLS))
    door = the_door(facts_of(*objects, states={CONFIG_MAPS: state}), Via.INGRESS)
    assert door.plain is not None
    assert door.plain.plain is UNKNOWN
