"""What is taken for granted of a network plugin, recognised or assumed, and node by node."""

from typing import Any

import msgspec
import pytest

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.profile import REFERENCE_PROFILE, Directions, Known, Profile
from auditor.model.cluster import Cluster, Files
from auditor.model.ports import ALL_PORTS, PortSet
from auditor.settings.configuration import Configuration
from tests.analysis.clusters import AT
from tests.kube.manifests import Object, a_pod, an_object, read
from tests.reachability.asking import engine_of

YES, NO, UNKNOWN = Known
BOTH = Directions(YES, YES)
CLUSTER = Cluster(id="kubeconfig/t", name="t", provider="kubeconfig", access=Files(""))


def profile_of(*objects: Object, assume_cni: str | None = None) -> Profile:
    """Give the profile of a cluster."""
    return Facts(CLUSTER, read(objects), Configuration(), AT, assume_cni).reachability.profile


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cilium", {"enforces": BOTH, "ip_blocks_cover_pods": NO, "host_network": NO}),
        ("calico", {"enforces": BOTH, "ip_blocks_cover_pods": UNKNOWN, "host_network": UNKNOWN}),
        ("flannel", {"enforces": Directions(NO, NO)}),
        ("antrea", {"admin": YES, "networks_cover_pods": YES, "admin_host_network": NO}),
        ("calico", {"admin": UNKNOWN, "networks_cover_pods": UNKNOWN, "end_port": UNKNOWN}),
    ],
)
def test_an_assumed_plugin_is_taken_in_any_version(name: str, expected: dict[str, Any]) -> None:
    profile = profile_of(assume_cni=name)
    assert {key: getattr(profile, key) for key in expected} == expected
    assert profile.name == name


def test_the_reference_is_what_its_page_says() -> None:
    assert profile_of(assume_cni="reference") == REFERENCE_PROFILE


def test_manifests_are_taken_to_be_enforced_and_nothing_else_is_known() -> None:
    profile = profile_of()
    assert profile.enforces == BOTH
    open_questions = (
        profile.ip_blocks_cover_pods,
        profile.ip_blocks_cover_nodes,
        profile.host_network,
        profile.end_port,
        profile.admin,
    )
    assert set(open_questions) == {UNKNOWN}


def a_calico(version: str) -> Object:
    """Write Calico's agent on one node."""
    return a_pod(
        "calico-node-1",
        "kube-system",
        labels={"k8s-app": "calico-node"},
        owner="DaemonSet/calico-node",
        spec={
            "nodeName": "n1",
            "hostNetwork": True,
            "containers": [{"name": "calico-node", "image": f"calico/node:{version}"}],
        },
        status={"phase": "Running"},
    )


@pytest.mark.parametrize(("version", "known"), [("v3.30.1", YES), ("v3.10.0", UNKNOWN)])
def test_a_recognised_plugin_is_taken_in_its_version(version: str, known: Known) -> None:
    profile = profile_of(an_object("Node", "n1"), a_calico(version))
    assert profile.enforces == BOTH
    assert (profile.end_port, profile.admin) == (known, known)


def test_a_node_without_an_agent_enforces_nothing() -> None:
    profile = profile_of(an_object("Node", "n1"), an_object("Node", "n2"), a_calico("v3.30.1"))
    assert profile.on_nodes == {"n1": BOTH, "n2": Directions(NO, NO)}


def test_each_pod_is_judged_by_its_node() -> None:
    pods = [a_pod(f"p{n}", labels={"app": "a"}, spec={"nodeName": f"n{n}"}) for n in (1, 2)]
    other = a_pod("other", "elsewhere")
    policy = an_object("NetworkPolicy", "p", "web", spec={"podSelector": {}})
    inventory = read([*pods, other, policy])
    profile = msgspec.structs.replace(REFERENCE_PROFILE, on_nodes={"n2": Directions(NO, NO)})
    engine = engine_of(inventory, profile)
    bits = {
        pod.metadata.name: engine.entities.bit(engine.entities.number_of(pod) or 0)
        for pod in inventory.pods
    }
    assert engine.between(bits["other"], bits["p1"]) == (PortSet(), PortSet())
    assert engine.between(bits["other"], bits["p2"]) == (ALL_PORTS, ALL_PORTS)
