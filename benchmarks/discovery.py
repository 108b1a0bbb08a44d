"""Discovery of 300 EKS clusters in 20 accounts of an organisation, against a fake AWS.

The fake (our front before moto) runs in a process of its own, as AWS would. Every account has
clusters in two regions and is asked in all that it has enabled; each cluster has two node groups
and three add-ons.
"""

import asyncio
import multiprocessing
import os
import resource
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from auditor.model.cluster import Cluster, Gap
from tests.connectors.aws.fake import FakeAws, moto_server

CLUSTERS, ACCOUNTS = 300, 20
_REGIONS = ("eu-west-1", "us-east-1")
_ROLE = "arn:aws:iam::*:role/exposure-auditor"


def _serve(channel: Connection) -> None:
    """Play AWS until the other side says that it is done."""

    async def play() -> None:
        with moto_server() as moto:
            async with FakeAws(moto) as aws:
                _fill(aws)
                channel.send(aws.environment())
                await asyncio.to_thread(channel.recv)
                channel.send(aws.asked.total())

    asyncio.run(play())


def _fill(aws: FakeAws) -> None:
    organizations = aws.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    accounts = [
        organizations.create_account(Email=f"{number}@example.com", AccountName=f"a{number}")[
            "CreateAccountStatus"
        ]["AccountId"]
        for number in range(ACCOUNTS)
    ]
    for number in range(CLUSTERS):
        account, region = accounts[number % ACCOUNTS], _REGIONS[number // ACCOUNTS % 2]
        cluster = aws.add_cluster(f"c{number}", account=account, region=region)
        aws.groups[cluster["arn"]] += [
            {"nodegroupName": name, "subnets": ["subnet-a"]} for name in ("general", "large")
        ]
        aws.addons[cluster["arn"]] += [
            {"addonName": name} for name in ("coredns", "kube-proxy", "vpc-cni")
        ]


async def _discover() -> tuple[Counter[str], float]:
    from connectors.aws.connector import AwsConnector
    from connectors.aws.options import AwsOptions

    options = AwsOptions(role=_ROLE, organization=True)
    found: Counter[str] = Counter()
    began = time.perf_counter()
    async for item in AwsConnector.clusters(options, Path(), unattended=True):
        if isinstance(item, Cluster | Gap):
            found[type(item).__name__] += 1
    return found, time.perf_counter() - began


def main() -> None:
    """Measure, and print the figures."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    server.start()
    os.environ.update(ours.recv())
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    found, seconds = asyncio.run(_discover())
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime - used
    ours.send(None)
    calls = ours.recv()
    server.join()
    assert found["Cluster"] == CLUSTERS, found
    title = f"discovery of {CLUSTERS} EKS clusters in {ACCOUNTS} accounts"
    print(f"\n{title}\n  {seconds:.1f} s wall (wanted: under 60), {used:.1f} s CPU, {calls} calls")


if __name__ == "__main__":
    main()
