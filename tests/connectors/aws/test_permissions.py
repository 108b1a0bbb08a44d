"""The IAM policy that the documentation offers: it allows what a listing asks for, and no more."""

import json
import re
from pathlib import Path
from typing import Any

from connectors.aws.options import AwsOptions
from tests.connectors.aws.conftest import Play, list_clusters
from tests.connectors.aws.fake import REGION, FakeAws
from tests.connectors.aws.test_facts import HTTPS, Network
from tests.connectors.aws.test_listing import ROLE, accounts_of

PAGE = Path(__file__).parents[3] / "docs/connectors/aws.md"
NEEDS_NOTHING = {"sts:GetCallerIdentity"}
"""It cannot be denied (IAM user guide, GetCallerIdentity)."""


def documented() -> set[str]:
    """Give every action that some policy of the page allows, but for those of a trust policy."""
    found: set[str] = set()
    for block in re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        for statement in json.loads(block)["Statement"]:
            assert statement["Effect"] == "Allow"
            actions = statement["Action"]
            found |= {actions} if isinstance(actions, str) else set(actions)
    return found


def fill(aws: FakeAws, account: str) -> None:
    """Make a cluster of which everything can be asked that a listing asks for."""
    network = Network(aws, account)
    listed = network.ec2.create_managed_prefix_list(
        PrefixListName="partners", MaxEntries=1, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    group = network.group("front", HTTPS | {"PrefixListIds": [{"PrefixListId": listed}]})
    aws.client("elbv2", account).create_load_balancer(
        Name="shop",
        Subnets=[network.public],
        SecurityGroups=[group],
        Scheme="internal",
        Type="network",
    )
    template = network.ec2.create_launch_template(
        LaunchTemplateName="workers", LaunchTemplateData={"InstanceType": "m7i.large"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    cluster = aws.add_cluster("prod", account=account, vpc=network.config())
    workers: dict[str, Any] = {"nodegroupName": "workers", "subnets": [network.private]}
    workers["launchTemplate"] = {"id": template, "version": "1"}
    aws.groups[cluster["arn"]].append(workers)
    aws.addons[cluster["arn"]].append({"addonName": "vpc-cni"})


def test_the_documented_policy_is_what_a_listing_needs(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        (account,) = accounts_of(aws, 1)
        fill(aws, account)
        options = AwsOptions(
            role=ROLE, organization=True, regions=(f"{REGION}*",), requests_per_second=100
        )
        listed = await list_clusters(options)
        assert (len(listed.clusters), listed.told) == (1, [])
        asked = {action for action, _, _ in aws.asked}
        assert asked - NEEDS_NOTHING == documented()

    play(scenario)


def test_every_option_is_documented() -> None:
    page = PAGE.read_text()
    assert [name for name in AwsOptions.__struct_fields__ if f"| `{name}` |" not in page] == []
