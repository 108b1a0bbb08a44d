"""The catalogue as one list: whole, and found by its words."""

from collections import Counter

import pytest

from auditor.catalogue.cni_plugins import cni_plugins
from auditor.catalogue.distributions import distributions
from auditor.catalogue.frameworks import frameworks
from auditor.catalogue.gateway_controllers import gateway_controllers
from auditor.catalogue.host_services import host_services
from auditor.catalogue.ingress_controllers import ingress_controllers
from auditor.catalogue.listed import CatalogueEntry
from auditor.catalogue.listing import KINDS, CatalogueKind, catalogue_entries
from auditor.catalogue.load_balancers import load_balancer_providers
from auditor.catalogue.meshes import meshes
from auditor.catalogue.software import SoftwareKind, software

ENTRIES = catalogue_entries()


def only(kind: str, name: str) -> CatalogueEntry:
    (found,) = (entry for entry in ENTRIES if (entry.kind, entry.id) == (kind, name))
    return found


def test_every_fact_that_has_a_name_is_listed() -> None:
    kinds = Counter(entry.kind for entry in software().values())
    assert Counter(entry.kind for entry in ENTRIES) == {
        "management-interface": kinds[SoftwareKind.MANAGEMENT],
        "legacy-service": kinds[SoftwareKind.LEGACY],
        "load-balancer": len(load_balancer_providers()),
        "ingress-controller": len(ingress_controllers()),
        "cni": len(cni_plugins()),
        "mesh": len(meshes()),
        "gateway-controller": len(gateway_controllers()),
        "distribution": len(distributions()),
        "node-port": len(host_services().node_ports),
        "runtime-socket": len(host_services().runtime_sockets),
        "metadata-endpoint": len(host_services().metadata_endpoints),
        "framework": len(frameworks()),
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_a_kind_gives_entries_of_its_own_each_once(kind: CatalogueKind) -> None:
    entries = list(kind.entries())
    assert entries
    assert {entry.kind for entry in entries} == {kind.id}
    assert max(Counter(entry.id for entry in entries).values()) == 1
    assert kind.title
    assert kind.about.endswith(".")


def test_a_second_reading_gives_the_same_list() -> None:
    assert catalogue_entries() == ENTRIES


def test_details_hold_no_empty_text() -> None:
    assert all(text for entry in ENTRIES for text in entry.details.values())


def test_software_tells_what_it_is_recognised_by() -> None:
    details = only("management-interface", "adminer").details
    assert details["severity"] == "high"
    assert details["category"] == "data_admin"
    assert details["ports"] == "8080/TCP (container), 80/TCP (service)"
    assert details["images"] == "adminer, michalhosna/adminer, dockette/adminer"


def test_what_is_not_confirmed_says_so_and_which_part() -> None:
    auto_mode = only("load-balancer", "eks-auto-mode")
    assert auto_mode.confirmed is False
    assert auto_mode.details["not_confirmed"] == "default scheme, source ranges"
    gateway = only("ingress-controller", "azure-application-gateway")
    assert gateway.confirmed is False
    assert gateway.details["not_confirmed"] == "appgw.ingress.kubernetes.io/use-private-ip"
    assert only("load-balancer", "aws-load-balancer-controller").confirmed is True
    assert only("framework", "nsa-cisa").confirmed is False
    assert only("cni", "calico").confirmed is True
    assert only("cni", "romana").confirmed is False
    assert only("runtime-socket", "/run/docker.sock").confirmed is None


def test_software_that_was_seen_in_part_is_neither_confirmed_nor_not() -> None:
    told = {
        (entry.details["verification"], entry.details["confidence"] == "low"): entry.confirmed
        for entry in ENTRIES
        if "verification" in entry.details
    }
    for (verification, is_weak), confirmed in told.items():
        if is_weak or verification == "recall":
            assert confirmed is False
        else:
            assert confirmed is {"checked": True, "partly": None}[verification]
    assert set(told.values()) == {True, False, None}


def test_a_framework_lists_its_controls_with_their_year_and_each_once() -> None:
    assert only("framework", "owasp-k8s-2022").details["controls"].startswith("K01:2022, ")
    controls = only("framework", "cis-gke").details["controls"].split(", ")
    assert len(controls) == len(set(controls))


ENTRY = CatalogueEntry(kind="cni", id="weave-net", name="Weave", details={"images": "weaveworks/X"})


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), True),
        (("WEAVE",), True),
        (("e-n", "weaveworks/x"), True),
        (("cni", "weave"), True),
        (("weave", "calico"), False),
        (("images",), False),
        # Words are looked for in each text by itself.
        (("netWeave",), False),
    ],
)
def test_every_word_is_a_part_of_some_text(words: tuple[str, ...], *, found: bool) -> None:
    assert ENTRY.holds(words) is found
