"""Internal or facing the internet: a table for the smaller clouds and for software of no cloud."""

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec import structs

from auditor.catalogue.load_balancers import Provider, Scheme, load_balancer_providers
from auditor.kube.resources import NODES
from auditor.model.reading import ReadState
from tests.analysis.clusters import a_node
from tests.analysis.load_balancer_cases import (
    HIGH,
    INTERNET,
    LIVE,
    LOW,
    MEDIUM,
    PRIVATE,
    PRIVATE_IP,
    PUBLIC_IP,
    UNKNOWN,
    Case,
    answer,
    named,
    nobody,
)
from tests.analysis.test_load_balancer_schemes import CASES as LARGE_CLOUDS
from tests.kube.manifests import Object, a_pod

OCTAVIA = "service.beta.kubernetes.io/openstack-internal-load-balancer"
OCTAVIA_CLASS = "loadbalancer.openstack.org/class"
ALIBABA = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
ALIBABA_TYPE, ALIBABA_ID = f"{ALIBABA}address-type", f"{ALIBABA}id"
TENCENT = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
TENCENT_ID = "service.kubernetes.io/tke-existed-lbid"
BAIDU = "service.beta.kubernetes.io/cce-load-balancer-internal-vpc"
OCI = "service.beta.kubernetes.io/oci-load-balancer-internal"
OCI_NLB = "oci-network-load-balancer.oraclecloud.com/internal"
OCI_TYPE = "oci.oraclecloud.com/load-balancer-type"
DO = "service.beta.kubernetes.io/do-loadbalancer-network"
IBM = "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type"
ELB, ELB_ID = "kubernetes.io/elb.autocreate", "kubernetes.io/elb.id"
ELB_CLASS = "kubernetes.io/elb.class"
YANDEX, YANDEX_SUBNET = "yandex.cloud/load-balancer-type", "yandex.cloud/subnet-id"
LINODE_ACL = "service.beta.kubernetes.io/linode-loadbalancer-firewall-acl"
HETZNER = "load-balancer.hetzner.cloud/disable-public-network"
HETZNER_PRIVATE = "load-balancer.hetzner.cloud/use-private-ip"
METALLB, METALLB_POOL = "metallb.io/loadBalancerIPs", "metallb.io/address-pool"
METALLB_OLD = "metallb.universe.tf/loadBalancerIPs"
KUBE_VIP = "kube-vip.io/loadbalancerIPs"
CILIUM, CILIUM_OLD = "lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips"
AWS_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
GKE = "networking.gke.io/load-balancer-type"

PUBLIC_IPV6 = "2001:db8::1"


def nodes(*provider_ids: str) -> tuple[Object, ...]:
    return tuple(
        a_node(f"n{number}", spec={"providerID": provider_id})
        for number, provider_id in enumerate(provider_ids)
    )


def running(image: str) -> tuple[Object, ...]:
    return (a_pod("controller", "kube-system", image=f"{image}:v1"),)


def served(provider: str | None, *others: Object) -> Any:
    """Give a writer of cases that one provider serves."""

    def write(
        name: str,
        scheme: Scheme | None,
        confidence: Any = MEDIUM,
        annotations: dict[str, str] | None = None,
        **rest: Any,
    ) -> Case:
        given = {"provider": provider, "others": others, **rest}
        return Case(
            name=name,
            scheme=scheme,
            confidence=confidence,
            annotations=annotations or {},
            **given,
        )

    return write


def classed(name: str) -> dict[str, str]:
    return {"loadBalancerClass": name}


octavia = served("openstack-octavia", *nodes("openstack:///8d2f", "openstack://region/91aa"))
alibaba = served("alibaba-ack")
tencent = served("tencent-tke", *nodes("qcloud:///100003/ins-1"))
baidu = served("baidu-cce")
oci = served("oci-oke", *nodes("ocid1.instance.oc1.phx.a", "oci://ocid1.instance.oc1.phx.b"))
ocean = served("digitalocean-doks", *nodes("digitalocean://1234"))
ibm = served("ibm-cloud", *nodes("ibm://account///cluster/worker"))
huawei = served("huawei-cce")
yandex = served("yandex-mks", *nodes("yandex://fhm1"))
linode = served("linode-lke", *nodes("linode://42"))
hetzner = served("hetzner", *nodes("hcloud://42", "hrobot://7"))
metallb = served("metallb", *running("quay.io/metallb/speaker"))
kube_vip = served("kube-vip", *running("ghcr.io/kube-vip/kube-vip"))
cilium = served("cilium-lb-ipam")
k3s = served("k3s-servicelb", *nodes("k3s://node-1"))
mixed = served(None, *nodes("aws:///eu-west-1a/i-1"), *running("quay.io/metallb/controller"))

CASES = (
    *named(
        "OpenStack",
        octavia("the default is the internet", INTERNET),
        octavia("internal true", PRIVATE, annotations={OCTAVIA: "true"}),
        octavia("without case", PRIVATE, annotations={OCTAVIA: "True"}),
        octavia("internal false", INTERNET, annotations={OCTAVIA: "false"}),
        octavia("another word", INTERNET, annotations={OCTAVIA: "yes"}),
        octavia("an operator's class", UNKNOWN, annotations={OCTAVIA_CLASS: "dmz"}),
        octavia(
            "a class may be public for all that is asked",
            UNKNOWN,
            annotations={OCTAVIA_CLASS: "dmz", OCTAVIA: "true"},
        ),
        octavia(
            "a class and a public one asked for",
            INTERNET,
            annotations={OCTAVIA_CLASS: "dmz", OCTAVIA: "false"},
        ),
        octavia("told by its annotation", PRIVATE, annotations={OCTAVIA: "true"}, others=()),
        octavia("what AWS reads means nothing here", INTERNET, annotations={AWS_INTERNAL: "true"}),
        octavia("a manifest", PRIVATE, annotations={OCTAVIA: "true"}, uid=None),
    ),
    *named(
        "Alibaba",
        alibaba("its default is not confirmed", INTERNET, LOW, {f"{ALIBABA}acl-status": "off"}),
        alibaba("intranet", PRIVATE, annotations={ALIBABA_TYPE: "intranet"}),
        alibaba("internet", INTERNET, annotations={ALIBABA_TYPE: "internet"}),
        alibaba("another word", INTERNET, LOW, {ALIBABA_TYPE: "private"}),
        alibaba("a load balancer that exists", UNKNOWN, annotations={ALIBABA_ID: "lb-1"}),
        alibaba(
            "one that exists may be public for all that is asked",
            UNKNOWN,
            annotations={ALIBABA_ID: "lb-1", ALIBABA_TYPE: "intranet"},
        ),
        alibaba("its class", INTERNET, LOW, spec=classed("alibabacloud.com/nlb")),
        alibaba(
            "its class is not confirmed",
            UNKNOWN,
            annotations={ALIBABA_TYPE: "intranet"},
            spec=classed("alibabacloud.com/nlb"),
        ),
    ),
    *named(
        "Tencent",
        tencent("its default is not confirmed", INTERNET, LOW),
        tencent("a subnet", PRIVATE, annotations={TENCENT: "subnet-1"}),
        tencent("no subnet", INTERNET, LOW, {TENCENT: " "}),
        tencent("a load balancer that exists", UNKNOWN, annotations={TENCENT_ID: "lb-1"}),
        tencent(
            "one that exists and a subnet",
            UNKNOWN,
            annotations={TENCENT_ID: "lb-1", TENCENT: "subnet-1"},
        ),
    ),
    *named(
        "Baidu",
        baidu("true", PRIVATE, annotations={BAIDU: "true"}),
        baidu("its default is not confirmed", INTERNET, LOW, {BAIDU: "false"}),
        baidu("another word", INTERNET, LOW, {BAIDU: "vpc"}),
    ),
    *named(
        "OCI",
        oci("the default is the internet", INTERNET),
        oci("internal true", PRIVATE, annotations={OCI: "true"}),
        oci("internal false", INTERNET, annotations={OCI: "false"}),
        oci("another word", INTERNET, annotations={OCI: "yes"}),
        oci("a network load balancer", INTERNET, LOW, {OCI_TYPE: "nlb"}),
        oci("an internal one is not confirmed", UNKNOWN, annotations={OCI_NLB: "true"}),
        oci(
            "such a one of its type",
            UNKNOWN,
            annotations={OCI_TYPE: "nlb", OCI_NLB: "true"},
        ),
        oci(
            "it does not read what the other kind does",
            INTERNET,
            LOW,
            {OCI_TYPE: "nlb", OCI: "true"},
        ),
        oci("the usual type", PRIVATE, annotations={OCI_TYPE: "lb", OCI: "true"}),
    ),
    *named(
        "DigitalOcean",
        ocean("the default is the internet", INTERNET),
        ocean("INTERNAL", PRIVATE, annotations={DO: "INTERNAL"}),
        ocean("EXTERNAL is not confirmed", INTERNET, LOW, {DO: "EXTERNAL"}),
        ocean("another word", INTERNET, annotations={DO: "PRIVATE"}),
    ),
    *named(
        "IBM",
        ibm("its default is not confirmed", INTERNET, LOW),
        ibm("private", PRIVATE, annotations={IBM: "private"}),
        ibm("public", INTERNET, annotations={IBM: "public"}),
        ibm("another word", INTERNET, LOW, {IBM: "internal"}),
    ),
    *named(
        "Huawei",
        huawei("its default is not confirmed", UNKNOWN, annotations={ELB_CLASS: "union"}),
        huawei("public", INTERNET, annotations={ELB: '{"name": "lb", "type" : "public"}'}),
        huawei("inner is not confirmed", UNKNOWN, annotations={ELB: '{"type":"inner"}'}),
        huawei("no JSON", UNKNOWN, annotations={ELB: "type: inner"}),
        huawei("another member", UNKNOWN, annotations={ELB: '{"name": "public"}'}),
        huawei("a load balancer that exists", UNKNOWN, annotations={ELB_ID: "3c7c"}),
        huawei(
            "the id that was written back",
            INTERNET,
            annotations={ELB_ID: "3c7c", ELB: '{"type":"public"}'},
        ),
    ),
    *named(
        "Yandex",
        yandex("its default is not confirmed", INTERNET, LOW),
        yandex("internal", PRIVATE, annotations={YANDEX: "internal", YANDEX_SUBNET: "e9b"}),
        yandex("internal of no subnet", INTERNET, LOW, {YANDEX: "internal"}),
        yandex("an empty subnet", INTERNET, LOW, {YANDEX: "internal", YANDEX_SUBNET: ""}),
        yandex("external", INTERNET, annotations={YANDEX: "external"}),
        yandex("another word", INTERNET, LOW, {YANDEX: "private", YANDEX_SUBNET: "e9b"}),
    ),
    *named(
        "Linode",
        linode("its default is not confirmed", INTERNET, LOW),
        linode("told by its annotation", INTERNET, LOW, {LINODE_ACL: "{}"}, others=()),
    ),
    *named(
        "Hetzner",
        hetzner("its default is not confirmed", INTERNET, LOW),
        hetzner("no public network is not confirmed", UNKNOWN, annotations={HETZNER: "true"}),
        hetzner("a public network", INTERNET, LOW, {HETZNER: "false"}),
        hetzner("how it reaches the nodes says nothing", INTERNET, LOW, {HETZNER_PRIVATE: "true"}),
    ),
    *named(
        "MetalLB",
        metallb("no address yet", INTERNET, LOW),
        metallb("a public address asked for", INTERNET, LOW, {METALLB: PUBLIC_IP}),
        metallb("a private one is not confirmed", UNKNOWN, annotations={METALLB: PRIVATE_IP}),
        metallb("by the older key", UNKNOWN, annotations={METALLB_OLD: PRIVATE_IP}),
        metallb("one of two is public", INTERNET, LOW, {METALLB: f"{PRIVATE_IP}, {PUBLIC_IPV6}"}),
        metallb("no address at all", INTERNET, LOW, {METALLB: "office"}),
        metallb("a pool is not read", INTERNET, LOW, {METALLB_POOL: "private"}),
        metallb("told by its annotation", INTERNET, LOW, {METALLB_POOL: "x"}, others=()),
        metallb("its class", INTERNET, LOW, spec=classed("metallb.io/metallb"), others=()),
        metallb(
            "its class on EKS", INTERNET, LOW, cluster="eks", spec=classed("metallb.io/metallb")
        ),
        metallb("an address from its pool", PRIVATE, HIGH, ingress=({"ip": PRIVATE_IP},)),
    ),
    *named(
        "kube-vip",
        kube_vip("no address yet", INTERNET, LOW),
        kube_vip("a private address asked for", PRIVATE, annotations={KUBE_VIP: PRIVATE_IP}),
        kube_vip("a public address asked for", INTERNET, annotations={KUBE_VIP: PUBLIC_IP}),
        kube_vip("one by DHCP", INTERNET, LOW, {KUBE_VIP: "0.0.0.0"}),
        kube_vip("none at all", INTERNET, LOW, {KUBE_VIP: ""}),
        kube_vip("DHCP has not answered", INTERNET, LOW, ingress=({"ip": "0.0.0.0"},)),
        kube_vip(
            "its class",
            PRIVATE,
            annotations={KUBE_VIP: PRIVATE_IP},
            spec=classed("kube-vip.io/kube-vip-class"),
            others=(),
        ),
        kube_vip(
            "a class and no address", INTERNET, LOW, spec=classed("kube-vip.io/kube-vip-class")
        ),
    ),
    *named(
        "Cilium",
        cilium("its class", INTERNET, LOW, spec=classed("io.cilium/l2-announcer")),
        cilium("a public address asked for", INTERNET, LOW, {CILIUM: PUBLIC_IP}),
        cilium("a private one is not confirmed", UNKNOWN, annotations={CILIUM: PRIVATE_IP}),
        cilium("by the older key", UNKNOWN, annotations={CILIUM_OLD: PRIVATE_IP}),
        cilium(
            "asked for by class",
            UNKNOWN,
            annotations={CILIUM: PRIVATE_IP},
            spec=classed("io.cilium/bgp-control-plane"),
        ),
        cilium("no address at all", INTERNET, LOW, {CILIUM: "any"}),
        nobody("its operator is no proof", others=running("quay.io/cilium/operator-generic")),
    ),
    *named(
        "K3s",
        k3s("no address yet", INTERNET, LOW),
        k3s("told by its pods", INTERNET, LOW, others=running("rancher/klipper-lb")),
        k3s("what GKE reads means nothing here", INTERNET, LOW, {GKE: "Internal"}),
        k3s("addresses of nodes", PRIVATE, HIGH, ingress=({"ip": PRIVATE_IP},)),
    ),
    *named(
        "two",
        mixed("MetalLB on AWS", INTERNET, LOW),
        mixed("what AWS would make internal", UNKNOWN, annotations={AWS_INTERNAL: "true"}),
        mixed("what its own controller claims", UNKNOWN, annotations={AWS_TYPE: "external"}),
        mixed(
            "a class names one",
            PRIVATE,
            spec=classed("service.k8s.aws/nlb"),
            provider="aws-load-balancer-controller",
        ),
        served(None, *nodes("aws:///eu-west-1a/i-1"))(
            "an annotation for other software",
            UNKNOWN,
            annotations={AWS_INTERNAL: "true", METALLB_POOL: "x"},
        ),
        served(None, *running("docker.io/bitnami/metallb-speaker"))(
            "an address for one where the other runs", UNKNOWN, annotations={KUBE_VIP: PRIVATE_IP}
        ),
        served(None, *nodes("k3s://node-1"), *running("quay.io/metallb/speaker"))(
            "MetalLB on K3s", INTERNET, LOW
        ),
    ),
    *named(
        "nobody",
        nobody("a node of no cloud", others=nodes("")),
        nobody("nodes of two clouds", others=nodes("hcloud://1", "linode://1")),
        nobody("kind", others=nodes("kind://docker/c/n"), annotations={GKE: "Internal"}),
        nobody("Vultr", others=nodes("vultr://1"), annotations={AWS_INTERNAL: "true"}),
        nobody("Scaleway", others=nodes("scaleway://1"), annotations={OCTAVIA: "true"}),
        nobody("vSphere", others=nodes("vsphere://1"), annotations={OCTAVIA: "true"}),
        nobody("a program of the same name", others=running("example/speaker")),
    ),
)

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@by_name
def test_the_scheme_is_told_as_documented(case: Case) -> None:
    told = answer(case)
    assert told.scheme is case.scheme
    assert told.confidence is case.confidence or case.scheme is None
    assert (told.provider.id if told.provider else None) == case.provider
    assert (told.reason is not None) is (case.scheme is None)
    assert told.hops


@by_name
def test_a_public_address_in_the_status_outweighs_whatever_is_asked(case: Case) -> None:
    told = answer(structs.replace(case, ingress=({"ip": PRIVATE_IP}, {"ip": PUBLIC_IP})))
    assert (told.scheme, told.confidence) == (INTERNET, HIGH)


@by_name
def test_a_private_address_in_the_status_outweighs_whatever_is_asked(case: Case) -> None:
    told = answer(structs.replace(case, ingress=({"ip": PRIVATE_IP},)))
    assert (told.scheme, told.confidence) == (PRIVATE, HIGH)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.scheme is PRIVATE and not case.spec and not case.ingress],
    ids=lambda case: case.name,
)
def test_what_names_no_class_is_not_internal_while_nodes_are_withheld(case: Case) -> None:
    unseen = structs.replace(case, others=())
    assert answer(unseen).scheme is PRIVATE
    assert answer(unseen, states={NODES: ReadState.FORBIDDEN}).scheme is UNKNOWN


def test_every_provider_has_a_row_in_some_table() -> None:
    tested = {case.provider for case in (*LARGE_CLOUDS, *CASES)} - {None}
    assert tested == {provider.id for provider in load_balancer_providers()}


def _unconfirmed() -> Iterable[Any]:
    """Write a Service for every fact that is not confirmed and would make it internal."""
    for provider in load_balancer_providers():
        for rule in provider.rules:
            if rule.scheme is PRIVATE and not rule.confirmed:
                value = (rule.values or ("x",))[0]
                text = f'{{"{rule.member}": "{value}"}}' if rule.member else value
                yield pytest.param(provider, {rule.annotation: text}, id=rule.annotation)
        for asked in provider.addresses:
            if not asked.confirmed:
                yield pytest.param(provider, {asked.annotation: PRIVATE_IP}, id=asked.annotation)


@pytest.mark.parametrize(("provider", "annotations"), tuple(_unconfirmed()))
@pytest.mark.parametrize("by_class", [False, True])
def test_nothing_unconfirmed_makes_it_internal(
    provider: Provider, annotations: dict[str, str], by_class: bool
) -> None:
    open_classes = [known.name for known in provider.classes if known.scheme is None]
    classes = open_classes if by_class else []
    for spec in [classed(name) for name in classes] or [{}]:
        case = Case(name="x", annotations=annotations, spec=spec, scheme=UNKNOWN, provider=None)
        assert answer(case).scheme is UNKNOWN


def test_an_address_from_a_pool_differs_from_nothing() -> None:
    (hop,) = answer(metallb("x", PRIVATE, ingress=({"ip": PRIVATE_IP},))).hops
    assert hop.note == "a private address"


def test_an_address_other_than_the_one_asked_for_is_noted() -> None:
    case = kube_vip("x", INTERNET, annotations={KUBE_VIP: PRIVATE_IP})
    asked, drift = answer(structs.replace(case, ingress=({"ip": PUBLIC_IP},))).hops
    assert asked.value == PRIVATE_IP
    assert (drift.value, drift.note) == (
        PUBLIC_IP,
        "an internet address, which differs from what is asked",
    )


def test_an_internal_range_of_the_operator_is_private_where_it_is_asked_for() -> None:
    case = kube_vip("x", PRIVATE, annotations={KUBE_VIP: "198.51.100.7"})
    assert answer(case).scheme is INTERNET
    assert answer(case, internal_cidrs=("198.51.100.0/24",)).scheme is PRIVATE


def test_the_evidence_says_since_when_an_annotation_is_read() -> None:
    (hop,) = answer(ocean("x", PRIVATE, annotations={DO: "INTERNAL"})).hops
    assert hop.note == "digitalocean-doks: internal, since its controller's v0.1.53"


def test_what_is_left_open_says_what_decides() -> None:
    told = answer(alibaba("x", UNKNOWN, annotations={ALIBABA_ID: "lb-1"}, uid=LIVE))
    assert told.reason == "alibaba-ack: it names a load balancer that exists already"
