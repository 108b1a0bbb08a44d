"""Client certificates: whose they are, and what else is shown beside them."""

import asyncio
import ssl

import aiohttp
import pytest
import trustme

from auditor.simulator.fleet import Simulator
from tests.simulator.raw import NOBODY, READER, TOKENS, Client, trusting

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def who(
    leaf: trustme.LeafCert | None, token: str | None, client_ca: trustme.CA | None
) -> tuple[str, list[str]]:
    """Ask a server who it takes us for."""

    async def whole() -> tuple[str, list[str]]:
        async with Simulator() as simulator:
            cluster = await simulator.add("prod", [], tokens=TOKENS, client_ca=client_ca)
            context: ssl.SSLContext = trusting(cluster)
            if leaf is not None:
                leaf.configure_cert(context)
            connector = aiohttp.TCPConnector(ssl=context)
            async with aiohttp.ClientSession(connector=connector) as session:
                got = await Client(cluster, session).ask(REVIEW, token, method="POST", body={})
            if got.status != 201:
                return str(got.status), []
            info = got.json["status"]["userInfo"]
            return info["username"], info["groups"]

    return asyncio.run(whole())


AUTHORITY = trustme.CA()


def leaf_of(name: str, group: str, authority: trustme.CA = AUTHORITY) -> trustme.LeafCert:
    return authority.issue_cert("unused", common_name=name, organization_name=group)


def test_the_common_name_finds_an_identity_with_its_groups() -> None:
    known = ("auditor", ["auditors", "system:authenticated"])
    assert who(leaf_of("auditor", "other"), None, AUTHORITY) == known


def test_a_name_that_nobody_has_is_a_user_in_the_certificates_group() -> None:
    stranger = ("stranger", ["builders", "system:authenticated"])
    assert who(leaf_of("stranger", "builders"), None, AUTHORITY) == stranger


@pytest.mark.parametrize("token", [NOBODY, "wrong"])
def test_a_certificate_comes_before_a_token(token: str) -> None:
    assert who(leaf_of("auditor", "x"), token, AUTHORITY)[0] == "auditor"


def test_a_server_that_takes_certificates_takes_tokens_too() -> None:
    assert who(None, READER, AUTHORITY)[0] == "auditor"
    assert who(None, "wrong", AUTHORITY) == ("401", [])
    assert who(None, None, AUTHORITY) == ("403", [])


def test_a_server_that_takes_none_does_not_ask_for_one() -> None:
    assert who(leaf_of("auditor", "x"), None, None) == ("403", [])


def test_a_certificate_of_another_authority_ends_the_connection() -> None:
    """A real server answers 401: docs/simulator.md."""
    with pytest.raises(aiohttp.ClientError):
        who(leaf_of("auditor", "x", trustme.CA()), None, AUTHORITY)
