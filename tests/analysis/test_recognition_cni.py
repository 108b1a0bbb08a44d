"""Network plugins and policy engines as they show themselves in clusters: a table, entry by entry.

Written from the facts of the field before the code was run on it; each row is a cluster of two
nodes with the agents as pods, the way a server shows them.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import Struct

from auditor.analysis.recognition.cni import AuditMode, recognise_cni
from auditor.analysis.recognition.cni_agents import is_below
from auditor.catalogue.cni_plugins import cni_plugins
from auditor.kube.resources import CONFIG_MAPS, NODES, PODS
from auditor.model.audit import Enforces
from auditor.model.reading import ReadState
from tests.analysis.clusters import a_node
from tests.kube.manifests import Object, a_pod, a_workload, an_object, read

FULL, NONE, MIXED, UNKNOWN = Enforces.FULL, Enforces.NONE, Enforces.MIXED, Enforces.UNKNOWN
NODE_NAMES = ("n1", "n2")


class Case(Struct, frozen=True, kw_only=True):
    """A cluster, and what is to be said of its network plugin."""

    id: str
    """The catalogue's entry, and what is special about the row."""
    objects: tuple[Object, ...]
    name: str | None
    version: str | None = None
    engine: str | None = None
    enforces: Enforces
    states: Mapping[str, ReadState] = {}
    audit: AuditMode | None = None
    says: str = ""
    """A part of the evidence."""


def nodes(*names: str, **parts: Any) -> tuple[Object, ...]:
    """Write some nodes; `labels` and `annotations` are theirs."""
    meta = {key: parts[key] for key in ("labels", "annotations") if key in parts}
    return tuple(a_node(name, "InternalIP=10.0.0.1", meta=meta) for name in names)


def agents(
    name: str,
    images: Mapping[str, str],
    *,
    args: Mapping[str, list[str]] | None = None,
    namespace: str = "kube-system",
    labels: Mapping[str, str] | None = None,
    on: tuple[str, ...] = NODE_NAMES,
    phase: str = "Running",
    **container: Any,
) -> tuple[Object, ...]:
    """Write a DaemonSet and its pods; `images` by container."""
    containers = [
        {"name": key, "image": image, "args": (args or {}).get(key, []), **container}
        for key, image in images.items()
    ]
    spec = {"hostNetwork": True, "containers": containers}
    kept = dict(labels or {})
    owner = a_workload("DaemonSet", name, namespace, labels=kept, spec=spec)
    pods = (
        a_pod(
            f"{name}-{node}",
            namespace,
            owner=f"DaemonSet/{name}",
            labels=kept,
            spec={**spec, "nodeName": node},
            status={"phase": phase},
        )
        for node in on
    )
    return (owner, *pods)


def config_map(full_name: str, **data: str) -> Object:
    """Write a ConfigMap; underscores in keys stand for hyphens where `data` says so."""
    namespace, _, name = full_name.partition("/")
    return an_object("ConfigMap", name, namespace, data=data)


TWO = nodes(*NODE_NAMES)
CALICO = agents("calico-node", {"calico-node": "quay.io/calico/node:v3.28.1"})
FLANNEL = agents("kube-flannel-ds", {"kube-flannel": "docker.io/flannel/flannel:v0.25.7"})
CILIUM_DIR = {"cilium-agent": ["--config-dir=/tmp/cilium/config-map"]}
CILIUM_IMAGE = {"cilium-agent": "quay.io/cilium/cilium:v1.17.4@sha256:" + "0" * 64}
CILIUM = agents("cilium", CILIUM_IMAGE, args=CILIUM_DIR, labels={"k8s-app": "cilium"})
ECR = "602401143452.dkr.ecr.eu-west-1.amazonaws.com"


def cilium_config(**data: str) -> Object:
    """Write Cilium's ConfigMap; underscores stand for hyphens."""
    return config_map(
        "kube-system/cilium-config", **{key.replace("_", "-"): text for key, text in data.items()}
    )


def vpc_cni(*, tag: str = "v1.19.2-eksbuild.5", agent: str | None = "true") -> tuple[Object, ...]:
    """Write the Amazon VPC CNI; `agent` is the flag of the policy agent, None leaves it out."""
    build = "-eksbuild.2" if "eksbuild" in tag else ""
    images = {"aws-node": f"{ECR}/amazon-k8s-cni:{tag}"}
    if agent is not None:
        images["aws-eks-nodeagent"] = f"{ECR}/amazon/aws-network-policy-agent:v1.1.6{build}"
    flag = [f"--enable-network-policy={agent}"] if agent else []
    return agents("aws-node", images, args={"aws-eks-nodeagent": flag})


def kube_ovn(*controller_args: str) -> tuple[Object, ...]:
    """Write Kube-OVN: the switch stands at the controller, not at the agent."""
    image = "docker.io/kubeovn/kube-ovn:v1.12.21"
    spec = {"containers": [{"name": "c", "image": image, "args": list(controller_args)}]}
    return (
        *agents("kube-ovn-cni", {"cni-server": image}),
        *agents("ovs-ovn", {"openvswitch": image}),
        a_workload("Deployment", "kube-ovn-controller", "kube-system", spec=spec),
    )


def case(
    id: str,  # noqa: A002 - what pytest calls it
    *objects: Object,
    enforces: Enforces,
    name: str | None = None,
    **rest: Any,
) -> Case:
    """Write a row."""
    return Case(id=id, objects=objects, name=name, enforces=enforces, **rest)


CASES = (
    # Calico
    case(
        "calico",
        *TWO,
        *CALICO,
        name="calico",
        version="v3.28.1",
        engine="calico",
        enforces=FULL,
        audit=AuditMode.OFF,
    ),
    case(
        "calico by its operator",
        *TWO,
        *agents("calico-node", {"n": "quay.io/calico/node:v3.27.0"}, namespace="calico-system"),
        name="calico",
        version="v3.27.0",
        engine="calico",
        enforces=FULL,
    ),
    case(
        "calico from a mirror that folds the path",
        *TWO,
        *agents("calico-node", {"n": "registry.example:5000/rancher/mirrored-calico-node:v3.28.1"}),
        name="calico",
        engine="calico",
        version="v3.28.1",
        enforces=FULL,
    ),
    case(
        "calico left its marks: an uninstall",
        *nodes(*NODE_NAMES, annotations={"projectcalico.org/IPv4Address": "10.0.0.1/24"}),
        name="calico",
        enforces=UNKNOWN,
        says="no agent",
    ),
    case(
        "calico on one node only",
        *TWO,
        *agents("calico-node", {"n": "quay.io/calico/node:v3.28.1"}, on=("n1",)),
        name="calico",
        version="v3.28.1",
        engine="calico",
        enforces=MIXED,
        says="n2",
    ),
    case(
        "calico whose agent does not run on one node",
        *TWO,
        *agents("calico-node", {"n": "quay.io/calico/node:v3.28.1"}, on=("n1",)),
        *agents("calico-node", {"n": "quay.io/calico/node:v3.28.1"}, on=("n2",), phase="Pending"),
        name="calico",
        version="v3.28.1",
        engine="calico",
        enforces=UNKNOWN,
    ),
    case(
        "calico in a tenant's namespace",
        *TWO,
        *agents("calico-node", {"n": "quay.io/calico/node:v3.28.1"}, namespace="tenant-a"),
        enforces=UNKNOWN,
        says="no network plugin was recognised",
    ),
    case(
        "calico while pods were read in part",
        *TWO,
        *CALICO,
        states={PODS: ReadState.PARTIAL},
        name="calico",
        version="v3.28.1",
        engine="calico",
        enforces=UNKNOWN,
        says="pods is partial",
    ),
    case(
        "calico while nodes are forbidden",
        *CALICO,
        states={NODES: ReadState.FORBIDDEN},
        name="calico",
        version="v3.28.1",
        engine="calico",
        enforces=UNKNOWN,
        says="nodes is forbidden",
    ),
    # Cilium
    case(
        "cilium",
        *TWO,
        *CILIUM,
        cilium_config(enable_policy="default", policy_audit_mode="false"),
        name="cilium",
        version="v1.17.4",
        engine="cilium",
        enforces=FULL,
        audit=AuditMode.OFF,
    ),
    case(
        "cilium with an empty ConfigMap: its defaults",
        *TWO,
        *CILIUM,
        cilium_config(),
        name="cilium",
        version="v1.17.4",
        engine="cilium",
        enforces=FULL,
        audit=AuditMode.OFF,
    ),
    case(
        "cilium that denies without any policy too",
        *TWO,
        *CILIUM,
        cilium_config(enable_policy="always"),
        name="cilium",
        version="v1.17.4",
        engine="cilium",
        enforces=FULL,
    ),
    case(
        "cilium that never enforces",
        *TWO,
        *CILIUM,
        cilium_config(enable_policy="never"),
        name="cilium",
        version="v1.17.4",
        enforces=NONE,
        says="ConfigMap/kube-system/cilium-config data[enable-policy]: never",
    ),
    case(
        "cilium in audit mode",
        *TWO,
        *CILIUM,
        cilium_config(policy_audit_mode="true"),
        name="cilium",
        version="v1.17.4",
        enforces=NONE,
        audit=AuditMode.ON,
        says="data[policy-audit-mode]: true",
    ),
    case(
        "cilium in audit mode by a flag",
        *TWO,
        *agents("cilium", CILIUM_IMAGE, args={"cilium-agent": ["--policy-audit-mode"]}),
        cilium_config(policy_audit_mode="false"),
        name="cilium",
        version="v1.17.4",
        enforces=NONE,
        audit=AuditMode.ON,
    ),
    case(
        "cilium without Kubernetes policies: an idle value that was not confirmed",
        *TWO,
        *CILIUM,
        cilium_config(enable_k8s_networkpolicy="false"),
        name="cilium",
        version="v1.17.4",
        engine="cilium",
        enforces=UNKNOWN,
        says="was not confirmed",
    ),
    case(
        "cilium with a value that nobody knows",
        *TWO,
        *CILIUM,
        cilium_config(enable_policy="sometimes"),
        name="cilium",
        version="v1.17.4",
        engine="cilium",
        enforces=UNKNOWN,
        says="sometimes",
    ),
    case(
        "cilium whose ConfigMap may not be read",
        *TWO,
        *CILIUM,
        states={CONFIG_MAPS: ReadState.FORBIDDEN},
        name="cilium",
        version="v1.17.4",
        engine="cilium",
        enforces=UNKNOWN,
        audit=AuditMode.UNKNOWN,
        says="configmaps is forbidden",
    ),
    case(
        "cilium that is set by its environment",
        *TWO,
        *agents(
            "cilium",
            CILIUM_IMAGE,
            env=[{"name": "CILIUM_POLICY_AUDIT_MODE", "value": "true"}],
        ),
        cilium_config(),
        name="cilium",
        version="v1.17.4",
        engine="cilium",
        enforces=UNKNOWN,
        audit=AuditMode.UNKNOWN,
        says="CILIUM_POLICY_AUDIT_MODE",
    ),
    case(
        "cilium's operator alone",
        *TWO,
        a_workload("Deployment", "cilium-operator", "kube-system"),
        name="cilium",
        enforces=UNKNOWN,
        says="no agent",
    ),
    # Antrea, Weave, flannel, Canal, kube-router
    case(
        "antrea",
        *TWO,
        *agents("antrea-agent", {"antrea-agent": "antrea/antrea-agent-ubuntu:v2.1.0"}),
        name="antrea",
        version="v2.1.0",
        engine="antrea",
        enforces=FULL,
    ),
    case(
        "weave-net",
        *TWO,
        *agents(
            "weave-net",
            {"weave": "weaveworks/weave-kube:2.8.1", "weave-npc": "weaveworks/weave-npc:2.8.1"},
        ),
        name="weave-net",
        version="2.8.1",
        engine="weave-npc",
        enforces=FULL,
    ),
    case(
        "weave-net without its policy controller",
        *TWO,
        *agents("weave-net", {"weave": "weaveworks/weave-kube:2.8.1"}),
        name="weave-net",
        version="2.8.1",
        enforces=NONE,
        says="no weave-npc",
    ),
    case(
        "weave-net told not to expect it",
        *TWO,
        *agents(
            "weave-net",
            {"weave": "weaveworks/weave-kube:2.8.1", "weave-npc": "weaveworks/weave-npc:2.8.1"},
            env=[{"name": "EXPECT_NPC", "value": "0"}],
        ),
        name="weave-net",
        version="2.8.1",
        engine="weave-npc",
        enforces=UNKNOWN,
        says="EXPECT_NPC",
    ),
    case("flannel", *TWO, *FLANNEL, name="flannel", version="v0.25.7", enforces=NONE),
    case(
        "flannel with a policy engine in its pod",
        *TWO,
        *agents(
            "kube-flannel-ds",
            {
                "kube-flannel": "ghcr.io/flannel-io/flannel:v0.26.7",
                "netpol": "registry.k8s.io/networking/kube-network-policies:v0.7.0",
            },
            namespace="kube-flannel",
        ),
        name="flannel",
        version="v0.26.7",
        engine="kube-network-policies",
        enforces=FULL,
    ),
    case(
        "flannel and calico as two DaemonSets",
        *TWO,
        *FLANNEL,
        *CALICO,
        name="flannel",
        version="v0.25.7",
        engine="calico",
        enforces=FULL,
    ),
    case(
        "canal",
        *TWO,
        *agents(
            "canal",
            {"calico-node": "calico/node:v3.28.1", "kube-flannel": "flannel/flannel:v0.25.7"},
        ),
        name="canal",
        version="v3.28.1",
        engine="calico",
        enforces=FULL,
    ),
    case(
        "kube-router",
        *TWO,
        *agents(
            "kube-router",
            {"kube-router": "docker.io/cloudnativelabs/kube-router:v2.2.1"},
            args={"kube-router": ["--run-router=true", "--run-firewall=true"]},
        ),
        name="kube-router",
        version="v2.2.1",
        engine="kube-router",
        enforces=FULL,
    ),
    case(
        "kube-router without its firewall",
        *TWO,
        *agents(
            "kube-router",
            {"kube-router": "docker.io/cloudnativelabs/kube-router:v2.2.1"},
            args={"kube-router": ["--run-firewall=false"]},
        ),
        name="kube-router",
        version="v2.2.1",
        enforces=NONE,
    ),
    # Inside the node's own programs
    case(
        "k3s-default",
        *nodes(*NODE_NAMES, labels={"node.kubernetes.io/instance-type": "k3s"}),
        name="k3s-default",
        enforces=UNKNOWN,
        says="inside the nodes' own programs",
    ),
    case(
        "eks-auto-mode",
        *nodes(*NODE_NAMES, labels={"eks.amazonaws.com/compute-type": "auto"}),
        name="eks-auto-mode",
        enforces=UNKNOWN,
        says="inside the nodes' own programs",
    ),
    # OpenShift
    case(
        "ovn-kubernetes",
        *TWO,
        *agents(
            "ovnkube-node",
            {"ovnkube-controller": "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:1"},
            namespace="openshift-ovn-kubernetes",
            labels={"app": "ovnkube-node"},
        ),
        name="ovn-kubernetes",
        engine="ovn-kubernetes",
        enforces=FULL,
    ),
    case(
        "openshift-sdn: what it enforces was not confirmed",
        *TWO,
        *agents("sdn", {"sdn": "quay.io/x/sdn:v4.14"}, namespace="openshift-sdn"),
        name="openshift-sdn",
        engine="openshift-sdn",
        enforces=UNKNOWN,
        says="not confirmed",
    ),
    # AWS
    case(
        "aws-vpc-cni",
        *TWO,
        *vpc_cni(),
        name="aws-vpc-cni",
        version="v1.19.2-eksbuild.5",
        engine="aws-network-policy-agent",
        enforces=FULL,
    ),
    case(
        "aws-vpc-cni without its agent",
        *TWO,
        *vpc_cni(agent=None),
        name="aws-vpc-cni",
        version="v1.19.2-eksbuild.5",
        enforces=NONE,
        says="no aws-network-policy-agent",
    ),
    case(
        "aws-vpc-cni whose agent is off",
        *TWO,
        *vpc_cni(agent="false"),
        name="aws-vpc-cni",
        version="v1.19.2-eksbuild.5",
        enforces=NONE,
    ),
    case(
        "aws-vpc-cni whose agent was never switched on",
        *TWO,
        *vpc_cni(agent=""),
        name="aws-vpc-cni",
        version="v1.19.2-eksbuild.5",
        enforces=NONE,
    ),
    case(
        "aws-vpc-cni before the agent",
        *TWO,
        *vpc_cni(tag="v1.12.6-eksbuild.2"),
        name="aws-vpc-cni",
        version="v1.12.6-eksbuild.2",
        enforces=NONE,
    ),
    case(
        "aws-vpc-cni of one's own, with the controller",
        *TWO,
        *vpc_cni(tag="v1.19.2"),
        config_map("kube-system/amazon-vpc-cni", **{"enable-network-policy-controller": "true"}),
        name="aws-vpc-cni",
        version="v1.19.2",
        engine="aws-network-policy-agent",
        enforces=FULL,
    ),
    case(
        "aws-vpc-cni of one's own, without saying so",
        *TWO,
        *vpc_cni(tag="v1.19.2"),
        config_map("kube-system/amazon-vpc-cni"),
        name="aws-vpc-cni",
        version="v1.19.2",
        engine="aws-network-policy-agent",
        enforces=UNKNOWN,
    ),
    case(
        "aws-vpc-cni with calico for policies",
        *TWO,
        *vpc_cni(agent="false"),
        *CALICO,
        name="aws-vpc-cni",
        version="v1.19.2-eksbuild.5",
        engine="calico",
        enforces=FULL,
    ),
    case(
        "aws-vpc-cni and calico, both at it",
        *TWO,
        *vpc_cni(),
        *CALICO,
        name="aws-vpc-cni, calico",
        engine="aws-network-policy-agent, calico",
        enforces=UNKNOWN,
        says="several policy engines",
    ),
    case(
        "aws-vpc-cni with nodes of Fargate",
        *nodes("n1"),
        *nodes("fargate-1", labels={"eks.amazonaws.com/compute-type": "fargate"}),
        *agents(
            "aws-node",
            {
                "aws-node": f"{ECR}/amazon-k8s-cni:v1.19.2-eksbuild.5",
                "agent": f"{ECR}/amazon/aws-network-policy-agent:v1.1.6-eksbuild.2",
            },
            args={"agent": ["--enable-network-policy=true"]},
            on=("n1",),
        ),
        name="aws-vpc-cni",
        version="v1.19.2-eksbuild.5",
        engine="aws-network-policy-agent",
        enforces=MIXED,
        says="fargate-1",
    ),
    # Azure
    case(
        "azure-cni",
        *TWO,
        *agents("azure-cns", {"cns": "mcr.microsoft.com/containernetworking/azure-cns:v1.6.18"}),
        name="azure-cni",
        version="v1.6.18",
        enforces=NONE,
    ),
    case(
        "azure-npm",
        *TWO,
        *agents("azure-cns", {"cns": "mcr.microsoft.com/containernetworking/azure-cns:v1.6.18"}),
        *agents("azure-npm", {"npm": "mcr.microsoft.com/containernetworking/azure-npm:v1.5.45"}),
        name="azure-cni",
        version="v1.6.18",
        engine="azure-npm",
        enforces=FULL,
    ),
    # Google
    case(
        "gke-dataplane-v1",
        *TWO,
        *agents("netd", {"netd": "gke.gcr.io/netd:v0.9"}),
        name="gke-dataplane-v1",
        enforces=NONE,
    ),
    case(
        "gke-dataplane-v1 with calico",
        *TWO,
        *agents("netd", {"netd": "gke.gcr.io/netd:v0.9"}),
        *agents("calico-node", {"n": "gke.gcr.io/calico/node:v3.26.3-gke.13"}),
        name="gke-dataplane-v1",
        engine="calico",
        enforces=FULL,
    ),
    case(
        "gke-dataplane-v2",
        *TWO,
        *agents(
            "anetd",
            {"cilium-agent": "gke.gcr.io/cilium/cilium:v1.15.10-gke.9"},
            labels={"k8s-app": "cilium"},
        ),
        *agents("netd", {"netd": "gke.gcr.io/netd:v0.9"}),
        name="gke-dataplane-v2",
        engine="gke-dataplane-v2",
        enforces=FULL,
    ),
    # Small and new ones
    case(
        "kindnet",
        *TWO,
        *agents("kindnet", {"kindnet-cni": "docker.io/kindest/kindnetd:v20240813-c6f155d6"}),
        name="kindnet",
        version="v20240813-c6f155d6",
        engine="kindnet",
        enforces=FULL,
    ),
    case(
        "kindnet before it enforced",
        *TWO,
        *agents("kindnet", {"kindnet-cni": "docker.io/kindest/kindnetd:v20240202-8f1494ea"}),
        name="kindnet",
        version="v20240202-8f1494ea",
        enforces=NONE,
    ),
    case(
        "kindnet of no version",
        *TWO,
        *agents("kindnet", {"kindnet-cni": "docker.io/kindest/kindnetd:latest"}),
        name="kindnet",
        version="latest",
        engine="kindnet",
        enforces=UNKNOWN,
        says="version cannot be told",
    ),
    case(
        "kube-network-policies",
        *TWO,
        *agents(
            "kube-network-policies",
            {"knp": "registry.k8s.io/networking/kube-network-policies:v0.7.0"},
        ),
        engine="kube-network-policies",
        enforces=FULL,
    ),
    case(
        "kube-ovn",
        *TWO,
        *kube_ovn("--enable-np=true"),
        name="kube-ovn",
        version="v1.12.21",
        engine="kube-ovn",
        enforces=FULL,
    ),
    case(
        "kube-ovn without policies",
        *TWO,
        *kube_ovn("--enable-np=false"),
        name="kube-ovn",
        version="v1.12.21",
        enforces=NONE,
        says="--enable-np=false",
    ),
    case(
        "kube-ovn whose controller nobody saw",
        *TWO,
        *agents("kube-ovn-cni", {"cni-server": "docker.io/kubeovn/kube-ovn:v1.12.21"}),
        name="kube-ovn",
        version="v1.12.21",
        engine="kube-ovn",
        enforces=UNKNOWN,
        says="kube-ovn-controller",
    ),
    case(
        "terway",
        *TWO,
        *agents("terway-eniip", {"terway": "registry.example/acs/terway:v1.9.0"}),
        config_map("kube-system/eni-config", disable_network_policy="false"),
        name="terway",
        version="v1.9.0",
        engine="terway",
        enforces=FULL,
    ),
    case(
        "terway without policies",
        *TWO,
        *agents("terway-eniip", {"terway": "registry.example/acs/terway:v1.9.0"}),
        config_map("kube-system/eni-config", disable_network_policy="true"),
        name="terway",
        version="v1.9.0",
        enforces=NONE,
    ),
    # Known by name only: what they enforce was not confirmed
    *(
        case(
            f"{entry}: what it enforces was not confirmed",
            *TWO,
            *agents(agent, {"c": "registry.example/some/thing:v1"}, namespace=namespace),
            name=entry,
            engine=engine,
            enforces=UNKNOWN,
        )
        for entry, agent, namespace, engine in (
            ("romana", "romana-agent", "kube-system", "romana"),
            ("contiv", "contiv-netplugin", "kube-system", "contiv"),
            ("nuage", "nuage-cni-ds", "kube-system", "nuage"),
            ("tungsten-fabric", "contrail-agent", "contrail", "tungsten-fabric"),
            ("spiderpool", "spiderpool-agent", "kube-system", None),
        )
    ),
    case(
        "multus hands over to calico",
        *TWO,
        *agents("kube-multus-ds", {"m": "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.0.2"}),
        *CALICO,
        name="calico",
        version="v3.28.1",
        engine="calico",
        enforces=FULL,
    ),
    # None, and unknown
    case(
        "none: an agent of the house",
        *TWO,
        *agents("net-agent", {"agent": "registry.example/platform/net-agent:7.3"}),
        enforces=UNKNOWN,
        says="no network plugin was recognised",
    ),
    case("none: nothing at all", *TWO, enforces=UNKNOWN, says="no network plugin was recognised"),
)


@pytest.mark.parametrize("row", CASES, ids=lambda row: row.id)
def test_the_plugin_is_told_as_documented(row: Case) -> None:
    told = recognise_cni(read(row.objects, row.states), cni_plugins())
    cni = told.cni
    assert (cni.name, cni.policy_engine, cni.enforces) == (row.name, row.engine, row.enforces)
    if row.version is not None:
        assert cni.version == row.version
    assert row.says in "\n".join(cni.evidence)
    if row.audit is not None:
        assert told.audit_mode is row.audit


@pytest.mark.parametrize("row", CASES, ids=lambda row: row.id)
def test_evidence_is_there_and_what_is_not_known_has_a_reason(row: Case) -> None:
    told = recognise_cni(read(row.objects, row.states), cni_plugins())
    assert told.cni.evidence
    assert (told.reason is None) == (told.cni.enforces in (FULL, NONE))


def test_every_entry_that_shows_itself_has_a_row() -> None:
    shown = {plugin.id for plugin in cni_plugins().values() if plugin.unseen is None}
    assert shown == {word for row in CASES for word in [row.id.partition(":")[0].split()[0]]} - {
        "none:",
        "none",
        "cilium's",
    }


@pytest.mark.parametrize("state", [ReadState.FORBIDDEN, ReadState.FAILED, ReadState.PARTIAL])
@pytest.mark.parametrize("resource", [NODES, PODS])
@pytest.mark.parametrize("row", CASES, ids=lambda row: row.id)
def test_nothing_is_called_enforced_while_pods_or_nodes_are_not_whole(
    row: Case, resource: str, state: ReadState
) -> None:
    told = recognise_cni(read(row.objects, {**row.states, resource: state}), cni_plugins())
    assert told.cni.enforces not in (FULL, Enforces.INGRESS, Enforces.EGRESS)


@pytest.mark.parametrize(
    ("version", "other", "below"),
    [
        ("v1.12.6-eksbuild.2", "v1.14.0", True),
        ("v1.14.0", "v1.14.0", False),
        ("v1.14", "v1.14.0", False),
        ("3.9.1", "3.20", True),
        ("v20240202-8f1494ea", "v20240813", True),
        ("latest", "v1.0", None),
        (None, "v1.0", None),
        ("1" * 100, "v2", False),
    ],
)
def test_versions_are_compared_by_number(
    version: str | None, other: str, below: bool | None
) -> None:
    assert is_below(version, other) is below
