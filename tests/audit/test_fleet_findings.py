"""Clusters that share a network: what the clouds' ids tell, and what they leave open."""

from datetime import UTC, date, datetime
from itertools import combinations, product
from random import Random
from typing import Any

import pytest

from auditor.analysis.segments.networks import Member, junctions
from auditor.analysis.segments.sharing import Dimension
from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.audit.selection import Selection
from auditor.model.agreement import RiskException
from auditor.model.audit import FleetAudit
from auditor.model.cloud import CloudFacts
from auditor.model.cluster import Cluster, Files
from auditor.model.finding import Finding
from auditor.model.verdict import ACCEPTED, Severity, Verdict
from auditor.settings.configuration import CheckSettings, Configuration, RiskLevels
from tests.kube.manifests import read

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLUG = "clusters-share-network"


def a_cluster(
    name: str,
    *networks: str,
    tenant: str | None = "a",
    risk: str | None = "low",
    peers: tuple[str, ...] | None = (),
    hubs: tuple[str, ...] | None = (),
    provider: str = "eks",
    told: bool = True,
) -> Cluster:
    tags = {"tenant": tenant, "risk-level": risk}
    cloud = CloudFacts(read_at="2026-11-22T11:00:00Z", networks=networks, peers=peers, hubs=hubs)
    return Cluster(
        id=f"{provider}/{name}",
        name=name,
        provider=provider,
        tags={key: value for key, value in tags.items() if value is not None},
        cloud=cloud if told else None,
        access=Files(""),
    )


def fleet_of(*clusters: Cluster, **configured: Any) -> FleetAudit:
    rules = Rules.of(Configuration(**configured))
    nothing = read([])
    return audit_fleet((audit(item, nothing, rules, AT) for item in clusters), rules, AT)


def told(fleet: FleetAudit) -> dict[tuple[str, str | None], str]:
    """Give what was said of each pair and network."""
    return {
        (str(item.subject), item.discriminator): item.shown_verdict
        for item in fleet.fleet_findings
        if item.check == SLUG
    }


ALL_TOLD = ("Fleet/fleet", None)
PAIR = "TenantPair/a|b"


def test_two_tenants_in_one_network() -> None:
    found = fleet_of(
        a_cluster("one", "vpc-1", "subnet-1"), a_cluster("two", "vpc-1", "subnet-1", tenant="b")
    )
    # A subnet that they share too is said with its network.
    assert told(found) == {(PAIR, "vpc-1"): "fail"}
    (finding,) = found.fleet_findings
    assert finding.severity.level is Severity.HIGH
    assert [(hop.hop, hop.value, hop.note) for hop in finding.evidence] == [
        ("Cluster/eks/one", "vpc-1", "tenant a"),
        ("Cluster/eks/two", "vpc-1", "tenant b"),
    ]
    assert found.verdicts["fail"] == 1 + sum(
        item.shown_verdict == "fail" for one in found.audits for item in one.findings
    )


def test_one_tenant_may_share_with_itself() -> None:
    found = fleet_of(a_cluster("one", "vpc-1"), a_cluster("two", "vpc-1"))
    assert told(found) == {ALL_TOLD: "pass"}


def test_networks_of_the_same_addresses_are_not_one_network() -> None:
    found = fleet_of(a_cluster("one", "vpc-1"), a_cluster("two", "vpc-2", tenant="b"))
    assert told(found) == {ALL_TOLD: "pass"}


def test_peered_networks_are_neighbours_and_the_neighbours_neighbour_is_none() -> None:
    found = fleet_of(
        a_cluster("one", "vpc-1", peers=("vpc-2",)),
        a_cluster("two", "vpc-2", tenant="b", peers=("vpc-1", "vpc-3")),
        a_cluster("three", "vpc-3", tenant="c", peers=("vpc-2",)),
    )
    # A peering that both sides tell is said once.
    pairs = sorted(subject for subject, _ in told(found))
    assert pairs == ["TenantPair/a|b", "TenantPair/b|c"]
    assert set(told(found).values()) == {"fail"}


def test_a_peering_that_one_side_alone_tells_counts() -> None:
    found = fleet_of(
        a_cluster("one", "vpc-1", peers=("vpc-2",)), a_cluster("two", "vpc-2", tenant="b")
    )
    assert told(found) == {(PAIR, "vpc-1"): "fail"}


def test_a_hub_may_join() -> None:
    found = fleet_of(
        a_cluster("one", "vpc-1", hubs=("tgw-1",)),
        a_cluster("two", "vpc-2", tenant="b", hubs=("tgw-1",)),
    )
    assert told(found)[PAIR, "tgw-1"] == "unknown"
    (finding,) = [item for item in found.fleet_findings if item.discriminator]
    assert finding.reason == "the route tables of tgw-1 are not read"


@pytest.mark.parametrize(
    ("allowed", "verdict"),
    [((), "fail"), ((("low", "high"),), None), ((("low", "medium"),), "fail")],
)
def test_risk_levels(allowed: tuple[tuple[str, str], ...], verdict: str | None) -> None:
    levels = RiskLevels(may_share_network=allowed)
    found = fleet_of(
        a_cluster("one", "vpc-1"), a_cluster("two", "vpc-1", risk="high"), risk_levels=levels
    )
    pair = ("RiskLevelPair/high|low", "vpc-1")
    assert told(found) == ({pair: verdict} if verdict else {ALL_TOLD: "pass"})


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (a_cluster("two", told=False), "the networks of eks/two are not known"),
        (a_cluster("two"), "the networks of eks/two are not known"),
        (
            a_cluster("two", "vpc-2", peers=None),
            "what the networks of eks/two are joined with was not read",
        ),
        (
            a_cluster("two", "vpc-2", hubs=None),
            "what the networks of eks/two are joined with was not read",
        ),
        (a_cluster("two", "vpc-1", tenant=None), "the tenant of eks/two cannot be told"),
        (a_cluster("two", "vpc-1", risk=None), "the risk level of eks/two cannot be told"),
    ],
)
def test_what_is_not_known_is_no_pass(other: Cluster, reason: str) -> None:
    found = fleet_of(a_cluster("one", "vpc-1"), other)
    assert told(found) == {ALL_TOLD: "unknown"}
    (finding,) = found.fleet_findings
    assert finding.reason == reason


def test_many_that_are_not_known_are_one_line() -> None:
    found = fleet_of(*(a_cluster(f"c{number}", told=False) for number in range(9)))
    (finding,) = found.fleet_findings
    assert finding.reason == "the networks of eks/c0, eks/c1, eks/c2 and 6 more are not known"


def test_proven_stays_proven_beside_what_is_not_known() -> None:
    found = fleet_of(
        a_cluster("one", "vpc-1"), a_cluster("two", "vpc-1", tenant="b"), a_cluster("x", told=False)
    )
    assert told(found) == {(PAIR, "vpc-1"): "fail", ALL_TOLD: "unknown"}


def test_one_cluster_and_files_share_nothing() -> None:
    assert fleet_of(a_cluster("one", "vpc-1")).fleet_findings == ()
    files = [a_cluster(name, told=False, provider="snapshot") for name in ("x", "y")]
    assert fleet_of(a_cluster("one", "vpc-1"), *files).fleet_findings == ()


def test_a_capture_that_kept_its_networks_counts() -> None:
    found = fleet_of(
        a_cluster("one", "vpc-1"), a_cluster("two", "vpc-1", tenant="b", provider="snapshot")
    )
    assert told(found) == {(PAIR, "vpc-1"): "fail"}


def test_one_cluster_of_two_tenants_does_not_share_with_itself() -> None:
    two = a_cluster("one", "vpc-1", tenant="a"), a_cluster("two", "vpc-1", tenant=None)
    assert told(fleet_of(*two)) == {ALL_TOLD: "unknown"}


def members(**clusters: tuple[tuple[str, ...], str]) -> tuple[Member, ...]:
    """Write clusters of some networks, each letter a tenant."""
    return tuple(
        Member(cluster_id=name, networks=networks, tenants=tuple(tenants), peers=(), hubs=())
        for name, (networks, tenants) in clusters.items()
    )


@pytest.mark.parametrize(
    ("one", "two", "pairs"),
    [
        ("a", "b", {("a", "b")}),
        # Those of one cluster meet there, which another check says.
        ("ab", "", set()),
        ("ab", "c", {("a", "c"), ("b", "c")}),
        ("ab", "b", {("a", "b")}),
        ("b", "ab", {("a", "b")}),
        ("ab", "ab", {("a", "b")}),
    ],
)
def test_clusters_of_several_tenants(one: str, two: str, pairs: set[tuple[str, str]]) -> None:
    here = members(one=(("vpc-1",), one), two=(("vpc-1",), two))
    (junction,) = junctions(here)
    found = junction.pairs(Dimension.TENANT)
    assert set(found) == pairs
    assert all(mine is not theirs for mine, theirs in found.values())


def test_a_network_of_fewer_counts_where_it_is_joined_with_others() -> None:
    one, two = members(one=(("vpc-1", "vpc-0"), "a"), two=(("vpc-1",), "a"))
    three = Member(cluster_id="three", networks=("vpc-3",), tenants=("b",), peers=("vpc-0",))
    found = {item.network: item.pairs(Dimension.TENANT) for item in junctions((one, two, three))}
    assert found["vpc-0"] == {("a", "b"): (one, three)}


def an_exception(cluster: str) -> RiskException:
    return RiskException(
        check=SLUG,
        cluster=cluster,
        namespace="*",
        name="*",
        reason="shared on purpose",
        approved_by="ciso@example.com",
        expires=date(2027, 1, 1),
    )


@pytest.mark.parametrize(
    ("cluster", "verdict"), [("eks/*", ACCEPTED), ("eks/one", "fail"), ("gke/*", "fail")]
)
def test_an_exception_must_cover_both_clusters(cluster: str, verdict: str) -> None:
    found = fleet_of(
        a_cluster("one", "vpc-1"),
        a_cluster("two", "vpc-1", tenant="b"),
        exceptions=(an_exception(cluster),),
    )
    assert told(found) == {(PAIR, "vpc-1"): verdict}
    assert found.agreement_use.exceptions == (int(verdict == ACCEPTED),)


def test_the_configuration_switches_it_off_and_rates_it() -> None:
    clusters = a_cluster("one", "vpc-1"), a_cluster("two", "vpc-1", tenant="b")
    off = fleet_of(*clusters, checks={SLUG: CheckSettings(enabled=False)})
    assert off.fleet_findings == ()
    rated = fleet_of(*clusters, checks={SLUG: CheckSettings(severity=Severity.CRITICAL)})
    assert rated.failures["critical"] == 1


def test_it_is_narrowed_like_other_findings() -> None:
    rules = Rules.of(Configuration())
    found = fleet_of(a_cluster("one", "vpc-1"), a_cluster("two", "vpc-1", tenant="b"))
    kept = Selection(checks=frozenset({SLUG})).narrow(found, rules)
    assert kept.fleet_findings == found.fleet_findings
    assert kept.verdicts["fail"] == 1
    other = Selection(checks=frozenset({"node-port-open"})).narrow(found, rules)
    assert other.fleet_findings == ()


def naive(clusters: list[Cluster]) -> set[tuple[str, str]]:
    """Name the pairs of tenants that meet, two clusters at a time."""
    found, peered = set(), set()
    for one in clusters:
        assert one.cloud is not None
        for mine, theirs in product(one.cloud.networks, one.cloud.peers or ()):
            peered |= {(mine, theirs), (theirs, mine)}
    for one, other in combinations(clusters, 2):
        assert one.cloud is not None
        assert other.cloud is not None
        between = set(product(one.cloud.networks, other.cloud.networks))
        meets = between & peered or any(mine == theirs for mine, theirs in between)
        pair = sorted((one.tags["tenant"], other.tags["tenant"]))
        if meets and pair[0] != pair[1]:
            found.add((pair[0], pair[1]))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_fleets_by_chance_against_two_at_a_time(seed: int) -> None:
    random = Random(seed)
    clusters = []
    for number in range(random.randint(2, 14)):
        vpc = f"vpc-{random.randrange(6)}"
        peers = {f"vpc-{random.randrange(6)}" for _ in range(random.randrange(3))} - {vpc}
        subnets = [f"{vpc}-subnet-{random.randrange(2)}"]
        tenant = random.choice("abcd")
        clusters.append(
            a_cluster(f"c{number}", vpc, *subnets, tenant=tenant, peers=tuple(sorted(peers)))
        )
    found = fleet_of(*clusters)
    pairs = {item.subject.name for item in failing(found)}
    assert pairs == {"|".join(pair) for pair in naive(clusters)}
    ids = [item.id for item in found.fleet_findings]
    assert len(ids) == len(set(ids))
    assert bool(pairs) != any(item.verdict is Verdict.PASS for item in found.fleet_findings)


def failing(fleet: FleetAudit) -> list[Finding]:
    return [item for item in fleet.fleet_findings if item.verdict is Verdict.FAIL]
