"""Tokens of pages that are too old or were never given, over HTTP, for any data."""

import base64
import string
from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.simulator.fleet import SimulatedCluster
from tests.simulator.raw import Client, Got, pod, run

PODS = "/api/v1/pods"
# `-` and `.` sort before `/`, which stands between namespace and name in etcd's keys.
WORDS = st.text("ab-.0", min_size=1, max_size=3).map(lambda text: f"a{text}a")
KEYS = st.tuples(WORDS, WORDS)
STATES = st.sets(KEYS, min_size=2, max_size=12)
REQUEST_HEAVY = settings(max_examples=40)
"""Each example starts a server."""


def in_order(keys: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Order as etcd does: by the bytes of the whole key."""
    return sorted(keys, key=lambda key: f"{key[0]}/{key[1]}".encode())


def keys_of(got: Got) -> list[tuple[str, str]]:
    metadata = [item["metadata"] for item in got.json["items"]]
    return [(each["namespace"], each["name"]) for each in metadata]


async def follow(client: Client, got: Got, limit: int) -> list[tuple[str, str]]:
    """Give the objects of a page and of all that come after it."""
    found = keys_of(got)
    while got.token:
        got = await client.get(PODS, limit=limit, **{"continue": got.token})
        assert got.status == 200
        found += keys_of(got)
    return found


@REQUEST_HEAVY
@given(before=STATES, after=STATES, limit=st.integers(1, 4), pages=st.integers(0, 3))
def test_after_an_expired_token_the_rest_of_the_present_comes(
    before: set[tuple[str, str]], after: set[tuple[str, str]], limit: int, pages: int
) -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        got = await client.get(PODS, limit=limit)
        seen = keys_of(got)
        for _ in range(pages):
            if got.token:
                got = await client.get(PODS, limit=limit, **{"continue": got.token})
                seen += keys_of(got)
        for space, name in before - after:
            cluster.remove("Pod", space, name)
        for space, name in after - before:
            cluster.apply(pod(name, space))
        cluster.expire_continue_tokens()
        if not got.token:
            assert seen == in_order(before)
            return
        expired = await client.get(PODS, limit=limit, **{"continue": got.token})
        assert (expired.status, expired.json["reason"]) == (410, "Expired")
        assert "items" not in expired.json
        rest = await client.get(PODS, limit=limit, **{"continue": expired.token})
        assert rest.json["metadata"]["resourceVersion"] == str(cluster.resource_version)
        last = f"{seen[-1][0]}/{seen[-1][1]}"
        later = [key for key in in_order(after) if f"{key[0]}/{key[1]}" > last]
        assert await follow(client, rest, limit) == later

    run([pod(name, space) for space, name in before], scenario)


@REQUEST_HEAVY
@given(keys=STATES, limit=st.integers(1, 20), page_limit=st.integers(1, 4))
def test_a_server_with_smaller_pages_still_gives_each_object_once(
    keys: set[tuple[str, str]], limit: int, page_limit: int
) -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> None:
        first = await client.get(PODS, limit=limit)
        assert len(keys_of(first)) == min(limit, page_limit, len(keys))
        assert await follow(client, first, limit) == in_order(keys)
        # Nobody asked for pages.
        assert keys_of(await client.get(PODS)) == in_order(keys)

    run([pod(name, space) for space, name in keys], scenario, page_limit=page_limit)


@REQUEST_HEAVY
@given(keys=STATES, limit=st.integers(1, 4))
def test_from_the_cache_comes_all_at_once(keys: set[tuple[str, str]], limit: int) -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> None:
        got = await client.get(PODS, limit=limit, resourceVersion=0)
        assert (keys_of(got), got.token) == (in_order(keys), "")
        assert "remainingItemCount" not in got.json["metadata"]

    run([pod(name, space) for space, name in keys], scenario)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


JSON: st.SearchStrategy[Any] = st.sampled_from(
    [
        b"null",
        b"7",
        b"[]",
        b'"text"',
        b"{}",
        b'{"v":"meta.k8s.io/v1","rv":1}',
        b'{"v":"meta.k8s.io/v1","rv":"1","start":"/a"}',
        b'{"v":"meta.k8s.io/v1","rv":1,"start":7}',
        b'{"rv":1,"start":"/a"}',
        b"\xff\xfe",
        b"",
    ]
)
NOT_TOKENS = st.one_of(
    st.text(string.printable, min_size=1, max_size=20),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    JSON.filter(bool).map(_encoded),
    st.binary(min_size=1, max_size=12).map(_encoded),
)


@REQUEST_HEAVY
@given(token=NOT_TOKENS)
def test_what_is_no_token_is_a_bad_request(token: str) -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> Got:
        return await client.ask(f"{PODS}?limit=1&continue={quote(token, safe='')}")

    got = run([pod("a")], scenario)
    assert (got.status, got.json["reason"]) == (400, "BadRequest")
    assert got.json["message"].startswith("invalid continue token: ")
