"""Who is admitted by a load balancer: declared ranges, and the settings that overrule them."""

from typing import Any

import pytest

from auditor.analysis.exposure.door import Door
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.verdict import Confidence
from tests.analysis.clusters import a_service, facts_of, the_door

AWS = "service.beta.kubernetes.io/aws-load-balancer-"
AZURE = "service.beta.kubernetes.io/azure-"
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
LBC_FACING = {f"{AWS}scheme": "internet-facing"}
NAMED = ["203.0.113.0/24"]
DEAF = {"load_balancers": [{"id": "gke", "sources": {"honoured": False}}]}
"""A catalogue that knows of one provider that it reads no ranges."""


def door(
    *ranges: str, provider: str = "gke", annotations: dict[str, str] | None = None, **spec: Any
) -> Door:
    service = a_service(
        type="LoadBalancer",
        uid="5f1c",
        annotations=annotations or {},
        loadBalancerSourceRanges=list(ranges),
        **spec,
    )
    return the_door(facts_of(service, provider=provider), Via.LOAD_BALANCER)


def lbc(*ranges: str, **annotations: str) -> Door:
    written = {f"{AWS}{key.replace('_', '-')}": value for key, value in annotations.items()}
    return door(
        *ranges, annotations={**LBC_FACING, **written}, loadBalancerClass="service.k8s.aws/nlb"
    )


@pytest.mark.parametrize(
    ("ranges", "audience"),
    [
        ([], Audience.INTERNET),
        (["0.0.0.0/0"], Audience.INTERNET),
        (["0.0.0.0/1", "128.0.0.0/1"], Audience.INTERNET),
        (["::/0"], Audience.INTERNET),
        (["10.0.0.0/8", "1.0.0.0/8"], Audience.INTERNET),
        (NAMED, Audience.ALLOW_LISTED),
        (["10.0.0.0/8", "203.0.113.7/32"], Audience.ALLOW_LISTED),
        (["2001:db8::/32"], Audience.ALLOW_LISTED),
        (["10.0.0.0/8"], Audience.PRIVATE_NETWORK),
        (["fd00::/8", "192.168.0.0/16"], Audience.PRIVATE_NETWORK),
        ([" 10.0.0.0/8 "], Audience.PRIVATE_NETWORK),
    ],
)
def test_ranges_that_are_honoured_are_the_audience(ranges: list[str], audience: Audience) -> None:
    assert door(*ranges).audience is audience


def test_sources_are_written_in_order_and_joined() -> None:
    assert door("203.0.113.128/25", "203.0.113.0/25", "2001:db8::/32", "10.0.0.0/8").sources == (
        "10.0.0.0/8",
        "203.0.113.0/24",
        "2001:db8::/32",
    )


def test_ranges_may_stand_in_an_annotation() -> None:
    told = door(annotations={RANGES: " 203.0.113.0/24, 198.51.100.0/24 ,"})
    assert told.audience is Audience.ALLOW_LISTED
    assert told.sources == ("198.51.100.0/24", "203.0.113.0/24")


def test_the_field_wins_over_the_annotation() -> None:
    told = door(*NAMED, annotations={RANGES: "0.0.0.0/0"})
    assert told.sources == ("203.0.113.0/24",)


def test_an_empty_annotation_declares_nothing() -> None:
    assert door(annotations={RANGES: " , "}).audience is Audience.INTERNET


@pytest.mark.parametrize("bad", ["10.0.0.0/99", "office", ""])
def test_a_range_that_is_no_cidr_makes_the_audience_unknown(bad: str) -> None:
    told = door("203.0.113.0/24", bad)
    assert told.audience is Audience.UNKNOWN
    assert told.confidence is Confidence.LOW
    assert told.reason == f"{bad!r} is neither an IP address nor a CIDR"


@pytest.mark.parametrize(
    ("families", "sources"),
    [
        ([], ("0.0.0.0/0",)),
        (["IPv4"], ("0.0.0.0/0",)),
        (["IPv6"], ("::/0",)),
        (["IPv4", "IPv6"], ("0.0.0.0/0", "::/0")),
        (["IPv6", "IPv4"], ("0.0.0.0/0", "::/0")),
    ],
)
def test_everyone_is_all_addresses_of_the_services_families(
    families: list[str], sources: tuple[str, ...]
) -> None:
    assert door(ipFamilies=families).sources == sources


def test_an_internal_load_balancer_is_for_the_private_network_whatever_its_ranges() -> None:
    annotations = {"networking.gke.io/load-balancer-type": "Internal"}
    told = door("0.0.0.0/0", annotations=annotations)
    assert told.audience is Audience.PRIVATE_NETWORK
    assert told.sources == ("0.0.0.0/0",)
    assert door(annotations=annotations).sources == ()


def test_an_internal_load_balancer_hides_no_internet_behind_a_bad_range() -> None:
    annotations = {"networking.gke.io/load-balancer-type": "Internal"}
    assert door("office", annotations=annotations).audience is Audience.PRIVATE_NETWORK


@pytest.mark.parametrize(
    "annotations",
    [
        {"disable_nlb_sg": "true"},
        {"nlb_target_type": "ip"},
        {"nlb_target_type": "ip", "target_group_attributes": "preserve_client_ip.enabled=false"},
        {"type": "nlb-ip"},
        {"target_group_attributes": "preserve_client_ip.enabled=false"},
        {"target_group_attributes": "a=b,preserve_client_ip.enabled=false,c=d"},
    ],
)
def test_where_lbc_ignores_ranges_everyone_is_admitted(annotations: dict[str, str]) -> None:
    told = lbc(*NAMED, **annotations)
    assert told.audience is Audience.INTERNET
    assert told.sources == ("0.0.0.0/0",)
    assert told.hops[-1].note


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"disable_nlb_sg": "false"},
        {"nlb_target_type": "instance"},
        {"nlb_target_type": "ip", "target_group_attributes": "preserve_client_ip.enabled=true"},
        {"type": "nlb-ip", "target_group_attributes": "a=b,preserve_client_ip.enabled=true"},
        {"target_group_attributes": "preserve_client_ip.enabled=true"},
        {"type": "external"},
    ],
)
def test_where_lbc_honours_ranges_only_they_are_admitted(annotations: dict[str, str]) -> None:
    assert lbc(*NAMED, **annotations).audience is Audience.ALLOW_LISTED


def test_named_security_groups_decide_instead() -> None:
    told = lbc(*NAMED, security_groups="sg-1")
    assert told.audience is Audience.UNKNOWN
    assert told.reason == "the named security groups decide instead"


def test_named_security_groups_leave_it_unknown_though_all_else_is_open() -> None:
    told = lbc(*NAMED, security_groups="sg-1", disable_nlb_sg="true")
    assert told.audience is Audience.UNKNOWN


@pytest.mark.parametrize("ranges", [[], NAMED])
@pytest.mark.parametrize(
    "annotation", [f"{AZURE}allowed-service-tags", f"{AZURE}allowed-ip-ranges"]
)
def test_what_azure_admits_besides_is_unknown(ranges: list[str], annotation: str) -> None:
    told = door(*ranges, provider="aks", annotations={annotation: "AzureCloud"})
    assert told.audience is Audience.UNKNOWN
    assert told.reason
    assert told.hops[-1].value == "AzureCloud"


def test_named_prefix_lists_are_unknown() -> None:
    assert lbc(security_group_prefix_lists="pl-1").audience is Audience.UNKNOWN


def test_whether_eks_auto_mode_honours_ranges_is_not_sure() -> None:
    told = door(*NAMED, annotations=LBC_FACING, loadBalancerClass="eks.amazonaws.com/nlb")
    assert told.audience is Audience.ALLOW_LISTED
    assert told.confidence is Confidence.LOW


def test_whether_nobody_honours_ranges_is_not_sure() -> None:
    assert door(*NAMED, provider="kubeconfig").confidence is Confidence.LOW


OCTAVIA = "service.beta.kubernetes.io/openstack-internal-load-balancer"
ALIBABA = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
OCI = "service.beta.kubernetes.io/oci-load-balancer-"
DO = "service.beta.kubernetes.io/do-loadbalancer-"
LINODE = "service.beta.kubernetes.io/linode-loadbalancer-"
DOUBTED = {
    "openstack-octavia": {OCTAVIA: "false"},
    "alibaba-ack": {f"{ALIBABA}address-type": "internet"},
    "tencent-tke": {"service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": ""},
    "baidu-cce": {"service.beta.kubernetes.io/cce-load-balancer-internal-vpc": "false"},
    "oci-oke": {f"{OCI}internal": "false"},
    "ibm-cloud": {"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": "public"},
    "huawei-cce": {"kubernetes.io/elb.autocreate": '{"type": "public"}'},
    "yandex-mks": {"yandex.cloud/load-balancer-type": "external"},
    "hetzner": {"load-balancer.hetzner.cloud/use-private-ip": "false"},
    "metallb": {"metallb.io/address-pool": "public"},
    "kube-vip": {"kube-vip.io/loadbalancerIPs": "0.0.0.0"},
    "cilium-lb-ipam": {"lbipam.cilium.io/sharing-key": "x"},
}
"""By provider of which it is not confirmed what it does with ranges, how a Service names it."""


@pytest.mark.parametrize("ranges", [NAMED, ["10.0.0.0/8"]])
def test_a_provider_known_to_read_no_ranges_admits_everyone(ranges: list[str]) -> None:
    service = a_service(type="LoadBalancer", uid="5f1c", loadBalancerSourceRanges=ranges)
    told = the_door(facts_of(service, provider="gke", catalogue=DEAF), Via.LOAD_BALANCER)
    assert told.audience is Audience.INTERNET
    assert told.sources == ("0.0.0.0/0",)
    assert told.hops[-1].note == "gke does not read source ranges"


def test_every_port_is_a_door_with_the_assigned_addresses() -> None:
    ingress = [{"ip": "203.0.113.10"}, {"hostname": "lb.example.com"}, {"ip": "2001:DB8::1"}]
    service = a_service(
        type="LoadBalancer",
        ports=[{"port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}],
        status={"loadBalancer": {"ingress": ingress}},
    )
    doors = facts_of(service).doors_via(Via.LOAD_BALANCER)
    assert [(item.entry.port, item.entry.protocol.value) for item in doors] == [
        (80, "TCP"),
        (53, "UDP"),
    ]
    assert doors[0].entry.addresses == ("2001:db8::1", "203.0.113.10", "lb.example.com")


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "ExternalName"])
def test_only_the_type_load_balancer_has_one(kind: str) -> None:
    assert not facts_of(a_service(type=kind)).doors_via(Via.LOAD_BALANCER)
