"""What the cloud says of a load balancer outweighs what was asked for, and the difference shows."""

from typing import Any

import pytest
from msgspec import Struct

from auditor.analysis.exposure.schemes import tell_scheme
from auditor.analysis.facts import Facts
from auditor.catalogue.load_balancers import Scheme
from auditor.checks.check import Judgement
from auditor.checks.load_balancer_source_ranges_ignored.check import CHECK as RANGES_IGNORED
from auditor.checks.node_has_public_address.check import CHECK as NODE_PUBLIC
from auditor.model.audience import Audience
from auditor.model.cloud import (
    CloudBalancer,
    CloudFact,
    CloudFacts,
    CloudNodePool,
    FirewallRule,
    Listener,
)
from auditor.model.exposure import Via
from auditor.model.ports import Protocol
from auditor.model.reading import ReadState
from auditor.model.verdict import Confidence, Verdict
from tests.analysis.clusters import a_node, a_service, facts_of, the_door
from tests.kube.manifests import an_object

PUBLIC, LISTED, PRIVATE = Audience.INTERNET, Audience.ALLOW_LISTED, Audience.PRIVATE_NETWORK
NOBODY, UNKNOWN = Audience.NONE, Audience.UNKNOWN
HOST = "shop-1234.elb.eu-west-1.amazonaws.com"
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
GROUPS = "service.beta.kubernetes.io/aws-load-balancer-security-groups"
EVERYONE, OFFICE = ("0.0.0.0/0",), ("198.51.100.0/24",)


def rule(sources: tuple[str, ...], first: int = 80, last: int | None = None) -> FirewallRule:
    return FirewallRule(
        name="sg-1",
        sources=sources,
        protocol=Protocol.TCP,
        first_port=first,
        last_port=last or first,
    )


def balancer(*, facing: bool | None = True, **parts: Any) -> CloudBalancer:
    scheme = {True: "internet-facing", False: "internal", None: "not told"}[facing]
    own: dict[str, Any] = {
        "name": "shop",
        "kind": "network",
        "is_internet_facing": facing,
        "hostname": HOST,
        "evidence": (CloudFact("Scheme", scheme),),
    }
    return CloudBalancer(**own | parts)


def facts_by(*balancers: CloudBalancer, pools: Any = None) -> CloudFacts:
    return CloudFacts(read_at="2026-11-22T11:00:00Z", balancers=balancers, pools=pools)


def a_balanced(**parts: Any) -> Any:
    """Write a Service of type LoadBalancer that has been given the name."""
    ingress = parts.pop("ingress", [{"hostname": HOST}])
    return a_service(
        type="LoadBalancer", uid="5f1c", status={"loadBalancer": {"ingress": ingress}}, **parts
    )


class Row(Struct, frozen=True, kw_only=True):
    name: str
    balancer: CloudBalancer
    service: dict[str, Any] = {}
    audience: Audience
    sources: tuple[str, ...] | None = None
    confidence: Confidence = Confidence.HIGH
    shows: str | None = None


ROWS = (
    Row(
        name="asked for internal, and it faces the internet",
        service={
            "loadBalancerClass": "service.k8s.aws/nlb",
            "annotations": {SCHEME: "internal"},
        },
        balancer=balancer(),
        audience=PUBLIC,
        shows="differs from what is asked",
    ),
    Row(
        name="asked for the internet, and it is internal",
        service={"annotations": {SCHEME: "internet-facing"}},
        balancer=balancer(facing=False),
        audience=PRIVATE,
        shows="differs from what is asked",
    ),
    Row(name="nothing asked for", balancer=balancer(facing=False), audience=PRIVATE),
    Row(
        name="the firewall admits named ranges",
        balancer=balancer(firewall=(rule(OFFICE),)),
        audience=LISTED,
        sources=OFFICE,
        shows="198.51.100.0/24",
    ),
    Row(
        name="the firewall admits everyone",
        balancer=balancer(firewall=(rule(OFFICE), rule(EVERYONE))),
        audience=PUBLIC,
        sources=EVERYONE,
    ),
    Row(
        name="the firewall admits everyone in two halves",
        balancer=balancer(firewall=(rule(("0.0.0.0/1",)), rule(("128.0.0.0/1",)))),
        audience=PUBLIC,
    ),
    Row(
        name="the firewall admits everyone by IPv6",
        balancer=balancer(firewall=(rule(OFFICE), rule(("::/0",)))),
        audience=PUBLIC,
    ),
    Row(
        name="the firewall admits everyone to another port",
        balancer=balancer(firewall=(rule(EVERYONE, 443),)),
        audience=NOBODY,
        shows="nobody",
    ),
    Row(
        name="the firewall admits everyone to a range of ports",
        balancer=balancer(firewall=(rule(EVERYONE, 1, 1024),)),
        audience=PUBLIC,
    ),
    Row(
        name="the firewall admits the network's own addresses",
        balancer=balancer(firewall=(rule(("10.20.0.0/16",)),)),
        audience=PRIVATE,
    ),
    Row(
        name="a part of the firewall was not read",
        balancer=balancer(firewall=(rule(OFFICE),), doubt="the prefix list pl-1 was not read"),
        audience=UNKNOWN,
        shows="198.51.100.0/24",
    ),
    Row(
        name="a part was not read, and the rest admits everyone",
        balancer=balancer(firewall=(rule(EVERYONE),), doubt="the prefix list pl-1 was not read"),
        audience=PUBLIC,
    ),
    Row(
        name="a firewall that cannot be read as ranges narrows nothing",
        balancer=balancer(firewall=(rule(("198.51.100.0/40",)),)),
        audience=PUBLIC,
    ),
    Row(
        name="no firewall stands before it: what the Service asks for decides",
        service={"loadBalancerClass": "service.k8s.aws/nlb", "loadBalancerSourceRanges": OFFICE},
        balancer=balancer(),
        audience=LISTED,
        sources=OFFICE,
    ),
    Row(
        name="the firewall goes beyond what the Service asks for",
        service={"loadBalancerClass": "service.k8s.aws/nlb", "loadBalancerSourceRanges": OFFICE},
        balancer=balancer(firewall=(rule(EVERYONE),)),
        audience=PUBLIC,
    ),
    Row(
        name="the groups that an annotation names were read",
        service={
            "loadBalancerClass": "service.k8s.aws/nlb",
            "annotations": {SCHEME: "internet-facing", GROUPS: "sg-1"},
        },
        balancer=balancer(firewall=(rule(OFFICE),)),
        audience=LISTED,
        sources=OFFICE,
    ),
    Row(
        name="it does not listen there, as far as was read",
        balancer=balancer(listeners=(Listener(port=8443, protocol=Protocol.TCP),)),
        audience=PUBLIC,
        confidence=Confidence.LOW,
        shows="none at 80 when it was read",
    ),
    Row(
        name="it listens there",
        balancer=balancer(listeners=(Listener(port=80, protocol=Protocol.TCP),)),
        audience=PUBLIC,
    ),
    Row(
        name="the name in other letters",
        service={"ingress": [{"hostname": f"{HOST.upper()}."}]},
        balancer=balancer(facing=False),
        audience=PRIVATE,
    ),
    Row(
        name="the name that has both families",
        service={"ingress": [{"hostname": f"dualstack.{HOST}"}]},
        balancer=balancer(facing=False),
        audience=PRIVATE,
    ),
    Row(
        name="an address of a load balancer without a name",
        service={"ingress": [{"ip": "203.0.113.10"}]},
        balancer=balancer(hostname="", addresses=("203.0.113.10",), firewall=(rule(OFFICE),)),
        audience=LISTED,
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_service(row: Row) -> None:
    door = the_door(
        facts_of(a_balanced(**row.service), provider="eks", cloud=facts_by(row.balancer)),
        Via.LOAD_BALANCER,
    )
    assert door.audience is row.audience
    assert row.sources in {None, door.sources}
    assert door.confidence is row.confidence
    assert (door.reason is not None) == (row.audience is UNKNOWN)
    texts = [text for hop in door.hops for text in (hop.value, hop.note or "")]
    assert row.shows is None or any(row.shows in text for text in texts)
    assert any(hop.hop == "LoadBalancer/shop" for hop in door.hops)


@pytest.mark.parametrize(
    "cloud",
    [
        None,
        CloudFacts(read_at="2026-11-22T11:00:00Z"),
        facts_by(balancer(hostname="other.elb.eu-west-1.amazonaws.com", facing=False)),
        facts_by(balancer(facing=None)),
    ],
    ids=["no cloud", "not read", "another one", "no scheme"],
)
def test_what_the_cloud_does_not_say_changes_nothing(cloud: CloudFacts | None) -> None:
    service = a_balanced(annotations={SCHEME: "internet-facing"})
    alone, beside = (
        the_door(facts_of(service, provider="eks", cloud=item), Via.LOAD_BALANCER)
        for item in (None, cloud)
    )
    assert (alone.audience, alone.hops, alone.confidence) == (
        beside.audience,
        beside.hops,
        beside.confidence,
    )


def test_each_port_is_judged_by_its_own_rules() -> None:
    rules = (rule(EVERYONE, 443), rule(OFFICE, 5432), rule(EVERYONE, 53))
    service = a_balanced(
        ports=[{"port": 443}, {"port": 5432}, {"port": 53, "protocol": "UDP"}, {"port": 22}]
    )
    facts = facts_of(service, provider="eks", cloud=facts_by(balancer(firewall=rules)))
    found = {door.entry.port: door.audience for door in facts.doors_via(Via.LOAD_BALANCER)}
    assert found == {443: PUBLIC, 5432: LISTED, 53: NOBODY, 22: NOBODY}


def test_of_several_that_share_an_address_the_one_that_listens_counts() -> None:
    def forwarding(name: str, port: int, *, facing: bool) -> CloudBalancer:
        listening = (Listener(port=port, protocol=Protocol.TCP),)
        return balancer(
            name=name, hostname="", addresses=("203.0.113.10",), listeners=listening, facing=facing
        )

    service = a_balanced(ingress=[{"ip": "203.0.113.10"}], ports=[{"port": 80}, {"port": 81}])
    cloud = facts_by(forwarding("a", 80, facing=True), forwarding("b", 81, facing=False))
    doors = facts_of(service, provider="gke", cloud=cloud).doors_via(Via.LOAD_BALANCER)
    assert {door.entry.port: door.audience for door in doors} == {80: PUBLIC, 81: PRIVATE}


def test_the_cloud_knows_better_than_the_look_of_an_address() -> None:
    # A public range that is used inside.
    found = balancer(hostname="", addresses=("203.0.113.10",), facing=False)
    service = a_balanced(ingress=[{"ip": "203.0.113.10"}])
    facts = facts_of(service, provider="gke", cloud=facts_by(found))
    assert the_door(facts, Via.LOAD_BALANCER).audience is PRIVATE
    told = tell_scheme(facts.inventory.services[0], facts.site, facts.catalogue.providers)
    assert (told.scheme, told.confidence) == (Scheme.INTERNAL, Confidence.HIGH)


def judgements(facts: Facts, check: Any) -> list[Judgement]:
    return list(check.judge(facts, check.parameters()))


@pytest.mark.parametrize(
    ("firewall", "doubt", "verdict"),
    [
        ((rule(OFFICE),), None, Verdict.PASS),
        ((rule(("198.51.100.0/25",)),), None, Verdict.PASS),
        # The members of a group come from inside: no range names them.
        ((rule(OFFICE), rule(("10.0.0.0/16",))), None, Verdict.PASS),
        ((rule(EVERYONE),), None, Verdict.FAIL),
        ((rule(OFFICE), rule(("203.0.113.7/32",))), None, Verdict.FAIL),
        ((rule(OFFICE),), "the prefix list pl-1 was not read", Verdict.UNKNOWN),
        ((rule(EVERYONE),), "the prefix list pl-1 was not read", Verdict.FAIL),
    ],
)
def test_source_ranges_are_held_against_the_firewall(
    firewall: tuple[FirewallRule, ...], doubt: str | None, verdict: Verdict
) -> None:
    service = a_balanced(
        loadBalancerClass="service.k8s.aws/nlb", loadBalancerSourceRanges=list(OFFICE)
    )
    cloud = facts_by(balancer(firewall=firewall, doubt=doubt))
    (found,) = judgements(facts_of(service, provider="eks", cloud=cloud), RANGES_IGNORED)
    assert found.verdict is verdict
    assert (verdict is Verdict.FAIL) == any(
        hop.hop == "LoadBalancer/shop" for hop in found.evidence
    )


ALB = an_object("IngressClass", "alb", spec={"controller": "ingress.k8s.aws/alb"})


def an_ingress(**parts: Any) -> Any:
    backend = {"service": {"name": "front", "port": {"number": 80}}}
    spec = {
        "ingressClassName": parts.pop("className", "alb"),
        "rules": [{"host": "shop.example", "http": {"paths": [{"path": "/", "backend": backend}]}}],
        **parts.pop("spec", {}),
    }
    status = {"loadBalancer": {"ingress": [{"hostname": HOST}]}}
    return an_object("Ingress", "shop", "web", spec=spec, status=status, **parts)


@pytest.mark.parametrize(
    ("class_name", "found", "audience"),
    [
        ("alb", balancer(), PUBLIC),
        ("alb", balancer(facing=False), PRIVATE),
        ("alb", balancer(firewall=(rule(OFFICE),)), LISTED),
        # A class that nobody knows: the name is what counts.
        ("inhouse", balancer(facing=False), PRIVATE),
        ("inhouse", balancer(firewall=(rule(OFFICE),)), LISTED),
    ],
)
def test_an_ingress(class_name: str, found: CloudBalancer, audience: Audience) -> None:
    internet = {"annotations": {"alb.ingress.kubernetes.io/scheme": "internet-facing"}}
    ingress = an_ingress(className=class_name, meta=internet)
    facts = facts_of(ALB, a_service(), ingress, provider="eks", cloud=facts_by(found))
    door = the_door(facts, Via.INGRESS)
    assert (door.audience, door.confidence) == (audience, Confidence.HIGH)
    assert (door.sources == OFFICE) is (audience is LISTED)
    assert any(hop.hop == "LoadBalancer/shop" for hop in door.hops)


def test_an_ingress_is_dialled_where_its_load_balancer_listens() -> None:
    listeners = (Listener(port=8443, protocol=Protocol.TCP),)
    rules = (rule(EVERYONE, 80), rule(OFFICE, 8443))
    cloud = facts_by(balancer(listeners=listeners, firewall=rules))
    door = the_door(
        facts_of(ALB, a_service(), an_ingress(), provider="eks", cloud=cloud), Via.INGRESS
    )
    assert (door.entry.port, door.audience) == (8443, LISTED)


@pytest.mark.parametrize(
    ("found", "audience"), [(balancer(), PUBLIC), (balancer(facing=False), PRIVATE)]
)
def test_a_gateway(found: CloudBalancer, audience: Audience) -> None:
    gateway_class = an_object("GatewayClass", "alb", spec={"controllerName": "gateway.k8s.aws/alb"})
    gateway = an_object(
        "Gateway",
        "front",
        "web",
        spec={
            "gatewayClassName": "alb",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
        status={"addresses": [{"type": "Hostname", "value": HOST}]},
    )
    route = an_object(
        "HTTPRoute",
        "shop",
        "web",
        spec={
            "parentRefs": [{"name": "front"}],
            "rules": [{"backendRefs": [{"name": "front", "port": 80}]}],
        },
    )
    gateway |= {"apiVersion": "gateway.networking.k8s.io/v1"}
    facts = facts_of(
        gateway_class, gateway, route, a_service(), provider="eks", cloud=facts_by(found)
    )
    assert the_door(facts, Via.GATEWAY).audience is audience


def pool(public: bool | None, name: str = "workers") -> CloudNodePool:
    evidence = (CloudFact("subnet-1 MapPublicIpOnLaunch", str(public).lower()),)
    return CloudNodePool(name=name, has_public_addresses=public, evidence=evidence)


@pytest.mark.parametrize(
    ("pools", "nodes", "audience"),
    [
        ((pool(True),), ReadState.FORBIDDEN, PUBLIC),
        ((pool(False), pool(True, "edge")), ReadState.FORBIDDEN, PUBLIC),
        # That no managed pool is public says nothing of other nodes.
        ((pool(False),), ReadState.FORBIDDEN, UNKNOWN),
        ((pool(None),), ReadState.FORBIDDEN, UNKNOWN),
        (None, ReadState.FORBIDDEN, UNKNOWN),
    ],
)
def test_node_ports_where_nodes_were_not_read(
    pools: tuple[CloudNodePool, ...] | None, nodes: ReadState, audience: Audience
) -> None:
    service = a_service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    facts = facts_of(service, states={"nodes": nodes}, provider="eks", cloud=facts_by(pools=pools))
    door = the_door(facts, Via.NODE_PORT)
    assert door.audience is audience
    assert (audience is PUBLIC) == any("MapPublicIp" in hop.field for hop in door.hops)
    assert door.sources == (EVERYONE if audience is PUBLIC else ())


def test_node_ports_where_nodes_were_read_go_by_the_nodes() -> None:
    service = a_service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    node = a_node("n1", "InternalIP=10.0.0.1")
    facts = facts_of(service, node, provider="eks", cloud=facts_by(pools=(pool(True),)))
    assert the_door(facts, Via.NODE_PORT).audience is PRIVATE


@pytest.mark.parametrize(
    ("known", "addresses", "verdict"),
    [
        (pool(True), (), Verdict.FAIL),
        (pool(True), ("InternalIP=10.0.0.1",), Verdict.FAIL),
        (pool(False), ("ExternalIP=203.0.113.7",), Verdict.FAIL),
        (pool(False), ("InternalIP=10.0.0.1",), Verdict.PASS),
        (pool(False), (), Verdict.PASS),
        (pool(None), (), Verdict.UNKNOWN),
        (pool(None), ("InternalIP=10.0.0.1",), Verdict.PASS),
    ],
)
def test_a_pool_of_nodes(
    known: CloudNodePool, addresses: tuple[str, ...], verdict: Verdict
) -> None:
    labels = {"labels": {"eks.amazonaws.com/nodegroup": "workers"}}
    nodes = [a_node("n1", *addresses, meta=labels)] if addresses else []
    facts = facts_of(*nodes, provider="eks", cloud=facts_by(pools=(known,)))
    (found,) = judgements(facts, NODE_PUBLIC)
    assert found.verdict is verdict
    assert str(found.subject) == "NodePool/workers"
    assert found.evidence
    assert (found.reason is not None) == (verdict is Verdict.UNKNOWN)
