"""Tokens for clusters: signed here, taken there, renewed in time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.model.cluster import Api, Cluster, SourceError
from connectors.aws import tokens
from connectors.aws.options import AwsOptions
from tests.connectors.aws.conftest import Play, list_clusters
from tests.connectors.aws.fake import OWN_ACCOUNT, OWN_SECRET, REGION, FakeAws, Fault
from tests.connectors.aws.verifying import TokenRefusedError, verified

HERE = AwsOptions(regions=(REGION,), requests_per_second=100)
LIFETIME = timedelta(minutes=15)


async def token_of(cluster: Cluster, *, renew: bool = False) -> str:
    assert isinstance(cluster.access, Api)
    token = (await cluster.access.credentials.credential(renew=renew)).token
    assert token is not None
    return token


async def the_cluster(options: AwsOptions = HERE) -> Cluster:
    (cluster,) = (await list_clusters(options)).clusters.values()
    return cluster


def test_a_cluster_takes_our_tokens_and_another_does_not(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod")
        token = await token_of(await the_cluster())
        assert verified(token, "prod", aws.secrets, LIFETIME) == OWN_ACCOUNT
        with pytest.raises(TokenRefusedError, match="signature"):
            verified(token, "test", aws.secrets, LIFETIME)
        assert OWN_SECRET not in token

    play(scenario)


def test_the_role_of_the_account_signs(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        account = "210987654321"
        aws.add_cluster("prod", account=account)
        role = "arn:aws:iam::*:role/exposure-auditor"
        cluster = await the_cluster(AwsOptions(role=role, accounts=(account,), regions=(REGION,)))
        token = await token_of(cluster)
        assert verified(token, "prod", aws.secrets, LIFETIME) == account

    play(scenario)


def test_a_local_cluster_on_outposts_is_known_by_its_id(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("edge", outpostConfig={"outpostArns": ["arn:aws:outposts:x"]}, id="uid-1")
        token = await token_of(await the_cluster())
        assert verified(token, "uid-1", aws.secrets, LIFETIME) == OWN_ACCOUNT

    play(scenario)


def test_a_token_is_kept_and_renewed_before_it_ends(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod")
        cluster = await the_cluster()
        now = [1000.0]
        monkeypatch.setattr("connectors.aws.tokens.time.monotonic", lambda: now[0])
        made: list[str] = []

        def make(provider: tokens.EksTokens) -> str:
            made.append(f"token-{len(made)}")
            return made[-1]

        monkeypatch.setattr(tokens.EksTokens, "_make", make)
        asked = [await token_of(cluster) for _ in range(3)]
        now[0] += tokens.RENEW_AFTER_SECONDS - 1
        asked.append(await token_of(cluster))
        assert asked == ["token-0"] * 4
        now[0] += 2
        assert await token_of(cluster) == "token-1"
        # One that was refused is never shown again.
        assert await token_of(cluster, renew=True) == "token-2"

    play(scenario)


def test_many_that_ask_at_once_make_one_token(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod")
        cluster = await the_cluster()
        made: list[str] = []
        original = tokens.EksTokens._make

        def make(provider: tokens.EksTokens) -> str:
            made.append(original(provider))
            return made[-1]

        monkeypatch.setattr(tokens.EksTokens, "_make", make)
        found = await asyncio.gather(*(token_of(cluster) for _ in range(10)))
        assert len(set(found)) == len(made) == 1

    play(scenario)


def test_a_role_that_is_taken_away_later_is_an_error_with_its_name(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        account = "210987654321"
        aws.add_cluster("prod", account=account)
        role = f"arn:aws:iam::{account}:role/exposure-auditor"
        cluster = await the_cluster(AwsOptions(role=role, regions=(REGION,)))
        assert isinstance(cluster.access, Api)
        provider: Any = cluster.access.credentials
        # As an hour later: the role's credentials have ended.
        credentials = provider._session._credentials  # noqa: SLF001 - its clock is not ours
        credentials._expiry_time = datetime.now(UTC) - timedelta(seconds=1)  # noqa: SLF001
        credentials._refresh_using.__self__._cache.clear()  # noqa: SLF001
        aws.faults.append(Fault(action="sts:AssumeRole", code="AccessDenied", message="no more"))
        with pytest.raises(SourceError) as caught:
            await provider.credential(renew=False)
        assert str(caught.value) == (
            f"no token for the cluster: sts:AssumeRole on {role} is denied: no more"
        )

    play(scenario)
