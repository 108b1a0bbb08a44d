"""EC2: the networks that clusters sit in, which others they are joined with, and what nodes get."""

import asyncio
from collections.abc import Iterable, Mapping

from msgspec import Struct

from auditor.model.cloud import CloudFact, CloudNodePool
from connectors.aws.calling import Caller
from connectors.aws.network_shapes import (
    Attachments,
    Peerings,
    Subnet,
    Subnets,
    TemplateVersions,
)
from connectors.aws.shapes import Nodegroup

_ACTIVE = ("active", "available")
_MAP_PUBLIC = "MapPublicIpOnLaunch"
_ASSIGN_IPV6 = "AssignIpv6AddressOnCreation"
_ASSOCIATE = "NetworkInterfaces[].AssociatePublicIpAddress"
_SSH_OPEN = "set, and sourceSecurityGroups is empty: SSH is open to 0.0.0.0/0"


async def subnets_of(caller: Caller, vpcs: Iterable[str]) -> dict[str, Subnet]:
    """Give the subnets of VPCs by their id.

    Raises:
        CallError: they cannot be read.
    """
    wanted = [{"Name": "vpc-id", "Values": sorted(vpcs)}]
    pages = await caller.pages("ec2", "describe_subnets", Subnets, Filters=wanted)
    return {item.subnet_id: item for page in pages for item in page.subnets}


class Joined(Struct, frozen=True):
    """What a VPC is joined with."""

    peers: tuple[str, ...]
    """VPCs, by a peering that is in force."""
    hubs: tuple[str, ...]
    """Transit gateways."""


async def joined(caller: Caller, vpcs: Iterable[str]) -> dict[str, Joined]:
    """Give what each VPC is joined with.

    Raises:
        CallError: it cannot be read.
    """
    peerings, attachments = await asyncio.gather(
        caller.pages("ec2", "describe_vpc_peering_connections", Peerings),
        caller.pages("ec2", "describe_transit_gateway_vpc_attachments", Attachments),
    )
    peers, hubs = ({vpc: set[str]() for vpc in vpcs} for _ in range(2))
    for peering in (item for page in peerings for item in page.vpc_peering_connections):
        if peering.status is not None and peering.status.code not in _ACTIVE:
            continue
        sides = (peering.requester_vpc_info, peering.accepter_vpc_info)
        one, other = (side.vpc_id if side else None for side in sides)
        for mine, theirs in ((one, other), (other, one)):
            if mine in peers and theirs:
                peers[mine].add(theirs)
    for attached in (item for page in attachments for item in page.transit_gateway_vpc_attachments):
        if attached.vpc_id in hubs and attached.transit_gateway_id and attached.state in _ACTIVE:
            hubs[attached.vpc_id].add(attached.transit_gateway_id)
    return {vpc: Joined(tuple(sorted(peers[vpc])), tuple(sorted(hubs[vpc]))) for vpc in peers}


class _Given(Struct, frozen=True):
    """Whether nodes are given internet addresses, and what tells it."""

    is_public: bool | None
    evidence: tuple[CloudFact, ...]


async def pool_of(
    caller: Caller, group: Nodegroup, subnets: Mapping[str, Subnet] | None
) -> CloudNodePool:
    """Tell what the nodes of a managed node group get.

    A launch template's own setting outweighs that of the subnet (EKS user guide, Customize managed
    nodes with launch templates).

    Raises:
        CallError: its launch template cannot be read.
    """
    given = await _by_template(caller, group)
    if given is None:
        given = _by_subnets(group, subnets)
    evidence = list(given.evidence)
    access = group.remote_access
    if access is not None and access.ec2_ssh_key and not access.source_security_groups:
        evidence.append(CloudFact("remoteAccess.ec2SshKey", _SSH_OPEN))
    return CloudNodePool(
        name=group.nodegroup_name,
        has_public_addresses=given.is_public,
        evidence=tuple(evidence),
    )


async def _by_template(caller: Caller, group: Nodegroup) -> _Given | None:
    template = group.launch_template
    if template is None or template.id is None:
        return None
    pages = await caller.pages(
        "ec2",
        "describe_launch_template_versions",
        TemplateVersions,
        LaunchTemplateId=template.id,
        Versions=[template.version or "$Default"],
    )
    versions = (item for page in pages for item in page.launch_template_versions)
    settings = [
        interface.associate_public_ip_address
        for version in versions
        for interface in version.launch_template_data.network_interfaces
        if interface.associate_public_ip_address is not None
    ]
    if not settings:
        return None
    fact = CloudFact(f"{template.id} {_ASSOCIATE}", str(any(settings)).lower())
    return _Given(any(settings), (fact,))


def _by_subnets(group: Nodegroup, subnets: Mapping[str, Subnet] | None) -> _Given:
    if subnets is None:
        return _Given(None, ())
    facts, seen = [], list[bool | None]()
    for name in group.subnets:
        subnet = subnets.get(name)
        told = (
            (_MAP_PUBLIC, subnet.map_public_ip_on_launch if subnet else None),
            (_ASSIGN_IPV6, bool(subnet and subnet.assign_ipv6_address_on_creation)),
        )
        facts += [CloudFact(f"{name} {field}", "true") for field, value in told if value]
        seen.append(None if told[0][1] is None else any(value for _, value in told))
    if True in seen:
        return _Given(is_public=True, evidence=tuple(facts))
    if None in seen or not seen:
        return _Given(None, ())
    names = ", ".join(sorted(group.subnets))
    return _Given(is_public=False, evidence=(CloudFact(f"{names} {_MAP_PUBLIC}", "false"),))
