"""What is known of a cluster that helps to tell its load balancers apart."""

from auditor.analysis.exposure.cloud_balancers import CloudBalancers
from auditor.analysis.exposure.serving import Site
from auditor.analysis.nodes import NodeFacts
from auditor.analysis.workloads import WorkloadIndex, flag_values
from auditor.catalogue.contents import Catalogue
from auditor.kube.inventory import Inventory
from auditor.kube.resources import PODS
from auditor.model.audience import AddressSpace
from auditor.model.cluster import Cluster
from auditor.model.reading import ReadState

_CLOUD_BY_PROVIDER = {"eks": "aws", "gke": "gcp", "aks": "azure"}


def site_of(  # noqa: PLR0913, PLR0917 - what a site is known by
    cluster: Cluster,
    inventory: Inventory,
    catalogue: Catalogue,
    workloads: WorkloadIndex,
    nodes: NodeFacts,
    space: AddressSpace,
) -> Site:
    """Gather it."""
    pods = inventory.state(PODS)
    return Site(
        space,
        _CLOUD_BY_PROVIDER.get(cluster.provider) or nodes.cloud,
        _controllers(catalogue, workloads),
        _controller_schemes(catalogue, inventory),
        catalogue.providers,
        pods_are_known=pods is ReadState.STALE or not pods.is_shortfall,
        nodes_were_withheld=nodes.state.is_shortfall and not nodes.nodes,
        balancers=CloudBalancers(cluster.cloud, space),
    )


def _controllers(catalogue: Catalogue, workloads: WorkloadIndex) -> frozenset[str]:
    """Name the providers of load balancers that run a controller here."""
    return frozenset(
        provider.id
        for provider in catalogue.providers
        if provider.controller_images and workloads.running(provider.controller_images)
    )


def _controller_schemes(catalogue: Catalogue, inventory: Inventory) -> dict[str, str]:
    """Read the default scheme that a provider's own controller was started with."""
    schemes = {}
    for provider in catalogue.providers:
        if provider.default and (flag := provider.default.flag):
            values = flag_values(inventory.pods, flag, provider.controller_images)
            if values:
                schemes[provider.id] = " or ".join(sorted(values))
    return schemes
