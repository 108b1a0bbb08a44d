"""Load balancers beyond the three large clouds: a table from the facts of each implementation."""

from typing import Any

import pytest
from msgspec import Struct

from auditor.analysis.exposure.schemes import SchemeAnswer, tell_scheme
from auditor.catalogue.load_balancers import Scheme, load_balancer_providers
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.verdict import Confidence
from tests.analysis.clusters import a_node, a_service, facts_of, the_door
from tests.kube.manifests import Object, a_pod

LOW, MEDIUM, HIGH = Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH
INTERNET, PRIVATE, UNKNOWN = Scheme.INTERNET, Scheme.INTERNAL, None
OPENSTACK = "service.beta.kubernetes.io/openstack-internal-load-balancer"
ALIBABA = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
TENCENT = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
OCI = "service.beta.kubernetes.io/oci-load-balancer-internal"
DO = "service.beta.kubernetes.io/do-loadbalancer-network"
IBM = "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type"
HUAWEI = "kubernetes.io/elb."
YANDEX = "yandex.cloud/load-balancer-type"
HETZNER = "load-balancer.hetzner.cloud/disable-public-network"
METALLB, KUBE_VIP, CILIUM = "metallb.io/", "kube-vip.io/loadbalancerIPs", "lbipam.cilium.io/ips"


def on(provider_id: str) -> Object:
    """Write a node of a cloud."""
    return a_node("n", "InternalIP=10.0.0.1", spec={"providerID": provider_id})


DIGITALOCEAN, OPENSTACK_NODE = on("digitalocean://1"), on("openstack:///1")
HCLOUD, LINODE, K3S, AWS = on("hcloud://1"), on("linode://1"), on("k3s://n"), on("aws:///a/i-1")
YANDEX_NODE, IBM_NODE, TENCENT_NODE = on("yandex://1"), on("ibm://1"), on("qcloud:///1")
NOWHERE = a_node("n", "InternalIP=10.0.0.1")
METALLB_RUNS = a_pod("speaker", "metallb-system", image="quay.io/metallb/speaker:v0.14.9")
KUBE_VIP_RUNS = a_pod("kube-vip", "kube-system", image="ghcr.io/kube-vip/kube-vip:v0.8.9")
KLIPPER_RUNS = a_pod("svclb-x", "kube-system", image="rancher/klipper-lb:v0.4.9")
NGINX_RUNS = a_pod("c", "web", image="registry.k8s.io/ingress-nginx/controller:v1.11")


class Case(Struct, frozen=True, kw_only=True):
    """A Service of type LoadBalancer, and what is to be said of it."""

    provider: str | None
    name: str
    scheme: Scheme | None
    confidence: Confidence
    objects: tuple[Object, ...]
    annotations: dict[str, str] = {}
    spec: dict[str, Any] = {}
    ip: str | None = None


def case(
    provider: str | None,
    name: str,
    scheme: Scheme | None,
    *objects: Object,
    confidence: Confidence | None = None,
    **rest: Any,
) -> Case:
    """Write a row; what is unknown is of low confidence, what an annotation says of medium."""
    sure = confidence or (MEDIUM if scheme else LOW)
    return Case(
        provider=provider, name=name, scheme=scheme, confidence=sure, objects=objects, **rest
    )


def said(key: str, value: str) -> dict[str, Any]:
    return {"annotations": {key: value}}


AUTO = f"{HUAWEI}autocreate"
CASES = (
    case("openstack-octavia", "by default", INTERNET, OPENSTACK_NODE),
    case("openstack-octavia", "internal", PRIVATE, OPENSTACK_NODE, **said(OPENSTACK, "true")),
    case("openstack-octavia", "public", INTERNET, OPENSTACK_NODE, **said(OPENSTACK, "False")),
    case(
        "openstack-octavia",
        "a value of no sense",
        INTERNET,
        OPENSTACK_NODE,
        **said(OPENSTACK, "yes"),
    ),
    case(
        "openstack-octavia",
        "a class of the operator",
        UNKNOWN,
        OPENSTACK_NODE,
        annotations={OPENSTACK: "true", "loadbalancer.openstack.org/class": "dmz"},
    ),
    case("alibaba-ack", "intranet", PRIVATE, NOWHERE, **said(f"{ALIBABA}address-type", "intranet")),
    case(
        "alibaba-ack", "internet", INTERNET, NOWHERE, **said(f"{ALIBABA}address-type", "internet")
    ),
    case(
        "alibaba-ack",
        "one that was there",
        UNKNOWN,
        NOWHERE,
        annotations={f"{ALIBABA}address-type": "intranet", f"{ALIBABA}id": "lb-1"},
    ),
    case(
        "alibaba-ack",
        "its class",
        INTERNET,
        NOWHERE,
        spec={"loadBalancerClass": "alibabacloud.com/nlb"},
    ),
    case("tencent-tke", "by default", INTERNET, TENCENT_NODE),
    case("tencent-tke", "a subnet", PRIVATE, TENCENT_NODE, **said(TENCENT, "subnet-1")),
    case(
        "tencent-tke",
        "one that was there",
        UNKNOWN,
        NOWHERE,
        **said("service.kubernetes.io/tke-existed-lbid", "lb-1"),
    ),
    case(
        "baidu-cce",
        "internal",
        PRIVATE,
        NOWHERE,
        **said("service.beta.kubernetes.io/cce-load-balancer-internal-vpc", "true"),
    ),
    case(
        "baidu-cce",
        "not internal",
        INTERNET,
        NOWHERE,
        **said("service.beta.kubernetes.io/cce-load-balancer-internal-vpc", "false"),
    ),
    case("oci-oke", "internal", PRIVATE, NOWHERE, **said(OCI, "true")),
    case("oci-oke", "public", INTERNET, NOWHERE, **said(OCI, "false")),
    case(
        "oci-oke",
        "internal, not confirmed",
        UNKNOWN,
        NOWHERE,
        **said("oci-network-load-balancer.oraclecloud.com/internal", "true"),
    ),
    case("digitalocean-doks", "by default", INTERNET, DIGITALOCEAN),
    case("digitalocean-doks", "internal", PRIVATE, DIGITALOCEAN, **said(DO, "INTERNAL")),
    case("digitalocean-doks", "external", INTERNET, DIGITALOCEAN, **said(DO, "EXTERNAL")),
    case("ibm-cloud", "by default", INTERNET, IBM_NODE),
    case("ibm-cloud", "private", PRIVATE, IBM_NODE, **said(IBM, "private")),
    case("ibm-cloud", "public", INTERNET, IBM_NODE, **said(IBM, "public")),
    case("huawei-cce", "public", INTERNET, NOWHERE, **said(AUTO, '{"type": "public"}')),
    case("huawei-cce", "inner, not confirmed", UNKNOWN, NOWHERE, **said(AUTO, '{"type":"inner"}')),
    case("huawei-cce", "a default that was not confirmed", UNKNOWN, NOWHERE, **said(AUTO, "{}")),
    case("huawei-cce", "one that was there", UNKNOWN, NOWHERE, **said(f"{HUAWEI}id", "x")),
    case("yandex-mks", "by default", INTERNET, YANDEX_NODE),
    case("yandex-mks", "internal", PRIVATE, YANDEX_NODE, **said(YANDEX, "internal")),
    case("yandex-mks", "external", INTERNET, YANDEX_NODE, **said(YANDEX, "external")),
    case("linode-lke", "by default", INTERNET, LINODE),
    case("hetzner", "by default", INTERNET, HCLOUD),
    case("hetzner", "no public network, not confirmed", UNKNOWN, HCLOUD, **said(HETZNER, "true")),
    # In the cluster itself: the address decides, and an asked one only where that is confirmed.
    case("metallb", "it runs", INTERNET, NOWHERE, METALLB_RUNS, confidence=LOW),
    case(
        "metallb",
        "its class",
        INTERNET,
        NOWHERE,
        spec={"loadBalancerClass": "metallb.io/metallb"},
        confidence=LOW,
    ),
    case(
        "metallb",
        "a pool",
        INTERNET,
        NOWHERE,
        **said(f"{METALLB}address-pool", "edge"),
        confidence=LOW,
    ),
    case(
        "metallb",
        "an asked private address",
        UNKNOWN,
        NOWHERE,
        **said(f"{METALLB}loadBalancerIPs", "10.0.0.9"),
    ),
    case(
        "metallb",
        "an asked public address",
        INTERNET,
        NOWHERE,
        **said(f"{METALLB}loadBalancerIPs", "203.0.113.9"),
    ),
    case(
        "metallb",
        "an assigned private address",
        PRIVATE,
        NOWHERE,
        METALLB_RUNS,
        ip="10.0.0.9",
        confidence=HIGH,
    ),
    case(
        "metallb",
        "an assigned public address",
        INTERNET,
        NOWHERE,
        METALLB_RUNS,
        ip="203.0.113.9",
        confidence=HIGH,
    ),
    case("kube-vip", "it runs", INTERNET, NOWHERE, KUBE_VIP_RUNS, confidence=LOW),
    case("kube-vip", "an asked private address", PRIVATE, NOWHERE, **said(KUBE_VIP, "10.0.0.9")),
    case(
        "kube-vip",
        "two, one of them public",
        INTERNET,
        NOWHERE,
        **said(KUBE_VIP, "10.0.0.9, 203.0.113.9"),
    ),
    case(
        "kube-vip",
        "an address by DHCP",
        INTERNET,
        NOWHERE,
        **said(KUBE_VIP, "0.0.0.0"),
        confidence=LOW,
    ),
    case(
        "kube-vip",
        "text of no sense",
        INTERNET,
        NOWHERE,
        **said(KUBE_VIP, "10.0.0.9, edge"),
        confidence=LOW,
    ),
    case(
        "kube-vip",
        "its class",
        INTERNET,
        NOWHERE,
        spec={"loadBalancerClass": "kube-vip.io/kube-vip-class"},
        confidence=LOW,
    ),
    case(
        "cilium-lb-ipam",
        "its class",
        INTERNET,
        NOWHERE,
        spec={"loadBalancerClass": "io.cilium/l2-announcer"},
        confidence=LOW,
    ),
    case(
        "cilium-lb-ipam", "an asked private address", UNKNOWN, NOWHERE, **said(CILIUM, "10.0.0.9")
    ),
    case("k3s-servicelb", "by default", INTERNET, K3S, confidence=LOW),
    case("k3s-servicelb", "it runs", INTERNET, NOWHERE, KLIPPER_RUNS, confidence=LOW),
    case(
        "k3s-servicelb",
        "the nodes' private addresses",
        PRIVATE,
        K3S,
        ip="10.0.0.1",
        confidence=HIGH,
    ),
    # Nobody knows who serves it; two that may; and a controller that only sounds like one.
    case(None, "no cloud and no controller", INTERNET, NOWHERE, confidence=LOW),
    case(None, "a controller of another sort", INTERNET, NOWHERE, NGINX_RUNS, confidence=LOW),
    case(None, "a cloud and a controller that agree", INTERNET, AWS, METALLB_RUNS, confidence=LOW),
    case(
        None,
        "a cloud and a controller that do not",
        UNKNOWN,
        AWS,
        METALLB_RUNS,
        **said("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
    ),
)


def answer(row: Case) -> SchemeAnswer:
    status = {"loadBalancer": {"ingress": [{"ip": row.ip}]}} if row.ip else {}
    service = a_service(
        type="LoadBalancer", uid="u", annotations=row.annotations, status=status, **row.spec
    )
    facts = facts_of(service, *row.objects)
    return tell_scheme(facts.inventory.services[0], facts.site, load_balancer_providers())


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row.provider}: {row.name}")
def test_the_scheme_is_told_as_the_facts_say(row: Case) -> None:
    told = answer(row)
    assert (told.scheme, told.confidence) == (row.scheme, row.confidence)
    if row.ip is None:
        assert (told.provider.id if told.provider else None) == row.provider


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row.provider}: {row.name}")
def test_an_unknown_scheme_has_a_reason_and_evidence_is_there(row: Case) -> None:
    told = answer(row)
    assert (told.reason is None) == (told.scheme is not None)
    assert told.hops


def test_every_provider_beyond_the_large_clouds_has_a_row() -> None:
    large = {"aws-load-balancer-controller", "eks-auto-mode", "aws-in-tree", "gke", "aks"}
    known = {provider.id for provider in load_balancer_providers()}
    assert {row.provider for row in CASES} - {None} == known - large


@pytest.mark.parametrize("provider", load_balancer_providers(), ids=lambda provider: provider.id)
def test_what_was_not_confirmed_never_makes_a_load_balancer_internal(provider: Any) -> None:
    for rule in provider.rules:
        if rule.scheme is PRIVATE and not rule.confirmed:
            value = (rule.values or (rule.contains or "x",))[0]
            row = case(provider.id, "", None, NOWHERE, **said(rule.annotation, value))
            assert answer(row).scheme is not PRIVATE


@pytest.mark.parametrize(
    ("node", "annotations", "audience"),
    [
        # Honoured and confirmed; honoured or not, nobody knows; another list decides.
        (DIGITALOCEAN, {}, Audience.ALLOW_LISTED),
        (OPENSTACK_NODE, {}, Audience.ALLOW_LISTED),
        (
            DIGITALOCEAN,
            {"service.beta.kubernetes.io/do-loadbalancer-allow-rules": "cidr:203.0.113.0/24"},
            Audience.UNKNOWN,
        ),
        (
            LINODE,
            {"service.beta.kubernetes.io/linode-loadbalancer-firewall-id": "7"},
            Audience.UNKNOWN,
        ),
    ],
)
def test_ranges_are_taken_for_what_they_are_known_to_do(
    node: Object, annotations: dict[str, str], audience: Audience
) -> None:
    service = a_service(
        type="LoadBalancer",
        uid="u",
        annotations=annotations,
        loadBalancerSourceRanges=["203.0.113.0/24"],
    )
    door = the_door(facts_of(service, node), Via.LOAD_BALANCER)
    assert door.audience is audience
    if node is OPENSTACK_NODE:
        assert (door.confidence, bool(door.reason)) == (LOW, True)
