"""Tokens: kept, renewed early, shared by the clusters of an identity."""

import asyncio
from pathlib import Path

import pytest

from auditor.model.cluster import Credential, SourceError
from connectors.google.credentials import find_identity
from connectors.google.options import GoogleOptions
from connectors.google.tokens import RENEW_BEFORE, GkeTokens, Tokens
from tests.connectors.google.clusters import cluster
from tests.connectors.google.conftest import List
from tests.connectors.google.fake import PLANTED, Running


@pytest.fixture
def tokens(fake: Running, tmp_path: Path) -> Tokens:
    fake.write_key(tmp_path / "key.json")
    options = GoogleOptions(credentials_file="key.json")
    return Tokens(find_identity(options, tmp_path, unattended=True).credentials)


def ask(provider: GkeTokens, *, renew: bool = False) -> str:
    found: Credential = asyncio.run(provider.credential(renew=renew))
    return (found.token or "").removeprefix(f"{PLANTED}.")


def test_a_token_is_kept_for_all_clusters(fake: Running, tokens: Tokens) -> None:
    clusters = [GkeTokens(tokens) for _ in range(3)]
    assert [ask(it) for it in clusters * 2] == ["1"] * 6
    assert len(fake.google.given) == 1


@pytest.mark.parametrize(("spare", "expected"), [(30, ["1", "1"]), (-5, ["1", "2"])])
def test_a_token_is_renewed_before_it_ends(
    fake: Running, tokens: Tokens, spare: int, expected: list[str]
) -> None:
    fake.google.lifetime = int(RENEW_BEFORE.total_seconds()) + spare
    one = GkeTokens(tokens)
    assert [ask(one), ask(one)] == expected


def test_a_token_that_is_refused_is_renewed_once_for_all(fake: Running, tokens: Tokens) -> None:
    one, other, late = GkeTokens(tokens), GkeTokens(tokens), GkeTokens(tokens)
    assert (ask(one), ask(other)) == ("1", "1")
    assert ask(one, renew=True) == "2"
    # The other's token has been replaced meanwhile, and so has that of one that had none.
    assert ask(other, renew=True) == "2"
    assert ask(late, renew=True) == "2"
    assert len(fake.google.given) == 2
    assert ask(other, renew=True) == "3"


def test_many_who_ask_at_once_renew_once(fake: Running, tokens: Tokens) -> None:
    async def many() -> list[Credential]:
        clusters = [GkeTokens(tokens) for _ in range(20)]
        return await asyncio.gather(*(it.credential(renew=False) for it in clusters))

    assert len({found.token for found in asyncio.run(many())}) == 1
    assert len(fake.google.given) == 1


def test_a_renewal_that_fails_is_tried_again(fake: Running, tokens: Tokens) -> None:
    one = GkeTokens(tokens)
    assert ask(one) == "1"
    fake.google.token_answers = [(400, {"error": "invalid_grant"})]
    with pytest.raises(SourceError, match="no token for the cluster: the credentials have expired"):
        ask(one, renew=True)
    assert ask(one, renew=True) == "2"


def test_a_token_that_ends_while_projects_are_read(fake: Running, listed: List) -> None:
    projects = tuple(f"shop-{number:02d}" for number in range(6))
    for project in projects:
        fake.google.clusters[project] = [cluster()]
    fake.google.withdraw_after = 4
    answer = listed(projects=projects)
    assert (len(answer.clusters), answer.gaps) == (6, [])
    # All that were refused with the first token share the second.
    assert len(fake.google.given) == 2


def test_a_new_token_is_asked_for_once(
    fake: Running, listed: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake.google, "takes", lambda _: False)
    with pytest.raises(SourceError, match="Google does not take the credentials"):
        listed(projects=("shop-prod",))
    assert len(fake.google.asked) == 2
