"""A fleet of simulated API servers in one process, each on a loopback port of its own."""

import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import trustme
from aiohttp import web

from auditor.simulator.faults import Fault
from auditor.simulator.groups import Groups
from auditor.simulator.identities import Identity
from auditor.simulator.objects import Objects
from auditor.simulator.recorder import RecordedRequest
from auditor.simulator.server import ApiServer

HOST = "127.0.0.1"


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

    @property
    def faults(self) -> list[Fault]:
        """The faults; the first that strikes a request wins."""
        return self._server.faults

    @property
    def requests(self) -> list[RecordedRequest]:
        """What was asked so far, in the order of the answers."""
        return self._server.requests

    @property
    def resource_version(self) -> int:
        """The version of the newest change."""
        return self._objects.version

    def apply(self, item: Mapping[str, Any]) -> None:
        """Create or replace an object."""
        self._objects.apply(item)

    def remove(self, kind: str, namespace: str | None, name: str) -> None:
        """Remove an object.

        Raises:
            KeyError: it is not there.
        """
        self._objects.remove(kind, namespace, name)

    def expire_continue_tokens(self) -> None:
        """Let every token that was given out until now answer 410."""
        self._objects.forget_lists()

    def replace(self) -> None:
        """Create the cluster again: the same objects with other uids."""
        self._objects.replace_all()

    async def listen(self, port: int, context: ssl.SSLContext | None) -> None:
        """Begin to listen; port 0 takes a free one."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port, ssl_context=context)
        await site.start()
        taken = self._runner.addresses[0][1]
        self.url = f"{'https' if context else 'http'}://{HOST}:{taken}"

    async def stop(self) -> None:
        """Close the port and every connection; from now on it is refused."""
        self._server.stopped.set()
        await self._runner.cleanup()


class Simulator:
    """The fleet; use it with `async with`."""

    def __init__(self) -> None:
        """Start with no cluster and an authority that signs their certificates."""
        self._authority: trustme.CA | None = None
        self._clusters: list[SimulatedCluster] = []

    async def __aenter__(self) -> "Simulator":
        return self

    async def __aexit__(self, *_: object) -> None:
        for cluster in self._clusters:
            await cluster.stop()

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
        client_ca: trustme.CA | None = None,
        certificate: trustme.LeafCert | None = None,
        page_limit: int | None = None,
        not_served: frozenset[str] = frozenset(),
        stale_groups: frozenset[str] = frozenset(),
        latency: float = 0.0,
        port: int = 0,
    ) -> SimulatedCluster:
        """Start a server that has these objects.

        Args:
            name: the cluster's; uids follow from it.
            objects: as manifests have them.
            version: what `/version` says.
            tls: else plain HTTP.
            tokens: who may ask, by bearer token; a client certificate's name finds them too.
            client_ca: whose client certificates are accepted.
            certificate: shown in place of one of the fleet's authority for 127.0.0.1, localhost.
            page_limit: objects of a page, whatever is asked for.
            not_served: API groups that this server lacks.
            stale_groups: API groups whose aggregated discovery is stale.
            latency: seconds before every answer.
            port: 0 takes a free one.
        """
        groups = Groups(not_served, stale_groups)
        stored = Objects(name, groups, objects)
        server = ApiServer(
            stored, groups, tokens or {}, version=version, page_limit=page_limit, latency=latency
        )
        application = web.Application(client_max_size=1024 * 1024)
        application.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(
            application,
            access_log=None,
            # A client that goes ends its request, or a stalled one would be held for ever.
            handler_cancellation=True,
            shutdown_timeout=0.1,
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
