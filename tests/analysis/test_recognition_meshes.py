"""Meshes as they show themselves: a table, entry by entry, and what only looks like one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from auditor.analysis.recognition.meshes import SeenMesh, recognise_meshes
from auditor.analysis.workloads import WorkloadIndex
from auditor.catalogue.meshes import meshes
from tests.analysis.clusters import facts_of
from tests.kube.manifests import Object, a_pod, an_object, read


class Case(Struct, frozen=True, kw_only=True):
    """Objects, and what is to be said of one mesh."""

    mesh: str
    name: str
    objects: tuple[Object, ...]
    is_seen: bool = True
    version: str | None = None
    members: int = 0
    control: int = 0
    agents: int = 0


def pod(
    name: str,
    namespace: str = "shop",
    *images: str,
    init: tuple[dict[str, str], ...] = (),
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    names: tuple[str, ...] = (),
    phase: str = "Running",
) -> Object:
    """Write a pod of containers c0, c1 … or of given names."""
    called = names or tuple(f"c{number}" for number in range(len(images)))
    spec: dict[str, Any] = {
        "containers": [
            {"name": key, "image": image} for key, image in zip(called, images, strict=True)
        ],
        "initContainers": list(init),
    }
    made = a_pod(name, namespace, labels=labels or {}, spec=spec, status={"phase": phase})
    made["metadata"]["annotations"] = annotations or {}
    return made


def case(mesh: str, name: str, *objects: Object, **expected: Any) -> Case:
    return Case(mesh=mesh, name=name, objects=objects, **expected)


ISTIOD = pod("istiod", "istio-system", "docker.io/istio/pilot:1.24.1")
PROXY = "docker.io/istio/proxyv2:1.24.1"
APP = "registry.example/shop/cart:1"
LINKERD = pod("linkerd-destination", "linkerd", "cr.l5d.io/linkerd/controller:edge-24.11.3")
CONSUL = pod("consul-connect-injector", "consul", "hashicorp/consul-k8s-control-plane:1.6.1")
KUMA = pod("kuma-control-plane", "kuma-system", "docker.io/kumahq/kuma-cp:2.9.1")
ASKED = an_object("Namespace", "shop", meta={"labels": {"istio-injection": "enabled"}})

CASES = (
    case("istio", "a control plane", ISTIOD, control=1, version="1.24.1"),
    case(
        "istio",
        "by its image elsewhere",
        pod("pilot", "mesh", "r.example/istio/pilot:1.20"),
        control=1,
        version="1.20",
    ),
    case(
        "istio",
        "a managed one by its name",
        pod("istiod-asm-1-23", "aks-istio-system", "r.example/x:1"),
        control=1,
    ),
    case("istio", "its name in a tenant's namespace", pod("istiod", "shop", APP), is_seen=False),
    case(
        "istio",
        "a sidecar",
        ISTIOD,
        pod("cart", "shop", APP, PROXY, names=("cart", "istio-proxy")),
        control=1,
        members=1,
        version="1.24.1",
    ),
    case(
        "istio",
        "a native sidecar",
        pod(
            "cart",
            "shop",
            APP,
            init=({"name": "istio-proxy", "image": PROXY, "restartPolicy": "Always"},),
        ),
        members=1,
    ),
    case(
        "istio",
        "an init container that redirects",
        pod("cart", "shop", APP, init=({"name": "istio-init", "image": PROXY},)),
        members=1,
    ),
    case(
        "istio",
        "ambient",
        pod("ztunnel", "istio-system", "docker.io/istio/ztunnel:1.24.1"),
        pod("cart", "shop", APP, annotations={"ambient.istio.io/redirection": "enabled"}),
        agents=1,
        members=1,
    ),
    case(
        "istio",
        "ambient, and not this pod",
        pod("cart", "shop", APP, annotations={"ambient.istio.io/redirection": "disabled"}),
        is_seen=False,
    ),
    case(
        "istio",
        "a gateway is no member",
        ISTIOD,
        pod("gw", "edge", PROXY, names=("istio-proxy",)),
        control=1,
        version="1.24.1",
    ),
    case(
        "istio", "a label of a namespace is intent", ASKED, pod("cart", "shop", APP), is_seen=False
    ),
    case(
        "istio",
        "a pod that is over",
        pod("cart", "shop", APP, PROXY, phase="Succeeded"),
        is_seen=False,
    ),
    case(
        "istio",
        "two versions at once",
        ISTIOD,
        pod("istiod-1-22", "istio-system", "istio/pilot:1.22.0"),
        control=2,
    ),
    case("linkerd", "a control plane", LINKERD, control=1, version="edge-24.11.3"),
    case(
        "linkerd",
        "a sidecar",
        pod(
            "cart",
            "shop",
            APP,
            "cr.l5d.io/linkerd/proxy:edge-24.11.3",
            labels={"linkerd.io/control-plane-ns": "linkerd"},
        ),
        members=1,
    ),
    case(
        "linkerd",
        "its dashboard is no mesh",
        pod("web", "linkerd-viz", "cr.l5d.io/linkerd/web:edge-24.11.3"),
        is_seen=False,
    ),
    case("consul", "a control plane", CONSUL, control=1, version="1.6.1"),
    case(
        "consul",
        "a member",
        pod(
            "cart",
            "shop",
            APP,
            "hashicorp/consul-dataplane:1.6.1",
            labels={"consul.hashicorp.com/connect-inject-status": "injected"},
        ),
        members=1,
    ),
    case(
        "consul",
        "servers alone are a registry",
        pod("consul-server", "consul", "hashicorp/consul:1.20.1"),
        is_seen=False,
    ),
    case(
        "kuma",
        "a control plane and a member",
        KUMA,
        pod("cart", "shop", APP, "kumahq/kuma-dp:2.9.1", names=("cart", "kuma-sidecar")),
        control=1,
        members=1,
        version="2.9.1",
    ),
    case(
        "osm",
        "a control plane",
        pod("osm-controller", "osm-system", "openservicemesh/osm-controller:v1.2.4"),
        control=1,
        version="v1.2.4",
    ),
    case(
        "aws-app-mesh",
        "a control plane and a member",
        pod(
            "appmesh-controller",
            "appmesh-system",
            "602.dkr.ecr.eu-west-1.amazonaws.com/amazon/appmesh-controller:v1.13",
        ),
        pod("cart", "shop", APP, "840.dkr.ecr.eu-west-1.amazonaws.com/aws-appmesh-envoy:v1.29"),
        control=1,
        members=1,
        version="v1.13",
    ),
)


def seen(*objects: Object) -> dict[str, SeenMesh]:
    inventory = read(objects)
    found = recognise_meshes(inventory, WorkloadIndex(inventory), meshes())
    return {item.id: item for item in found}


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row.mesh}: {row.name}")
def test_a_mesh_is_told_by_what_runs(row: Case) -> None:
    found = seen(*row.objects)
    assert set(found) == ({row.mesh} if row.is_seen else set())
    if row.is_seen:
        mesh = found[row.mesh]
        counted = (len(mesh.control_plane), len(mesh.node_agents), len(mesh.members))
        assert counted == (row.control, row.agents, row.members)
        assert mesh.version == row.version


def test_every_mesh_that_shows_itself_has_a_row() -> None:
    assert {row.mesh for row in CASES} == {item.id for item in meshes().values() if not item.unseen}


def test_the_platform_names_it_and_says_nothing_of_what_was_not_read() -> None:
    (mesh,) = facts_of(ISTIOD, ASKED).platform.meshes
    assert (mesh.name, mesh.mtls) == ("istio", "unknown")
    assert mesh.evidence[0] == "control plane: Pod/istio-system/istiod, version 1.24.1"
    assert mesh.evidence[1:] == ("no workload carries its proxy", "labels of namespaces ask for it")


def test_cilium_alone_is_a_network_plugin_and_no_mesh() -> None:
    assert seen(pod("cilium", "kube-system", "quay.io/cilium/cilium:v1.17.4")) == {}


WORDS = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)


@given(name=WORDS, image=WORDS, container=WORDS)
def test_a_pod_without_a_sign_makes_no_mesh(name: str, image: str, container: str) -> None:
    proofs = [mesh.proof for mesh in meshes().values()]
    known = {word for proof in proofs for word in (*proof.containers, *proof.init_containers)}
    ends = {end for proof in proofs for end in proof.images}
    ends |= {
        end
        for mesh in meshes().values()
        for part in (*mesh.control_plane, *mesh.node_agents)
        for end in part.images
    }
    if container not in known and image not in ends:
        assert seen(pod(name, "shop", image, names=(container,))) == {}
