"""Controllers behind Gateway classes: each name once, and a front that fits what decides."""

import pytest

from auditor.catalogue.gateway_controllers import (
    GatewayFront,
    gateway_controller_of,
    gateway_controllers,
)
from auditor.catalogue.load_balancers import Scheme


def test_a_class_names_its_implementation() -> None:
    found = gateway_controller_of("gateway.k8s.aws/alb")
    assert found is not None
    assert (found.id, found.scheme) == ("aws-gateway", Scheme.INTERNAL)
    assert found.parameters_decide


@pytest.mark.parametrize("name", ["", "house.example/gateway", "GATEWAY.K8S.AWS/ALB"])
def test_any_other_name_is_nobody_that_is_known(name: str) -> None:
    assert gateway_controller_of(name) is None


def test_only_a_load_balancer_of_a_cloud_has_a_scheme_of_its_own() -> None:
    for item in gateway_controllers():
        is_cloud = item.front is GatewayFront.CLOUD
        assert is_cloud == (item.cloud is not None)
        assert is_cloud or (item.scheme is None and not item.classes)
        assert not is_cloud or item.scheme or item.classes


def test_names_say_internal_where_the_class_is() -> None:
    (gke,) = (item for item in gateway_controllers() if item.id == "gke-gateway")
    for item in gke.classes:
        assert ("rilb" in item.name or "internal" in item.name) == (item.scheme is Scheme.INTERNAL)
