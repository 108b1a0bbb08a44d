"""Where an audit never connects to, whatever a cluster's server is called.

Link-local addresses hold the metadata services of the clouds and no API server. A name may resolve
to one later (DNS rebinding), so every address is looked at just before the connection.
"""

import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from auditor.collector.api.errors import NoAnswerError
from auditor.model.addresses import (
    LINK_LOCAL_ADDRESSES,
    LOOPBACK_ADDRESSES,
    AddressSet,
    normal_address,
)

_NO_SERVER = LINK_LOCAL_ADDRESSES | AddressSet.of(["fd00:ec2::254/128"])
"""Link-local, and the metadata service of EC2 over IPv6, which is a unique local address."""


def refuse_address(host: str, address: str, *, may_be_loopback: bool) -> None:
    """Refuse an address that no API server has; IPv6 that carries IPv4 counts as that.

    Raises:
        NoAnswerError: it is link-local, a metadata service, or a loopback that must not be.
    """
    bare = address.partition("%")[0]
    if bare in _NO_SERVER:
        raise NoAnswerError(f"{host} is the link-local address {bare}: no API server is there")
    if bare in LOOPBACK_ADDRESSES and not may_be_loopback:
        message = f"{host} resolves to the loopback {bare}, and the connection is not verified"
        raise NoAnswerError(message)


def refuse_literal(host: str) -> None:
    """Refuse an address that stands in a URL; a name is looked at when it is resolved.

    Raises:
        NoAnswerError: no API server has it.
    """
    if normal_address(host.partition("%")[0]) is not None:
        refuse_address(host, host, may_be_loopback=True)


class GuardedResolver(AbstractResolver):
    """Resolves names by the system and refuses what no API server has."""

    def __init__(self, *, is_verified: bool) -> None:
        """Refuse loopback too where the server does not prove who it is."""
        self._inner = ThreadedResolver()
        self._is_verified = is_verified

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve a name.

        Raises:
            NoAnswerError: it leads to where no API server is.
        """
        found = await self._inner.resolve(host, port, family)
        for result in found:
            may = self._is_verified or host == "localhost"
            refuse_address(host, result["host"], may_be_loopback=may)
        return found

    async def close(self) -> None:
        """Release what the system's resolver holds."""
        await self._inner.close()
