"""Sick, slow and hostile servers: each costs what it broke, says so, and proves nothing healthy.

The names in brackets are the rows of the project's table of faults.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from auditor.audit.auditing import audit
from auditor.audit.reconcile import reconcile
from auditor.audit.rules import Rules
from auditor.collector.reading import Reading
from auditor.kube.resources import ADDED_APIS
from auditor.model.history import Changes, Known
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ApiLimits
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
from auditor.simulator.fleet import SimulatedCluster, Simulator
from tests.collector.live import IMPATIENT, QUICK, TOKEN, TOKENS, Token, coverage, read, run, states

PODS = [
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number:04}"}}
    for number in range(1_100)
]
POLICIES = "networkpolicies.networking.k8s.io"
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}}


def struck(*faults: Fault, limits: ApiLimits = QUICK, objects: Any = (SERVICE,)) -> Reading:
    """Read a cluster that has faults."""

    async def scenario(cluster: SimulatedCluster) -> Reading:
        cluster.faults.extend(faults)
        return await read(cluster, limits)

    reading: Reading = run(objects, scenario)
    return reading


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)


def only(reading: Reading, resource: str) -> tuple[str, str]:
    """Give state and detail of a resource, after making sure that no other one was touched."""
    others = {name: state for name, state in states(reading).items() if name != resource}
    assert set(others.values()) == {"complete"}, others
    found = coverage(reading, resource)
    return found.state.value, found.detail or ""


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_one_list_that_fails_costs_itself_alone(code: int) -> None:
    """[A01]."""
    state, detail = only(struck(Fault(Status(code), resource="services")), "services")
    assert (state, detail.startswith(f"HTTP {code}")) == ("failed", True)


def test_a_server_error_that_passes_costs_nothing() -> None:
    reading = struck(Fault(Status(503), resource="services", times=2))
    assert only(reading, "services") == ("complete", "")


def test_a_list_that_expires_mid_way_is_begun_anew_and_swapped_in_whole() -> None:
    """[A03]: between the two tries the objects change; none of the first try is kept."""

    async def scenario(cluster: SimulatedCluster) -> Reading:
        cluster.faults.append(Fault(ExpireContinue(), resource="pods", page=3, times=1))
        cluster.faults.append(Fault(Delay(0.2), resource="pods", page=1, skip=1, times=1))
        reading = asyncio.create_task(read(cluster))
        await until(lambda: any(item.status == 410 for item in cluster.requests))
        cluster.remove("Pod", "default", "pod-0000")
        return await reading

    reading = run(PODS, scenario)
    assert only(reading, "pods") == ("complete", "")
    assert coverage(reading, "pods").count == 1_099


def test_a_list_that_always_expires_is_given_up_and_nothing_of_it_is_kept() -> None:
    """[A03]: restarts are capped."""

    async def scenario(cluster: SimulatedCluster) -> tuple[Reading, int]:
        cluster.faults.append(Fault(ExpireContinue(), resource="pods", page=3))
        reading = await read(cluster)
        return reading, sum(item.path == "/api/v1/pods" for item in cluster.requests)

    reading, requests = run(PODS, scenario)
    state, detail = only(reading, "pods")
    assert (state, "expired 3 times" in detail) == ("failed", True)
    assert coverage(reading, "pods").count == 0
    assert reading.inventory.pods == ()
    assert requests == 3 * 3


@pytest.mark.parametrize("after", [0, 200])
def test_silence_is_noticed_before_and_in_a_body(after: int) -> None:
    """[A07] for a server that holds the connection and says nothing."""
    began = time.monotonic()
    state, detail = only(
        struck(Fault(Stall(after), resource="services"), limits=IMPATIENT), "services"
    )
    assert (state, "does not answer in time" in detail) == ("failed", True)
    assert time.monotonic() - began < 5


def test_a_port_that_accepts_and_says_nothing_is_a_handshake_that_times_out() -> None:
    """[A07] during the TLS handshake."""

    async def scenario() -> Reading:
        writers: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(
            lambda _, writer: writers.append(writer), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        async with Simulator() as simulator:
            cluster = await simulator.add("prod", [], tokens=TOKENS)
            way = f"https://127.0.0.1:{port}"
            quick = ApiLimits(connect_seconds=0.3, silence_seconds=0.3)
            reading = await read(cluster, quick, server=way)
        server.close()
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        return reading

    reading = asyncio.run(scenario())
    assert set(states(reading).values()) == {"failed"}
    assert "does not answer in time" in (reading.inventory.connection.failure or "")  # type: ignore[union-attr]


def test_a_wait_that_the_server_asks_for_is_kept_by_every_request() -> None:
    """[A12]: nothing is sent before it is over."""

    async def scenario(cluster: SimulatedCluster) -> tuple[Reading, list[float]]:
        cluster.faults.append(Fault(Status(429, retry_after=1), resource="services", times=1))
        reading = await read(cluster)
        refused = next(item.at for item in cluster.requests if item.status == 429)
        return reading, [item.at for item in cluster.requests if item.at >= refused]

    reading, times = run([SERVICE], scenario)
    assert only(reading, "services") == ("complete", "")
    # The other place may send requests while the refusal is on its way; then there is a pause.
    pauses = [after - before for before, after in pairwise(times)]
    assert max(pauses) >= 0.99
    assert len(times) - pauses.index(max(pauses)) > 10


@pytest.mark.parametrize("header", ["1000000000", "3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_wait_longer_than_an_audit_leaves_the_server_alone(header: str) -> None:
    """[A12]: capped, and never asked early."""

    async def scenario(cluster: SimulatedCluster) -> tuple[Reading, int]:
        cluster.faults.append(Fault(Status(429, retry_after=header), resource="services"))
        reading = await read(cluster)
        refused = next(item.at for item in cluster.requests if item.status == 429)
        return reading, sum(item.at > refused + 0.3 for item in cluster.requests)

    reading, later = run([SERVICE], scenario)
    assert later == 0
    assert states(reading)["services"] == "failed"
    assert "left alone" in (coverage(reading, "services").detail or "")
    assert (reading.not_before or 0) > 3_000
    assert reading.inventory.connection.rights_problem


@pytest.mark.parametrize("header", ["-1", "soon", "", "1.5e3", "Tue, 99 Foo"])
def test_a_wait_that_makes_no_sense_is_not_asked_for(header: str) -> None:
    """[A12]."""
    reading = struck(Fault(Status(429, retry_after=header), resource="services", times=1))
    assert only(reading, "services") == ("complete", "")


def test_a_rotated_token_is_renewed_once() -> None:
    """[A14]."""

    async def scenario(cluster: SimulatedCluster) -> tuple[Reading, int]:
        token = Token("an-old-one", TOKEN)
        return await read(cluster, credentials=token), token.asked

    reading, asked = run([SERVICE], scenario)
    assert set(states(reading).values()) == {"complete"}
    assert asked == 2


def test_a_refused_identity_is_asked_for_a_new_credential_once_and_no_more() -> None:
    """[A14]: at most one more try, or the account is locked."""

    async def scenario(cluster: SimulatedCluster) -> tuple[Reading, int]:
        reading = await read(cluster, credentials=Token("wrong", "also-wrong"))
        return reading, len(cluster.requests)

    reading, requests = run([SERVICE], scenario)
    assert requests == 2
    assert set(states(reading).values()) == {"failed"}
    assert "HTTP 401" in (reading.inventory.connection.failure or "")


def test_what_is_forbidden_is_forbidden_and_the_rest_is_read() -> None:
    """[A15]."""
    fault = Fault(Status(403, message="networkpolicies is forbidden"), resource=POLICIES)
    state, detail = only(struck(fault), POLICIES)
    assert (state, "networkpolicies is forbidden" in detail) == ("forbidden", True)


def test_everything_forbidden_is_a_cluster_that_nobody_read() -> None:
    fault = Status(403, message="no")
    reading = struck(Fault(fault, verb="list"), Fault(fault, resource="configmaps"))
    assert set(states(reading).values()) == {"forbidden"}


def test_a_list_that_discovery_promised_and_is_not_there_is_no_absence() -> None:
    """[A17]."""
    state, detail = only(struck(Fault(Status(404), resource=POLICIES)), POLICIES)
    assert (state, detail.startswith("HTTP 404")) == ("failed", True)


def test_discovery_that_fails_makes_nothing_absent() -> None:
    """[A18]: the lists are asked for all the same, and tell."""
    reading = struck(Fault(Status(503), path="/apis", verb="get"))
    found = states(reading)
    # What the server never had is not there, which nobody could know.
    assert {found.pop(name) for name in ADDED_APIS} == {"failed"}
    assert set(found.values()) == {"complete"}
    both = (Fault(Status(503), path="/apis", verb="get"), Fault(Status(404), resource=POLICIES))
    told = coverage(struck(*both), POLICIES)
    assert told.state.value == "failed"
    assert "discovery of /apis failed" in (told.detail or "")


def test_a_stale_group_makes_nothing_absent() -> None:
    """[A18]."""

    async def scenario(cluster: SimulatedCluster) -> Reading:
        cluster.faults.append(Fault(Status(503), resource=POLICIES))
        return await read(cluster)

    reading = run([], scenario, stale_groups=frozenset({"networking.k8s.io"}))
    state, detail = only(reading, POLICIES)
    assert (state, "stale" in detail) == ("failed", True)


def test_a_body_that_drips_is_cut_off() -> None:
    """[A19]."""
    began = time.monotonic()
    state, detail = only(
        struck(Fault(SlowBody(20), resource="services"), limits=IMPATIENT), "services"
    )
    assert (state, "too slowly" in detail) == ("failed", True)
    assert time.monotonic() - began < 5


def test_a_large_object_is_read_and_a_larger_one_costs_itself() -> None:
    """[A21]."""
    large = {**SERVICE, "metadata": {"name": "large", "annotations": {"a": "x" * 1_500_000}}}
    larger = {**SERVICE, "metadata": {"name": "larger", "annotations": {"a": "x" * 3_200_000}}}
    reading = struck(objects=[SERVICE, large])
    assert only(reading, "services") == ("complete", "")
    state, detail = only(struck(objects=[SERVICE, large, larger]), "services")
    assert (state, "default/larger" in detail) == ("partial", True)


@pytest.mark.parametrize(
    "action",
    [EndlessBody(), EndlessBody(lying_length=10_000_000_000), GzipBomb(80)],
    ids=["endless", "lying", "bomb"],
)
def test_a_body_without_end_is_cut_off(action: Action) -> None:
    """[A22, A23]: at the cap of a page, decompressed."""
    limits = ApiLimits(silence_seconds=10.0)
    state, detail = only(struck(Fault(action, resource="services"), limits=limits), "services")
    assert (state, "over 67,108,864 bytes" in detail) == ("failed", True)


def test_a_list_without_end_is_cut_off() -> None:
    """[A22]."""
    endless = Body(b'{"kind":"ServiceList","metadata":{"continue":"again"},"items":[]}')
    limits = ApiLimits(max_pages=20)
    state, detail = only(struck(Fault(endless, resource="services"), limits=limits), "services")
    assert (state, "goes on after 20 pages" in detail) == ("failed", True)


GOOD = b'{"metadata":{"name":"good"}}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"kind":"ServiceList","items":[' + GOOD,
        b'{"kind":"ServiceList"}',
        b'{"kind":"ServiceList","items":null}',
        b'{"kind":"ServiceList","items":{}}',
        b'{"kind":"PodList","items":[]}',
        b'{"kind":"Status","status":"Success"}',
        b'{"items":[]}',
        b"[" * 200_000,
        b'{"kind":"ServiceList","items":' + b"[" * 200_000,
        b'{"kind":"ServiceList","metadata":{"continue":5},"items":[]}',
    ],
)
def test_what_is_no_list_is_a_failure_and_never_an_empty_list(content: bytes) -> None:
    """[A24]."""
    state, detail = only(struck(Fault(Body(content), resource="services")), "services")
    assert state == "failed"
    assert detail


@pytest.mark.parametrize(
    "item",
    [
        b"null",
        b"5",
        b"{}",
        b'{"metadata":{"name":"x","labels":[]}}',
        b'{"metadata":{"name":"x"},"spec":5}',
        b'{"metadata":{"name":"x","labels":{"a":"\\ud800"}}}',
        b'{"metadata":{"name":"x","labels":{"a":NaN}}}',
        b'{"metadata":{"name":"x","labels":{"a":"\xff"}}}',
        b'{"metadata":{"name":"x"},"spec":{"ports":[{"port":' + b"9" * 5_000 + b"}]}}",
        b'{"metadata":{"name":"x"},"spec":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    ],
)
def test_a_broken_object_costs_itself(item: bytes) -> None:
    """[A24, A25]."""
    content = b'{"kind":"ServiceList","items":[' + GOOD + b"," + item + b"]}"
    reading = struck(Fault(Body(content), resource="services"))
    state, detail = only(reading, "services")
    assert state in ("partial", "failed"), detail
    if state == "partial":
        assert coverage(reading, "services").count == 1
        assert any("cannot be read" in problem.message for problem in reading.inventory.problems)


def test_many_broken_objects_are_counted_and_not_all_named() -> None:
    items = b",".join([b'{"metadata":{"labels":5}}'] * 500)
    content = b'{"kind":"ServiceList","items":[' + items + b"]}"
    reading = struck(Fault(Body(content), resource="services"))
    assert only(reading, "services")[0] == "partial"
    assert len(reading.inventory.problems) == 11
    assert "490 more services" in reading.inventory.problems[-1].message


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Body(b"<html>", "text/html"), "is no JSON (text/html)"),
        (Status(200, html=True), "is no JSON (text/html)"),
        (Body(b"xx", encoding="br"), "compressed as 'br'"),
        (Body(b"xx", encoding="gzip"), "not the gzip that it says"),
        (Redirect("http://127.0.0.1:1/"), "redirects (HTTP 302)"),
        (Redirect("/api/v1/pods", 307), "redirects (HTTP 307)"),
        (Reset(), "broke the connection off"),
        (Truncate(50), "broke the connection off"),
    ],
)
def test_other_answers_are_named(action: Action, said: str) -> None:
    state, detail = only(struck(Fault(action, resource="services")), "services")
    assert (state, said in detail) == ("failed", True), detail


def test_a_connection_that_breaks_once_is_tried_again() -> None:
    reading = struck(Fault(Reset(), resource="services", times=1))
    assert only(reading, "services") == ("complete", "")


def test_an_empty_list_is_taken_as_it_is_and_left_to_the_memory_to_doubt() -> None:
    """[A02]: the reader cannot know; `reconcile` waits for the next look."""
    reading = struck(Fault(EmptyList(), resource="services"))
    assert only(reading, "services") == ("complete", "")
    assert coverage(reading, "services").count == 0


def test_a_list_that_suddenly_is_empty_closes_nothing_until_it_is_so_again() -> None:
    """[A02]: over a fifth and 50 objects gone at once wait for a second look."""
    doors = [
        {
            **SERVICE,
            "metadata": {"name": f"front-{number}"},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        }
        for number in range(60)
    ]

    async def scenario(cluster: SimulatedCluster) -> list[Changes]:
        rules, at = Rules.of(Configuration()), datetime(2026, 11, 23, tzinfo=UTC)
        known, found = Known(), []
        for number in range(3):
            if number == 1:
                cluster.faults.append(Fault(EmptyList(), resource="services"))
            reading = await read(cluster)
            look = audit(reading.cluster, reading.inventory, rules, at + timedelta(hours=number))
            found.append(reconcile(known, look))
            values = dict(known.values)
            for item in found[-1].assignments:
                values.pop((item.kind, item.key), None)
                if item.value is not None:
                    values[item.kind, item.key] = item.value
            known = Known(
                values=values, incarnation=look.incarnation, rules_version=look.rules_version
            )
        return found

    first, second, third = run(doors, scenario)
    assert first.tally.opened >= 60
    assert second.tally.closed == {}
    assert second.tally.unconfirmed >= 60
    assert third.tally.closed["subject-gone"] >= 60


def test_a_server_that_stops_half_way_is_given_up_soon() -> None:
    """[A29]."""

    async def scenario(cluster: SimulatedCluster) -> Reading:
        cluster.faults.append(Fault(Delay(0.3), verb="list", skip=4))
        task = asyncio.create_task(read(cluster))
        await until(lambda: sum(item.path.count("/") >= 3 for item in cluster.requests) >= 4)
        await cluster.stop()
        return await task

    began = time.monotonic()
    reading = run([SERVICE], scenario)
    found = states(reading)
    assert "complete" in found.values()
    assert "failed" in found.values()
    assert any("given up" in (item.detail or "") for item in reading.inventory.coverage.values())
    assert time.monotonic() - began < 10


def test_the_deadline_of_a_cluster_keeps_what_was_read_and_fails_the_rest() -> None:
    limits = ApiLimits(cluster_seconds=0.8)
    reading = struck(Fault(Delay(2.0), resource="jobs.batch"), limits=limits)
    found = states(reading)
    assert found["services"] == "complete"
    assert found["jobs.batch"] == "failed"
    assert "deadline of 0.8 s" in (coverage(reading, "jobs.batch").detail or "")


def test_a_hundred_readings_leave_nothing_behind() -> None:
    """[A29]: file handles and tasks are those of before."""

    async def scenario() -> None:
        async with Simulator() as simulator:
            cluster = await simulator.add("prod", [SERVICE], tokens=TOKENS)
            cluster.faults.append(Fault(Truncate(20), resource="pods", times=10))
            cluster.faults.append(Fault(Body(b"{"), resource="nodes"))
            await read(cluster)
            await asyncio.sleep(0.1)
            before = (_open_files(), len(asyncio.all_tasks()))
            for _ in range(100):
                await read(cluster)
            await asyncio.sleep(0.3)
            after = (_open_files(), len(asyncio.all_tasks()))
            assert after[0] <= before[0] + 2
            assert after[1] <= before[1] + 2

    asyncio.run(scenario())


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
