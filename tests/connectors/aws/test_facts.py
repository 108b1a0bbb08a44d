"""What AWS knows of a cluster and Kubernetes does not: endpoint, networks, nodes, add-ons."""

from typing import Any

import pytest

from auditor.model.cloud import CloudBalancer, CloudFacts, CloudNodePool
from auditor.model.ports import Protocol
from connectors.aws.options import AwsOptions
from tests.connectors.aws.conftest import Listed, Play, list_clusters
from tests.connectors.aws.fake import OWN_ACCOUNT, REGION, FakeAws, Fault

HERE = AwsOptions(regions=(REGION,), requests_per_second=100)


async def facts_of(aws: FakeAws, name: str = "prod") -> CloudFacts:
    return facts_in(await list_clusters(HERE), name)


def facts_in(listed: Listed, name: str = "prod") -> CloudFacts:
    facts = listed.clusters[f"eks/{OWN_ACCOUNT}/{REGION}/{name}"].cloud
    assert facts is not None
    return facts


@pytest.mark.parametrize(
    ("vpc", "public", "private", "allowed"),
    [
        ({}, True, False, ("0.0.0.0/0",)),
        ({"publicAccessCidrs": ["198.51.100.0/24"]}, True, False, ("198.51.100.0/24",)),
        ({"publicAccessCidrs": ["0.0.0.0/0", "::/0"]}, True, False, ("0.0.0.0/0", "::/0")),
        # An empty list is everyone; one that is missing was not read.
        ({"publicAccessCidrs": []}, True, False, ("0.0.0.0/0",)),
        ({"publicAccessCidrs": None}, True, False, None),
        (
            {"endpointPublicAccess": False, "endpointPrivateAccess": True},
            False,
            True,
            ("0.0.0.0/0",),
        ),
        ({"endpointPrivateAccess": None}, True, None, ("0.0.0.0/0",)),
    ],
)
def test_the_endpoint(
    play: Play,
    vpc: dict[str, Any],
    public: bool,
    private: bool | None,
    allowed: tuple[str, ...] | None,
) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod", vpc=vpc)
        endpoint = (await facts_of(aws)).endpoint
        assert endpoint is not None
        assert (endpoint.is_public, endpoint.is_private) == (public, private)
        assert endpoint.allowed == allowed
        shown = {fact.field: fact.value for fact in endpoint.evidence}
        assert shown["resourcesVpcConfig.endpointPublicAccess"] == str(public).lower()

    play(scenario)


def test_an_endpoint_that_is_not_told_is_not_known(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod", vpc={"endpointPublicAccess": None})
        assert (await facts_of(aws)).endpoint is None

    play(scenario)


class Network:
    """A VPC of moto with two subnets, one of which gives public addresses."""

    def __init__(self, aws: FakeAws, account: str = OWN_ACCOUNT) -> None:
        self.ec2 = aws.client("ec2", account)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        self.private = self._subnet("10.20.0.0/24")
        self.public = self._subnet("10.20.1.0/24")
        self.ec2.modify_subnet_attribute(SubnetId=self.public, MapPublicIpOnLaunch={"Value": True})

    def _subnet(self, cidr: str) -> str:
        made: str = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        return made

    def group(self, name: str, *permissions: dict[str, Any]) -> str:
        """Make a security group that admits what the permissions say."""
        made: str = self.ec2.create_security_group(
            GroupName=name, Description=name, VpcId=self.vpc
        )["GroupId"]
        if permissions:
            self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=permissions)
        return made

    def config(self) -> dict[str, Any]:
        return {"vpcId": self.vpc, "subnetIds": [self.public, self.private]}


def test_networks_and_what_they_are_joined_with(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        network = Network(aws)
        other = network.ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
        strange = network.ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
        peering = network.ec2.create_vpc_peering_connection(VpcId=network.vpc, PeerVpcId=other)
        network.ec2.accept_vpc_peering_connection(
            VpcPeeringConnectionId=peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        )
        # Asked for and not accepted: no way.
        network.ec2.create_vpc_peering_connection(VpcId=network.vpc, PeerVpcId=strange)
        gateway = network.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        network.ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=gateway, VpcId=network.vpc, SubnetIds=[network.private]
        )
        aws.add_cluster("prod", vpc=network.config())
        facts = await facts_of(aws)
        assert facts.networks == (network.vpc, *sorted((network.public, network.private)))
        assert (facts.peers, facts.hubs) == ((other,), (gateway,))

    play(scenario)


def pool_cases() -> list[Any]:
    open_ssh = {"ec2SshKey": "ops"}
    closed_ssh = {"ec2SshKey": "ops", "sourceSecurityGroups": ["sg-1"]}
    return [
        pytest.param("public", {}, None, True, False, id="public subnet"),
        pytest.param("private", {}, None, False, False, id="private subnet"),
        pytest.param("both", {}, None, True, False, id="one of the subnets is public"),
        pytest.param("unknown", {}, None, None, False, id="a subnet that nobody shows"),
        pytest.param("private", {"remoteAccess": open_ssh}, None, False, True, id="open SSH"),
        pytest.param("private", {"remoteAccess": closed_ssh}, None, False, False, id="named SSH"),
        pytest.param("private", {}, True, True, False, id="the template says public"),
        pytest.param("public", {}, False, False, False, id="the template says private"),
    ]


@pytest.mark.parametrize(("where", "changes", "template", "public", "ssh"), pool_cases())
def test_node_groups(  # noqa: PLR0917 - the columns of the table
    play: Play,
    where: str,
    changes: dict[str, Any],
    template: bool | None,
    public: bool | None,
    ssh: bool,
) -> None:
    async def scenario(aws: FakeAws) -> None:
        network = Network(aws)
        named = {"public": [network.public], "private": [network.private]}
        subnets = named | {"both": [network.public, network.private], "unknown": ["subnet-gone"]}
        cluster = aws.add_cluster("prod", vpc=network.config())
        group = {"nodegroupName": "workers", "subnets": subnets[where], **changes}
        if template is not None:
            made = network.ec2.create_launch_template(
                LaunchTemplateName="workers",
                LaunchTemplateData={
                    "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": template}]
                },
            )
            made = made["LaunchTemplate"]["LaunchTemplateId"]
            group["launchTemplate"] = {"id": made, "version": "1"}
        aws.groups[cluster["arn"]].append(group)
        (pool,) = (await facts_of(aws)).pools or ()
        assert (pool.name, pool.has_public_addresses) == ("workers", public)
        assert any("SSH is open" in fact.value for fact in pool.evidence) == ssh
        assert public is None or any(fact.field for fact in pool.evidence)

    play(scenario)


def test_node_groups_that_may_not_be_read_are_not_none(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        for name in ("a", "b", "c", "d", "e"):
            aws.add_cluster(name)
        aws.faults.append(Fault(action="eks:ListNodegroups", message="no"))
        listed = await list_clusters(HERE)
        assert facts_in(listed, "a").pools is None
        # One cause is one line, and it hides no cluster.
        (gap,) = [gap for gap in listed.gaps if "Nodegroups" in gap.reason]
        assert gap.place.endswith(f"{REGION}/a, {REGION}/b, {REGION}/c and 2 more, node groups")
        assert not gap.hides_clusters

    play(scenario)


def test_a_cluster_without_node_groups_has_none(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod")
        assert (await facts_of(aws)).pools == ()

    play(scenario)


@pytest.mark.parametrize(
    ("values", "enforces"),
    [
        ('{"enableNetworkPolicy": "true"}', True),
        ("enableNetworkPolicy: true\nenv:\n  ENABLE_PREFIX_DELEGATION: 'true'\n", True),
        ('{"enableNetworkPolicy": "false"}', False),
        ('{"env": {"WARM_IP_TARGET": "5"}}', False),
        (None, False),
        ('{"enableNetworkPolicy": "sometimes"}', None),
        ("{not closed", None),
    ],
)
def test_the_managed_plugin(play: Play, values: str | None, enforces: bool | None) -> None:
    async def scenario(aws: FakeAws) -> None:
        cluster = aws.add_cluster("prod")
        addon = {"addonName": "vpc-cni", "addonVersion": "v1.20.0-eksbuild.1"}
        if values is not None:
            addon["configurationValues"] = values
        aws.addons[cluster["arn"]] += [{"addonName": "coredns"}, addon]
        facts = await facts_of(aws)
        assert facts.plugin is not None
        assert (facts.plugin.plugin, facts.plugin.enforces) == ("aws-vpc-cni", enforces)
        assert {fact.field: fact.value for fact in facts.settings}["addons"] == "coredns, vpc-cni"

    play(scenario)


def test_a_plugin_that_is_no_add_on_is_not_known(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        aws.add_cluster("prod")
        assert (await facts_of(aws)).plugin is None

    play(scenario)


HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


def balancer(facts: CloudFacts, name: str) -> CloudBalancer:
    assert facts.balancers is not None
    (found,) = [item for item in facts.balancers if item.name == name]
    return found


def test_load_balancers_of_both_generations(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        network = Network(aws)
        office = network.group("office", HTTPS | {"IpRanges": [{"CidrIp": "198.51.100.0/24"}]})
        elbv2, elb = aws.client("elbv2"), aws.client("elb")
        made = elbv2.create_load_balancer(
            Name="shop",
            Subnets=[network.public, network.private],
            SecurityGroups=[office],
            Scheme="internet-facing",
            Type="application",
        )["LoadBalancers"][0]
        target = elbv2.create_target_group(
            Name="pods", Protocol="HTTP", Port=8080, VpcId=network.vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        elbv2.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target}],
        )
        elbv2.create_load_balancer(
            Name="inside", Subnets=[network.private], Scheme="internal", Type="network"
        )
        elb.create_load_balancer(
            LoadBalancerName="old",
            Listeners=[
                {"Protocol": "TCP", "LoadBalancerPort": 5432, "InstancePort": 30432},
            ],
            Subnets=[network.public],
            SecurityGroups=[office],
        )
        aws.add_cluster("prod", vpc=network.config())
        listed = await list_clusters(HERE)
        assert listed.told == []
        facts = facts_in(listed)
        shop, inside, old = (balancer(facts, name) for name in ("shop", "inside", "old"))
        assert (shop.kind, shop.is_internet_facing) == ("application", True)
        assert shop.hostname == made["DNSName"].lower()
        assert [(one.port, one.protocol, one.targets) for one in shop.listeners or ()] == [
            (80, Protocol.TCP, "ip")
        ]
        (rule,) = shop.firewall or ()
        assert (rule.name, rule.sources) == (office, ("198.51.100.0/24",))
        assert rule.covers(443, Protocol.TCP)
        assert not rule.covers(444, Protocol.TCP)
        assert not rule.covers(443, Protocol.UDP)
        assert (inside.kind, inside.is_internet_facing) == ("network", False)
        assert (old.kind, old.is_internet_facing) == ("classic", True)
        assert [one.port for one in old.listeners or ()] == [5432]
        assert old.firewall == shop.firewall

    play(scenario)


def test_a_scheme_that_is_not_told_is_not_known(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        network = Network(aws)
        # The fake leaves out what was not asked for.
        aws.client("elbv2").create_load_balancer(
            Name="shop", Subnets=[network.public], Type="application"
        )
        aws.add_cluster("prod", vpc=network.config())
        assert balancer(await facts_of(aws), "shop").is_internet_facing is None

    play(scenario)


def test_load_balancers_of_other_networks_are_left_out(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        network, other = Network(aws), Network(aws)
        for name, place in (("mine", network), ("theirs", other)):
            aws.client("elbv2").create_load_balancer(
                Name=name, Subnets=[place.private], Scheme="internal", Type="network"
            )
        aws.add_cluster("prod", vpc=network.config())
        facts = await facts_of(aws)
        assert [item.name for item in facts.balancers or ()] == ["mine"]

    play(scenario)


def test_security_groups_in_ranges(play: Play) -> None:
    async def scenario(aws: FakeAws) -> None:
        network = Network(aws)
        listed = network.ec2.create_managed_prefix_list(
            PrefixListName="partners",
            MaxEntries=5,
            AddressFamily="IPv4",
            Entries=[{"Cidr": "203.0.113.0/25"}],
        )["PrefixList"]["PrefixListId"]
        peer = network.group("peer")
        group = network.group(
            "front",
            HTTPS | {"Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]},
            HTTPS | {"PrefixListIds": [{"PrefixListId": listed}]},
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": peer}]},
            {
                "IpProtocol": "icmp",
                "FromPort": -1,
                "ToPort": -1,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            },
        )
        aws.client("elbv2").create_load_balancer(
            Name="shop",
            Subnets=[network.public],
            SecurityGroups=[group],
            Type="application",
            Scheme="internet-facing",
        )
        aws.add_cluster("prod", vpc=network.config())
        found = balancer(await facts_of(aws), "shop")
        assert found.doubt is None
        sources = {
            source: (rule.protocol, rule.first_port, rule.last_port)
            for rule in found.firewall or ()
            for source in rule.sources
        }
        assert sources == {
            "2001:db8::/32": (Protocol.TCP, 443, 443),
            "203.0.113.0/25": (Protocol.TCP, 443, 443),
            # The members of another group, by their private addresses.
            "10.20.0.0/16": (None, 0, 65535),
        }

    play(scenario)


@pytest.mark.parametrize(
    ("action", "part"),
    [
        ("elasticloadbalancing:DescribeLoadBalancers", "balancers"),
        ("ec2:DescribeSecurityGroups", "firewall"),
        ("ec2:GetManagedPrefixListEntries", "doubt"),
        ("elasticloadbalancing:DescribeListeners", "listeners"),
        ("ec2:DescribeSubnets", "pools"),
        ("ec2:DescribeVpcPeeringConnections", "peers"),
        ("ec2:DescribeTransitGatewayVpcAttachments", "peers"),
        ("ec2:DescribeLaunchTemplateVersions", "no pools"),
        ("eks:ListAddons", "plugin"),
    ],
)
def test_a_part_that_is_denied_is_not_known_and_costs_only_itself(
    play: Play, action: str, part: str
) -> None:
    async def scenario(aws: FakeAws) -> None:
        network = Network(aws)
        listed_ids = network.ec2.create_managed_prefix_list(
            PrefixListName="partners", MaxEntries=1, AddressFamily="IPv4"
        )["PrefixList"]["PrefixListId"]
        group = network.group("front", HTTPS | {"PrefixListIds": [{"PrefixListId": listed_ids}]})
        aws.client("elbv2").create_load_balancer(
            Name="shop",
            Subnets=[network.public],
            SecurityGroups=[group],
            Type="application",
            Scheme="internet-facing",
        )
        cluster = aws.add_cluster("prod", vpc=network.config())
        aws.addons[cluster["arn"]].append({"addonName": "vpc-cni"})
        workers: dict[str, Any] = {"nodegroupName": "workers", "subnets": [network.private]}
        if part == "no pools":
            workers["launchTemplate"] = {"id": "lt-1", "version": "1"}
        aws.groups[cluster["arn"]].append(workers)
        aws.faults.append(Fault(action=action, code="UnauthorizedOperation", message="not you"))
        listed = await list_clusters(HERE)
        facts = facts_in(listed)
        assert all(not gap.hides_clusters for gap in listed.gaps)
        if part != "doubt":
            assert [gap.reason for gap in listed.gaps] == [f"{action} is denied: not you"]
        found = {
            "balancers": lambda: facts.balancers is None,
            "firewall": lambda: (
                bool(balancer(facts, "shop").doubt) and balancer(facts, "shop").firewall is None
            ),
            "doubt": lambda: "was not read" in (balancer(facts, "shop").doubt or ""),
            "listeners": lambda: balancer(facts, "shop").listeners is None,
            "pools": lambda: (
                facts.pools == (CloudNodePool(name="workers", has_public_addresses=None),)
            ),
            "no pools": lambda: facts.pools is None,
            "peers": lambda: facts.peers is None,
            "plugin": lambda: facts.plugin is None,
        }
        assert found[part]()

    play(scenario)
