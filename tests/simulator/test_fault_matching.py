"""Which requests a fault strikes, and which of several faults."""

from typing import Any

import pytest

from auditor.simulator.faults import Fault, Status
from auditor.simulator.fleet import SimulatedCluster
from tests.simulator.raw import Client, pods, run

TEAPOT = Status(418)
REQUESTS = {
    "list pods": "/api/v1/pods",
    "list pods of a namespace": "/api/v1/namespaces/default/pods",
    "get a pod": "/api/v1/namespaces/default/pods/pod-00000",
    "list deployments": "/apis/apps/v1/deployments",
    "version": "/version",
    "discovery": "/apis",
}


def statuses(faults: list[Fault], asked: list[str]) -> list[int]:
    async def scenario(cluster: SimulatedCluster, client: Client) -> list[int]:
        cluster.faults.extend(faults)
        return [(await client.ask(path)).status for path in asked]

    return run(pods(2), scenario)


@pytest.mark.parametrize(
    ("criteria", "struck"),
    [
        ({}, set(REQUESTS)),
        ({"resource": "pods"}, {"list pods", "list pods of a namespace", "get a pod"}),
        ({"resource": "deployments.apps"}, {"list deployments"}),
        ({"resource": "deployments"}, set()),
        ({"verb": "list"}, {"list pods", "list pods of a namespace", "list deployments"}),
        ({"verb": "get"}, {"get a pod", "version", "discovery"}),
        ({"resource": "pods", "verb": "get"}, {"get a pod"}),
        ({"path": "/api/v1/namespaces/"}, {"list pods of a namespace", "get a pod"}),
        ({"path": "/version"}, {"version"}),
        ({"page": 1}, {"list pods", "list pods of a namespace", "list deployments"}),
        ({"page": 2}, set()),
    ],
)
def test_a_fault_strikes_what_all_its_criteria_match(
    criteria: dict[str, Any], struck: set[str]
) -> None:
    found = statuses([Fault(TEAPOT, **criteria)], list(REQUESTS.values()))
    assert {name for name, status in zip(REQUESTS, found, strict=True) if status == 418} == struck


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"times": 0}, [200] * 5),
        ({"times": 2}, [418, 418, 200, 200, 200]),
        ({"skip": 2}, [200, 200, 418, 418, 418]),
        ({"skip": 1, "times": 2}, [200, 418, 418, 200, 200]),
    ],
)
def test_a_fault_strikes_so_many_times_after_so_many_requests(
    counts: dict[str, Any], expected: list[int]
) -> None:
    assert statuses([Fault(TEAPOT, **counts)], ["/api/v1/pods"] * 5) == expected


def test_only_what_matches_is_counted() -> None:
    asked = ["/version", "/api/v1/pods", "/version", "/api/v1/pods", "/api/v1/pods"]
    fault = Fault(TEAPOT, resource="pods", skip=1, times=1)
    assert statuses([fault], asked) == [200, 200, 200, 418, 200]


def test_the_first_fault_wins_and_the_others_are_not_counted() -> None:
    faults = [Fault(Status(500), times=1), Fault(Status(503), times=1), Fault(Status(502))]
    assert statuses(faults, ["/api/v1/pods"] * 4) == [500, 503, 502, 502]


@pytest.mark.parametrize("struck", [1, 2, 3, 4])
def test_a_page_is_counted_within_its_own_list(struck: int) -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        cluster.faults.append(Fault(TEAPOT, resource="pods", page=struck))
        # Two lists at the same time: each has its own first, second and third page.
        tokens = {"pods": "", "namespaces/default/pods": ""}
        for page in range(1, 4):
            for path, token in tokens.items():
                got = await client.get(f"/api/v1/{path}", limit=2, **{"continue": token})
                assert got.status == (418 if page == struck else 200)
                if got.status == 418:
                    return
                tokens[path] = got.token

    run(pods(5), scenario)


def test_a_fault_on_a_page_comes_again_when_the_page_is_asked_for_again() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        first = await client.get("/api/v1/pods", limit=2)
        cluster.faults.append(Fault(TEAPOT, page=2, times=1))
        asked = [
            await client.get("/api/v1/pods", limit=2, **{"continue": first.token}) for _ in "ab"
        ]
        assert [got.status for got in asked] == [418, 200]

    run(pods(5), scenario)


def test_faults_can_be_taken_away_while_the_server_runs() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        cluster.faults.append(Fault(TEAPOT))
        assert (await client.ask("/version")).status == 418
        cluster.faults.clear()
        assert (await client.ask("/version")).status == 200

    run(pods(1), scenario)


def test_a_fault_comes_before_the_question_who_asks() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        cluster.faults.append(Fault(TEAPOT, path="/api/v1/pods"))
        assert (await client.ask("/api/v1/pods", "wrong")).status == 418
        assert (await client.ask("/api/v1/nodes", "wrong")).status == 401

    run(pods(1), scenario)


def test_struck_requests_are_recorded_with_the_status_that_was_sent() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        cluster.faults.append(Fault(TEAPOT, times=1))
        await client.get("/api/v1/pods", limit=3)
        await client.ask("/api/v1/pods", "wrong")
        found = [(each.path, each.query, each.identity, each.status) for each in cluster.requests]
        assert found == [
            ("/api/v1/pods", {"limit": "3"}, "administrator", 418),
            ("/api/v1/pods", {}, None, 401),
        ]
        assert "administrator-token" not in repr(cluster.requests)
        assert "wrong" not in repr(cluster.requests)

    run(pods(1), scenario)
