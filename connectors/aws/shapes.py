"""What is read of the answers of Organizations, STS and EKS, by the names of their API references.

A field that is missing is None: nothing is taken for granted that an older or another API leaves
out.
"""

from typing import Any

from msgspec import Struct, field

# --- Organizations, EC2 regions


class Account(Struct, frozen=True, rename="pascal"):
    """An account of the organisation."""

    id: str
    name: str = ""
    state: str | None = None
    status: str | None = None

    @property
    def is_active(self) -> bool:
        """`State` knows more than the older `Status`, and is missing in old answers."""
        return (self.state or self.status) == "ACTIVE"


class Accounts(Struct, frozen=True, rename="pascal"):
    """A page of `organizations:ListAccounts`."""

    accounts: tuple[Account, ...] = ()


class Identity(Struct, frozen=True, rename="pascal"):
    """The answer of `sts:GetCallerIdentity`."""

    account: str


class Region(Struct, frozen=True, rename="pascal"):
    """A region that the account has enabled."""

    region_name: str


class Regions(Struct, frozen=True, rename="pascal"):
    """The answer of `ec2:DescribeRegions`."""

    regions: tuple[Region, ...] = ()


# --- EKS


class ClusterNames(Struct, frozen=True):
    """A page of `eks:ListClusters`."""

    clusters: tuple[str, ...] = ()


class VpcConfig(Struct, frozen=True, rename="camel"):
    """`VpcConfigResponse`: where the control plane sits and who may dial it."""

    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    cluster_security_group_id: str | None = None
    endpoint_public_access: bool | None = None
    endpoint_private_access: bool | None = None
    public_access_cidrs: tuple[str, ...] | None = None


class Authority(Struct, frozen=True):
    """`Certificate`: who signs the API server's certificate, as base64."""

    data: str | None = None


class Switch(Struct, frozen=True):
    """A feature that is on or off."""

    enabled: bool | None = None


class KubernetesNetwork(Struct, frozen=True, rename="camel"):
    """`KubernetesNetworkConfigResponse`."""

    ip_family: str | None = None
    elastic_load_balancing: Switch | None = None


class AccessConfig(Struct, frozen=True, rename="camel"):
    """`AccessConfigResponse`: how IAM principals get in."""

    authentication_mode: str | None = None
    bootstrap_cluster_creator_admin_permissions: bool | None = None


class EksCluster(Struct, frozen=True, rename="camel"):
    """`Cluster`."""

    name: str
    arn: str = ""
    status: str = ""
    version: str | None = None
    platform_version: str | None = None
    endpoint: str | None = None
    certificate_authority: Authority | None = None
    resources_vpc_config: VpcConfig | None = None
    kubernetes_network_config: KubernetesNetwork | None = None
    access_config: AccessConfig | None = None
    compute_config: Switch | None = None
    outpost_config: dict[str, Any] | None = None
    id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class DescribedCluster(Struct, frozen=True):
    """The answer of `eks:DescribeCluster`."""

    cluster: EksCluster


class NodegroupNames(Struct, frozen=True):
    """A page of `eks:ListNodegroups`."""

    nodegroups: tuple[str, ...] = ()


class RemoteAccess(Struct, frozen=True, rename="camel"):
    """`RemoteAccessConfig`: SSH to the nodes."""

    ec2_ssh_key: str | None = None
    source_security_groups: tuple[str, ...] = ()


class LaunchTemplate(Struct, frozen=True):
    """`LaunchTemplateSpecification`."""

    id: str | None = None
    version: str | None = None


class Nodegroup(Struct, frozen=True, rename="camel"):
    """`Nodegroup`."""

    nodegroup_name: str
    subnets: tuple[str, ...] = ()
    remote_access: RemoteAccess | None = None
    launch_template: LaunchTemplate | None = None


class DescribedNodegroup(Struct, frozen=True):
    """The answer of `eks:DescribeNodegroup`."""

    nodegroup: Nodegroup


class AddonNames(Struct, frozen=True):
    """A page of `eks:ListAddons`."""

    addons: tuple[str, ...] = ()


class Addon(Struct, frozen=True, rename="camel"):
    """`Addon`."""

    addon_name: str
    addon_version: str | None = None
    configuration_values: str | None = None


class DescribedAddon(Struct, frozen=True):
    """The answer of `eks:DescribeAddon`."""

    addon: Addon
