"""Which clusters are found, and what is said of those that are not."""

from collections.abc import Callable

import pytest
from aiohttp import web

from auditor.model.cluster import Api, NoAccess, SourceError
from tests.connectors.azure.conftest import List
from tests.connectors.azure.fake import (
    AKS,
    FakeAzure,
    cluster_id,
    denied,
    failure,
    subscription_id,
)

ONE, TWO, THREE = (subscription_id(number) for number in (1, 2, 3))
GRAPH = "ResourceGraph/resources"
LIST = f"providers/{AKS}"


def throttled(seconds: str = "0.01") -> web.Response:
    return failure(429, "TooManyRequests", "Slow down.", Retry_After=seconds)


def test_a_cluster_is_named_by_its_subscription_group_and_name(
    azure: FakeAzure, listed: List
) -> None:
    azure.add(ONE, "Prod")
    clusters, gaps = listed()
    # Its load balancer does not show, and that hides no cluster.
    assert not any(gap.hides_clusters for gap in gaps)
    cluster = clusters[f"aks/{ONE}/shop/prod"]
    assert (cluster.name, cluster.provider, cluster.account) == ("Prod", "aks", ONE)
    assert (cluster.location, cluster.tags) == ("westeurope", {"tenant": "shop"})
    assert isinstance(cluster.access, Api)
    assert cluster.access.server == "https://Prod-abc.hcp.westeurope.azmk8s.io:443"
    assert cluster.access.ca is not None
    assert b"of the fake cluster" in cluster.access.ca


def test_two_hundred_clusters_in_twenty_subscriptions(azure: FakeAzure, listed: List) -> None:
    azure.list_page, azure.graph_page = 7, 60
    for number in range(20):
        for name in range(10):
            azure.add(subscription_id(number), f"c{name}")
    clusters, gaps = listed()
    assert len(clusters) == 200
    assert all(isinstance(cluster.access, Api) for cluster in clusters.values())
    assert not any(gap.hides_clusters for gap in gaps)
    assert azure.asked["graph microsoft.resources/subscriptions"] == 1
    assert azure.asked["graph microsoft.containerservice/managedclusters"] == 4
    assert azure.asked[f"GET /subscriptions/{subscription_id(3)}/providers/{AKS}"] == 2


def test_one_denied_subscription_costs_only_itself(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a")
    azure.add(TWO, "b")
    azure.denied.add(TWO)
    clusters, gaps = listed(subscriptions=(ONE, TWO))
    assert list(clusters) == [f"aks/{ONE}/shop/a"]
    (gap,) = [gap for gap in gaps if gap.hides_clusters]
    assert TWO in gap.place
    assert "Microsoft.ContainerService/managedClusters/read is denied" in gap.reason


def test_a_subscription_that_nobody_knows_is_a_gap(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a")
    clusters, gaps = listed(subscriptions=(ONE, THREE))
    assert len(clusters) == 1
    (gap,) = [gap for gap in gaps if gap.hides_clusters]
    assert THREE in gap.place
    assert "no subscription of this id" in gap.reason


def test_nothing_usable_at_all_is_an_error(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a")
    azure.denied.add(ONE)
    with pytest.raises(SourceError, match=r"no subscription can be read: .*is denied"):
        listed(subscriptions=(ONE,))
    with pytest.raises(SourceError, match="give it the role Reader"):
        listed()


def test_subscriptions_come_in_pages(azure: FakeAzure, listed: List) -> None:
    azure.graph_page = 2
    for number in range(5):
        azure.add(subscription_id(number), "a")
    clusters, _ = listed()
    assert len(clusters) == 5
    assert azure.asked["graph microsoft.resources/subscriptions"] == 3


def test_an_empty_subscription_is_no_gap(azure: FakeAzure, listed: List) -> None:
    azure.subscriptions[ONE] = "Enabled"
    assert listed() == ({}, [])


def test_clusters_that_only_resource_graph_shows_are_asked_for(
    azure: FakeAzure, listed: List
) -> None:
    azure.add(ONE, "seen")
    scope = f"/subscriptions/{ONE}"
    azure.plan(f"GET {scope}/{LIST}", lambda: denied(f"{AKS}/read", scope))
    clusters, gaps = listed()
    assert list(clusters) == [f"aks/{ONE}/shop/seen"]
    assert any(gap.hides_clusters and "is denied" in gap.reason for gap in gaps)


def test_a_cluster_that_was_deleted_since_it_was_indexed_is_not_there(
    azure: FakeAzure, listed: List
) -> None:
    azure.add(ONE, "kept")
    azure.add(ONE, "gone")

    def without_it() -> web.Response:
        del azure.clusters[cluster_id(ONE, "gone").lower()]
        return web.json_response({"value": list(azure.clusters.values())})

    azure.plan(f"GET /subscriptions/{ONE}/{LIST}", without_it)
    clusters, gaps = listed()
    assert list(clusters) == [f"aks/{ONE}/shop/kept"]
    assert not any(gap.hides_clusters for gap in gaps)
    assert azure.asked[f"GET /subscriptions/{ONE}/resourceGroups/shop/providers/{AKS}/gone"] == 1


def test_a_cluster_that_is_deleted_while_it_is_read_is_not_there(
    azure: FakeAzure, listed: List
) -> None:
    azure.add(ONE, "kept")
    azure.add(ONE, "gone")
    gone = lambda: failure(404, "ResourceNotFound", "It is not there.")  # noqa: E731
    azure.plan("gone/listClusterUserCredential", gone)
    clusters, gaps = listed()
    assert list(clusters) == [f"aks/{ONE}/shop/kept"]
    assert not any(gap.hides_clusters for gap in gaps)


def test_throttling_is_waited_for(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a")
    for where in (f"GET /subscriptions/{ONE}/{LIST}", GRAPH, "listClusterUserCredential"):
        azure.plan(where, throttled, throttled)
    clusters, gaps = listed()
    assert isinstance(clusters[f"aks/{ONE}/shop/a"].access, Api)
    assert not any("throttled" in gap.reason for gap in gaps)


def test_queries_by_post_are_tried_again_too(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a")
    away = lambda: failure(502, "BadGateway", "Nobody is there.")  # noqa: E731
    azure.plan("listClusterUserCredential", away)
    azure.plan(GRAPH, away, away)
    clusters, _ = listed()
    assert isinstance(clusters[f"aks/{ONE}/shop/a"].access, Api)


@pytest.mark.parametrize("answer", [throttled, lambda: throttled("3600")])
def test_throttling_without_end_is_a_gap(
    azure: FakeAzure, listed: List, answer: Callable[[], web.Response]
) -> None:
    azure.add(ONE, "a")
    azure.add(TWO, "b")
    azure.plan(f"GET /subscriptions/{TWO}/", *[answer] * 20)
    clusters, gaps = listed()
    assert f"aks/{ONE}/shop/a" in clusters
    assert f"aks/{TWO}/shop/b" not in clusters
    assert any(TWO in gap.place and "is throttled" in gap.reason for gap in gaps)


def test_a_used_up_quota_of_resource_graph_is_waited_for(azure: FakeAzure, listed: List) -> None:
    azure.quota, azure.graph_page = 2, 1
    for number in range(3):
        azure.subscriptions[subscription_id(number)] = "Enabled"
    assert listed() == ({}, [])
    assert azure.asked["graph microsoft.resources/subscriptions"] == 3


def test_half_a_list_is_none(azure: FakeAzure, listed: List) -> None:
    azure.list_page = 1
    azure.add(ONE, "a")
    azure.add(ONE, "b")
    broken = lambda: failure(500, "InternalServerError", "It is broken.")  # noqa: E731
    azure.plan(f"GET /subscriptions/{ONE}/{LIST}", None, *[broken] * 10)
    clusters, gaps = listed()
    # Resource Graph knew both, and each was there when it was asked for.
    assert len(clusters) == 2
    assert any(gap.hides_clusters and "500 InternalServerError" in gap.reason for gap in gaps)


def test_a_cut_answer_is_a_gap(azure: FakeAzure, listed: List) -> None:
    azure.graph_page = 1
    azure.truncated.add("microsoft.resources/subscriptions")
    azure.add(ONE, "a")
    azure.add(TWO, "b")
    clusters, gaps = listed()
    assert list(clusters) == [f"aks/{ONE}/shop/a"]
    (gap,) = [gap for gap in gaps if gap.hides_clusters]
    assert "1 of 2 rows" in gap.reason


def test_a_management_group_of_too_many_subscriptions_is_read_in_part(
    azure: FakeAzure, listed: List
) -> None:
    azure.add(ONE, "a")
    azure.plan(GRAPH, lambda: failure(400, "BadRequest", "Too many subscriptions."))
    clusters, gaps = listed(management_group="shops")
    assert len(clusters) == 1
    assert any("only part of the subscriptions" in gap.reason for gap in gaps)


def test_without_resource_graph_the_lists_still_count(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a")
    broken = lambda: failure(500, "InternalServerError", "It is broken.")  # noqa: E731
    azure.plan(GRAPH, *[broken] * 60)
    clusters, gaps = listed(subscriptions=(ONE,))
    cloud = clusters[f"aks/{ONE}/shop/a"].cloud
    assert cloud is not None
    assert cloud.balancers is None
    assert cloud.peers is None
    assert not any(gap.hides_clusters for gap in gaps)
    assert any("load balancers" in gap.place for gap in gaps)


def test_a_place_that_does_not_answer_is_a_gap(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a")
    azure.add(TWO, "b")
    away = lambda: failure(503, "ServiceUnavailable", "The region is not available.")  # noqa: E731
    azure.plan(f"GET /subscriptions/{TWO}/", *[away] * 20)
    clusters, gaps = listed()
    assert list(clusters) == [f"aks/{ONE}/shop/a"]
    assert any("503 ServiceUnavailable" in gap.reason for gap in gaps if gap.hides_clusters)


def test_a_subscription_without_aks_is_not_registered_by_us(azure: FakeAzure, listed: List) -> None:
    azure.subscriptions[ONE] = "Enabled"
    said = "The subscription is not registered to use namespace 'Microsoft.ContainerService'."
    azure.plan(LIST, lambda: failure(409, "MissingSubscriptionRegistration", said))
    assert listed() == ({}, [])
    assert not any("register" in named for named in azure.asked)


def test_an_answer_that_cannot_be_read_costs_its_cluster(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "good")
    azure.add(ONE, "bad", agentPoolProfiles="none")
    clusters, gaps = listed()
    assert list(clusters) == [f"aks/{ONE}/shop/good"]
    assert any(gap.hides_clusters and "bad" in gap.place for gap in gaps)


def test_subscriptions_locations_and_names_are_chosen(azure: FakeAzure, listed: List) -> None:
    for subscription in (ONE, TWO):
        azure.add(subscription, "Prod-a")
        azure.add(subscription, "dev")
    azure.add(ONE, "prod-us")["location"] = "eastus"
    clusters, _ = listed(skip_subscriptions=(TWO,), clusters=("prod-*",), locations=("west*",))
    assert list(clusters) == [f"aks/{ONE}/shop/prod-a"]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"provisioningState": "Creating", "fqdn": None}, "AKS says Creating"),
        ({"provisioningState": "Deleting"}, "AKS says Deleting"),
        ({"powerState": {"code": "Stopped"}}, "the cluster is stopped"),
    ],
)
def test_a_cluster_without_an_api_is_told_with_the_reason(
    azure: FakeAzure, listed: List, properties: dict[str, object], reason: str
) -> None:
    azure.add(ONE, "a", **properties)
    clusters, _ = listed()
    access = clusters[f"aks/{ONE}/shop/a"].access
    assert isinstance(access, NoAccess)
    assert reason in access.reason
    assert not any("listCluster" in named for named in azure.asked)


def test_a_denied_kubeconfig_names_the_action_that_is_missing(
    azure: FakeAzure, listed: List
) -> None:
    azure.add(ONE, "a")
    action = f"{AKS}/listClusterUserCredential/action"
    azure.plan("listClusterUserCredential", lambda: denied(action, cluster_id(ONE, "a")))
    access = listed()[0][f"aks/{ONE}/shop/a"].access
    assert isinstance(access, NoAccess)
    assert f"{action} is denied" in access.reason
    assert ONE in access.reason


def test_a_disabled_subscription_shows_its_clusters(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a")
    azure.subscriptions[ONE] = "Disabled"
    access = listed()[0][f"aks/{ONE}/shop/a"].access
    assert isinstance(access, NoAccess)
    assert "the subscription is disabled" in access.reason


def test_the_administrators_kubeconfig_is_never_asked_for(azure: FakeAzure, listed: List) -> None:
    azure.add(ONE, "a", disableLocalAccounts=False, aadProfile=None)
    listed()
    assert not any("Admin" in named for named in azure.asked)
