"""Every data file loads, and a broken one is refused with its name."""

from importlib.resources import files
from pathlib import Path

import pytest
from msgspec import Struct

from auditor.catalogue.cni_plugins import CniPlugins, cni_plugins
from auditor.catalogue.distributions import distributions
from auditor.catalogue.frameworks import frameworks
from auditor.catalogue.gateway_controllers import gateway_controllers
from auditor.catalogue.host_services import host_services
from auditor.catalogue.ingress_controllers import ingress_controllers
from auditor.catalogue.load_balancers import load_balancer_providers
from auditor.catalogue.loading import CatalogueError, load_data
from auditor.catalogue.meshes import meshes
from auditor.catalogue.recognition import recognition_rules
from auditor.catalogue.software import software
from auditor.checks.catalog import reserved_slugs


class Shape(Struct, forbid_unknown_fields=True):
    version: int


def test_every_data_file_has_a_loader_that_accepts_it() -> None:
    names = {item.name for item in files("auditor.catalogue").joinpath("data").iterdir()}
    assert names == {
        "cni_plugins.yaml",
        "distributions.yaml",
        "frameworks.yaml",
        "gateway_controllers.yaml",
        "host_services.yaml",
        "ingress_controllers.yaml",
        "legacy_services.yaml",
        "load_balancers.yaml",
        "management_interfaces.yaml",
        "meshes.yaml",
        "recognition.yaml",
        "reserved_checks.yaml",
    }
    assert cni_plugins()
    assert distributions()
    assert frameworks()
    assert gateway_controllers()
    assert host_services().runtime_sockets
    assert ingress_controllers()
    assert load_balancer_providers()
    assert meshes()
    assert recognition_rules().traps
    assert software()
    assert reserved_slugs()


def test_a_file_of_another_shape_is_refused_with_its_name() -> None:
    with pytest.raises(CatalogueError, match=r"^host_services\.yaml: "):
        load_data("host_services.yaml", CniPlugins)


@pytest.mark.parametrize(
    "text",
    ["", "version: one", "version: 1\nextra: 2", "[]", "version: [1", "version: 1\n---\n", "\x00"],
)
def test_a_broken_file_is_refused_with_its_name(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "broken.yaml").write_text(text)
    monkeypatch.setattr("auditor.catalogue.loading.files", lambda package: tmp_path)
    with pytest.raises(CatalogueError, match=r"^broken\.yaml: "):
        load_data("broken.yaml", Shape)
