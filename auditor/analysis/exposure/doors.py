"""Every door into a cluster: those of Services, nodes and pods, then the routes behind them."""

from collections.abc import Iterator

from auditor.analysis.exposure.api_server import api_server_doors
from auditor.analysis.exposure.backends import BackendFinder
from auditor.analysis.exposure.contour_routes import ContourRoutes
from auditor.analysis.exposure.door import Door
from auditor.analysis.exposure.external_ips import external_ip_doors
from auditor.analysis.exposure.gateway_routes import GatewayRoutes
from auditor.analysis.exposure.ingresses import ingress_doors
from auditor.analysis.exposure.istio_routes import IstioRoutes
from auditor.analysis.exposure.load_balancers import LOAD_BALANCER_TYPE, load_balancer_doors
from auditor.analysis.exposure.node_ports import host_doors, node_port_doors
from auditor.analysis.exposure.openshift_routes import OpenShiftRoutes
from auditor.analysis.exposure.pod_addresses import headless_doors, pod_address_doors
from auditor.analysis.exposure.serving import Site
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.analysis.exposure.traefik_routes import TraefikRoutes
from auditor.analysis.nodes import NodeFacts
from auditor.analysis.recognition.gateways import ServedGateway
from auditor.analysis.workloads import WorkloadIndex
from auditor.catalogue.ingress_controllers import IngressController
from auditor.kube.inventory import Inventory
from auditor.model.cluster import Cluster
from auditor.model.identity import ObjectRef


def direct_doors(
    inventory: Inventory,
    site: Site,
    workloads: WorkloadIndex,
    nodes: NodeFacts,
    finder: BackendFinder,
) -> Iterator[Door]:
    """Give the doors that lead straight to pods, in the order of their objects."""
    published: set[ObjectRef] = set()
    for service in inventory.services:
        if service.spec.type == LOAD_BALANCER_TYPE:
            yield from load_balancer_doors(service, site, finder)
        yield from node_port_doors(service, nodes, finder)
        yield from external_ip_doors(service, site.space, finder)
        for door in headless_doors(service, site.space, finder):
            published.update(door.workloads())
            yield door
    yield from host_doors(workloads, nodes, site.space)
    yield from pod_address_doors(workloads, site.space, frozenset(published))


def routed_doors(
    around: Surroundings,
    controllers: tuple[IngressController, ...],
    gateways: tuple[ServedGateway, ...],
) -> Iterator[Door]:
    """Give the doors of routes, kind by kind."""
    for ingress in around.inventory.ingresses:
        yield from ingress_doors(ingress, around, controllers)
    yield from GatewayRoutes(around, gateways, controllers).doors()
    yield from IstioRoutes(around).doors()
    yield from OpenShiftRoutes(around, controllers).doors()
    yield from TraefikRoutes(around, controllers).doors()
    yield from ContourRoutes(around, controllers).doors()


def find_doors(  # noqa: PLR0913, PLR0917 - what a cluster's doors are found by
    cluster: Cluster,
    inventory: Inventory,
    site: Site,
    workloads: WorkloadIndex,
    nodes: NodeFacts,
    finder: BackendFinder,
    controllers: tuple[IngressController, ...],
    gateways: tuple[ServedGateway, ...],
) -> tuple[Door, ...]:
    """Give every door into a cluster."""
    direct = tuple(direct_doors(inventory, site, workloads, nodes, finder))
    around = Surroundings(site, inventory, workloads, finder, direct)
    return (
        *direct,
        *routed_doors(around, controllers, gateways),
        *api_server_doors(cluster, inventory, site.space),
    )
