"""Forwarding rules: which are load balancers, whom they face, and at which ports."""

from typing import Any

import pytest

from auditor.model.cloud import CloudBalancer
from auditor.model.ports import Protocol
from tests.connectors.google.clusters import NETWORK, cluster
from tests.connectors.google.conftest import List
from tests.connectors.google.fake import Running

API = "https://www.googleapis.com/compute/v1/projects/shop-prod"
POOL = f"{API}/regions/europe-west1/targetPools/a1b2"
BACKENDS = f"{API}/regions/europe-west1/backendServices/k8s2-x"
HTTPS = f"{API}/global/targetHttpsProxies/k8s2-ts"
TCP, UDP = Protocol.TCP, Protocol.UDP


def rule(**fields: Any) -> dict[str, Any]:
    whole = {
        "name": "a1b2",
        "IPAddress": "34.90.7.7",
        "IPProtocol": "TCP",
        "portRange": "80-80",
        "loadBalancingScheme": "EXTERNAL",
        "target": POOL,
    } | fields
    return {key: value for key, value in whole.items() if value is not None}


def read(fake: Running, listed: List, *rules: dict[str, Any]) -> tuple[CloudBalancer, ...]:
    fake.google.clusters["shop-prod"] = [cluster()]
    fake.google.forwarding_rules("shop-prod", *rules, scope="regions/europe-west1")
    answer = listed(projects=("shop-prod",))
    assert answer.gaps == []
    (it,) = answer.clusters
    assert it.cloud is not None
    assert it.cloud.balancers is not None
    return it.cloud.balancers


FOUND: dict[str, tuple[dict[str, Any], tuple[str, bool]]] = {
    "a target pool": (rule(), ("network", True)),
    "backends": (rule(target=None, backendService=BACKENDS), ("network", True)),
    "an Ingress": (rule(target=HTTPS), ("application", True)),
    "an Ingress, newer": (
        rule(target=HTTPS, loadBalancingScheme="EXTERNAL_MANAGED"),
        ("application", True),
    ),
    "internal": (
        rule(target=None, backendService=BACKENDS, loadBalancingScheme="INTERNAL"),
        ("network", False),
    ),
    "internal, application": (
        rule(target=HTTPS, loadBalancingScheme="INTERNAL_MANAGED"),
        ("application", False),
    ),
    "a proxy of TCP": (
        rule(target=f"{API}/global/targetTcpProxies/p", loadBalancingScheme="EXTERNAL_MANAGED"),
        ("proxy-network", True),
    ),
}


@pytest.mark.parametrize(("given", "expected"), FOUND.values(), ids=FOUND.keys())
def test_whom_it_faces(
    fake: Running, listed: List, given: dict[str, Any], expected: tuple[str, bool]
) -> None:
    (it,) = read(fake, listed, given)
    assert (it.kind, it.is_internet_facing) == expected
    assert it.addresses == ("34.90.7.7",)
    # Nobody read the firewalls, and it says so.
    assert it.firewall is None
    assert it.doubt
    assert {fact.field for fact in it.evidence} >= {"loadBalancingScheme", "IPAddress"}


OTHERS = {
    "of a mesh": rule(target=HTTPS, loadBalancingScheme="INTERNAL_SELF_MANAGED"),
    "of Private Service Connect": rule(
        target=f"{API}/regions/r/serviceAttachments/s", loadBalancingScheme=""
    ),
    "of a VPN": rule(target=f"{API}/regions/r/targetVpnGateways/v", IPProtocol="ESP"),
    "without an address": rule(IPAddress=None),
    "of a scheme of another day": rule(loadBalancingScheme="SIDEWAYS"),
    "of another network": rule(
        target=None, backendService=BACKENDS, loadBalancingScheme="INTERNAL",
        network=f"{API}/global/networks/other",
    ),
}  # fmt: skip


@pytest.mark.parametrize("given", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_load_balancer_of_the_cluster(
    fake: Running, listed: List, given: dict[str, Any]
) -> None:
    assert read(fake, listed, given) == ()


def test_one_of_the_clusters_network(fake: Running, listed: List) -> None:
    own = f"https://www.googleapis.com/compute/v1/{NETWORK}"
    internal = rule(
        target=None, backendService=BACKENDS, loadBalancingScheme="INTERNAL", network=own
    )
    assert len(read(fake, listed, internal)) == 1


LISTENERS: dict[str, tuple[dict[str, Any], list[tuple[int, Protocol]] | None]] = {
    "a range of one": ({"portRange": "443-443"}, [(443, TCP)]),
    "a range": ({"portRange": "80-82"}, [(80, TCP), (81, TCP), (82, TCP)]),
    "ports": ({"portRange": None, "ports": ["443", "80"]}, [(80, TCP), (443, TCP)]),
    "UDP": ({"IPProtocol": "UDP", "portRange": "53-53"}, [(53, UDP)]),
    "both": ({"IPProtocol": "L3_DEFAULT", "portRange": "53-53"}, [(53, TCP), (53, UDP)]),
    "all ports": ({"allPorts": True, "portRange": None}, None),
    "all ports as a range": ({"portRange": "1-65535"}, None),
    "ports that nobody names": ({"portRange": None}, None),
    "ports that are none": ({"portRange": "http"}, None),
    "a protocol without ports": ({"IPProtocol": "ICMP", "portRange": None}, None),
}


@pytest.mark.parametrize(("fields", "expected"), LISTENERS.values(), ids=LISTENERS.keys())
def test_its_ports(
    fake: Running,
    listed: List,
    fields: dict[str, Any],
    expected: list[tuple[int, Protocol]] | None,
) -> None:
    (it,) = read(fake, listed, rule(**fields))
    found = it.listeners
    assert (None if found is None else [(one.port, one.protocol) for one in found]) == expected


def test_an_address_of_ipv6_is_its_first(fake: Running, listed: List) -> None:
    (it,) = read(fake, listed, rule(IPAddress="2600:1900:4::/96"))
    assert it.addresses == ("2600:1900:4::",)


def test_all_pages_and_regions(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    path = "/compute/v1/projects/shop-prod/aggregated/forwardingRules"
    one = {"global": {"forwardingRules": [rule(name="b", target=HTTPS)]}}
    empty = {"regions/us-east1": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}}
    other = {"regions/europe-west1": {"forwardingRules": [rule(name="a")]}}
    fake.google.answer(
        path, {"items": one | empty, "nextPageToken": "more"}, {"items": other, "kind": "x"}
    )
    (it,) = listed(projects=("shop-prod",)).clusters
    assert it.cloud is not None
    assert [balancer.name for balancer in it.cloud.balancers or ()] == ["a", "b"]
    assert [asked.get("pageToken") for asked in fake.google.parameters[path]] == [None, "more"]
    assert fake.google.agents == {"exposure-auditor"}
