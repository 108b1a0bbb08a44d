"""What is read of AKS's answers, by the names of its API reference (2026-08-01).

A field that is missing is None: nothing is taken for granted that an older or another API leaves
out.
"""

from msgspec import UNSET, Struct, UnsetType, field


class SubscriptionRow(Struct, frozen=True, rename="camel"):
    """A subscription, as Resource Graph shows it."""

    subscription_id: str
    state: str | None = None


class ClusterRow(Struct, frozen=True, rename="camel"):
    """A cluster, as Resource Graph shows it: that it is there, no more is taken from it."""

    id: str
    name: str
    subscription_id: str
    resource_group: str


class AccessProfile(Struct, frozen=True, rename="camel"):
    """`ManagedClusterAPIServerAccessProfile`: who may dial the API server."""

    authorized_ip_ranges: tuple[str, ...] | None = field(default=None, name="authorizedIPRanges")
    enable_private_cluster: bool | None = None
    enable_private_cluster_public_fqdn: bool | None = field(
        default=None, name="enablePrivateClusterPublicFQDN"
    )
    disable_run_command: bool | None = None
    enable_vnet_integration: bool | None = None
    subnet_id: str | None = None


class AgentPool(Struct, frozen=True, rename="camel"):
    """`ManagedClusterAgentPoolProfile`."""

    name: str
    enable_node_public_ip: bool | None = field(default=None, name="enableNodePublicIP")
    node_public_ip_prefix_id: str | None = field(default=None, name="nodePublicIPPrefixID")
    vnet_subnet_id: str | None = field(default=None, name="vnetSubnetID")
    pod_subnet_id: str | None = field(default=None, name="podSubnetID")
    type: str | None = None
    network_profile: "PoolNetwork | None" = None


class PoolNetwork(Struct, frozen=True, rename="camel"):
    """`AgentPoolNetworkProfile`: ports that the nodes' security group opens to everyone."""

    allowed_host_ports: "tuple[HostPorts, ...] | None" = None


class HostPorts(Struct, frozen=True, rename="camel"):
    """`PortRange`."""

    port_start: int | None = None
    port_end: int | None = None
    protocol: str | None = None


class ResourceReference(Struct, frozen=True):
    """A resource that is named by its id."""

    id: str | None = None


class BalancerProfile(Struct, frozen=True, rename="camel"):
    """`ManagedClusterLoadBalancerProfile`."""

    effective_outbound_ips: tuple[ResourceReference, ...] | None = field(
        default=None, name="effectiveOutboundIPs"
    )


class NetworkProfile(Struct, frozen=True, rename="camel"):
    """`ContainerServiceNetworkProfile`."""

    network_plugin: str | None = None
    network_plugin_mode: str | None = None
    network_policy: str | None = None
    network_dataplane: str | None = None
    outbound_type: str | None = None
    load_balancer_sku: str | None = None
    load_balancer_profile: BalancerProfile | None = None


class EntraProfile(Struct, frozen=True, rename="camel"):
    """`ManagedClusterAADProfile`: users come from Microsoft Entra ID."""

    managed: bool | None = None
    enable_azure_rbac: bool | None = field(default=None, name="enableAzureRBAC")
    server_app_id: str | None = field(default=None, name="serverAppID")
    tenant_id: str | None = field(default=None, name="tenantID")


class PowerState(Struct, frozen=True):
    """`Running` or `Stopped`."""

    code: str | None = None


class AddOn(Struct, frozen=True):
    """`ManagedClusterAddonProfile`."""

    enabled: bool | None = None


class NodeProvisioning(Struct, frozen=True):
    """`ManagedClusterNodeProvisioningProfile`."""

    mode: str | None = None


class Properties(Struct, frozen=True, rename="camel"):
    """`ManagedClusterProperties`."""

    provisioning_state: str | None = None
    power_state: PowerState | None = None
    kubernetes_version: str | None = None
    current_kubernetes_version: str | None = None
    fqdn: str | None = None
    private_fqdn: str | None = field(default=None, name="privateFQDN")
    azure_portal_fqdn: str | None = field(default=None, name="azurePortalFQDN")
    agent_pool_profiles: tuple[AgentPool, ...] | None = None
    addon_profiles: dict[str, AddOn | None] | None = None
    node_resource_group: str | None = None
    enable_rbac: bool | None = field(default=None, name="enableRBAC")
    network_profile: NetworkProfile | None = None
    aad_profile: EntraProfile | None = None
    api_server_access_profile: AccessProfile | None = None
    disable_local_accounts: bool | None = None
    public_network_access: str | None = None
    node_provisioning_profile: NodeProvisioning | None = None


class Sku(Struct, frozen=True):
    """`ManagedClusterSKU`."""

    name: str | None = None
    tier: str | None = None


class AksCluster(Struct, frozen=True):
    """`ManagedCluster`."""

    id: str
    name: str
    location: str
    tags: dict[str, str | None] | None = None
    sku: Sku | None = None
    properties: Properties | UnsetType = UNSET

    @property
    def told(self) -> Properties:
        """Give its properties; those of one that has none are all unknown."""
        return Properties() if self.properties is UNSET else self.properties

    @property
    def group(self) -> str:
        """Give the name of its resource group, in small letters."""
        return group_of(self.id)


def group_of(resource: str) -> str:
    """Give the resource group of a resource's id, in small letters.

    Capitals do not count in ids, and Azure does not always write them alike.
    """
    parts = resource.lower().split("/")
    return parts[4] if len(parts) > 4 and parts[3] == "resourcegroups" else ""


def parent_of(resource: str) -> str:
    """Give the id of what a resource is part of: the network of a subnet."""
    return resource.rpartition("/")[0].rpartition("/")[0]
