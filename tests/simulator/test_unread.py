"""A client that asks for much and reads nothing holds no server back from stopping."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from auditor.simulator.faults import EndlessBody, Fault
from auditor.simulator.fleet import Simulator
from tests.simulator.raw import ADMINISTRATOR, TOKENS, trusting

_DESCRIPTORS = 256
"""More than a test has open."""
LIST = f"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMINISTRATOR}\r\n\r\n"


def own_ports() -> Iterator[int]:
    """Give the local ports of all sockets of this process."""
    for number in range(_DESCRIPTORS):
        with suppress(OSError), socket.socket(fileno=os.dup(number)) as found:
            name = found.getsockname()
            if isinstance(name, tuple):
                yield name[1]


@pytest.mark.parametrize("tls", [False, True])
def test_what_nobody_reads_ends_with_the_server(tls: bool) -> None:
    async def scenario() -> None:
        async with Simulator() as simulator:
            cluster = await simulator.add("prod", [], tokens=TOKENS, tls=tls)
            cluster.faults.append(Fault(EndlessBody()))
            port = int(cluster.url.rpartition(":")[2])
            context = trusting(cluster) if tls else None
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context, limit=1024
            )
            writer.write(LIST.encode())
            await reader.readline()
            assert port in own_ports()
            # Long enough to fill every buffer on the way.
            await asyncio.sleep(0.5)
        assert port not in own_ports()
        writer.transport.abort()
        await asyncio.sleep(0)

    asyncio.run(scenario())
