"""Which implementations may serve a Service of type LoadBalancer.

A class names one, and so does the annotation by which a provider claims a Service. For the rest the
cloud has one that takes what nobody claims. Software that is installed anywhere stands beside it:
where its controller runs, or where an annotation is written for it, it may serve the Service too.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.exposure.cloud_balancers import CloudBalancers
from auditor.catalogue.load_balancers import Provider
from auditor.kube.network import Service
from auditor.model.audience import AddressSpace

_NO_BALANCERS = CloudBalancers(None, AddressSpace())


class Site(Struct, frozen=True):
    """What is known of the cluster that helps to tell its load balancers apart."""

    space: AddressSpace
    cloud: str | None
    controllers: frozenset[str]
    """Providers of which a controller runs here."""
    controller_schemes: dict[str, str]
    """By provider, what the controller's own flag sets as the default scheme."""
    providers: tuple[Provider, ...] = ()
    """Those that are known."""
    pods_are_known: bool = True
    """Whether every pod was read: else a controller, and its flags, may have gone unseen."""
    nodes_were_withheld: bool = False
    """Whether nodes should have been read and were not, so that the cloud is a guess."""
    balancers: CloudBalancers = _NO_BALANCERS
    """Those that the cloud says are there."""


def candidates(
    service: Service, site: Site, providers: tuple[Provider, ...]
) -> tuple[Provider, ...]:
    """Name the providers that may serve a Service, in the order of the catalogue."""
    asked = service.spec.load_balancer_class
    if asked is not None:
        return tuple(p for p in providers if any(c.name == asked for c in p.classes))
    annotations = service.metadata.annotations
    claimed = {p.id for p in providers if any(r.match(annotations) for r in p.claimed_by)}
    found = claimed or set(_of_cloud(service, site, providers))
    found |= set(_installed(service, site, providers))
    return tuple(provider for provider in providers if provider.id in found)


def _of_cloud(service: Service, site: Site, providers: tuple[Provider, ...]) -> Iterator[str]:
    cloud = site.cloud or _cloud_by_annotations(service, providers) or _cloud_by_status(service)
    for provider in providers:
        if (provider.cloud is not None and provider.cloud == cloud) and (
            provider.takes_unclassed or _may_be_claimed_later(provider, service, site)
        ):
            yield provider.id


def _installed(service: Service, site: Site, providers: tuple[Provider, ...]) -> Iterator[str]:
    """Name the software that takes Services without a class and may be installed here."""
    keys = service.metadata.annotations.keys()
    for provider in providers:
        is_meant = provider.cloud is None and bool(provider.annotation_keys() & keys)
        if provider.takes_unclassed and (is_meant or provider.id in site.controllers):
            yield provider.id


def _may_be_claimed_later(provider: Provider, service: Service, site: Site) -> bool:
    """Whether a manifest's class may still be set by the provider's admission webhook.

    A Service that an API server holds (it has a uid) has been through admission already.
    """
    if service.metadata.uid is not None or not provider.claimed_by:
        return False
    seen = not site.pods_are_known or provider.id in site.controllers
    named = any(rule.annotation in service.metadata.annotations for rule in provider.rules)
    return seen or named


def _cloud_by_annotations(service: Service, providers: tuple[Provider, ...]) -> str | None:
    """Tell the cloud from the annotation keys that only its load balancers read."""
    keys = service.metadata.annotations.keys()
    clouds = {
        provider.cloud
        for provider in providers
        if provider.cloud is not None and provider.annotation_keys() & keys
    }
    return clouds.pop() if len(clouds) == 1 else None


def _cloud_by_status(service: Service) -> str | None:
    names = (ingress.hostname or "" for ingress in service.status.load_balancer.ingress)
    return "aws" if any(name.endswith(".amazonaws.com") for name in names) else None
