"""From AWS to metrics as users meet it: an account, its cluster, a signed token, an audit."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import Struct

from auditor.simulator.fleet import SimulatedCluster
from auditor.simulator.identities import Identity
from tests.acceptance.conftest import Run
from tests.acceptance.fleets import BackgroundFleet, background_fleet
from tests.acceptance.test_serve import serving, until
from tests.collector.live import reader
from tests.connectors.aws.fake import (
    OWN_ACCOUNT,
    OWN_KEY,
    OWN_SECRET,
    REGION,
    FakeAws,
    Fault,
    moto_server,
)
from tests.connectors.aws.verifying import SignedTokens

MEMBER = "210987654321"
ROLE = "arn:aws:iam::*:role/exposure-auditor"
ID = f"eks/{MEMBER}/{REGION}/prod"
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


class World(Struct, frozen=True):
    """A fake AWS, and simulated API servers behind its clusters."""

    fleet: BackgroundFleet
    aws: FakeAws

    def add(
        self,
        name: str = "prod",
        objects: Any = (),
        *,
        account: str = MEMBER,
        identity: Identity | None = None,
        lifetime: timedelta = timedelta(minutes=15),
        **options: Any,
    ) -> tuple[SimulatedCluster, SignedTokens]:
        """Add a cluster whose API is a simulated one, which takes signed tokens alone."""
        tokens = SignedTokens(name, identity or reader(), self.aws.secrets, lifetime)
        latency = options.pop("latency", 0.0)
        server = self.fleet.add(name, objects, tokens=tokens, latency=latency)
        ca = base64.b64encode(server.ca_pem).decode()
        self.aws.add_cluster(
            name, account=account, endpoint=server.url, certificateAuthority={"data": ca}, **options
        )
        return server, tokens

    def configured(self, folder: Path, **changes: Any) -> Path:
        """Write a configuration whose one connector reads the account."""
        entry = {"name": "shop", "kind": "aws", "role": ROLE, "accounts": [MEMBER]}
        entry |= {"regions": [REGION], **changes}
        segments = [{"match": {"cluster": "*"}, "tenant": {"cluster_tag": "tenant"}}]
        path = folder / "auditor.yaml"
        path.write_text(yaml.safe_dump({"connectors": [entry], "segments": segments}))
        return path


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


@contextmanager
def the_world(moto: str) -> Iterator[World]:
    with background_fleet() as fleet:
        aws = fleet.call(FakeAws(moto).__aenter__)
        fleet.call(aws.forget)
        try:
            yield World(fleet, aws)
        finally:
            fleet.call(lambda: aws.__aexit__(None, None, None))


@pytest.fixture
def world(moto: str) -> Iterator[World]:
    with the_world(moto) as made:
        yield made


def balanced(aws: FakeAws, sources: str) -> tuple[str, str]:
    """Make a network with a load balancer that admits some sources; give both names."""
    ec2, elbv2 = (aws.client(service, MEMBER) for service in ("ec2", "elbv2"))
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="front", Description="front", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[HTTPS | {"IpRanges": [{"CidrIp": sources}]}]
    )
    made = elbv2.create_load_balancer(
        Name="shop",
        Subnets=[subnet],
        SecurityGroups=[group],
        Scheme="internet-facing",
        Type="network",
    )["LoadBalancers"][0]
    target = elbv2.create_target_group(
        Name="pods", Protocol="TCP", Port=8443, VpcId=vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    elbv2.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="TCP",
        Port=443,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target}],
    )
    return vpc, made["DNSName"]


def front(host: str) -> dict[str, Any]:
    """Write a Service that asked for an internal load balancer and got another one."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "front",
            "namespace": "web",
            "annotations": {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"},
        },
        "spec": {
            "type": "LoadBalancer",
            "loadBalancerClass": "service.k8s.aws/nlb",
            "selector": {"app": "front"},
            "ports": [{"port": 443}],
        },
        "status": {"loadBalancer": {"ingress": [{"hostname": host}]}},
    }


def test_the_whole_chain_from_an_account_to_metrics(run: Run, world: World, tmp_path: Path) -> None:
    vpc, host = balanced(world.aws, "0.0.0.0/0")
    network = {"vpcId": vpc, "publicAccessCidrs": ["198.51.100.0/24"]}
    _, tokens = world.add(objects=[front(host)], vpc=network, tags={"tenant": "shop"})
    configured = world.configured(tmp_path)
    database = f"sqlite:///{tmp_path / 'audits.db'}"
    environment = world.aws.environment()
    done = run(
        "audit", "connector:shop", "--config", configured, "--format", "json", "--all",
        "--database", database, environment=environment,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert (len(tokens.accepted), tokens.refused) == (1, 0)
    (cluster,) = done.json()["clusters"]
    assert (cluster["id"], cluster["state"]) == (ID, "audited")
    assert (cluster["provider"], cluster["account"], cluster["location"]) == ("eks", MEMBER, REGION)
    assert cluster["tenants"] == ["shop"]
    found = {item["check"]: item for item in cluster["findings"] if item["verdict"] != "unknown"}
    # The cloud's word on the API server.
    assert found["api-server-open-to-internet"]["verdict"] == "pass"
    fields = [hop["field"] for hop in found["api-server-open-to-internet"]["evidence"]]
    assert "resourcesVpcConfig.publicAccessCidrs" in fields
    # And on the load balancer: what was asked for is not what is there.
    open_door = found["load-balancer-open-to-internet"]
    assert open_door["verdict"] == "fail"
    hops = {(hop["hop"], hop["field"]): hop for hop in open_door["evidence"]}
    assert hops["LoadBalancer/shop", "Scheme"]["value"] == "internet-facing"
    assert hops["LoadBalancer/shop", "firewall"]["value"] == "0.0.0.0/0"
    assert any("differs from what is asked" in (hop["note"] or "") for hop in hops.values())
    (exposure,) = [item for item in cluster["exposures"] if item["entry"]["kind"] == "Service"
                   and item["entry"]["via"] == "LoadBalancer"]  # fmt: skip
    assert (exposure["audience"], exposure["confidence"]) == ("internet", "high")
    stored = run("evidence", "list", "--database", database, "--format", "json").json()
    assert open_door["id"] in json.dumps(stored)
    told = run(
        "explain", open_door["id"], "connector:shop", "--config", configured,
        environment=environment,
    )  # fmt: skip
    assert told.code == 0, told.err
    assert "as its cloud has it" in told.out
    # As `aws eks update-kubeconfig` names it.
    assert f"--context arn:aws:eks:{REGION}:{MEMBER}:cluster/prod" in told.out

    with serving(
        tmp_path,
        environment=environment,
        kind="aws",
        role=ROLE,
        accounts=[MEMBER],
        regions=[REGION],
    ) as served:
        until(lambda: served.value("cluster_state", cluster=ID, state="audited") == 1)
        assert served.open_failures(ID) == {"true": 1}


def test_a_token_that_expires_during_an_audit_is_renewed(
    run: Run, world: World, tmp_path: Path
) -> None:
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"n{number}"}}
        for number in range(5)
    ]
    _, tokens = world.add(objects=objects, lifetime=timedelta(seconds=2), latency=0.12)
    configured = world.configured(tmp_path)
    done = run(
        "audit", "connector:shop", "--config", configured, "--no-store", "--format", "json",
        environment=world.aws.environment(),
    )  # fmt: skip
    assert (done.code, done.errors) == (0, [])
    assert done.json()["clusters"][0]["state"] == "audited"
    assert tokens.refused > 0
    assert len(tokens.accepted) > 1


def test_one_account_denied_costs_only_itself_and_the_answer_says_so(
    run: Run, world: World, tmp_path: Path
) -> None:
    world.add()
    denied = "999999999999"
    world.aws.faults.append(
        Fault(action="sts:AssumeRole", code="AccessDenied", message="no trust", after=1)
    )
    # In the order of their numbers, one role after the other is asked for at the same time: the
    # first to come gets in.
    configured = world.configured(tmp_path, accounts=[MEMBER, denied])
    done = run(
        "audit", "connector:shop", "--config", configured, "--no-store", "--format", "json",
        environment=world.aws.environment(),
    )  # fmt: skip
    assert done.code == 3
    (error,) = done.errors
    assert "sts:AssumeRole on arn:aws:iam::" in error
    assert "is denied: no trust" in error


def test_planted_credentials_appear_nowhere(run: Run, world: World, tmp_path: Path) -> None:
    world.add()
    said = f"bad signature\n\nThe Canonical String was: x-amz-security-token:{OWN_SECRET}"
    world.aws.faults.append(
        Fault(action="eks:ListAddons", code="InvalidSignatureException", message=said)
    )
    configured = world.configured(tmp_path)
    environment = world.aws.environment()
    database = f"sqlite:///{tmp_path / 'audits.db'}"
    texts = []
    for command in (
        ("audit", "connector:shop", "--database", database),
        ("config", "check", "--online"),
        ("config", "show"),
    ):
        done = run(*command, "--config", configured, environment=environment)
        texts += [done.out, done.err]
    with serving(
        tmp_path,
        environment=environment,
        kind="aws",
        role=ROLE,
        accounts=[MEMBER],
        regions=[REGION],
    ) as served:
        until(lambda: served.value("cluster_state", cluster=ID, state="audited") == 1)
        texts += [served.get("/metrics")[1], json.dumps(served.log())]
    assert any("bad signature" in text for text in texts)
    planted = [OWN_KEY, OWN_SECRET, "k8s-aws-v1."]
    planted += [part for key, (secret, _) in world.aws.secrets.items() for part in (key, secret)]
    held = [
        *(text.encode() for text in texts),
        *(path.read_bytes() for path in tmp_path.iterdir() if path.is_file()),
    ]
    for secret in planted:
        assert not any(secret.encode() in content for content in held), secret


def test_what_is_missing_is_found_before_the_first_audit(
    run: Run, world: World, tmp_path: Path
) -> None:
    world.add()
    rules = [
        {**rule, "resources": [name for name in rule["resources"] if name != "nodes"]}
        for rule in reader().rules
    ]
    configured = world.configured(tmp_path)
    environment = world.aws.environment()
    good = run("config", "check", "--online", "--config", configured, environment=environment)
    assert (good.code, good.errors) == (0, []), good.err
    assert "connector:shop: 1 clusters, 1 of them can be read whole\n" in good.out

    world.add("less", identity=Identity("auditor", (), tuple(rules)))
    world.add("nobody", identity=Identity("nobody"))
    world.aws.add_cluster("new", account=MEMBER, status="CREATING", endpoint=None)
    world.aws.faults.append(Fault(action="eks:ListNodegroups", message="not you"))
    bad = run("config", "check", "--online", "--config", configured, environment=environment)
    assert bad.code == 3
    assert "connector:shop: 4 clusters, 1 of them can be read whole\n" in bad.out
    told = "\n".join(bad.errors)
    assert "eks:ListNodegroups is denied: not you" in told
    assert f"eks/{MEMBER}/{REGION}/less: we may not list nodes: apply deploy/clusterrole" in told
    assert f"eks/{MEMBER}/{REGION}/nobody: we may not list" in told
    assert f"eks/{MEMBER}/{REGION}/new: EKS says CREATING" in told


def test_credentials_that_have_ended_are_an_error_with_what_to_do(
    run: Run, world: World, tmp_path: Path
) -> None:
    environment = world.aws.environment()
    del environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    configured = world.configured(tmp_path)
    done = run("audit", "--config", configured, "--no-store", environment=environment)
    assert done.code == 3
    (error,) = done.errors
    assert "connector:shop: no usable AWS credentials, name a profile, set AWS_PROFILE" in error
    assert OWN_ACCOUNT not in done.out


def test_what_a_cloud_said_long_ago_passes_nothing(world: World, tmp_path: Path) -> None:
    world.add(vpc={"endpointPublicAccess": False, "endpointPrivateAccess": True})
    with serving(
        tmp_path,
        environment=world.aws.environment(),
        kind="aws",
        role=ROLE,
        accounts=[MEMBER],
        regions=[REGION],
    ) as served:

        def count(verdict: str) -> float:
            labels = {"cluster": ID, "family": "control_plane", "verdict": verdict}
            return served.value("findings", **labels) or 0

        until(lambda: served.value("cluster_state", cluster=ID, state="audited") == 1)
        passed, unknown = count("pass"), count("unknown")
        assert passed > 0
        world.aws.faults.append(Fault(action="eks:ListClusters", message="not you any more"))
        # The private endpoint is not known to be one any more, and the cluster is still watched.
        until(lambda: count("pass") < passed)
        assert count("unknown") > unknown
        assert served.value("cluster_state", cluster=ID, state="audited") == 1
        assert any(line["event"] == "cloud facts too old" for line in served.log())
