"""Controls of standards: the data is sound, and a control is backed by what fits it."""

from pathlib import Path
from shutil import copytree

import pytest
import yaml

from auditor.catalogue import frameworks as catalogue
from auditor.catalogue import loading
from auditor.catalogue.frameworks import Backed, Provider, Topic, backed_controls, frameworks
from auditor.catalogue.loading import CatalogueError

DATA = Path(loading.__file__).parent / "data"
RAW = yaml.safe_load((DATA / "frameworks.yaml").read_text(encoding="utf-8"))["frameworks"]
EVERY = [Backed(framework, item) for framework in frameworks() for item in framework.controls]


def references(slug: str, *topics: Topic) -> set[str]:
    return {backed.reference for backed in backed_controls(slug, topics)}


def test_the_frameworks_are_those_that_people_ask_for() -> None:
    ids = [framework.id for framework in frameworks()]
    assert len(ids) == len(set(ids))
    assert {"owasp-k8s-2022", "owasp-k8s-2025", "owasp-docker", "nsa-cisa", "pci-dss"} <= set(ids)
    assert {"nist-800-53", "nist-800-190", "iso-27001", "soc-2", "hipaa"} <= set(ids)
    assert {"mitre-attack", "ms-threat-matrix", "kubescape"} <= set(ids)
    providers = {framework.id: framework.provider for framework in frameworks()}
    assert {name: found for name, found in providers.items() if found} == {
        "cis-eks": Provider.EKS,
        "cis-gke": Provider.GKE,
        "cis-aks": Provider.AKS,
    }


def test_every_topic_is_asked_for_by_some_control() -> None:
    assert {topic for backed in EVERY for topic in backed.control.topics} == set(Topic)


@pytest.mark.parametrize("backed", EVERY, ids=lambda backed: backed.reference)
def test_a_control_has_a_short_title_and_every_list_a_topic(backed: Backed) -> None:
    assert 0 < len(backed.control.title) <= 130
    if backed.control.checks is not None:
        assert backed.control.topics
        assert len(set(backed.control.checks)) == len(backed.control.checks)


def test_a_control_takes_confirmation_and_version_of_its_framework_unless_it_has_its_own() -> None:
    for raw, framework in zip(RAW, frameworks(), strict=True):
        for entry, control in zip(raw["controls"], framework.controls, strict=True):
            assert control.confirmed is entry.get("confirmed", raw["confirmed"])
            assert control.version == entry.get("version", raw.get("version"))


@pytest.mark.parametrize(
    ("framework", "control"),
    [
        # Worded from memory, seen in part, or a part of a guidance that was seen in summaries only.
        ("pci-dss", "1.2.5"),
        ("pci-dss", "1.2.6"),
        ("pci-dss", "4.2.1"),
        ("nsa-cisa", "Network separation and hardening / Etcd"),
        ("mitre-attack", "T1611"),
    ],
)
def test_what_was_not_seen_is_not_confirmed(framework: str, control: str) -> None:
    (found,) = (item for item in EVERY if item.reference == f"{framework}/{control}")
    assert not found.is_confirmed
    assert "not confirmed" in found.remark


def test_a_confirmed_control_of_its_frameworks_version_needs_no_remark() -> None:
    (found,) = (item for item in EVERY if item.reference == "pci-dss/1.4.1")
    assert found.is_confirmed
    assert found.remark == ""


def test_only_the_kubernetes_top_ten_writes_its_year_behind_an_id() -> None:
    for backed in EVERY:
        if backed.framework.id.startswith("owasp-k8s-"):
            assert backed.written_id == f"{backed.control.id}:{backed.framework.version}"
            assert backed.framework.id == f"owasp-k8s-{backed.framework.version}"
        else:
            assert backed.written_id == backed.control.id


def test_topics_back_a_control_that_names_no_check() -> None:
    assert "cis-eks/5.4.4" in references("some-check", Topic.CNI)
    assert "cis-eks/5.4.4" not in references("some-check", Topic.MESH_MTLS)


def test_a_named_check_backs_a_control_and_topics_do_not_any_more() -> None:
    host = (Topic.HOST_ACCESS,)
    assert "cis-kubernetes/5.2.5" in references("pod-on-host-network", *host)
    assert "cis-kubernetes/5.2.3" not in references("pod-on-host-network", *host)
    assert "cis-kubernetes/5.2.3" in references("pod-shares-host-processes", *host)
    assert "cis-kubernetes/5.2.11" in references("container-runtime-socket-mounted", *host)
    assert "cis-kubernetes/5.2.12" in references("host-port-open", *host)
    assert "kubescape/C-0041" in references("pod-on-host-network", *host)
    assert "kubescape/C-0044" not in references("pod-on-host-network", *host)


def test_no_check_backs_a_control_about_what_no_inventory_holds() -> None:
    everything = tuple(Topic)
    assert not {"cis-kubernetes/4.2.1", "cis-eks/3.2.1"} & references("some-check", *everything)


def test_a_check_backs_what_it_names_itself() -> None:
    (found,) = backed_controls("some-check", (), ("owasp-k8s-2025/K05",))
    assert (found.written_id, found.framework.version) == ("K05:2025", "2025")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("- id: owasp-k8s-2025\n", "- id: owasp-k8s-2022\n", "owasp-k8s-2022: the id stands twice"),
        ("- id: soc-2\n", "- id: SOC 2\n", "SOC 2: an id is lower-case words"),
        ("  - id: K04\n", "  - id: K01\n", "owasp-k8s-2022: K01: the id stands twice"),
        ('  version: "2022"\n', "", "owasp-k8s-2022: its ids need a version"),
        ("topics: [host-access]", "topics: [hosts]", "hosts"),
        ("provider: eks", "provider: ecs", "ecs"),
        ("title: Access Enforcement", "title: Access Enforcement\n    text: long", "text"),
    ],
)
def test_a_broken_framework_is_refused_with_its_place(
    old: str, new: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copytree(DATA, tmp_path / "data")
    monkeypatch.setattr("auditor.catalogue.loading.files", lambda package: tmp_path)
    file = tmp_path / "data" / "frameworks.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=reason):
        catalogue.frameworks.__wrapped__()
