"""EKS: the clusters of a region, and what the service itself says of each."""

from fnmatch import fnmatchcase

import msgspec

from auditor.model.cloud import ApiEndpoint, CloudFact, ManagedPlugin
from connectors.aws.calling import Caller
from connectors.aws.shapes import (
    Addon,
    AddonNames,
    ClusterNames,
    DescribedAddon,
    DescribedCluster,
    DescribedNodegroup,
    EksCluster,
    Nodegroup,
    NodegroupNames,
)
from connectors.shortfalls import CallError

VPC_CNI = "vpc-cni"
"""The add-on that installs the Amazon VPC CNI plugin."""

_VPC_CNI_PLUGIN = "aws-vpc-cni"
_POLICY_SWITCH = "enableNetworkPolicy"
_EVERYONE = "0.0.0.0/0"


async def cluster_names(caller: Caller, globs: tuple[str, ...]) -> list[str]:
    """Name the clusters of a region that are wanted.

    Raises:
        CallError: they cannot be listed.
    """
    pages = await caller.pages("eks", "list_clusters", ClusterNames)
    names = [name for page in pages for name in page.clusters]
    return [name for name in names if any(fnmatchcase(name, glob) for glob in globs)]


async def described(caller: Caller, name: str) -> EksCluster | None:
    """Describe a cluster; None where it has been deleted since it was listed.

    Raises:
        CallError: it cannot be described.
    """
    try:
        answer = await caller.call("eks", "describe_cluster", DescribedCluster, name=name)
    except CallError as error:
        if error.is_gone:
            return None
        raise
    return answer.cluster


async def node_groups(caller: Caller, cluster: str) -> list[Nodegroup]:
    """Describe the managed node groups of a cluster; those deleted meanwhile are left out.

    Raises:
        CallError: some cannot be described.
    """
    pages = await caller.pages("eks", "list_nodegroups", NodegroupNames, clusterName=cluster)
    found = []
    for name in (name for page in pages for name in page.nodegroups):
        try:
            answer = await caller.call(
                "eks",
                "describe_nodegroup",
                DescribedNodegroup,
                clusterName=cluster,
                nodegroupName=name,
            )
        except CallError as error:
            if not error.is_gone:
                raise
        else:
            found.append(answer.nodegroup)
    return found


async def add_ons(caller: Caller, cluster: str) -> tuple[tuple[str, ...], Addon | None]:
    """Name the add-ons of a cluster, and describe that of the VPC CNI plugin where there is one.

    Raises:
        CallError: they cannot be read.
    """
    pages = await caller.pages("eks", "list_addons", AddonNames, clusterName=cluster)
    names = tuple(sorted(name for page in pages for name in page.addons))
    if VPC_CNI not in names:
        return names, None
    try:
        answer = await caller.call(
            "eks", "describe_addon", DescribedAddon, clusterName=cluster, addonName=VPC_CNI
        )
    except CallError as error:
        if error.is_gone:
            return names, None
        raise
    return names, answer.addon


def endpoint_of(cluster: EksCluster) -> ApiEndpoint | None:
    """Read who may dial the API server (EKS API reference, VpcConfigResponse).

    The list of ranges counts for the public endpoint alone, and an empty one is everyone.
    """
    config = cluster.resources_vpc_config
    if config is None or config.endpoint_public_access is None:
        return None
    allowed = config.public_access_cidrs
    facts = [
        ("endpointPublicAccess", config.endpoint_public_access),
        ("endpointPrivateAccess", config.endpoint_private_access),
    ]
    evidence = [
        CloudFact(f"resourcesVpcConfig.{name}", str(value).lower())
        for name, value in facts
        if value is not None
    ]
    if allowed is not None:
        shown = ", ".join(allowed) or "empty, which is everyone"
        evidence.append(CloudFact("resourcesVpcConfig.publicAccessCidrs", shown))
    return ApiEndpoint(
        is_public=config.endpoint_public_access,
        is_private=config.endpoint_private_access,
        allowed=allowed if allowed is None else allowed or (_EVERYONE,),
        evidence=tuple(evidence),
    )


def plugin_of(addon: Addon | None) -> ManagedPlugin | None:
    """Read whether the managed VPC CNI plugin enforces NetworkPolicy; None where it is no add-on.

    A cluster without the add-on may have the same plugin installed by other hands. The settings
    are JSON or YAML text (EKS user guide, Limit Pod traffic with Kubernetes network policies).
    """
    if addon is None:
        return None
    version = CloudFact(f"addon[{VPC_CNI}].addonVersion", addon.addon_version or "not told")
    field = f"addon[{VPC_CNI}].configurationValues"
    if not addon.configuration_values:
        fact = CloudFact(field, f"none, and {_POLICY_SWITCH} is off by default")
        return ManagedPlugin(plugin=_VPC_CNI_PLUGIN, enforces=False, evidence=(version, fact))
    values = _settings(addon.configuration_values)
    if values is None:
        fact = CloudFact(field, "neither JSON nor YAML")
        return ManagedPlugin(plugin=_VPC_CNI_PLUGIN, evidence=(version, fact))
    value = str(values.get(_POLICY_SWITCH, "false")).lower()
    fact = CloudFact(f"{field}.{_POLICY_SWITCH}", value)
    return ManagedPlugin(
        plugin=_VPC_CNI_PLUGIN,
        enforces={"true": True, "false": False}.get(value),
        evidence=(version, fact),
    )


def _settings(text: str) -> dict[str, object] | None:
    for decode in (msgspec.json.decode, msgspec.yaml.decode):
        try:
            found = decode(text.encode())
        except msgspec.DecodeError:
            continue
        if isinstance(found, dict):
            return found
    return None


def settings_of(cluster: EksCluster, addons: tuple[str, ...] | None) -> tuple[CloudFact, ...]:
    """Write down what else a person who checks a cluster wants to see."""
    access, network = cluster.access_config, cluster.kubernetes_network_config
    balancing = network.elastic_load_balancing if network else None
    auto_mode = cluster.compute_config.enabled if cluster.compute_config else None
    told = {
        "status": cluster.status,
        "version": cluster.version,
        "platformVersion": cluster.platform_version,
        "accessConfig.authenticationMode": access and access.authentication_mode,
        "accessConfig.bootstrapClusterCreatorAdminPermissions": access
        and access.bootstrap_cluster_creator_admin_permissions,
        "computeConfig.enabled": auto_mode,
        "kubernetesNetworkConfig.ipFamily": network and network.ip_family,
        "kubernetesNetworkConfig.elasticLoadBalancing.enabled": balancing and balancing.enabled,
        "addons": None if addons is None else ", ".join(addons) or "none",
    }
    return tuple(
        CloudFact(name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in told.items()
        if value is not None
    )
