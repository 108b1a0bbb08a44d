"""From projects to clusters: what is found, what is a gap, and what costs only itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model.cluster import Api, NoAccess, SourceError
from tests.connectors.google.clusters import CA, DNS, NETWORK, PRIVATE, SUBNETWORK, cluster
from tests.connectors.google.clusters import new_endpoints as endpoints
from tests.connectors.google.conftest import List
from tests.connectors.google.fake import Refusing, Running

SEARCH = "/assets/v1/organizations/123:searchAllResources"
RULES = "/compute/v1/projects/{}/aggregated/forwardingRules"
NETWORK_PATH = f"/compute/v1/{NETWORK}"


def found(project: str, name: str = "prod") -> dict[str, str]:
    where = f"//container.googleapis.com/projects/{project}/locations/europe-west1/clusters/{name}"
    return {"name": where, "project": "projects/987654321"}


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
    reason, hides = told["project shop-prod, networks' peers"]
    assert reason.startswith("compute.networks.get on projects/net-host: there is no such")
    assert not hides


# Projects of an organisation


def test_two_hundred_clusters_of_an_organisation(fake: Running, listed: List) -> None:
    projects = [f"shop-{number:02d}" for number in range(20)]
    names = [f"c{number}" for number in range(10)]
    for project in projects:
        fake.google.clusters[project] = [cluster(name) for name in names]
    results = [found(project, name) for project in projects for name in names]
    fake.google.answer(
        SEARCH,
        {"results": results[:120], "nextPageToken": "more"},
        {"results": results[120:]},
    )
    answer = listed(organization="123")
    expected = {f"gke/{project}/europe-west1/{name}" for project in projects for name in names}
    assert answer.by_id.keys() == expected
    assert len(answer.clusters) == 200
    assert answer.gaps == []
    assert answer.progress[0] == "20 projects"
    first, second = fake.google.parameters[SEARCH]
    assert second == first | {"pageToken": "more"}
    assert first["assetTypes"] == "container.googleapis.com/Cluster"
    assert first["pageSize"] == "500"
    lists = [path for path in fake.google.asked if path.endswith("/locations/-")]
    assert sorted(lists) == [f"projects/{project}/locations/-" for project in projects]


def test_projects_of_folders_and_those_named_are_read_once(fake: Running, listed: List) -> None:
    for project in ("shop-prod", "shop-test"):
        fake.google.clusters[project] = [cluster()]
    for number, project in (("7", "shop-prod"), ("8", "shop-test")):
        path = f"/assets/v1/folders/{number}:searchAllResources"
        fake.google.answer(path, {"results": [found(project), found("skipped-1")]})
    answer = listed(folders=("7", "8"), projects=("shop-prod",), skip_projects=("skipped-1",))
    assert sorted(it.account or "" for it in answer.clusters) == ["shop-prod", "shop-test"]
    assert not any("skipped-1" in path for path in fake.google.asked)


def test_a_project_that_is_known_by_its_number(fake: Running, listed: List) -> None:
    link = "https://container.googleapis.com/v1/projects/{}/zones/z/clusters/prod".format
    fake.google.clusters["987654321"] = [
        cluster(selfLink=link("shop-prod")),
        cluster(selfLink=link("skipped-1")),
    ]
    nameless = {"name": "//container.googleapis.com/what/is/this", "project": "projects/987654321"}
    fake.google.answer(SEARCH, {"results": [nameless]})
    answer = listed(organization="123", skip_projects=("skipped-1",))
    assert list(answer.by_id) == ["gke/shop-prod/europe-west1/prod"]


def test_what_is_gone_since_it_was_searched(fake: Running, listed: List) -> None:
    fake.google.clusters = {"emptied-1": [], "shop-prod": [cluster()]}
    results = [found("emptied-1"), found("shop-prod"), found("deleted-1")]
    fake.google.answer(SEARCH, {"results": results})
    answer = listed(organization="123")
    assert list(answer.by_id) == ["gke/shop-prod/europe-west1/prod"]
    assert [gap.place for gap in answer.gaps] == ["project deleted-1"]


def test_an_organisation_without_clusters(fake: Running, listed: List) -> None:
    fake.google.answer(SEARCH, {})
    answer = listed(organization="123")
    assert (answer.clusters, answer.gaps, answer.progress) == ([], [], ["0 projects"])


def test_an_organisation_that_cannot_be_searched(fake: Running, listed: List) -> None:
    denied = Refusing("PERMISSION_DENIED", "no").as_json(403)
    fake.google.answer(SEARCH, denied, status=403)
    with pytest.raises(SourceError) as caught:
        listed(organization="123")
    expected = "cloudasset.assets.searchAllResources on organizations/123 is denied"
    assert expected in str(caught.value)
    assert "no such organisation" in str(caught.value)
    fake.google.clusters["shop-prod"] = [cluster()]
    answer = listed(organization="123", projects=("shop-prod",))
    assert len(answer.clusters) == 1
    (gap,) = answer.gaps
    assert gap.place == "organizations/123"
    assert gap.hides_clusters


def test_half_a_search_is_none(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    page = {"results": [found("shop-prod")], "nextPageToken": "more"}
    denied = Refusing("PERMISSION_DENIED", "no").as_json(403)
    fake.google.answers[SEARCH] = [(200, page), (403, denied)]
    with pytest.raises(SourceError, match="is denied"):
        listed(organization="123")


def test_an_answer_that_is_none(fake: Running, listed: List) -> None:
    fake.google.answer(SEARCH, b"<html>a captive portal</html>")
    with pytest.raises(SourceError, match="is not what Google documents"):
        listed(organization="123")
    fake.google.answer(SEARCH, {"results": [{}]})
    with pytest.raises(SourceError, match="without its project"):
        listed(organization="123")


# Which project, where none is named


def test_the_credentials_own_project(fake: Running, listed: List) -> None:
    fake.google.clusters["own-project"] = [cluster()]
    assert list(listed().by_id) == ["gke/own-project/europe-west1/prod"]


def test_the_environments_project(
    fake: Running, listed: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "shop-prod")
    fake.google.clusters["shop-prod"] = [cluster()]
    assert list(listed().by_id) == ["gke/shop-prod/europe-west1/prod"]


def test_no_project_at_all(fake: Running, listed: List, tmp_path: Path) -> None:
    key = json.loads((tmp_path / "key.json").read_text())
    del key["project_id"]
    (tmp_path / "bare.json").write_text(json.dumps(key))
    with pytest.raises(SourceError, match=r"write projects: \[PROJECT-ID\]"):
        listed(credentials_file="bare.json")
