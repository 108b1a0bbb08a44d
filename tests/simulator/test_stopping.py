"""Nothing of a simulated fleet outlives it, whatever its clients are doing."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from auditor.simulator.faults import (
    Action,
    Delay,
    EndlessBody,
    Fault,
    SlowBody,
    Stall,
)
from auditor.simulator.fleet import SimulatedCluster, Simulator
from tests.simulator.raw import ADMINISTRATOR, TOKENS, pods, trusting

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LIST = (
    f"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMINISTRATOR}\r\n\r\n"
).encode()
HALF_A_REQUEST = b"GET /api/v1/pods HTT"
HALF_A_BODY = b"POST /api/v1/pods HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
PATIENCE = 3.0
"""Seconds; a fleet stops in a fraction of one."""


def port_of(cluster: SimulatedCluster) -> int:
    return int(cluster.url.rpartition(":")[2])


async def connect(cluster: SimulatedCluster, *, tls: bool) -> Streams:
    context = trusting(cluster) if tls else None
    return await asyncio.open_connection("127.0.0.1", port_of(cluster), ssl=context)


async def is_refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    await hang_up(writer)
    return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the server has no event for what clients see
            await asyncio.sleep(0.01)


async def hang_up(*writers: asyncio.StreamWriter) -> None:
    """Close clients' ends, whatever is left to send, and let the loop notice."""
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0.01)


def leaves_nothing(
    meddle: Callable[[SimulatedCluster], Awaitable[list[Streams]]], *, tls: bool = False
) -> None:
    """Start a fleet of two, let clients meddle with one, leave, and look at what is left."""

    async def whole() -> None:
        threads = set(threading.enumerate())
        async with asyncio.timeout(PATIENCE), Simulator() as simulator:
            cluster = await simulator.add("prod", pods(100), tokens=TOKENS, tls=tls)
            other = await simulator.add("other", pods(1), tokens=TOKENS, tls=tls)
            streams = await meddle(cluster)
            ports = [port_of(cluster), port_of(other)]
        # Clients are still connected here: the server has gone without them.
        own = {asyncio.current_task()}
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == own
        assert set(threading.enumerate()) == threads
        assert [await is_refused(port) for port in ports] == [True, True]
        await hang_up(*(writer for _, writer in streams))

    asyncio.run(whole())


@pytest.mark.parametrize("tls", [False, True])
def test_a_fleet_that_was_never_asked(tls: bool) -> None:
    async def meddle(_: SimulatedCluster) -> list[Streams]:
        return []

    leaves_nothing(meddle, tls=tls)


@pytest.mark.parametrize("tls", [False, True])
def test_a_client_that_keeps_its_connection_alive(tls: bool) -> None:
    async def meddle(cluster: SimulatedCluster) -> list[Streams]:
        streams = await connect(cluster, tls=tls)
        streams[1].write(LIST)
        await streams[0].readuntil(b"]}")
        return [streams]

    leaves_nothing(meddle, tls=tls)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "sent", [b"", HALF_A_REQUEST, HALF_A_BODY], ids=["nothing", "half-a-head", "half-a-body"]
)
def test_a_client_that_never_finishes_its_request(sent: bytes, tls: bool) -> None:
    async def meddle(cluster: SimulatedCluster) -> list[Streams]:
        streams = await connect(cluster, tls=tls)
        streams[1].write(sent)
        await asyncio.sleep(0.05)
        return [streams]

    leaves_nothing(meddle, tls=tls)


def test_a_client_that_never_begins_the_tls_handshake() -> None:
    async def meddle(cluster: SimulatedCluster) -> list[Streams]:
        streams = await connect(cluster, tls=False)
        await asyncio.sleep(0.05)
        return [streams]

    leaves_nothing(meddle, tls=True)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "action",
    [Stall(), Stall(100), SlowBody(10), Delay(60), EndlessBody(), EndlessBody(lying_length=9)],
    ids=["silent", "silent-later", "slow", "late", "endless", "endless-with-a-length"],
)
def test_a_client_that_is_held_by_a_fault(action: Action, tls: bool) -> None:
    async def meddle(cluster: SimulatedCluster) -> list[Streams]:
        cluster.faults.append(Fault(action))
        # The second reads nothing: the server waits for it to take what it wrote.
        held = [await connect(cluster, tls=tls) for _ in range(2)]
        for _, writer in held:
            writer.write(LIST)
        await until(lambda: len(cluster.requests) == len(held))
        await asyncio.sleep(0.1)
        return held

    leaves_nothing(meddle, tls=tls)


def test_a_client_that_waits_out_a_latency_is_let_go() -> None:
    async def whole() -> None:
        async with asyncio.timeout(PATIENCE):
            async with Simulator() as simulator:
                cluster = await simulator.add("prod", [], tokens=TOKENS, tls=False, latency=60)
                _, writer = await connect(cluster, tls=False)
                writer.write(LIST)
                await until(lambda: bool(cluster.requests))
            assert asyncio.all_tasks() == {asyncio.current_task()}
            await hang_up(writer)

    asyncio.run(whole())


@pytest.mark.parametrize("tls", [False, True])
def test_a_client_that_hangs_up_ends_its_request(tls: bool) -> None:
    """A stalled answer is not held for a client that has gone."""

    async def whole() -> None:
        async with Simulator() as simulator:
            cluster = await simulator.add("prod", pods(9), tokens=TOKENS, tls=tls)
            cluster.faults.append(Fault(Stall(10)))
            before = asyncio.all_tasks()
            _, writer = await connect(cluster, tls=tls)
            writer.write(LIST)
            await until(lambda: bool(cluster.requests))
            assert asyncio.all_tasks() > before
            await hang_up(writer)
            await until(lambda: asyncio.all_tasks() == before)

    asyncio.run(whole())


@pytest.mark.parametrize("tls", [False, True])
def test_a_stopped_cluster_refuses_and_the_others_go_on(tls: bool) -> None:
    async def whole() -> None:
        async with Simulator() as simulator, aiohttp.ClientSession() as session:
            first = await simulator.add("first", pods(1), tokens=TOKENS, tls=tls)
            second = await simulator.add("second", pods(1), tokens=TOKENS, tls=tls)
            context: ssl.SSLContext | bool = trusting(second) if tls else True
            async with session.get(f"{first.url}/healthz", ssl=context) as answer:
                assert answer.status == 200
            await first.stop()
            with pytest.raises(aiohttp.ClientConnectorError) as caught:
                await session.get(f"{first.url}/healthz", ssl=context)
            assert isinstance(caught.value.os_error, ConnectionRefusedError)
            async with session.get(f"{second.url}/healthz", ssl=context) as answer:
                assert answer.status == 200
            # Leaving the fleet stops it a second time, which does no harm.

    asyncio.run(whole())


def test_a_fleet_whose_scenario_fails_is_stopped_too() -> None:
    ports: list[int] = []

    async def whole() -> None:
        async with Simulator() as simulator:
            ports.append(port_of(await simulator.add("prod", [], tls=False)))
            raise LookupError

    async def failed() -> None:
        with pytest.raises(LookupError):
            await whole()
        assert await is_refused(ports[0])
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(failed())
