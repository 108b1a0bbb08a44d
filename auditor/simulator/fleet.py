"""A fleet of simulated API servers in one process, each on a loopback port of its own."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import trustme
from aiohttp import web

from auditor.simulator.answering import Answering
from auditor.simulator.faults import Fault
from auditor.simulator.groups import Groups
from auditor.simulator.identities import Identity
from auditor.simulator.objects import Objects
from auditor.simulator.recorder import RecordedRequest
from auditor.simulator.server import ApiServer
from auditor.simulator.version import Version

HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 0.1
"""For answers that are under way when a server stops; whatever waits is woken and hangs up."""


class SimulatedCluster:
    """One cluster of the fleet."""

    def __init__(
        self, name: str, objects: Objects, server: ApiServer, runner: web.AppRunner, ca_pem: bytes
    ) -> None:
        """Join what makes a cluster; `Simulator.add` does it."""
        self.name = name
        self.ca_pem = ca_pem
        self.url = ""
        self._objects = objects
        self._server = server
        self._runner = runner
        self._listening: asyncio.Server | None = None
        self._accepting: set[asyncio.Task[Any]] = set()

    @property
    def faults(self) -> list[Fault]:
        """The faults; the first that strikes a request wins."""
        return self._server.faults

    @property
    def requests(self) -> list[RecordedRequest]:
        """What was asked so far, in the order in which it came."""
        return self._server.requests

    @property
    def resource_version(self) -> int:
        """The version of the newest change."""
        return self._objects.version

    def apply(self, item: Mapping[str, Any]) -> None:
        """Create or replace an object.

        Raises:
            ValueError: it has no name, or defines a custom resource in a way that cannot be read.
        """
        self._objects.apply(item)

    def remove(self, kind: str, namespace: str | None, name: str) -> None:
        """Remove an object by its kind, or `Kind.group` where two groups have one.

        Raises:
            KeyError: it is not there.
        """
        self._objects.remove(kind, namespace, name)

    def expire_continue_tokens(self) -> None:
        """Let every token that was given out until now answer 410, as compaction does."""
        self._objects.forget_lists()

    def replace(self) -> None:
        """Create the cluster again: the same objects with other uids."""
        self._objects.replace_all()

    async def listen(self, port: int, context: ssl.SSLContext | None) -> None:
        """Begin to listen; port 0 takes a free one."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._accept, HOST, port, ssl=context)
        taken = self._listening.sockets[0].getsockname()[1]
        self.url = f"{'https' if context else 'http'}://{HOST}:{taken}"

    async def stop(self) -> None:
        """Close the port and every connection; from now on it is refused."""
        self._server.stopped.set()
        if self._listening is not None:
            self._listening.close()
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        served = self._runner.server
        handlers = served.connections if isinstance(served, web.Server) else []
        transports = [handler.transport for handler in handlers]
        await self._runner.cleanup()
        for transport in transports:
            # One whose client does not read would wait for it, longer than the loop lives.
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        await asyncio.sleep(0)

    def _accept(self) -> asyncio.BaseProtocol:
        """Begin a connection, and keep the loop's task of it while TLS is not agreed yet.

        Closing a server does not end that: a client that says nothing would outlive it.
        """
        task = asyncio.current_task()
        if task is not None:
            self._accepting.add(task)
            task.add_done_callback(self._accepting.discard)
        if self._runner.server is None:
            raise ConnectionAbortedError
        return self._runner.server()


class Simulator:
    """The fleet; use it with `async with`."""

    def __init__(self) -> None:
        """Start with no cluster and an authority that signs their certificates."""
        self._authority: trustme.CA | None = None
        self._clusters: list[SimulatedCluster] = []

    async def __aenter__(self) -> "Simulator":
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(cluster.stop() for cluster in self._clusters))

    @property
    def clusters(self) -> tuple[SimulatedCluster, ...]:
        """The clusters that were added, stopped ones too."""
        return tuple(self._clusters)

    @property
    def authority(self) -> trustme.CA:
        """The authority that signs the servers' certificates."""
        if self._authority is None:
            self._authority = trustme.CA()
        return self._authority

    async def add(  # noqa: PLR0913 - each is one property of a cluster
        self,
        name: str,
        objects: Iterable[Mapping[str, Any]],
        *,
        version: str = "v1.33.1",
        tls: bool = True,
        tokens: Mapping[str, Identity] | None = None,
        anonymous: Identity | None = Identity.anonymous(),  # noqa: B008 - a frozen value
        client_ca: trustme.CA | None = None,
        certificate: trustme.LeafCert | None = None,
        page_limit: int | None = None,
        not_served: frozenset[str] = frozenset(),
        stale_groups: frozenset[str] = frozenset(),
        latency: float = 0.0,
        port: int = 0,
        resource_version: int = 0,
    ) -> SimulatedCluster:
        """Start a server that has these objects.

        Args:
            name: the cluster's; uids follow from it.
            objects: as manifests have them, or as a server gave them.
            version: what `/version` says; discovery and warnings follow from it.
            tls: else plain HTTP.
            tokens: who may ask, by bearer token; a client certificate's name finds them too.
            anonymous: who shows no credentials; None lets nobody in without.
            client_ca: whose client certificates are accepted.
            certificate: shown in place of one of the fleet's authority for 127.0.0.1, localhost.
            page_limit: the most objects of a page, where pages are asked for.
            not_served: API groups that this server lacks, or versions of them as `group/version`.
            stale_groups: API groups whose aggregated discovery is stale.
            latency: seconds before every answer.
            port: 0 takes a free one.
            resource_version: of the newest change so far, at least.

        Raises:
            ValueError: an object has no name, or the version is none.
            OSError: the port is taken.
        """
        groups = Groups(not_served, stale_groups)
        stored = Objects(name, groups, objects, resource_version)
        answering = Answering(stored, groups, Version(version), page_limit)
        server = ApiServer(
            answering,
            groups,
            {} if tokens is None else tokens,
            anonymous=anonymous,
            latency=latency,
        )
        runner = web.AppRunner(
            server.application(),
            access_log=None,
            # A client that goes ends its request, or a stalled one would be held for ever.
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        ca_pem = self.authority.cert_pem.bytes() if tls else b""
        cluster = SimulatedCluster(name, stored, server, runner, ca_pem)
        self._clusters.append(cluster)
        context = self._tls(certificate, client_ca) if tls else None
        await cluster.listen(port, context)
        return cluster

    def _tls(
        self, certificate: trustme.LeafCert | None, client_ca: trustme.CA | None
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        shown = certificate or self.authority.issue_cert(HOST, "localhost")
        shown.configure_cert(context)
        if client_ca is not None:
            client_ca.configure_trust(context)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context
