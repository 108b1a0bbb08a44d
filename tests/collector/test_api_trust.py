"""Whom an audit trusts, where it never connects to, and what of the environment it ignores."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import ThreadedResolver
from aiohttp.abc import ResolveResult

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.collector.api import addresses
from auditor.collector.reading import Reading
from auditor.model.cluster import Credential, SourceError
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration
from auditor.simulator.faults import Fault, Redirect
from auditor.simulator.fleet import SimulatedCluster, Simulator
from tests.collector.live import QUICK, TOKENS, Token, read, run, states

NOW = datetime.now(UTC)


def failure(reading: Reading) -> str:
    """Give why nothing could be read, after making sure that nothing was."""
    assert set(states(reading).values()) == {"failed"}
    connection = reading.inventory.connection
    assert connection is not None
    return connection.failure or ""


def _served_with(leaf: trustme.LeafCert, ca: trustme.CA, **changes: Any) -> Reading:
    async def scenario() -> Reading:
        async with Simulator() as simulator:
            cluster = await simulator.add("prod", [], tokens=TOKENS, certificate=leaf)
            return await read(cluster, QUICK, ca=ca.cert_pem.bytes(), **changes)

    return asyncio.run(scenario())


def test_an_expired_certificate_is_not_trusted() -> None:
    """[A26]."""
    ca = trustme.CA()
    leaf = ca.issue_cert("127.0.0.1", not_after=NOW - timedelta(days=1))
    assert "certificate has expired" in failure(_served_with(leaf, ca))


def test_a_certificate_for_another_name_is_not_trusted_unless_the_name_is_given() -> None:
    """[A26]: and `tls-server-name` says which name to expect."""
    ca = trustme.CA()
    leaf = ca.issue_cert("kube.example.com")
    assert "not trusted" in failure(_served_with(leaf, ca))
    named = _served_with(leaf, ca, server_name="kube.example.com")
    assert set(states(named).values()) == {"complete"}


def test_a_certificate_of_another_authority_is_not_trusted() -> None:
    """[A26]."""
    leaf = trustme.CA().issue_cert("127.0.0.1")
    assert "not trusted" in failure(_served_with(leaf, trustme.CA()))


def test_a_certificate_that_expires_within_a_week_is_remarked_on() -> None:
    """[A26]."""
    ca = trustme.CA()
    leaf = ca.issue_cert("127.0.0.1", not_after=NOW + timedelta(days=3))
    reading = _served_with(leaf, ca)
    (remark,) = reading.inventory.problems
    assert "expires on" in remark.message
    assert not remark.is_shortfall


def test_a_connection_that_is_not_verified_works_and_is_a_finding() -> None:
    """[A26]."""
    leaf = trustme.CA().issue_cert("kube.example.com")
    reading = _served_with(leaf, trustme.CA(), verify=False)
    assert set(states(reading).values()) == {"complete"}
    found = audit(reading.cluster, reading.inventory, Rules.of(Configuration()), NOW)
    (finding,) = (f for f in found.findings if f.check == "cluster-connection-unverified")
    assert finding.verdict is Verdict.FAIL
    assert finding.evidence[1].value == "insecure-skip-tls-verify is set"


def test_plain_http_works_and_is_a_finding() -> None:
    reading = run([], read, tls=False)
    assert set(states(reading).values()) == {"complete"}
    found = audit(reading.cluster, reading.inventory, Rules.of(Configuration()), NOW)
    (finding,) = (f for f in found.findings if f.check == "cluster-connection-unverified")
    assert finding.evidence[1].value == "the server is spoken to in plain HTTP"


def test_an_authority_that_is_no_certificate_is_said() -> None:
    reading = run([], lambda cluster: read(cluster, ca=b"nonsense"))
    assert "no PEM certificate" in failure(reading)


def test_a_client_certificate_that_is_none_is_said() -> None:
    class Broken:
        async def credential(self, *, renew: bool) -> Credential:
            return Credential(certificate=b"nonsense", key=b"nonsense")

    reading = run([], lambda cluster: read(cluster, credentials=Broken()))
    assert "client certificate cannot be used" in failure(reading)


def test_no_credential_is_said_in_the_connectors_words() -> None:
    class Failing:
        async def credential(self, *, renew: bool) -> Credential:
            raise SourceError("exec: aws failed with code 255: the token expired")

    reading = run([], lambda cluster: read(cluster, credentials=Failing()))
    assert failure(reading) == "exec: aws failed with code 255: the token expired"


class Canary:
    """A listener that must not be reached."""

    def __init__(self) -> None:
        self.hits = 0
        self.port = 0


@asynccontextmanager
async def _canary() -> AsyncIterator[Canary]:
    canary = Canary()

    async def hit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        canary.hits += 1
        writer.close()

    server = await asyncio.start_server(hit, "127.0.0.1", 0)
    canary.port = server.sockets[0].getsockname()[1]
    try:
        yield canary
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(code: int) -> None:
    """[C07]: nor does the token go anywhere."""

    async def scenario(cluster: SimulatedCluster) -> tuple[Reading, int]:
        async with _canary() as canary:
            target = Redirect(f"http://127.0.0.1:{canary.port}/", code)
            cluster.faults.append(Fault(target))
            return await read(cluster), canary.hits

    reading, hits = run([], scenario)
    assert hits == 0
    assert "never followed" in failure(reading)


@pytest.mark.parametrize(
    "server",
    [
        "https://169.254.169.254",
        "http://169.254.169.254/latest",
        "https://[fe80::1]",
        "https://[fd00:ec2::254]",
        "https://[::ffff:169.254.169.254]",
        "https://[64:ff9b::a9fe:a9fe]",
        "http://2852039166",
        "http://0xa9fea9fe",
        "http://169.254.43518",
    ],
)
def test_metadata_services_and_link_local_addresses_are_refused_before_a_connection(
    server: str,
) -> None:
    """[C06, A27]: in whatever spelling."""
    reading = run([], lambda cluster: read(cluster, server=server))
    said = failure(reading)
    assert "link-local" in said or "is no address" in said


class Rebound(ThreadedResolver):
    """A resolver whose answer a hostile name server chose."""

    address = "127.0.0.1"

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return await super().resolve(self.address, port, family)


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Rebound]]:
    monkeypatch.setattr(addresses, "ThreadedResolver", Rebound)
    yield Rebound
    Rebound.address = "127.0.0.1"


def test_a_name_that_is_rebound_is_refused_where_nothing_is_verified(
    rebound: type[Rebound],
) -> None:
    """[A27]: the canary is never reached."""

    async def scenario(cluster: SimulatedCluster) -> tuple[Reading, Reading, int]:
        async with _canary() as canary:
            server = f"http://kube.example.com:{canary.port}"
            loopback = await read(cluster, server=server)
            rebound.address = "169.254.169.254"
            return loopback, await read(cluster, server=server), canary.hits

    loopback, metadata, hits = run([], scenario)
    assert hits == 0
    assert "resolves to the loopback" in failure(loopback)
    assert "link-local" in failure(metadata)


def test_a_name_that_does_not_resolve_is_said() -> None:
    """[A27]."""
    reading = run([], lambda cluster: read(cluster, server="https://nowhere.invalid:6443"))
    assert failure(reading) == "the name nowhere.invalid cannot be resolved"


def test_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """[C09]: proxies, .netrc and authorities of the environment."""

    async def scenario() -> tuple[Reading, Reading, int, list[str | None]]:
        async with _canary() as canary, Simulator() as simulator:
            proxy = f"http://127.0.0.1:{canary.port}"
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy)
                monkeypatch.setenv(name.lower(), proxy)
            netrc = tmp_path / "netrc"
            netrc.write_text("machine 127.0.0.1 login canary password canary\n")
            netrc.chmod(0o600)
            monkeypatch.setenv("NETRC", str(netrc))
            authority = tmp_path / "ca.pem"
            authority.write_bytes(simulator.authority.cert_pem.bytes())
            monkeypatch.setenv("SSL_CERT_FILE", str(authority))
            cluster = await simulator.add("prod", [], tokens=TOKENS)
            trusted = await read(cluster)
            without_ca = await read(cluster, ca=None)
            return trusted, without_ca, canary.hits, [item.identity for item in cluster.requests]

    trusted, without_ca, hits, identities = asyncio.run(scenario())
    assert hits == 0
    assert set(states(trusted).values()) == {"complete"}
    assert set(identities) == {"auditor"}
    assert "not trusted" in failure(without_ca)
    assert "SSL_CERT_FILE" in os.environ


@pytest.mark.parametrize(
    ("server", "token"),
    [
        ("https://127.0.0.1:1", "CANARY\nx"),
        ("https://127.0.0.1:1", "CANARY\0"),
        ("https://a..b", "CANARY"),
        ("https://host\\CANARY", "CANARY"),
    ],
)
def test_what_cannot_be_written_in_http_is_said_without_the_credential(
    server: str, token: str
) -> None:
    """[C18]."""
    reading = run([], lambda cluster: read(cluster, server=server, credentials=Token(token)))
    assert failure(reading)
    assert "CANARY" not in failure(reading)
