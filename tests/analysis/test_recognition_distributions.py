"""Distributions by what they leave in a cluster; signs that do not agree name none."""

from typing import Any

import pytest

from auditor.analysis.recognition.distributions import recognise_distribution
from auditor.catalogue.distributions import distributions
from auditor.model.audit import Distribution
from tests.analysis.clusters import a_node, facts_of
from tests.kube.manifests import Object, an_object, read


def node(*labels: str, provider_id: str = "", kubelet: str = "v1.34.1", **parts: Any) -> Object:
    """Write a node with labels, each KEY=VALUE."""
    kept = dict(label.split("=") for label in labels)
    made = a_node(
        "n",
        "InternalIP=10.0.0.1",
        meta={"labels": kept},
        spec={"providerID": provider_id} if provider_id else {},
        **parts,
    )
    made["status"]["nodeInfo"] = {"kubeletVersion": kubelet}
    return made


def told(*objects: Object, cloud: str | None = None) -> Distribution:
    return recognise_distribution(read(objects), distributions(), cloud)


CASES = [
    ("eks", node("eks.amazonaws.com/nodegroup=a", kubelet="v1.31.3-eks-59bf375"), "aws"),
    ("eks", node("eks.amazonaws.com/compute-type=fargate"), "aws"),
    ("gke", node("cloud.google.com/gke-nodepool=core", kubelet="v1.33.5-gke.1080000"), "gcp"),
    ("aks", node("kubernetes.azure.com/agentpool=np1"), "azure"),
    ("openshift", node("node.openshift.io/os_id=rhcos"), None),
    ("k3s", node("node.kubernetes.io/instance-type=k3s", kubelet="v1.32.1+k3s1"), None),
    ("rke2", node(kubelet="v1.32.1+rke2r1"), None),
    ("kind", node(provider_id="kind://docker/kind/kind-worker"), None),
    ("minikube", node("minikube.k8s.io/name=minikube"), None),
    ("microk8s", node("microk8s.io/cluster=true"), None),
    ("doks", node("doks.digitalocean.com/node-pool=a"), "digitalocean"),
    ("lke", node("lke.linode.com/pool-id=1"), "linode"),
    ("iks", node("ibm-cloud.kubernetes.io/worker-pool-id=1"), "ibm"),
    ("ack", node("alibabacloud.com/nodepool-id=1"), "alibaba"),
    ("tke", node(kubelet="v1.30.0-tke.5"), "tencent"),
    ("tanzu", node(kubelet="v1.30.1+vmware.1"), None),
]


@pytest.mark.parametrize(("name", "written", "cloud"), CASES, ids=lambda item: str(item)[:20])
def test_a_distribution_is_told_by_its_nodes(name: str, written: Object, cloud: str | None) -> None:
    found = told(written)
    assert (found.name, found.cloud) == (name, cloud)
    assert found.evidence


def test_every_distribution_has_a_row() -> None:
    assert {name for name, _, _ in CASES} == set(distributions())


def test_namespaces_tell_too() -> None:
    assert told(an_object("Namespace", "openshift-apiserver")).name == "openshift"


def test_signs_of_two_name_none_and_say_so() -> None:
    found = told(node("eks.amazonaws.com/nodegroup=a", kubelet="v1.32.1+k3s1"))
    assert found.name is None
    assert found.evidence[-1] == "the signs do not agree"
    assert len(found.evidence) == 3


@pytest.mark.parametrize("written", [node(), node("team=eks"), node(provider_id="metal://x")])
def test_nothing_names_none(written: Object) -> None:
    assert told(written) == Distribution(None, None, ())


def test_many_nodes_of_a_kind_are_one_sign() -> None:
    nodes = [node("cloud.google.com/gke-nodepool=core") for _ in range(50)]
    for number, item in enumerate(nodes):
        item["metadata"]["name"] = f"n{number}"
    assert told(*nodes).evidence == ("gke: label cloud.google.com/gke-nodepool of nodes",)


def test_the_platform_names_it_with_the_cloud_of_its_nodes() -> None:
    facts = facts_of(node("kubernetes.azure.com/agentpool=a", provider_id="azure:///x"))
    assert (facts.platform.distribution.name, facts.platform.distribution.cloud) == ("aks", "azure")
