"""Network plugins, meshes, Gateway controllers, distributions and ports of nodes as rows."""

from collections.abc import Iterator

from auditor.catalogue.cni_plugins import Switch, cni_plugins
from auditor.catalogue.distributions import distributions
from auditor.catalogue.gateway_controllers import gateway_controllers
from auditor.catalogue.host_services import host_services
from auditor.catalogue.listed import CatalogueEntry, told
from auditor.catalogue.meshes import meshes


def cni_plugin_rows() -> Iterator[CatalogueEntry]:
    """Give the network plugins and policy engines."""
    for plugin in cni_plugins().values():
        yield CatalogueEntry(
            kind="cni",
            id=plugin.id,
            name=plugin.id,
            confirmed=plugin.confirmed,
            source=plugin.source,
            details=told(
                role=plugin.role,
                enforces=plugin.enforces,
                engine=plugin.engine,
                images=plugin.images,
                names=plugin.names,
                namespaces=plugin.namespaces,
                marks_of_nodes=(*plugin.nodes.labels, *plugin.nodes.annotations),
                switches=tuple(_switch(item) for item in plugin.switches),
                enforces_since=tuple(f"{image} {since}" for image, since in plugin.since.items()),
                own_kinds=plugin.own_kinds,
                unseen=plugin.unseen,
            ),
        )


def _switch(switch: Switch) -> str:
    places = [switch.flag] if switch.flag else []
    if switch.entry:
        places.append(f"{switch.entry.key} of ConfigMap {switch.entry.config_map}")
    return " or ".join(places or switch.env)


def mesh_rows() -> Iterator[CatalogueEntry]:
    """Give the service meshes."""
    for mesh in meshes().values():
        parts = (*mesh.control_plane, *mesh.node_agents)
        yield CatalogueEntry(
            kind="mesh",
            id=mesh.id,
            name=mesh.name,
            confirmed=mesh.confirmed,
            source=mesh.source,
            details=told(
                images=tuple(end for part in parts for end in part.images),
                names=tuple(name for part in parts for name in part.names),
                proxy=(*mesh.proof.containers, *mesh.proof.images),
                init_containers=mesh.proof.init_containers,
                labels=mesh.proof.labels,
                annotations=mesh.proof.annotations,
                asked_by=mesh.asked_by,
                unseen=mesh.unseen,
            ),
        )


def node_port_rows() -> Iterator[CatalogueEntry]:
    """Give the ports on which services of nodes listen."""
    for port in host_services().node_ports:
        number = str(port.first) if port.first == port.last else f"{port.first}-{port.last}"
        yield CatalogueEntry(
            kind="node-port",
            id=f"{number}/{port.protocol}",
            name=port.name,
            confirmed=port.confirmed,
            source=port.source,
            details=told(controls=port.controls),
        )


def gateway_controller_rows() -> Iterator[CatalogueEntry]:
    """Give the controllers behind Gateway classes."""
    for item in gateway_controllers():
        yield CatalogueEntry(
            kind="gateway-controller",
            id=item.id,
            name=item.id,
            confirmed=item.confirmed and all(one.confirmed for one in item.classes),
            source=item.source,
            details=told(
                cloud=item.cloud,
                front=item.front,
                controllers=item.controllers,
                classes=tuple(f"{one.name} ({one.scheme})" for one in item.classes),
                default_scheme=item.scheme,
                parameters=item.parameters_decide,
            ),
        )


def distribution_rows() -> Iterator[CatalogueEntry]:
    """Give the distributions of Kubernetes."""
    for item in distributions().values():
        yield CatalogueEntry(
            kind="distribution",
            id=item.id,
            name=item.name,
            source=item.source,
            details=told(
                cloud=item.cloud,
                labels=item.node_labels,
                provider_ids=item.provider_ids,
                versions=item.versions,
                namespaces=item.namespaces,
            ),
        )
