"""Each way to misbehave as a plain client meets it, and which requests it strikes."""

import asyncio
import errno
import gzip
import json
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from auditor.simulator.faults import (
    Action,
    Body,
    Delay,
    EmptyList,
    EndlessBody,
    ExpireContinue,
    Fault,
    GzipBomb,
    Redirect,
    Reset,
    SlowBody,
    Stall,
    Status,
    Truncate,
)
from auditor.simulator.fleet import SimulatedCluster
from tests.simulator.raw import ADMINISTRATOR, NOBODY, Client, Got, pods, run

PODS = "/api/v1/pods"
SMALL, LARGE = 3, 60
"""Pods whose list is short enough for a Content-Length, and so long that it is chunked."""


def struck(action: Action, *, count: int = SMALL, **options: Any) -> Got:
    """Give the answer to a list of pods that a fault strikes."""

    async def scenario(cluster: SimulatedCluster, client: Client) -> Got:
        cluster.faults.append(Fault(action))
        return await client.get(PODS)

    return run(pods(count), scenario, **options)


def on_the_wire(
    action: Action,
    then: Callable[[asyncio.StreamReader], Awaitable[Any]],
    *,
    count: int = LARGE,
    path: str = PODS,
) -> Any:
    """Ask for a list without an HTTP client and look at the bytes of the answer."""

    async def scenario(cluster: SimulatedCluster, _: Client) -> Any:
        cluster.faults.append(Fault(action))
        reader, writer = await asyncio.open_connection("127.0.0.1", _port(cluster))
        writer.write(_plain_request(path))
        try:
            async with asyncio.timeout(10):
                return await then(reader)
        finally:
            writer.close()

    return run(pods(count), scenario)


def _port(cluster: SimulatedCluster) -> int:
    return int(cluster.url.rpartition(":")[2])


def _plain_request(path: str = PODS) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMINISTRATOR}\r\n\r\n"
    return head.encode()


def test_a_healthy_answer_is_what_faults_are_compared_with() -> None:
    async def scenario(_: SimulatedCluster, client: Client) -> Got:
        return await client.get(PODS)

    assert len(run(pods(SMALL), scenario).names) == SMALL


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 410, 429, 500, 502, 503, 504])
def test_a_status_is_a_status_object_of_the_api(code: int) -> None:
    got = struck(Status(code))
    assert got.status == code
    assert got.headers["Content-Type"] == "application/json"
    assert "Retry-After" not in got.headers
    assert {"kind": "Status", "status": "Failure", "code": code}.items() <= got.json.items()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (7, "7"),
        ("Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:00 GMT"),
        ("soon", "soon"),
    ],
)
def test_retry_after_is_sent_as_it_is_given(given: str | int, sent: str) -> None:
    got = struck(Status(429, given, "slow down"))
    assert (got.status, got.headers["Retry-After"]) == (429, sent)
    assert got.json["message"] == "slow down"


def test_a_proxy_writes_a_page_for_people() -> None:
    got = struck(Status(502, html=True))
    assert got.status == 502
    assert got.headers["Content-Type"].startswith("text/html")
    assert b"<h1>502</h1>" in got.body


def test_a_delay_comes_before_the_right_answer() -> None:
    began = time.monotonic()
    got = struck(Delay(0.3))
    assert len(got.names) == SMALL
    assert time.monotonic() - began >= 0.3


def test_a_slow_body_is_right_and_comes_in_drops() -> None:
    async def arrivals(reader: asyncio.StreamReader) -> list[float]:
        await reader.readuntil(b"\r\n\r\n")
        times: list[float] = []
        while len(times) < 5:
            assert await reader.read(65536)
            times.append(time.monotonic())
        return times

    times = on_the_wire(SlowBody(2000), arrivals)
    assert times[-1] - times[0] >= 0.25
    assert max(later - earlier for earlier, later in pairwise(times)) < 2
    assert struck(SlowBody(20_000)).names == [f"pod-{number:05}" for number in range(SMALL)]


@pytest.mark.parametrize("count", [SMALL, LARGE])
def test_a_stalled_body_begins_rightly_and_is_silent_on_an_open_connection(count: int) -> None:
    async def read(reader: asyncio.StreamReader) -> bytes:
        await reader.readuntil(b"\r\n\r\n")
        content = b""
        while b'"kind":"PodL' not in content:
            content += await reader.read(65536)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(65536)
        assert not reader.at_eof()
        return content

    assert b"items" not in on_the_wire(Stall(16), read, count=count)


def test_a_stall_from_the_beginning_sends_not_even_a_status() -> None:
    async def read(reader: asyncio.StreamReader) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(1)
        assert not reader.at_eof()

    on_the_wire(Stall(), read)


@pytest.mark.parametrize("count", [SMALL, LARGE])
@pytest.mark.parametrize("after", [0, 100])
def test_a_cut_off_body_is_noticed_however_it_is_framed(count: int, after: int) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        struck(Truncate(after), count=count)


def test_a_cut_off_body_has_the_bytes_before_the_cut_and_then_the_end() -> None:
    async def read(reader: asyncio.StreamReader) -> bytes:
        return await reader.read(-1)

    head, _, content = on_the_wire(Truncate(100), read, count=SMALL).partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert len(content) == 100 < length


def test_another_body_may_be_anything() -> None:
    got = struck(Body(b"\xff{", "text/plain"))
    assert (got.status, got.body) == (200, b"\xff{")
    assert got.headers["Content-Type"] == "text/plain"
    assert struck(Body(b"[]")).headers["Content-Type"] == "application/json"


def test_a_body_may_claim_an_encoding_that_it_does_not_have() -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        struck(Body(b"{}", encoding="gzip"))
    assert struck(Body(b"{}", encoding="gzip"), decompress=False).body == b"{}"


def test_a_compressed_body_is_small_and_inflates_to_a_list() -> None:
    got = struck(GzipBomb(8), decompress=False)
    assert got.headers["Content-Encoding"] == "gzip"
    assert len(got.body) < 64 * 1024
    listed = json.loads(gzip.decompress(got.body))
    assert listed["kind"] == "PodList"
    assert len(listed["items"][0]["metadata"]["name"]) == 8 * 1024 * 1024


@pytest.mark.parametrize("lying", [None, 100])
def test_an_endless_body_has_no_end_whatever_length_it_claims(lying: int | None) -> None:
    async def read(reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(4 * 1024 * 1024)
        return head

    head = on_the_wire(EndlessBody(lying_length=lying), read).lower()
    assert (b"content-length: 100\r\n" in head) is (lying is not None)
    assert (b"transfer-encoding: chunked" in head) is (lying is None)


def test_a_body_may_be_shorter_than_it_claims() -> None:
    async def scenario(cluster: SimulatedCluster, _: Client) -> bytes:
        cluster.faults.append(Fault(EndlessBody(lying_length=10**9)))
        reader, writer = await asyncio.open_connection("127.0.0.1", _port(cluster))
        writer.write(_plain_request())
        await reader.readuntil(b"\r\n\r\n")
        content = await reader.readexactly(1024)
        writer.close()
        return content

    assert run(pods(SMALL), scenario).startswith(b'{"kind":"PodList","items":[{')


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_names_a_place(code: int) -> None:
    got = struck(Redirect("http://169.254.169.254/latest", code))
    assert (got.status, got.headers["Location"]) == (code, "http://169.254.169.254/latest")


@pytest.mark.parametrize("tls", [False, True])
def test_a_reset_tears_the_connection_down(tls: bool) -> None:
    async def scenario(cluster: SimulatedCluster, _: Client) -> None:
        cluster.faults.append(Fault(Reset()))
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientOSError) as caught:
                await session.get(cluster.url + PODS, ssl=False)
            assert caught.value.errno == errno.ECONNRESET

    run(pods(SMALL), scenario, tls=tls)


def test_a_reset_is_one_for_the_kernel_too() -> None:
    async def read(reader: asyncio.StreamReader) -> None:
        with pytest.raises(ConnectionResetError):
            await reader.read(1)

    on_the_wire(Reset(), read)


def test_an_expired_continue_gives_a_token_for_the_rest() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        first = await client.get(PODS, limit=2)
        cluster.faults.append(Fault(ExpireContinue(), page=2, times=1))
        expired = await client.get(PODS, limit=2, **{"continue": first.token})
        assert (expired.status, expired.json["reason"]) == (410, "Expired")
        assert expired.token not in ("", first.token)
        rest = await client.get(PODS, **{"continue": expired.token})
        assert first.names + rest.names == [f"pod-{number:05}" for number in range(5)]

    run(pods(5), scenario)


def test_an_empty_list_is_the_right_one_without_its_items() -> None:
    got = struck(EmptyList())
    assert got.status == 200
    assert (got.json["kind"], got.json["apiVersion"], got.json["items"]) == ("PodList", "v1", [])
    assert set(got.json["metadata"]) == {"resourceVersion"}


@pytest.mark.parametrize("path", [f"{PODS}/nope", "/version", "/apis/x.example/v1/things"])
def test_an_answer_that_is_no_list_is_not_emptied(path: str) -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        right = await client.ask(path)
        cluster.faults.append(Fault(EmptyList()))
        emptied = await client.ask(path)
        assert (emptied.status, emptied.body) == (right.status, right.body)

    run(pods(SMALL), scenario)


def test_a_refusal_is_not_turned_into_an_empty_list() -> None:
    async def scenario(cluster: SimulatedCluster, client: Client) -> None:
        cluster.faults.append(Fault(EmptyList()))
        assert (await client.ask(PODS, NOBODY)).status == 403

    run(pods(SMALL), scenario)


def test_a_list_so_large_that_it_is_compressed_is_emptied_too() -> None:
    assert struck(EmptyList(), count=1000).json["items"] == []
