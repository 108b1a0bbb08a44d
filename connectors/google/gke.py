"""GKE: what the service itself says of a cluster's plugin, nodes and settings."""

from google.cloud.container_v1.types import Cluster, NodePool

from auditor.model.cloud import CloudFact, CloudNodePool, ManagedPlugin
from connectors.google.presence import facts, told

_DATAPLANE_V2 = "gke-dataplane-v2"
_DATAPLANE_V1 = "gke-dataplane-v1"
_CALICO = "calico"

_DATAPATH = "networkConfig.datapathProvider"
_POLICY = "networkPolicy.enabled"
_ADD_ON_OFF = "addonsConfig.networkPolicyConfig.disabled"

_POOL_SWITCH = "networkConfig.enablePrivateNodes"
_CLUSTER_SWITCHES = (
    "networkConfig.defaultEnablePrivateNodes",
    "privateClusterConfig.enablePrivateNodes",
)

_SETTINGS = (
    "status",
    "currentMasterVersion",
    "currentNodeVersion",
    "releaseChannel.channel",
    "autopilot.enabled",
    "ipAllocationPolicy.stackType",
    "networkConfig.datapathProvider",
    "networkConfig.enableIntraNodeVisibility",
    "networkConfig.serviceExternalIpsConfig.enabled",
    "networkConfig.gatewayApiConfig.channel",
    "networkConfig.enableFqdnNetworkPolicy",
    "networkConfig.enableCiliumClusterwideNetworkPolicy",
    "networkConfig.disableL4LbFirewallReconciliation",
    "addonsConfig.kubernetesDashboard.disabled",
    "addonsConfig.httpLoadBalancing.disabled",
    "legacyAbac.enabled",
    "masterAuth.clientCertificateConfig.issueClientCertificate",
    "anonymousAuthenticationConfig.mode",
    "rbacBindingConfig.enableInsecureBindingSystemUnauthenticated",
    "rbacBindingConfig.enableInsecureBindingSystemAuthenticated",
    "controlPlaneEndpointsConfig.dnsEndpointConfig.enableK8sTokensViaDns",
    "controlPlaneEndpointsConfig.dnsEndpointConfig.enableK8sCertsViaDns",
    "controlPlaneEndpointsConfig.ipEndpointsConfig.globalAccess",
    "workloadIdentityConfig.workloadPool",
    "shieldedNodes.enabled",
)
"""Fields that a person who checks a cluster wants to see; no name, key or password among them."""


def plugin_of(cluster: Cluster) -> ManagedPlugin | None:
    """Tell the network plugin and whether it enforces NetworkPolicy; None where that is not told.

    Dataplane V2 always does (Dataplane V2 documentation). Else Calico has to be switched on twice,
    for the control plane as an add-on and for the nodes (GKE API reference, NetworkPolicyConfig).
    """
    if told(cluster, "networkConfig") is None:
        return None
    evidence = facts(cluster, (_DATAPATH, _POLICY, _ADD_ON_OFF))
    provider = told(cluster, _DATAPATH)
    if provider == "ADVANCED_DATAPATH":
        return ManagedPlugin(plugin=_DATAPLANE_V2, enforces=True, evidence=evidence)
    # GKE leaves it out where it is the older one.
    if provider not in {None, "LEGACY_DATAPATH"}:
        return None
    is_on, is_off = told(cluster, _POLICY), told(cluster, _ADD_ON_OFF)
    if is_on:
        enforces = True if is_off is False else None
        return ManagedPlugin(plugin=_CALICO, enforces=enforces, evidence=evidence)
    is_told = is_on is False or is_off is True
    return ManagedPlugin(
        plugin=_DATAPLANE_V1, enforces=False if is_told else None, evidence=evidence
    )


def pools_of(cluster: Cluster) -> tuple[CloudNodePool, ...] | None:
    """Tell what the nodes of each pool get; None where an Autopilot cluster shows no pools."""
    if not cluster.node_pools and told(cluster, "autopilot.enabled"):
        return None
    return tuple(_pool(cluster, pool) for pool in cluster.node_pools)


def _pool(cluster: Cluster, pool: NodePool) -> CloudNodePool:
    """Read a pool; its own switch outweighs those of the cluster.

    Where it has none, the cluster's default holds (GKE API reference, NodeNetworkConfig).
    """
    evidence = facts(pool, (_POOL_SWITCH,)) or facts(cluster, _CLUSTER_SWITCHES)[:1]
    is_private = told(pool, _POOL_SWITCH)
    for path in _CLUSTER_SWITCHES:
        if is_private is None:
            is_private = told(cluster, path)
    metadata = facts(pool, ("config.workloadMetadataConfig.mode",))
    return CloudNodePool(
        name=pool.name,
        has_public_addresses=None if is_private is None else not is_private,
        evidence=(*evidence, *metadata),
    )


def settings_of(cluster: Cluster) -> tuple[CloudFact, ...]:
    """Write down what else a person who checks a cluster wants to see."""
    # Google took passwords away with Kubernetes 1.19; one that is there is worth a line.
    basic = told(cluster, "masterAuth.username")
    extra = (CloudFact("masterAuth.username", "set"),) if basic else ()
    return (*facts(cluster, _SETTINGS), *extra)
