"""From credentials to clusters: accounts, regions, pages, and what is in the way."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from auditor.model.cluster import Api, NoAccess, Progress, SourceError
from connectors.aws.connector import AwsConnector
from connectors.aws.options import AwsOptions
from tests.connectors.aws.conftest import Play, list_clusters
from tests.connectors.aws.fake import OWN_ACCOUNT, REGION, FakeAws, Fault

ROLE = "arn:aws:iam::*:role/exposure-auditor"
HERE = AwsOptions(regions=(REGION,), requests_per_second=100)


def accounts_of(aws: FakeAws, count: int) -> list[str]:
    """Make an organisation, and give the accounts beside the management account."""
    organizations = aws.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    return [
        organizations.create_account(Email=f"{number}@example.com", AccountName=f"a{number}")[
            "CreateAccountStatus"
        ]["AccountId"]
        for number in range(count)
    ]


def test_the_own_account_in_every_region_it_has(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod", tags={"tenant": "shop", "risk-level": "high"})
        aws.add_cluster("prod", region="us-east-1")
        listed = await list_clusters(AwsOptions())
        assert sorted(listed.clusters) == [
            f"eks/{OWN_ACCOUNT}/eu-west-1/prod",
            f"eks/{OWN_ACCOUNT}/us-east-1/prod",
        ]
        found = listed.clusters[f"eks/{OWN_ACCOUNT}/eu-west-1/prod"]
        assert (found.name, found.provider) == ("prod", "eks")
        assert (found.account, found.location) == (OWN_ACCOUNT, "eu-west-1")
        assert found.tags == {"tenant": "shop", "risk-level": "high"}
        assert isinstance(found.access, Api)
        assert found.access.server == "https://prod.gr7.eu-west-1.eks.amazonaws.com"
        assert found.access.ca == b"-----CA-----"
        assert listed.told == []
        regions = {region for action, _, region in aws.asked if action == "eks:ListClusters"}
        assert {"eu-west-1", "us-east-1", "ap-southeast-2"} <= regions

    play(scenario)


def test_an_organisation_account_by_account(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        one, two, three = accounts_of(aws, 3)
        for account in (one, two, three, OWN_ACCOUNT):
            aws.add_cluster("prod", account=account)
        options = AwsOptions(
            role=ROLE, organization=True, regions=(REGION,), skip_accounts=(three,)
        )
        listed = await list_clusters(options)
        # The same name in several accounts is several clusters.
        assert sorted(listed.clusters) == sorted(
            f"eks/{account}/{REGION}/prod" for account in (one, two, OWN_ACCOUNT)
        )
        assert listed.told == []
        assert "3 accounts" in listed.progress
        assert any(text.startswith(f"account {one}: 1 clusters") for text in listed.progress)

    play(scenario)


def test_pages_are_followed_to_their_end(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.page = 2
        for number in range(7):
            aws.add_cluster(f"c{number}")
        listed = await list_clusters(HERE)
        assert len(listed.clusters) == 7
        assert aws.asked["eks:ListClusters", OWN_ACCOUNT, REGION] == 4

    play(scenario)


def test_globs_choose_regions_and_clusters(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        for region in ("eu-west-1", "eu-central-1", "us-east-1"):
            aws.add_cluster("prod-shop", region=region)
            aws.add_cluster("test-shop", region=region)
        listed = await list_clusters(AwsOptions(regions=("eu-*",), clusters=("prod-*",)))
        assert sorted(listed.clusters) == [
            f"eks/{OWN_ACCOUNT}/eu-central-1/prod-shop",
            f"eks/{OWN_ACCOUNT}/eu-west-1/prod-shop",
        ]

    play(scenario)


def test_no_region_that_matches_is_no_empty_fleet(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        listed = await list_clusters(AwsOptions(regions=("mars-*",)))
        assert listed.told == [f"account {OWN_ACCOUNT}: regions: none matches mars-*"]
        assert all(gap.hides_clusters for gap in listed.gaps)

    play(scenario)


def test_a_page_that_is_refused_discards_the_list(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.page = 1
        for number in range(3):
            aws.add_cluster(f"c{number}")
        aws.faults.append(
            Fault(action="eks:ListClusters", after=1, code="ThrottlingException", status=429)
        )
        listed = await list_clusters(HERE)
        assert listed.clusters == {}
        (gap,) = listed.gaps
        assert gap.hides_clusters
        assert gap.reason.startswith("eks:ListClusters is throttled: after 2 retries")

    play(scenario)


def test_throttling_that_ends_costs_nothing(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod")
        for action in ("eks:ListClusters", "eks:DescribeCluster"):
            aws.faults.append(
                Fault(action=action, code="TooManyRequestsException", status=429, times=1)
            )
        listed = await list_clusters(HERE)
        assert len(listed.clusters) == 1
        assert listed.told == []
        assert aws.refused.total() == 2

    play(scenario)


def test_one_account_denied_costs_only_itself(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        one, two = accounts_of(aws, 2)
        aws.add_cluster("prod", account=one)
        aws.add_cluster("prod", account=two)
        said = f"User: arn:aws:iam::{OWN_ACCOUNT}:user/ci is not authorized to perform this"
        aws.faults.append(
            Fault(action="sts:AssumeRole", code="AccessDenied", message=said, times=1)
        )
        listed = await list_clusters(AwsOptions(role=ROLE, accounts=(one, two), regions=(REGION,)))
        (gap,) = listed.gaps
        denied = gap.place.removeprefix("account ")
        assert denied in {one, two}
        assert gap.hides_clusters
        role = ROLE.replace("*", denied)
        assert gap.reason == f"sts:AssumeRole on {role} is denied: {said}"
        (left,) = {one, two} - {denied}
        assert list(listed.clusters) == [f"eks/{left}/{REGION}/prod"]

    play(scenario)


def test_one_region_down_costs_only_itself(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod")
        aws.add_cluster("prod", region="eu-central-1")
        aws.faults.append(Fault(action="*", region="eu-central-1", hangs_up=True))
        listed = await list_clusters(AwsOptions(regions=("eu-west-1", "eu-central-1")))
        assert list(listed.clusters) == [f"eks/{OWN_ACCOUNT}/{REGION}/prod"]
        (gap,) = listed.gaps
        assert gap.place == f"account {OWN_ACCOUNT}, eu-central-1"
        assert gap.hides_clusters
        assert "AWS cannot be reached" in gap.reason

    play(scenario)


def test_one_cause_in_many_regions_is_one_line(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.faults.append(
            Fault(action="eks:ListClusters", message="by a policy of the organisation")
        )
        listed = await list_clusters(AwsOptions())
        (gap,) = listed.gaps
        assert gap.reason == "eks:ListClusters is denied: by a policy of the organisation"
        assert " more" in gap.place

    play(scenario)


def test_a_cluster_that_may_not_be_described_is_a_gap(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("a")
        aws.add_cluster("b")
        aws.faults.append(Fault(action="eks:DescribeCluster", message="no", times=1))
        listed = await list_clusters(HERE)
        assert len(listed.clusters) == 1
        (gap,) = listed.gaps
        assert gap.hides_clusters
        assert gap.reason == "eks:DescribeCluster is denied: no"
        (missing,) = {"a", "b"} - {cluster.name for cluster in listed.clusters.values()}
        assert gap.place == f"account {OWN_ACCOUNT}, {REGION}/{missing}, clusters"

    play(scenario)


def test_a_cluster_that_is_deleted_while_it_is_read_is_not_there(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod")
        gone = Fault(
            action="eks:DescribeCluster", code="ResourceNotFoundException", status=404, message="No"
        )
        aws.faults.append(gone)
        listed = await list_clusters(HERE)
        assert (listed.clusters, listed.gaps) == ({}, [])

    play(scenario)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "CREATING", "endpoint": None}, "EKS says CREATING: no API to read yet"),
        ({"status": "DELETING"}, "EKS says DELETING: no API to read yet"),
        ({"certificateAuthority": {}}, "no certificate authority"),
        ({"certificateAuthority": {"data": "%%%"}}, "no base64"),
    ],
)
def test_a_cluster_without_a_usable_api_is_known_and_not_read(
    play: Play, changes: dict[str, Any], reason: str
) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("new", **changes)
        listed = await list_clusters(HERE)
        (cluster,) = listed.clusters.values()
        assert isinstance(cluster.access, NoAccess)
        assert reason in cluster.access.reason
        assert listed.gaps == []

    play(scenario)


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATING"])
def test_a_cluster_that_works_is_read(play: Play, status: str) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod", status=status)
        (cluster,) = (await list_clusters(HERE)).clusters.values()
        assert isinstance(cluster.access, Api)

    play(scenario)


def test_accounts_that_nobody_lists_are_an_error(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        accounts_of(aws, 1)
        aws.faults.append(Fault(action="organizations:ListAccounts", message="not you", status=400))
        options = AwsOptions(role=ROLE, organization=True)
        wanted = "the organisation's accounts: organizations:ListAccounts is denied: not you"
        with pytest.raises(SourceError, match=wanted):
            await list_clusters(options)

    play(scenario)


def test_accounts_that_are_named_are_read_without_the_organisation(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        (one,) = accounts_of(aws, 1)
        aws.add_cluster("prod", account=one)
        aws.faults.append(Fault(action="organizations:ListAccounts", message="not you", status=400))
        options = AwsOptions(role=ROLE, organization=True, accounts=(one,), regions=(REGION,))
        listed = await list_clusters(options)
        assert list(listed.clusters) == [f"eks/{one}/{REGION}/prod"]
        (gap,) = listed.gaps
        assert (gap.place, gap.hides_clusters) == ("the organisation", True)

    play(scenario)


def test_accounts_that_are_closed_are_left_out(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        one, two = accounts_of(aws, 2)
        aws.client("organizations").close_account(AccountId=two)
        options = AwsOptions(role=ROLE, organization=True, regions=(REGION,))
        await list_clusters(options)
        asked = {account for action, account, _ in aws.asked if action == "eks:ListClusters"}
        assert asked == {one, OWN_ACCOUNT}

    play(scenario)


def test_an_organisation_without_an_account_to_read_is_no_empty_fleet(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        (one,) = accounts_of(aws, 1)
        options = AwsOptions(role=ROLE, organization=True, skip_accounts=(one, OWN_ACCOUNT))
        with pytest.raises(SourceError, match="no account is left to read"):
            await list_clusters(options)

    play(scenario)


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("InvalidClientTokenId", "The security token is invalid", "does not take the credentials"),
        ("ExpiredToken", "The security token has expired", "does not take the credentials"),
        (
            "SignatureDoesNotMatch",
            "Signature expired: 20261122T1 is now",
            "the clock of this machine",
        ),
        ("RequestExpired", "Request has expired", "the clock of this machine is wrong"),
        ("AccessDenied", "an explicit deny", "sts:GetCallerIdentity is denied: an explicit deny"),
    ],
)
def test_credentials_that_nobody_takes_are_an_error(
    play: Play, code: str, message: str, said: str
) -> None:
    async def scenario(aws: FakeAws) -> None:
        text = f"{message}\n\nThe Canonical String was x-amz-security-token:planted-session-token"
        aws.faults.append(Fault(action="sts:GetCallerIdentity", code=code, message=text))
        with pytest.raises(SourceError) as caught:
            await list_clusters(HERE)
        assert said in str(caught.value)
        assert "planted" not in str(caught.value)

    play(scenario)


def test_no_credentials_at_all(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(_: FakeAws) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(SourceError, match="no usable AWS credentials, name a profile"):
            await list_clusters(HERE)

    play(scenario)


def test_a_listing_that_nobody_ends_leaves_nothing_behind(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        for number in range(5):
            aws.add_cluster(f"c{number}")
        before = asyncio.all_tasks()
        listing = AwsConnector.clusters(HERE, Path(), unattended=True)
        async for item in listing:
            if isinstance(item, Progress):
                break
        await listing.aclose()  # type: ignore[attr-defined]
        left = {task for task in asyncio.all_tasks() - before if "_Discovery" in repr(task)}
        assert left == set()

    play(scenario)
