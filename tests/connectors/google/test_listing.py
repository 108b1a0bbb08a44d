"""From projects to clusters: what is found, what is a gap, and what costs only itself."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from auditor.model.cluster import Api, Cluster, NoAccess
from connectors.google.connector import GoogleConnector
from connectors.google.options import GoogleOptions
from tests.connectors.google.clusters import CA, DNS, NETWORK, PRIVATE, SUBNETWORK, cluster
from tests.connectors.google.clusters import new_endpoints as endpoints
from tests.connectors.google.conftest import List
from tests.connectors.google.fake import Refusing, Running

RULES = "/compute/v1/projects/{}/aggregated/forwardingRules"
NETWORK_PATH = f"/compute/v1/{NETWORK}"


def test_a_cluster_and_what_google_knows_of_it(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [
        cluster(resourceLabels={"tenant": "shop"}, nodePools=[{"name": "default-pool"}])
    ]
    peer = {"network": f"https://www.googleapis.com/compute/v1/{NETWORK}-b", "state": "ACTIVE"}
    old = {"network": "https://www.googleapis.com/compute/v1/projects/x/global/networks/gone"}
    fake.google.answer(NETWORK_PATH, {"peerings": [peer, old | {"state": "INACTIVE"}]})
    answer = listed(projects=("shop-prod",))
    assert answer.gaps == []
    (it,) = answer.clusters
    assert it.id == "gke/shop-prod/europe-west1/prod"
    assert (it.provider, it.account, it.location) == ("gke", "shop-prod", "europe-west1")
    assert it.tags == {"tenant": "shop"}
    assert isinstance(it.access, Api)
    assert (it.access.server, it.access.ca) == ("https://34.90.1.2", CA)
    assert it.cloud is not None
    assert it.cloud.networks == (NETWORK, SUBNETWORK)
    assert it.cloud.peers == (f"{NETWORK}-b",)
    assert it.cloud.balancers == ()
    assert it.cloud.pools is not None
    assert it.cloud.plugin is not None
    assert answer.progress[-1] == "project shop-prod: 1 clusters (1 of 1 projects)"
    assert fake.google.asked[0] == "projects/shop-prod/locations/-"


def test_a_cluster_by_its_dns_name_is_held_to_the_public_web(fake: Running, listed: List) -> None:
    shut: dict[str, Any] = {"enablePublicEndpoint": False, "publicEndpoint": None}
    outside = endpoints({"allowExternalTraffic": True}, **shut)
    fake.google.clusters["shop-prod"] = [
        cluster("dns", controlPlaneEndpointsConfig=outside),
        cluster("private", controlPlaneEndpointsConfig=endpoints(**shut)),
    ]
    by_name = {it.name: it.access for it in listed(projects=("shop-prod",)).clusters}
    assert isinstance(by_name["dns"], Api)
    assert (by_name["dns"].server, by_name["dns"].ca) == (f"https://{DNS}", None)
    assert isinstance(by_name["private"], Api)
    assert (by_name["private"].server, by_name["private"].ca) == (f"https://{PRIVATE}", CA)


def test_the_endpoint_that_is_asked_for(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    (it,) = listed(projects=("shop-prod",), endpoint="private-ip").clusters
    assert isinstance(it.access, Api)
    assert it.access.server == f"https://{PRIVATE}"


def test_an_address_of_ipv6(fake: Running, listed: List) -> None:
    six = endpoints(publicEndpoint="2600:1901::7")
    fake.google.clusters["shop-prod"] = [cluster(controlPlaneEndpointsConfig=six)]
    (it,) = listed(projects=("shop-prod",)).clusters
    assert it.place == "https://[2600:1901::7]"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "PROVISIONING", "endpoint": None}, "GKE says PROVISIONING: no API to read"),
        ({"status": "STOPPING"}, "GKE says STOPPING: no API to read"),
        (
            {"status": "ERROR", "conditions": [{"message": "out of quota\nrun it again"}]},
            "GKE says ERROR: no API to read: out of quota",
        ),
        ({"masterAuth": {}}, "no certificate authority"),
        ({"masterAuth": {"clusterCaCertificate": "%%%"}}, "no base64"),
        ({"controlPlaneEndpointsConfig": {}, "endpoint": None}, "GKE gives no address"),
    ],
)
def test_a_cluster_without_access_is_known_all_the_same(
    fake: Running, listed: List, fields: dict[str, Any], reason: str
) -> None:
    fake.google.clusters["shop-prod"] = [cluster(**fields)]
    (it,) = listed(projects=("shop-prod",)).clusters
    assert isinstance(it.access, NoAccess)
    assert reason in it.access.reason
    assert "\n" not in it.access.reason


@pytest.mark.parametrize("status", ["RUNNING", "RECONCILING", "DEGRADED"])
def test_a_cluster_that_is_changed_is_read(fake: Running, listed: List, status: str) -> None:
    fake.google.clusters["shop-prod"] = [cluster(status=status)]
    (it,) = listed(projects=("shop-prod",)).clusters
    assert isinstance(it.access, Api)


def test_what_is_not_wanted_is_left_out(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [
        cluster(name, place)
        for name in ("prod-a", "test-a")
        for place in ("europe-west1", "europe-west1-b", "us-central1")
    ]
    answer = listed(projects=("shop-prod",), locations=("europe-*",), clusters=("prod-*",))
    assert sorted(answer.by_id) == [
        "gke/shop-prod/europe-west1-b/prod-a",
        "gke/shop-prod/europe-west1/prod-a",
    ]
    assert answer.gaps == []


# Parts that are missing


def test_a_zone_that_does_not_answer_hides_clusters(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    fake.google.missing_zones["shop-prod"] = ["us-east1-b", "us-east1-c"]
    answer = listed(projects=("shop-prod",))
    assert len(answer.clusters) == 1
    (gap,) = answer.gaps
    assert gap.place == "project shop-prod, us-east1-b, us-east1-c"
    assert "could not reach the location" in gap.reason
    assert gap.hides_clusters


@pytest.mark.parametrize(
    ("zone", "wanted", "hides"),
    [
        ("us-east1-b", "us-*", True),
        ("us-east1-b", "us-east1", True),
        ("us-east1", "us-east1-b", True),
        ("us-east1-b", "us-east1-c", False),
        ("us-east1-b", "europe-*", False),
    ],
)
def test_a_zone_matters_where_it_may_hold_what_is_wanted(
    fake: Running, listed: List, zone: str, wanted: str, hides: bool
) -> None:
    fake.google.clusters["shop-prod"] = []
    fake.google.missing_zones["shop-prod"] = [zone]
    assert bool(listed(projects=("shop-prod",), locations=(wanted,)).gaps) is hides


def test_a_project_that_is_denied_costs_itself(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    answer = listed(projects=("shop-prod", "other-1"))
    assert list(answer.by_id) == ["gke/shop-prod/europe-west1/prod"]
    (gap,) = answer.gaps
    assert gap.place == "project other-1"
    assert gap.reason.startswith("container.clusters.list on projects/other-1 is denied")
    assert gap.hides_clusters


def test_compute_that_is_denied_costs_its_facts(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [cluster(), cluster("second")]
    body = Refusing("PERMISSION_DENIED", "no compute.forwardingRules.list").as_json(403)
    fake.google.answer(RULES.format("shop-prod"), body, status=403)
    fake.google.answer(NETWORK_PATH, Refusing("NOT_FOUND", "gone").as_json(404), status=404)
    answer = listed(projects=("shop-prod",))
    assert [it.cloud and (it.cloud.balancers, it.cloud.peers) for it in answer.clusters] == [
        (None, None),
        (None, None),
    ]
    told = {gap.place: (gap.reason, gap.hides_clusters) for gap in answer.gaps}
    reason, hides = told["project shop-prod, load balancers"]
    assert reason.startswith("compute.forwardingRules.list on projects/shop-prod is denied")
    assert not hides
    # A Shared VPC lies in its host project, and so does the right.
    reason, hides = told[f"project shop-prod, {NETWORK}, peers of networks"]
    assert reason.startswith("compute.networks.get on projects/net-host: there is no such")
    assert not hides


def test_a_network_that_is_denied_costs_itself(fake: Running, listed: List) -> None:
    own = "projects/shop-prod/global/networks/own"
    fake.google.clusters["shop-prod"] = [
        cluster("shared"),
        cluster("own", networkConfig={"network": own}),
    ]
    denied = Refusing("PERMISSION_DENIED", "no compute.networks.get").as_json(403)
    fake.google.answer(NETWORK_PATH, denied, status=403)
    answer = listed(projects=("shop-prod",))
    peers = {it.name: it.cloud.peers for it in answer.clusters if it.cloud}
    assert peers == {"shared": None, "own": ()}
    (gap,) = answer.gaps
    assert not gap.hides_clusters


def test_who_stops_listening_leaves_nothing_behind(fake: Running, tmp_path: Path) -> None:
    fake.write_key(tmp_path / "key.json")
    projects = tuple(f"shop-{number:02d}" for number in range(5))
    for project in projects:
        fake.google.clusters[project] = [cluster()]
    options = GoogleOptions(credentials_file="key.json", projects=projects)

    async def first() -> int:
        listing = GoogleConnector.clusters(options, tmp_path, unattended=True)
        assert isinstance(listing, AsyncGenerator)
        async with aclosing(listing):
            async for item in listing:
                if isinstance(item, Cluster):
                    break
        return len(asyncio.all_tasks())

    assert asyncio.run(first()) == 1
