"""Who serves a Gateway: the controller that its class names, by the catalogue."""

import pytest

from auditor.analysis.facts import Facts
from auditor.catalogue.gateway_controllers import gateway_controllers
from auditor.kube.resources import GATEWAY_CLASSES
from auditor.model.cluster import Cluster, Files
from auditor.model.reading import ReadState
from auditor.settings.configuration import Configuration
from tests.analysis.clusters import AT
from tests.kube.manifests import Object, an_object, read

CONTROLLERS = [(item.id, name) for item in gateway_controllers() for name in item.controllers]
CLUSTER = Cluster(id="kubeconfig/t", name="t", provider="kubeconfig", access=Files(""))


def a_gateway(name: str = "front", class_name: str = "edge") -> Object:
    """Write a Gateway of a class."""
    written = an_object("Gateway", name, "web", spec={"gatewayClassName": class_name})
    return {**written, "apiVersion": "gateway.networking.k8s.io/v1"}


def a_class(controller: str, name: str = "edge") -> Object:
    """Write a class that a controller serves."""
    return an_object("GatewayClass", name, spec={"controllerName": controller})


def test_a_class_whose_name_is_fixed_is_known_without_its_object() -> None:
    withheld = facts_of(a_gateway(class_name="gke-l7-rilb"), state=ReadState.FORBIDDEN)
    (gateway,) = withheld.gateways
    assert gateway.controller is not None
    assert gateway.controller.id == "gke-gateway"
    (gateway,) = facts_of(a_gateway(class_name="gke-l7-rilb")).gateways
    assert gateway.controller is None


def facts_of(*objects: Object, state: ReadState = ReadState.COMPLETE) -> Facts:
    """Read objects, the classes as completely as `state` tells."""
    inventory = read(objects, {GATEWAY_CLASSES: state})
    return Facts(CLUSTER, inventory, Configuration(), AT)


@pytest.mark.parametrize(("known", "controller"), CONTROLLERS)
def test_every_controller_of_the_catalogue_is_told_by_its_class(
    known: str, controller: str
) -> None:
    facts = facts_of(a_gateway(), a_class(controller))
    (gateway,) = facts.gateways
    assert gateway.controller is not None
    assert gateway.controller.id == known
    assert [(hop.hop, hop.field, hop.value) for hop in gateway.hops] == [
        ("Gateway/web/front", "spec.gatewayClassName", "edge"),
        ("GatewayClass/edge", "spec.controllerName", controller),
    ]
    assert str(gateway) == f"Gateway/web/front of class edge, served by {known}"


@pytest.mark.parametrize(
    ("objects", "state", "said"),
    [
        ((), ReadState.COMPLETE, "that class is not there"),
        ((), ReadState.FORBIDDEN, "classes are forbidden"),
        ((a_class("example.com/own"),), ReadState.COMPLETE, "'example.com/own' is not known"),
        (
            (a_class("istio.io/gateway-controller", "other"),),
            ReadState.PARTIAL,
            "classes are partial",
        ),
    ],
)
def test_what_is_not_known_of_a_class_is_said(
    objects: tuple[Object, ...], state: ReadState, said: str
) -> None:
    facts = facts_of(a_gateway(), *objects, state=state)
    (gateway,) = facts.gateways
    assert gateway.controller is None
    assert said in (gateway.reason or "")
    assert said in str(gateway)
