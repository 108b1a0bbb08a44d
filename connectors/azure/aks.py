"""What AKS itself says of a cluster: who may dial it, its pools, its plugin and its settings."""

from collections.abc import Mapping

from auditor.model.cloud import ApiEndpoint, CloudFact, CloudNodePool, ManagedPlugin
from connectors.azure.shapes import (
    AccessProfile,
    AgentPool,
    AksCluster,
    EntraProfile,
    NetworkProfile,
    NodeProvisioning,
    PowerState,
    Properties,
    Sku,
)

ONLY_OUTBOUND = "0.0.0.0/32"
"""In a list of ranges: the cluster's own outbound addresses and nobody else (AKS, API server
authorized IP ranges)."""
_EVERYONE = "0.0.0.0/0"
_ACCESS = "apiServerAccessProfile"

_ENGINES = {"azure": "azure-npm", "calico": "calico", "cilium": "cilium"}
"""Ids in the catalogue by `networkPolicy`."""
_INTERFACES = {"azure": "azure-cni", "kubenet": "kubenet"}
"""By `networkPlugin`, where nothing enforces policies; `none` is a plugin of the owner's choice."""
_CILIUM = "cilium"
_NO_POLICY = "none"


def endpoint_of(
    cluster: AksCluster, addresses: Mapping[str, str | None] | None
) -> ApiEndpoint | None:
    """Read who may dial the API server; None where it is not told.

    `addresses` are the public addresses that were read, by id: the cluster's own outbound ones are
    admitted beside any list.

    An empty list is everyone, and so is a missing one (AKS, API server authorized IP ranges). That
    `publicNetworkAccess` closes an endpoint is what its reference says and users of it deny, so
    that it makes the answer unknown where nothing else closes it.
    """
    told = cluster.told
    access = told.api_server_access_profile or AccessProfile()
    is_public = _is_public(told, access)
    if is_public is None:
        return None
    evidence = _endpoint_facts(told, access)
    allowed: tuple[str, ...] | None = None
    if is_public and not _says_closed(told):
        allowed = _allowed(cluster, access, addresses)
    return ApiEndpoint(
        is_public=is_public,
        is_private=_is_private(access),
        allowed=allowed,
        evidence=evidence,
    )


def _is_public(told: Properties, access: AccessProfile) -> bool | None:
    if access.enable_private_cluster is not None:
        return not access.enable_private_cluster
    # Clusters that never had an access setting come without the profile. One that has both names
    # may be either: a private one with a public name, or a public one inside its network.
    if told.fqdn and told.private_fqdn:
        return None
    if told.fqdn:
        return True
    return False if told.private_fqdn else None


def _says_closed(told: Properties) -> bool:
    return (told.public_network_access or "").lower() == "disabled"


def _is_private(access: AccessProfile) -> bool | None:
    if access.enable_private_cluster or access.enable_vnet_integration:
        return True
    told = (access.enable_private_cluster, access.enable_vnet_integration)
    return None if None in told else False


def _allowed(
    cluster: AksCluster, access: AccessProfile, addresses: Mapping[str, str | None] | None
) -> tuple[str, ...]:
    ranges = access.authorized_ip_ranges
    if not ranges:
        return (_EVERYONE,)
    own = (addresses or {}).get
    outbound = (own(key) for key in outbound_of(cluster))
    named = (item for item in ranges if item.strip() != ONLY_OUTBOUND)
    return tuple(dict.fromkeys((*named, *filter(None, outbound))))


def outbound_of(cluster: AksCluster) -> tuple[str, ...]:
    """Give the ids of the addresses that the cluster's own load balancer sends from."""
    network = cluster.told.network_profile
    profile = network.load_balancer_profile if network else None
    listed = (profile.effective_outbound_ips if profile else None) or ()
    return tuple(item.id.lower() for item in listed if item.id)


def _endpoint_facts(told: Properties, access: AccessProfile) -> tuple[CloudFact, ...]:
    ranges = access.authorized_ip_ranges
    shown = "not set, which is everyone" if not ranges else ", ".join(ranges)
    if ranges and ONLY_OUTBOUND in ranges:
        shown += f" ({ONLY_OUTBOUND}: the cluster's own outbound addresses)"
    facts = _facts(
        {
            f"{_ACCESS}.enablePrivateCluster": access.enable_private_cluster,
            f"{_ACCESS}.authorizedIPRanges": None if access.enable_private_cluster else shown,
            f"{_ACCESS}.enablePrivateClusterPublicFQDN": access.enable_private_cluster_public_fqdn,
            f"{_ACCESS}.enableVnetIntegration": access.enable_vnet_integration,
            "publicNetworkAccess": told.public_network_access,
            "fqdn": told.fqdn,
            "privateFQDN": told.private_fqdn,
        }
    )
    if _says_closed(told) and not access.enable_private_cluster:
        doubt = "whether this closes the public endpoint is not sure"
        facts = (*facts, CloudFact("publicNetworkAccess", doubt))
    return facts


def pools_of(cluster: AksCluster) -> tuple[CloudNodePool, ...] | None:
    """Tell what the nodes of each pool get; None where the pools are not told.

    A missing `enableNodePublicIP` is false (AKS REST API, ManagedClusterAgentPoolProfile: "The
    default is false"). Nodes that node auto provisioning makes are of no pool.
    """
    pools = cluster.told.agent_pool_profiles
    return None if pools is None else tuple(_pool(pool) for pool in pools)


def _pool(pool: AgentPool) -> CloudNodePool:
    given = pool.enable_node_public_ip
    shown = "not set, and false is the default" if given is None else str(given).lower()
    facts = [CloudFact("enableNodePublicIP", shown)]
    if pool.node_public_ip_prefix_id:
        facts.append(CloudFact("nodePublicIPPrefixID", pool.node_public_ip_prefix_id))
    ports = (pool.network_profile and pool.network_profile.allowed_host_ports) or ()
    opened = ", ".join(
        f"{item.port_start}-{item.port_end}/{item.protocol}".replace("None", "?") for item in ports
    )
    if opened:
        facts.append(CloudFact("networkProfile.allowedHostPorts", opened))
    return CloudNodePool(name=pool.name, has_public_addresses=bool(given), evidence=tuple(facts))


def plugin_of(cluster: AksCluster) -> ManagedPlugin | None:
    """Read which engine AKS installed for policies, or that it installed none.

    A missing `networkPolicy` is `none` (AKS REST API, NetworkPolicy: "This is the default value
    when NetworkPolicy is not specified"). Without a plugin of AKS (`networkPlugin: none`) the
    cluster itself has to tell.
    """
    network = cluster.told.network_profile
    if network is None or network.network_plugin in {None, "none"}:
        return None
    policy = network.network_policy
    facts = _facts(
        {
            "networkProfile.networkPlugin": network.network_plugin,
            "networkProfile.networkPluginMode": network.network_plugin_mode,
            "networkProfile.networkDataplane": network.network_dataplane,
            "networkProfile.networkPolicy": policy or "not set, and none is the default",
        }
    )
    engine = _ENGINES.get(policy or "")
    if engine is not None:
        return ManagedPlugin(plugin=engine, enforces=True, evidence=facts)
    is_off = policy in {None, _NO_POLICY}
    if network.network_dataplane == _CILIUM:
        # The reference has Cilium's dataplane together with its policies only.
        return ManagedPlugin(plugin=_CILIUM, evidence=facts)
    interface = _INTERFACES.get(network.network_plugin or "")
    if interface is None:
        return None
    return ManagedPlugin(plugin=interface, enforces=False if is_off else None, evidence=facts)


def settings_of(cluster: AksCluster) -> tuple[CloudFact, ...]:
    """Write down what else a person who checks a cluster wants to see."""
    told, sku = cluster.told, cluster.sku or Sku()
    access = told.api_server_access_profile or AccessProfile()
    entra = told.aad_profile or EntraProfile()
    network = told.network_profile or NetworkProfile()
    provisioning = told.node_provisioning_profile or NodeProvisioning()
    power = told.power_state or PowerState()
    dashboard = (told.addon_profiles or {}).get("kubeDashboard")
    return _facts(
        {
            "provisioningState": told.provisioning_state,
            "powerState.code": power.code,
            "currentKubernetesVersion": told.current_kubernetes_version or told.kubernetes_version,
            "sku.name": sku.name,
            "sku.tier": sku.tier,
            f"{_ACCESS}.disableRunCommand": access.disable_run_command,
            "azurePortalFQDN": told.azure_portal_fqdn,
            "enableRBAC": told.enable_rbac,
            "disableLocalAccounts": told.disable_local_accounts,
            "aadProfile.managed": entra.managed,
            "aadProfile.enableAzureRBAC": entra.enable_azure_rbac,
            "aadProfile.tenantID": entra.tenant_id,
            "addonProfiles.kubeDashboard.enabled": dashboard.enabled if dashboard else None,
            "networkProfile.outboundType": network.outbound_type,
            "networkProfile.loadBalancerSku": network.load_balancer_sku,
            "nodeProvisioningProfile.mode": provisioning.mode,
            "nodeResourceGroup": told.node_resource_group,
        }
    )


def _facts(told: Mapping[str, str | bool | None]) -> tuple[CloudFact, ...]:
    return tuple(
        CloudFact(name, str(value).lower() if isinstance(value, bool) else value)
        for name, value in told.items()
        if value is not None
    )
