"""Whether policies are enforced: the order of CONTRACT.md, Enforcement."""

import pytest

from auditor.kube.resources import NODES, PODS
from auditor.model.audit import Enforces
from auditor.model.reading import ReadState
from tests.analysis.clusters import a_node, facts_of
from tests.kube.manifests import Object, a_pod, a_workload

NODE = a_node("n", "InternalIP=10.0.0.1")
SYSTEM_POD = a_pod("kube-proxy-x", "kube-system")
SYSTEM_SET = a_workload("DaemonSet", "kube-proxy", "kube-system")
OWN_POD = a_pod("web")
MANIFESTS = {NODES: ReadState.NOT_PROVIDED, PODS: ReadState.NOT_PROVIDED}


@pytest.mark.parametrize("objects", [(), (NODE,), (SYSTEM_POD,), (OWN_POD,)])
@pytest.mark.parametrize(
    ("cni", "enforces"),
    [
        ("reference", Enforces.FULL),
        ("cilium", Enforces.FULL),
        ("flannel", Enforces.NONE),
        ("azure-cni", Enforces.UNKNOWN),
    ],
)
def test_what_the_user_assumes_comes_first(
    objects: tuple[Object, ...], cni: str, enforces: Enforces
) -> None:
    told = facts_of(*objects, assume_cni=cni).platform.cni
    assert (told.name, told.enforces, told.assumed) == (cni, enforces, True)
    assert told.evidence == (f"assumed by --assume-cni {cni}",)


@pytest.mark.parametrize(
    ("objects", "states"),
    [
        ((), MANIFESTS),
        ((a_workload("Deployment", "web"),), MANIFESTS),
        ((OWN_POD,), {NODES: ReadState.NOT_PROVIDED}),
        ((OWN_POD,), {}),
    ],
)
def test_manifests_are_taken_to_be_enforced_and_say_that_it_is_assumed(
    objects: tuple[Object, ...], states: dict[str, ReadState]
) -> None:
    told = facts_of(*objects, states=states).platform.cni
    assert (told.enforces, told.assumed) == (Enforces.FULL, True)
    assert told.evidence


@pytest.mark.parametrize("objects", [(NODE,), (SYSTEM_POD,), (SYSTEM_SET,), (NODE, SYSTEM_POD)])
def test_a_source_with_a_part_of_the_system_is_unknown(objects: tuple[Object, ...]) -> None:
    told = facts_of(*objects).platform.cni
    assert (told.enforces, told.assumed) == (Enforces.UNKNOWN, False)
    assert told.evidence


@pytest.mark.parametrize(
    "state", [ReadState.FORBIDDEN, ReadState.PARTIAL, ReadState.FAILED, ReadState.STALE]
)
@pytest.mark.parametrize("resource", [NODES, PODS])
def test_what_could_not_be_read_is_not_taken_for_manifests(resource: str, state: ReadState) -> None:
    told = facts_of(OWN_POD, states={resource: state}).platform.cni
    assert (told.enforces, told.assumed) == (Enforces.UNKNOWN, False)
