"""Entries of users: added to the catalogue or laid over ours, and refused with place and reason."""

import time
from typing import Any

import pytest

from auditor.analysis.recognition.images import image_index
from auditor.catalogue.contents import SECTIONS, catalogue_with, entry_errors, shipped
from auditor.catalogue.load_balancers import Scheme
from auditor.catalogue.loading import CatalogueError
from auditor.catalogue.projection import named_fields
from auditor.catalogue.software import SoftwareKind
from auditor.model.audience import Audience
from auditor.model.audit import Enforces
from auditor.model.exposure import Via
from auditor.model.verdict import Severity
from tests.analysis.clusters import a_node, a_service, facts_of, the_door
from tests.kube.manifests import a_pod, an_object

CONSOLE = {
    "id": "house-console",
    "name": "The console of the house",
    "category": "orchestration",
    "severity_if_exposed": "high",
    "images": ["platform/house-console"],
    "flags": ["--insecure=true"],
    "ports": [{"port": 7788, "purpose": "ui"}],
}
BALANCER: dict[str, Any] = {
    "id": "house-balancer",
    "cloud": "house",
    "classes": [{"name": "house.example/edge"}],
    "default": {"scheme": "internet"},
    "rules": [{"annotation": "house.example/side", "values": ["inside"], "scheme": "internal"}],
    "sources": {"honoured": True},
    "source": "the handbook of the network team",
}
CONTROLLER: dict[str, Any] = {
    "id": "house-ingress",
    "front": "service",
    "controllers": ["house.example/ingress"],
    "annotated": ["house"],
    "images": ["platform/house-ingress"],
    "plain_http": {"with_tls": "redirected", "without_tls": "served", "source": "ours"},
    "source": "the handbook of the network team",
}
PLUGIN = {
    "id": "house-cni",
    "role": "both",
    "enforces": "full",
    "confirmed": True,
    "source": "the handbook of the network team",
    "namespaces": ["kube-system"],
    "images": ["platform/net-agent"],
}
MESH = {
    "id": "house-mesh",
    "name": "The mesh of the house",
    "confirmed": True,
    "source": "the handbook of the network team",
    "control_plane": [{"images": ["platform/mesh-control"]}],
    "proof": {"annotations": ["house.example/meshed=yes"]},
}
OWN: dict[str, Any] = {
    "management_interfaces": [CONSOLE],
    "load_balancers": [BALANCER],
    "ingress_controllers": [CONTROLLER],
    "network_plugins": [PLUGIN],
    "meshes": [MESH],
}


def test_without_entries_it_is_what_ships() -> None:
    assert catalogue_with({}) is shipped()


def test_the_same_entries_give_the_same_catalogue_and_others_another_version() -> None:
    one = catalogue_with(OWN)
    assert catalogue_with(dict(reversed(OWN.items()))) is one
    assert (
        len({one.version, shipped().version, catalogue_with({"load_balancers": []}).version}) == 3
    )


def test_new_entries_stand_beside_ours() -> None:
    whole = catalogue_with(OWN)
    assert set(whole.software) == {*shipped().software, "house-console"}
    assert whole.software["house-console"].kind is SoftwareKind.MANAGEMENT
    assert not whole.software["house-console"].is_unconfirmed
    assert whole.providers[0].id == "house-balancer"
    assert whole.providers[1:] == shipped().providers
    assert {*whole.plugins} - {*shipped().plugins} == {"house-cni"}


def test_an_entry_of_ours_changes_in_what_is_named_and_in_nothing_else() -> None:
    whole = catalogue_with(
        {"management_interfaces": [{"id": "grafana", "severity_if_exposed": "low"}]}
    )
    assert whole.software["grafana"].severity_if_exposed is Severity.LOW
    assert whole.software["grafana"].images == shipped().software["grafana"].images
    assert shipped().software["grafana"].severity_if_exposed is not Severity.LOW


def test_what_they_name_may_enter_an_inventory() -> None:
    named = named_fields(catalogue_with(OWN))
    assert "house.example/side" in named.annotations
    assert "house.example/meshed" in named.annotations
    assert "--insecure" in named.flags
    assert not {"house.example/side"} & named_fields(shipped()).annotations


def test_an_audit_goes_by_them() -> None:
    facts = facts_of(
        a_node("n", "InternalIP=10.0.0.1"),
        a_pod(
            "agent",
            "kube-system",
            owner="DaemonSet/net-agent",
            image="r.example/platform/net-agent:7",
            spec={"nodeName": "n", "hostNetwork": True},
            status={"phase": "Running"},
        ),
        a_pod("console", labels={"app": "c"}, image="r.example/platform/house-console:2"),
        a_service(
            "console",
            type="LoadBalancer",
            selector={"app": "c"},
            ports=[{"port": 443, "targetPort": 7788}],
            loadBalancerClass="house.example/edge",
            annotations={"house.example/side": "inside"},
            uid="u",
        ),
        a_pod("mesh", "mesh", image="r.example/platform/mesh-control:1"),
        an_object("IngressClass", "house", spec={"controller": "house.example/ingress"}),
        catalogue=OWN,
    )
    (console,) = (item for item in facts.recognised if item.name == "console")
    assert [item.id for item in facts.recognised[console]] == ["house-console"]
    assert the_door(facts, Via.LOAD_BALANCER).audience is Audience.PRIVATE_NETWORK
    assert [mesh.name for mesh in facts.platform.meshes] == ["house-mesh"]
    assert (facts.platform.cni.name, facts.platform.cni.enforces) == ("house-cni", Enforces.FULL)


def test_a_provider_of_ours_may_be_corrected() -> None:
    whole = catalogue_with(
        {"load_balancers": [{"id": "eks-auto-mode", "default": {"scheme": "internet"}}]}
    )
    own = next(item for item in whole.providers if item.id == "eks-auto-mode")
    assert own.default is not None
    assert own.default.scheme is Scheme.INTERNET
    assert len(whole.providers) == len(shipped().providers)


def _entry(**changes: Any) -> dict[str, Any]:
    return {"management_interfaces": [{**CONSOLE, **changes}]}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"consoles": []}, "unknown section 'consoles'; known are management_interfaces"),
        ({"load_balancers": {}}, "catalogue.load_balancers: is not a list of entries"),
        ({"load_balancers": ["x"]}, "catalogue.load_balancers[0]: has no id"),
        ({"management_interfaces": [CONSOLE, CONSOLE]}, "[1]: house-console stands twice"),
        (_entry(category="console"), "[0] (house-console): Invalid enum value 'console'"),
        (_entry(imges=["x"]), "[0] (house-console): Object contains unknown field `imges`"),
        (_entry(images=["*"]), "[0] (house-console): '*' is not a lower-case path"),
        (_entry(images=["UPPER/case"]), "'UPPER/case' is not a lower-case path"),
        (_entry(images=["a(b|c)+"]), "'a(b|c)+' is not a lower-case path"),
        (_entry(names=["***"]), "'***' is not lower case and of some letters"),
        (_entry(ports=[{"port": 70_000, "purpose": "ui"}]), "70000 is not a port"),
        (_entry(ports=[{"purpose": "ui"}]), "missing required field `port`"),
        (_entry(id="House"), "an id is lower-case words joined by dashes"),
        (_entry(same_software_as=["nobody"]), "same_software_as names nobody, no such entry"),
        (
            {"management_interfaces": [{"id": "new-one"}]},
            "(new-one): Object missing required field",
        ),
        ({"legacy_services": [{"id": "grafana"}]}, "(grafana): Object missing required field"),
        (
            {"legacy_services": [{**CONSOLE, "id": "grafana"}]},
            "catalogue.legacy_services: grafana is one of the other section",
        ),
        (
            {"management_interfaces": [CONSOLE], "legacy_services": [CONSOLE]},
            "house-console stands in two sections",
        ),
        ({"network_plugins": [{**PLUGIN, "images": []}]}, "(house-cni): has no signature"),
        ({"network_plugins": [{**PLUGIN, "namespaces": []}]}, "has no namespace"),
        ({"network_plugins": [{**PLUGIN, "outranks": ["nobody"]}]}, "outranks nobody"),
        ({"network_plugins": [{**PLUGIN, "enforces": "all"}]}, "Invalid enum value 'all'"),
        ({"meshes": [{**MESH, "control_plane": []}]}, "has no control plane to be seen by"),
        (
            {"meshes": [{**MESH, "control_plane": [{"names": ["mesh"]}]}]},
            "is told by a name without a namespace",
        ),
        ({"load_balancers": [{**BALANCER, "sources": {}}]}, "missing required field `honoured`"),
    ],
)
def test_a_broken_entry_is_refused_with_its_place_and_reason(
    entries: dict[str, Any], said: str
) -> None:
    errors = list(entry_errors(entries))
    assert any(said in error for error in errors), errors
    assert all(error.startswith("catalogue") for error in errors)
    with pytest.raises(CatalogueError):
        catalogue_with(entries)


def test_all_that_is_wrong_is_said_at_once() -> None:
    entries = {
        "management_interfaces": [{"id": "x"}, {**CONSOLE, "images": ["*"], "names": ["*"]}],
        "load_balancers": [{"id": "y"}],
    }
    assert len(list(entry_errors(entries))) == 4


@pytest.mark.parametrize("entries", [None, [], "x", 1])
def test_what_is_no_mapping_is_refused(entries: Any) -> None:
    assert list(entry_errors(entries))


def test_every_section_takes_an_entry() -> None:
    assert {*OWN, "legacy_services"} == set(SECTIONS)


def test_a_pattern_of_a_user_runs_in_linear_time() -> None:
    """Globs, never regular expressions: the worst one on a long name is over at once."""
    worst = "*".join("a" * 40) + "*b"
    index = image_index(catalogue_with(_entry(images=[worst])))
    began = time.process_time()
    for size in (2_000, 4_000, 8_000):
        assert not index.answer("registry.example/" + "a" * size).matches
    assert time.process_time() - began < 2.0
