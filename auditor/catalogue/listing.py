"""The catalogue as one list: what a person searches and the documentation shows.

A kind of entry is one row of `KINDS`. A data file that is to be found gets a row with a function
that gives its entries; nothing else has to know of it.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec import Struct

from auditor.catalogue.frameworks import frameworks
from auditor.catalogue.host_services import host_services
from auditor.catalogue.ingress_controllers import (
    AllowList,
    IngressController,
    ingress_controllers,
)
from auditor.catalogue.listed import CatalogueEntry, told
from auditor.catalogue.listed_network import (
    cni_plugin_rows,
    distribution_rows,
    gateway_controller_rows,
    mesh_rows,
    node_port_rows,
)
from auditor.catalogue.load_balancers import (
    DefaultScheme,
    Provider,
    SchemeRule,
    UnreadAnnotation,
    load_balancer_providers,
)
from auditor.catalogue.software import Software, SoftwareKind, Verification, software


class CatalogueKind(Struct, frozen=True):
    """A kind of entries."""

    id: str
    title: str
    about: str
    """What the entries are for, in a sentence or two."""
    entries: Callable[[], Iterable[CatalogueEntry]]


def catalogue_entries(words: Iterable[str] = ()) -> tuple[CatalogueEntry, ...]:
    """Give the entries that hold all words, by kind."""
    wanted = tuple(words)
    return tuple(entry for kind in KINDS for entry in kind.entries() if entry.holds(wanted))


def _of_software(kind: SoftwareKind, label: str) -> Iterator[CatalogueEntry]:
    for entry in software().values():
        if entry.kind is kind:
            yield CatalogueEntry(
                kind=label,
                id=entry.id,
                name=entry.name,
                confirmed=_is_confirmed(entry),
                details=told(
                    category=entry.category,
                    severity=entry.severity_if_exposed,
                    ports=_ports(entry),
                    images=entry.images,
                    names=entry.names,
                    labels=entry.labels,
                    helm_charts=entry.helm_charts,
                    crds=entry.crds,
                    flags=entry.flags,
                    same_software_as=entry.same_software_as,
                    proxied_by=entry.proxied_by,
                    confidence=entry.confidence,
                    verification=entry.verification,
                ),
            )


def _is_confirmed(entry: Software) -> bool | None:
    """Tell yes and no; what was seen in part is neither, and its details say so."""
    if entry.is_unconfirmed:
        return False
    return True if entry.verification is Verification.CHECKED else None


def _ports(entry: Software) -> Iterator[str]:
    for item in entry.ports:
        where = f" ({item.where})" if item.where else ""
        yield f"{item.port}/{item.protocol}{where}"


def _load_balancers() -> Iterator[CatalogueEntry]:
    for provider in load_balancer_providers():
        doubts = tuple(_doubts_of_provider(provider))
        yield CatalogueEntry(
            kind="load-balancer",
            id=provider.id,
            name=provider.id,
            confirmed=not doubts,
            source=provider.source,
            details=told(
                cloud=provider.cloud,
                default_scheme=_default(provider.default) if provider.default else "by address",
                source_ranges="honoured" if provider.sources.honoured else "not honoured",
                classes=(item.name for item in provider.classes),
                images=provider.controller_images,
                annotations=sorted(provider.annotation_keys()),
                not_confirmed=doubts,
            ),
        )


def _doubts_of_provider(provider: Provider) -> Iterator[str]:
    if provider.default and not provider.default.confirmed:
        yield "default scheme"
    if not provider.sources.confirmed:
        yield "source ranges"
    annotated: tuple[SchemeRule | UnreadAnnotation, ...] = (*provider.rules, *provider.not_read)
    yield from (item.annotation for item in annotated if not item.confirmed)
    yield from (item.name for item in provider.classes if not item.confirmed)


def _ingress_controllers() -> Iterator[CatalogueEntry]:
    for controller in ingress_controllers():
        doubts = tuple(_doubts_of_controller(controller))
        yield CatalogueEntry(
            kind="ingress-controller",
            id=controller.id,
            name=controller.id,
            confirmed=not doubts,
            source=controller.source,
            details=told(
                cloud=controller.cloud,
                front=controller.front,
                default_scheme=_default(controller.default) if controller.default else None,
                controllers=controller.controllers,
                classes=controller.annotated,
                images=controller.images,
                annotations=sorted(controller.annotation_keys()),
                not_confirmed=doubts,
            ),
        )


def _doubts_of_controller(controller: IngressController) -> Iterator[str]:
    if controller.default and not controller.default.confirmed:
        yield "default scheme"
    annotated: tuple[SchemeRule | AllowList, ...] = (*controller.rules, *controller.allow_lists)
    yield from (item.annotation for item in annotated if not item.confirmed)


def _default(default: DefaultScheme) -> str:
    return f"{default.scheme} (flag {default.flag})" if default.flag else default.scheme


def _runtime_sockets() -> Iterator[CatalogueEntry]:
    for socket in host_services().runtime_sockets:
        yield CatalogueEntry(kind="runtime-socket", id=socket.path, name=socket.runtime)


def _metadata_endpoints() -> Iterator[CatalogueEntry]:
    for endpoint in host_services().metadata_endpoints:
        yield CatalogueEntry(
            kind="metadata-endpoint",
            id=endpoint.address,
            name=endpoint.name,
            details=told(clouds=endpoint.clouds, clouds_not_confirmed=endpoint.unconfirmed_clouds),
        )


def _frameworks() -> Iterator[CatalogueEntry]:
    for framework in frameworks():
        yield CatalogueEntry(
            kind="framework",
            id=framework.id,
            name=framework.name,
            confirmed=framework.confirmed,
            source=framework.source,
            details=told(
                version=framework.version,
                provider=framework.provider,
                controls=dict.fromkeys(map(framework.written, framework.controls)),
            ),
        )


KINDS = (
    CatalogueKind(
        "management-interface",
        "Management interfaces",
        "Dashboards, consoles and admin APIs, from which people run things. None should face the "
        "internet.",
        partial(_of_software, SoftwareKind.MANAGEMENT, "management-interface"),
    ),
    CatalogueKind(
        "legacy-service",
        "Legacy services",
        "Databases, file shares, queues and other services that were made for a trusted network.",
        partial(_of_software, SoftwareKind.LEGACY, "legacy-service"),
    ),
    CatalogueKind(
        "load-balancer",
        "Load balancers",
        "How each implementation of Service type LoadBalancer decides scheme and admitted sources.",
        _load_balancers,
    ),
    CatalogueKind(
        "ingress-controller",
        "Ingress controllers",
        "Which controllers serve Ingresses, and what decides who can dial them.",
        _ingress_controllers,
    ),
    CatalogueKind(
        "gateway-controller",
        "Gateway controllers",
        "Which controllers serve Gateways, and what decides who can dial them. Gateways themselves "
        "are not followed by this version.",
        gateway_controller_rows,
    ),
    CatalogueKind(
        "cni",
        "Network plugins",
        "Network plugins and policy engines: how each shows itself, what it enforces with every "
        "switch on, and what switches it off. What was not seen in its source is not confirmed.",
        cni_plugin_rows,
    ),
    CatalogueKind(
        "mesh",
        "Service meshes",
        "Signs of control planes, node agents and of pods that are in a mesh.",
        mesh_rows,
    ),
    CatalogueKind(
        "runtime-socket",
        "Runtime sockets",
        "Control sockets of container runtimes: whoever holds one is root on the node.",
        _runtime_sockets,
    ),
    CatalogueKind(
        "metadata-endpoint",
        "Metadata endpoints",
        "Addresses and names under which clouds serve metadata to their machines.",
        _metadata_endpoints,
    ),
    CatalogueKind(
        "node-port",
        "Ports of nodes",
        "Services that listen on nodes, and which of them are the cluster's own control.",
        node_port_rows,
    ),
    CatalogueKind(
        "distribution",
        "Distributions",
        "Distributions of Kubernetes by what they leave on nodes. No verdict rests on one.",
        distribution_rows,
    ),
    CatalogueKind(
        "framework",
        "Control frameworks",
        "Standards, benchmarks and threat lists whose controls the checks speak of.",
        _frameworks,
    ),
)
"""Every kind, in the order in which it is listed."""
