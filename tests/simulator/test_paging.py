"""Paging: every object once, of one moment, whatever changes meanwhile."""

import base64
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.simulator.fleet import SimulatedCluster
from auditor.simulator.groups import Groups
from auditor.simulator.lists import answer_list
from auditor.simulator.negotiation import Form
from auditor.simulator.objects import Objects
from auditor.simulator.statuses import Answer
from auditor.simulator.tokens import ANY_VERSION, Token, write_token
from tests.simulator.raw import Client, pod, pods, run

PODS = "/api/v1/pods"
NAMES = st.sampled_from([f"{sign}{number}" for sign in ("a", "b-", "c.d") for number in range(6)])
NAMESPACES = st.sampled_from(["default", "default-x", "web", "web.y", "webx"])
KEYS = st.tuples(NAMESPACES, NAMES)
CHANGES = st.lists(st.tuples(st.sampled_from(["apply", "remove"]), KEYS), max_size=12)


class Server:
    """The lists of one cluster without the network."""

    def __init__(self, keys: set[tuple[str, str]]) -> None:
        self.groups = Groups(frozenset(), frozenset())
        self.objects = Objects("prod", self.groups, [pod(name, space) for space, name in keys])
        self.present = set(keys)

    def change(self, how: str, key: tuple[str, str]) -> None:
        space, name = key
        if how == "apply":
            self.objects.apply(pod(name, space, changed="yes"))
            self.present.add(key)
        elif key in self.present:
            self.objects.remove("Pod", space, name)
            self.present.remove(key)

    def page(self, namespace: str | None = None, **query: str) -> Answer:
        kind = self.groups.find("", "v1", "pods")
        assert kind is not None
        return answer_list(self.objects, kind, namespace, query, Form.WHOLE, page_limit=None)


def items_of(answer: Answer) -> list[dict[str, Any]]:
    body = msgspec.json.decode(answer.body)
    found: list[dict[str, Any]] = body["items"]
    return found


def keys_of(answer: Answer) -> list[tuple[str, str]]:
    return [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in items_of(answer)]


@given(keys=st.sets(KEYS), limit=st.integers(1, 8), changes=CHANGES)
def test_pages_are_of_the_moment_of_the_first(
    keys: set[tuple[str, str]], limit: int, changes: list[tuple[str, tuple[str, str]]]
) -> None:
    server = Server(keys)
    first = page = server.page(limit=str(limit))
    found, upcoming = items_of(page), iter(changes)
    while page.next_token:
        for how, key in [change for change, _ in zip(upcoming, range(3), strict=False)]:
            server.change(how, key)
        page = server.page(limit=str(limit), **{"continue": page.next_token})
        assert len(items_of(page)) <= limit
        found += items_of(page)
    listed = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in found]
    assert listed == sorted(keys, key="/".join)
    assert not [item for item in found if "changed" in item["metadata"]["labels"]]
    head = msgspec.json.decode(first.body)["metadata"]
    assert head.get("remainingItemCount", 0) == max(len(keys) - limit, 0)


@given(keys=st.sets(KEYS), limit=st.integers(1, 8), changes=CHANGES)
def test_a_list_after_changes_is_of_the_present(
    keys: set[tuple[str, str]], limit: int, changes: list[tuple[str, tuple[str, str]]]
) -> None:
    server = Server(keys)
    for how, key in changes:
        server.change(how, key)
    page = server.page(limit=str(limit))
    found = keys_of(page)
    while page.next_token:
        page = server.page(limit=str(limit), **{"continue": page.next_token})
        found += keys_of(page)
    assert found == sorted(server.present, key="/".join)


@given(keys=st.sets(KEYS), limit=st.integers(1, 5), namespace=NAMESPACES)
def test_pages_of_a_namespace_hold_that_namespace(
    keys: set[tuple[str, str]], limit: int, namespace: str
) -> None:
    server = Server(keys)
    page = server.page(namespace, limit=str(limit))
    found = keys_of(page)
    while page.next_token:
        page = server.page(namespace, limit=str(limit), **{"continue": page.next_token})
        found += keys_of(page)
    assert found == sorted(key for key in keys if key[0] == namespace)


@given(keys=st.sets(KEYS), limit=st.integers(1, 5), wanted=NAMES)
def test_pages_with_a_selector_hold_what_it_keeps(
    keys: set[tuple[str, str]], limit: int, wanted: str
) -> None:
    server = Server(keys)
    query = {"limit": str(limit), "fieldSelector": f"metadata.name={wanted}"}
    page = server.page(**query)
    found = keys_of(page)
    while page.next_token:
        # How many are left is not known before they were looked at.
        assert "remainingItemCount" not in msgspec.json.decode(page.body)["metadata"]
        page = server.page(**query, **{"continue": page.next_token})
        found += keys_of(page)
    assert found == sorted((key for key in keys if key[1] == wanted), key="/".join)


@given(keys=st.sets(KEYS), changes=CHANGES)
def test_every_version_since_the_start_can_be_read_exactly(
    keys: set[tuple[str, str]], changes: list[tuple[str, tuple[str, str]]]
) -> None:
    server = Server(keys)
    states = {server.objects.version: set(server.present)}
    for how, key in changes:
        server.change(how, key)
        states[server.objects.version] = set(server.present)
    for version, state in states.items():
        page = server.page(resourceVersion=str(version), resourceVersionMatch="Exact")
        assert set(keys_of(page)) == state
        assert msgspec.json.decode(page.body)["metadata"]["resourceVersion"] == str(version)


def test_an_expired_token_is_refused_with_one_for_the_rest() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        first = await client.get(PODS, limit=4)
        cluster.apply(pod("pod-00006-new"))
        cluster.remove("Pod", "default", "pod-00007")
        cluster.expire_continue_tokens()
        refused = await client.get(PODS, limit=4, **{"continue": first.token})
        assert (refused.status, refused.json["reason"]) == (410, "Expired")
        rest = await client.get(PODS, limit=100, **{"continue": refused.token})
        assert rest.names == ["pod-00004", "pod-00005", "pod-00006", "pod-00006-new", "pod-00008"]
        assert rest.json["metadata"]["resourceVersion"] == str(cluster.resource_version)

    run(pods(9), scenario)


def test_an_expired_token_stays_so_when_the_list_is_begun_anew() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        old = (await client.get(PODS, limit=2)).token
        cluster.expire_continue_tokens()
        new = (await client.get(PODS, limit=2)).token
        assert (await client.get(PODS, limit=2, **{"continue": old})).status == 410
        assert (await client.get(PODS, limit=2, **{"continue": new})).names == [
            "pod-00002",
            "pod-00003",
        ]

    run(pods(5), scenario)


def test_a_version_that_was_compacted_cannot_be_read_exactly() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> list[int]:
        before = cluster.resource_version
        cluster.apply(pod("another"))
        exact = {"resourceVersion": before, "resourceVersionMatch": "Exact"}
        then = await client.get(PODS, **exact)
        cluster.expire_continue_tokens()
        return [then.status, len(then.names), (await client.get(PODS, **exact)).status]

    assert run(pods(3), scenario) == [200, 3, 410]


def test_compaction_is_of_the_whole_cluster() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> int:
        exact = {"resourceVersion": cluster.resource_version, "resourceVersionMatch": "Exact"}
        cluster.expire_continue_tokens()
        return (await client.get("/api/v1/secrets", **exact)).status

    assert run([], scenario) == 410


MALFORMED = {
    "!": "illegal base64 data at input byte 0",
    "abcde": "illegal base64 data at input byte 4",
    "IA": "unexpected end of JSON input",
    "garbage": "invalid character '\\u0081' looking for beginning of value",
    base64.urlsafe_b64encode(b'{"rv":7,"start":"/x"}').decode().rstrip("="): (
        'server does not recognize this encoded version ""'
    ),
    write_token(Token(7, "/x", v="v2")): 'server does not recognize this encoded version "v2"',
    write_token(Token(0, "/x")): "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
    write_token(Token(7, "")): "encoded start key empty (version meta.k8s.io/v1)",
    write_token(Token(7, "/../secrets/x")): "invalid key",
}


@pytest.mark.parametrize("token", list(MALFORMED))
def test_a_token_that_no_server_gave_is_a_bad_request(token: str) -> None:
    got = run(pods(1), lambda _, client: client.get(PODS, limit=1, **{"continue": token}))
    said = f"invalid continue token: continue key is not valid: {MALFORMED[token]}"
    assert (got.status, got.json["message"]) == (400, said)


def test_a_token_of_the_present_needs_no_version() -> None:
    token = write_token(Token(ANY_VERSION, "/default/pod-00001"))
    got = run(pods(3), lambda _, client: client.get(PODS, **{"continue": token}))
    assert got.names == ["pod-00001", "pod-00002"]


OPTIONS = {
    "limit=abc": 400,
    "resourceVersion=abc": 400,
    "resourceVersionMatch=Exact": 422,
    "resourceVersion=0&resourceVersionMatch=Exact": 422,
    "resourceVersion=1&resourceVersionMatch=Whatever": 422,
    "resourceVersion=999&limit=2": 504,
    "limit=-1": 200,
    "resourceVersion=0": 200,
    "resourceVersion=5&resourceVersionMatch=NotOlderThan": 200,
}


@pytest.mark.parametrize("query", list(OPTIONS))
def test_options_that_contradict_each_other_are_refused(query: str) -> None:
    got = run(pods(1), lambda _, client: client.ask(f"{PODS}?{query}"))
    assert got.status == OPTIONS[query]


def test_a_token_goes_with_no_version() -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> int:
        token = (await client.get(PODS, limit=1)).token
        return (await client.get(PODS, resourceVersion="1", **{"continue": token})).status

    assert run(pods(2), scenario) == 400


def test_a_paged_list_of_a_version_is_of_exactly_that() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> tuple[int, int]:
        version = cluster.resource_version
        cluster.apply(pod("another"))
        exactly = await client.get(PODS, resourceVersion=version, limit=100)
        at_least = await client.get(PODS, resourceVersion=version)
        return len(exactly.names), len(at_least.names)

    assert run(pods(3), scenario) == (3, 4)


def test_the_server_may_give_smaller_pages_than_asked() -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> list[int]:
        paged = await client.get(PODS, limit=500)
        whole = await client.get(PODS)
        return [len(paged.names), paged.json["metadata"]["remainingItemCount"], len(whole.names)]

    assert run(pods(5), scenario, page_limit=2) == [2, 3, 5]


def test_ten_thousand_pods_cost_the_server_little() -> None:
    server = Server(set())
    filler = {"note": "x" * 4_000}
    for item in pods(10_000):
        item["metadata"]["annotations"] = filler
        server.objects.apply(item)
    server.page(limit="1")
    began = time.process_time()
    page, count = server.page(limit="500"), 0
    while page.next_token:
        count += 1
        page = server.page(limit="500", **{"continue": page.next_token})
    assert count == 19
    assert time.process_time() - began < 0.3
