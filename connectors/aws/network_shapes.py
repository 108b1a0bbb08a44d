"""What is read of the answers of EC2 and of both Elastic Load Balancing APIs, by their names there.

As in `shapes`, a field that is missing is None.
"""

from msgspec import Struct, field

# EC2


class Subnet(Struct, frozen=True, rename="pascal"):
    """`Subnet`; its owner may be another account that shares it."""

    subnet_id: str
    vpc_id: str | None = None
    owner_id: str | None = None
    map_public_ip_on_launch: bool | None = None
    assign_ipv6_address_on_creation: bool | None = None


class Subnets(Struct, frozen=True, rename="pascal"):
    """A page of `ec2:DescribeSubnets`."""

    subnets: tuple[Subnet, ...] = ()


class CidrAssociation(Struct, frozen=True, rename="pascal"):
    """A block of addresses of a VPC, of one family."""

    cidr_block: str | None = None
    ipv6_cidr_block: str | None = None


class Vpc(Struct, frozen=True, rename="pascal"):
    """`Vpc`."""

    vpc_id: str
    cidr_block: str | None = None
    cidr_block_association_set: tuple[CidrAssociation, ...] = ()
    ipv6_cidr_block_association_set: tuple[CidrAssociation, ...] = ()

    @property
    def cidrs(self) -> tuple[str, ...]:
        """Every block of its addresses."""
        found = {self.cidr_block}
        for item in (*self.cidr_block_association_set, *self.ipv6_cidr_block_association_set):
            found |= {item.cidr_block, item.ipv6_cidr_block}
        return tuple(sorted(cidr for cidr in found if cidr))


class Vpcs(Struct, frozen=True, rename="pascal"):
    """A page of `ec2:DescribeVpcs`."""

    vpcs: tuple[Vpc, ...] = ()


class PeeredVpc(Struct, frozen=True, rename="pascal"):
    """One side of a peering."""

    vpc_id: str | None = None


class PeeringStatus(Struct, frozen=True, rename="pascal"):
    """Whether a peering is in force."""

    code: str | None = None


class Peering(Struct, frozen=True, rename="pascal"):
    """`VpcPeeringConnection`."""

    requester_vpc_info: PeeredVpc | None = None
    accepter_vpc_info: PeeredVpc | None = None
    status: PeeringStatus | None = None


class Peerings(Struct, frozen=True, rename="pascal"):
    """A page of `ec2:DescribeVpcPeeringConnections`."""

    vpc_peering_connections: tuple[Peering, ...] = ()


class Attachment(Struct, frozen=True, rename="pascal"):
    """`TransitGatewayVpcAttachment`."""

    transit_gateway_id: str | None = None
    vpc_id: str | None = None
    state: str | None = None


class Attachments(Struct, frozen=True, rename="pascal"):
    """A page of `ec2:DescribeTransitGatewayVpcAttachments`."""

    transit_gateway_vpc_attachments: tuple[Attachment, ...] = ()


class IpRange(Struct, frozen=True, rename="pascal"):
    """A range of a rule, of one family."""

    cidr_ip: str | None = None
    cidr_ipv6: str | None = field(default=None, name="CidrIpv6")


class PrefixListRef(Struct, frozen=True, rename="pascal"):
    """A rule's word for a list of ranges."""

    prefix_list_id: str


class GroupPair(Struct, frozen=True, rename="pascal"):
    """A rule's word for the members of a group."""

    group_id: str | None = None


class Permission(Struct, frozen=True, rename="pascal"):
    """`IpPermission`: one inbound rule; -1 is every protocol, or every port."""

    ip_protocol: str = "-1"
    from_port: int | None = None
    to_port: int | None = None
    ip_ranges: tuple[IpRange, ...] = ()
    ipv6_ranges: tuple[IpRange, ...] = field(default=(), name="Ipv6Ranges")
    prefix_list_ids: tuple[PrefixListRef, ...] = ()
    user_id_group_pairs: tuple[GroupPair, ...] = ()


class SecurityGroup(Struct, frozen=True, rename="pascal"):
    """`SecurityGroup`."""

    group_id: str
    vpc_id: str | None = None
    ip_permissions: tuple[Permission, ...] = ()


class SecurityGroups(Struct, frozen=True, rename="pascal"):
    """A page of `ec2:DescribeSecurityGroups`."""

    security_groups: tuple[SecurityGroup, ...] = ()


class PrefixEntry(Struct, frozen=True, rename="pascal"):
    """A range of a prefix list."""

    cidr: str


class PrefixEntries(Struct, frozen=True, rename="pascal"):
    """A page of `ec2:GetManagedPrefixListEntries`."""

    entries: tuple[PrefixEntry, ...] = ()


class NetworkInterface(Struct, frozen=True, rename="pascal"):
    """A network interface that a launch template sets up."""

    associate_public_ip_address: bool | None = None


class TemplateData(Struct, frozen=True, rename="pascal"):
    """What a launch template sets."""

    network_interfaces: tuple[NetworkInterface, ...] = ()


class TemplateVersion(Struct, frozen=True, rename="pascal"):
    """One version of a launch template."""

    launch_template_data: TemplateData = TemplateData()


class TemplateVersions(Struct, frozen=True, rename="pascal"):
    """A page of `ec2:DescribeLaunchTemplateVersions`."""

    launch_template_versions: tuple[TemplateVersion, ...] = ()


# Elastic Load Balancing, both generations


class BalancerAddress(Struct, frozen=True, rename="pascal"):
    """Addresses that a load balancer has in a zone."""

    ip_address: str | None = None
    private_ipv4_address: str | None = field(default=None, name="PrivateIPv4Address")
    ipv6_address: str | None = field(default=None, name="IPv6Address")


class Zone(Struct, frozen=True, rename="pascal"):
    """A zone of a load balancer."""

    load_balancer_addresses: tuple[BalancerAddress, ...] = ()


class Balancer(Struct, frozen=True, rename="pascal"):
    """`LoadBalancer` of the newer API: application, network and gateway."""

    load_balancer_arn: str
    load_balancer_name: str = ""
    dns_name: str | None = field(default=None, name="DNSName")
    scheme: str | None = None
    vpc_id: str | None = None
    type: str = ""
    availability_zones: tuple[Zone, ...] = ()
    security_groups: tuple[str, ...] = ()


class Balancers(Struct, frozen=True, rename="pascal"):
    """A page of `elbv2` `DescribeLoadBalancers`."""

    load_balancers: tuple[Balancer, ...] = ()


class Action(Struct, frozen=True, rename="pascal"):
    """What a listener does with a connection."""

    type: str = ""
    target_group_arn: str | None = None


class BalancerListener(Struct, frozen=True, rename="pascal"):
    """`Listener`."""

    port: int | None = None
    protocol: str | None = None
    default_actions: tuple[Action, ...] = ()


class Listeners(Struct, frozen=True, rename="pascal"):
    """A page of `DescribeListeners`."""

    listeners: tuple[BalancerListener, ...] = ()


class TargetGroup(Struct, frozen=True, rename="pascal"):
    """`TargetGroup`."""

    target_group_arn: str
    target_type: str | None = None
    load_balancer_arns: tuple[str, ...] = ()


class TargetGroups(Struct, frozen=True, rename="pascal"):
    """A page of `DescribeTargetGroups`."""

    target_groups: tuple[TargetGroup, ...] = ()


class ClassicListener(Struct, frozen=True, rename="pascal"):
    """A listener of a Classic Load Balancer."""

    protocol: str | None = None
    load_balancer_port: int | None = None


class ClassicListening(Struct, frozen=True, rename="pascal"):
    """A listener with its policies."""

    listener: ClassicListener


class ClassicBalancer(Struct, frozen=True, rename="pascal"):
    """`LoadBalancerDescription`: a Classic Load Balancer."""

    load_balancer_name: str
    dns_name: str | None = field(default=None, name="DNSName")
    scheme: str | None = None
    vpc_id: str | None = field(default=None, name="VPCId")
    security_groups: tuple[str, ...] = ()
    listener_descriptions: tuple[ClassicListening, ...] = ()


class ClassicBalancers(Struct, frozen=True, rename="pascal"):
    """A page of `elb` `DescribeLoadBalancers`."""

    load_balancer_descriptions: tuple[ClassicBalancer, ...] = ()
