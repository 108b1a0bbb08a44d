"""Whether a load balancer is internal or faces the internet, and how sure that is.

The order of evidence is the strength of it: the address that was assigned, then the class, then
annotations, then the provider's default. An annotation states intent and the address states fact;
where they differ the address wins and the evidence says so. Facts that are not confirmed never
make a load balancer internal.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.catalogue.load_balancers import Provider, Scheme
from auditor.kube.network import Service
from auditor.model.addresses import normal_address
from auditor.model.audience import AddressSpace
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Confidence

_INTERNAL_AWS_PREFIX = "internal-"
_AWS_SUFFIX = ".elb.amazonaws.com"

_CONTROLLER_SCHEMES = ("internal", "internet-facing")
"""What a controller's flag may say; anything else (`$(SCHEME)`) is not known to be either."""


class Site(Struct, frozen=True):
    """What is known of the cluster that helps to tell its load balancers apart."""

    space: AddressSpace
    cloud: str | None
    images: frozenset[str]
    """Last path parts of the images that run, to find a provider's controller."""
    controller_schemes: dict[str, str]
    """By provider, what the controller's own flag sets as the default scheme."""
    providers: tuple[Provider, ...] = ()
    """Those that are known."""
    pods_are_known: bool = True
    """Whether every pod was read: else a controller, and its flags, may have gone unseen."""
    nodes_were_withheld: bool = False
    """Whether nodes should have been read and were not, so that the cloud is a guess."""


class SchemeAnswer(Struct, frozen=True):
    """The scheme of a load balancer; None where it cannot be told."""

    scheme: Scheme | None
    confidence: Confidence
    provider: Provider | None
    hops: tuple[Hop, ...]
    reason: str | None = None


class _Statement(Struct, frozen=True):
    scheme: Scheme
    hop: Hop
    confirmed: bool = True
    confidence: Confidence = Confidence.MEDIUM


def tell_scheme(service: Service, site: Site, providers: tuple[Provider, ...]) -> SchemeAnswer:
    """Tell the scheme of a Service of type LoadBalancer."""
    candidates = tuple(_candidates(service, site, providers))
    provider = candidates[0] if len(candidates) == 1 else None
    stated = _intent(service, site, candidates)
    if fact := _assigned(service, site.space):
        if stated.scheme is not None and stated.scheme is not fact.scheme:
            drift = Hop(fact.hop.hop, fact.hop.field, fact.hop.value, "differs from what is asked")
            return SchemeAnswer(fact.scheme, fact.confidence, provider, (*stated.hops, drift))
        return SchemeAnswer(fact.scheme, fact.confidence, provider, (fact.hop,))
    return stated


def _assigned(service: Service, space: AddressSpace) -> _Statement | None:
    """Read the scheme off the addresses in the status: one public address is enough."""
    where = _where(service)
    field = "status.loadBalancer.ingress[].ip"
    addresses = [
        address
        for ingress in service.status.load_balancer.ingress
        if ingress.ip and (address := normal_address(ingress.ip))
    ]
    public = [address for address in addresses if space.is_public(address)]
    if public:
        hop = Hop(where, field, ", ".join(public), "an internet address")
        return _Statement(Scheme.INTERNET, hop, confidence=Confidence.HIGH)
    if addresses:
        hop = Hop(where, field, ", ".join(addresses), "a private address")
        return _Statement(Scheme.INTERNAL, hop, confidence=Confidence.HIGH)
    return None


def _candidates(
    service: Service, site: Site, providers: tuple[Provider, ...]
) -> Iterator[Provider]:
    """Name the providers that may serve a Service: by class, by claim, else by cloud."""
    asked = service.spec.load_balancer_class
    if asked is not None:
        yield from (p for p in providers if any(c.name == asked for c in p.classes))
        return
    annotations = service.metadata.annotations
    claimed = [p for p in providers if any(r.match(annotations) for r in p.claimed_by)]
    if claimed:
        yield from claimed
        return
    cloud = site.cloud or _cloud_by_annotations(service, providers) or _cloud_by_status(service)
    for provider in providers:
        if provider.cloud == cloud and (
            provider.takes_unclassed or _may_be_claimed_later(provider, service, site)
        ):
            yield provider


def _may_be_claimed_later(provider: Provider, service: Service, site: Site) -> bool:
    """Whether a manifest's class may still be set by the provider's admission webhook.

    A Service that an API server holds (it has a uid) has been through admission already.
    """
    if service.metadata.uid is not None or not provider.claimed_by:
        return False
    seen = not site.pods_are_known or any(
        image in site.images for image in provider.controller_images
    )
    named = any(rule.annotation in service.metadata.annotations for rule in provider.rules)
    return seen or named


def _cloud_by_annotations(service: Service, providers: tuple[Provider, ...]) -> str | None:
    """Tell the cloud from the annotation keys that only its load balancers read."""
    keys = service.metadata.annotations.keys()
    clouds = {provider.cloud for provider in providers if provider.annotation_keys() & keys}
    return clouds.pop() if len(clouds) == 1 else None


def _cloud_by_status(service: Service) -> str | None:
    names = (ingress.hostname or "" for ingress in service.status.load_balancer.ingress)
    return "aws" if any(name.endswith(".amazonaws.com") for name in names) else None


def _intent(service: Service, site: Site, candidates: tuple[Provider, ...]) -> SchemeAnswer:
    """Tell the scheme from what is asked for; candidates that disagree leave it open."""
    where = _where(service)
    if not candidates:
        hop = Hop(where, "spec.type", "LoadBalancer", "nothing tells the scheme: assumed internet")
        return SchemeAnswer(Scheme.INTERNET, Confidence.LOW, None, (hop,))
    statements = [_statement(service, site, provider) for provider in candidates]
    hops = tuple(dict.fromkeys(statement.hop for statement in statements))
    provider = candidates[0] if len(candidates) == 1 else None
    schemes = {statement.scheme for statement in statements}
    if len(schemes) > 1:
        names = " and ".join(candidate.id for candidate in candidates)
        reason = f"{names} would read it differently and nothing shows which one serves it"
        return SchemeAnswer(None, Confidence.LOW, None, hops, reason)
    weakest = min(statements, key=lambda statement: statement.confidence.rank)
    scheme = schemes.pop()
    is_guess = site.nodes_were_withheld and site.cloud is None
    is_classed = service.spec.load_balancer_class is not None
    confirmed = all(statement.confirmed for statement in statements)
    if scheme is Scheme.INTERNAL and not (confirmed and (is_classed or not is_guess)):
        reason = f"that {weakest.hop.note} is not confirmed"
        return SchemeAnswer(None, Confidence.LOW, provider, hops, reason)
    return SchemeAnswer(scheme, weakest.confidence, provider, hops)


def _statement(service: Service, site: Site, provider: Provider) -> _Statement:
    where = _where(service)
    for known in provider.classes:
        if known.name == service.spec.load_balancer_class and known.scheme:
            hop = Hop(where, "spec.loadBalancerClass", known.name, f"{provider.id}: {known.scheme}")
            return _Statement(known.scheme, hop)
    annotations = service.metadata.annotations
    for rule in provider.rules:
        if (value := rule.match(annotations)) is not None:
            field = f"metadata.annotations[{rule.annotation}]"
            hop = Hop(where, field, value, f"{provider.id}: {rule.scheme}")
            return _Statement(rule.scheme, hop, rule.confirmed)
    return _default(service, site, provider)


def _default(service: Service, site: Site, provider: Provider) -> _Statement:
    where = _where(service)
    for rule in provider.rules:
        if (value := service.metadata.annotations.get(rule.annotation)) is not None:
            field = f"metadata.annotations[{rule.annotation}]"
            note = f"{provider.id}: {provider.default.scheme} for want of a value that it knows"
            hop = Hop(where, field, value, note)
            return _Statement(provider.default.scheme, hop, confirmed=False)
    own = site.controller_schemes.get(provider.id)
    if own is not None:
        scheme = Scheme.INTERNET if own == "internet-facing" else Scheme.INTERNAL
        note = f"{provider.id}: {own}, by its controller's {provider.default.flag}"
        hop = Hop(where, "spec.type", "LoadBalancer", note)
        return _Statement(scheme, hop, confirmed=own in _CONTROLLER_SCHEMES)
    for unread in provider.not_read:
        if (value := service.metadata.annotations.get(unread.annotation)) is not None:
            field = f"metadata.annotations[{unread.annotation}]"
            note = f"{provider.id} does not read it: {provider.default.scheme} by default"
            confidence = Confidence.MEDIUM if unread.confirmed else Confidence.LOW
            hop = Hop(where, field, value, note)
            return _Statement(provider.default.scheme, hop, confidence=confidence)
    hostname = _internal_aws_hostname(service)
    if hostname and provider.cloud == "aws":
        note = f"{provider.id}: an AWS name for internal load balancers"
        hop = Hop(where, "status.loadBalancer.ingress[].hostname", hostname, note)
        return _Statement(Scheme.INTERNAL, hop, confirmed=False, confidence=Confidence.LOW)
    note = f"{provider.id}: {provider.default.scheme} by default"
    hop = Hop(where, "spec.type", "LoadBalancer", note)
    flag_is_known = site.pods_are_known or provider.default.flag is None
    return _Statement(provider.default.scheme, hop, provider.default.confirmed and flag_is_known)


def _internal_aws_hostname(service: Service) -> str | None:
    """Find a hostname of the form that AWS gives to internal load balancers (not confirmed)."""
    for ingress in service.status.load_balancer.ingress:
        name = ingress.hostname or ""
        if name.startswith(_INTERNAL_AWS_PREFIX) and name.endswith(_AWS_SUFFIX):
            return name
    return None


def _where(service: Service) -> str:
    return str(ObjectRef("Service", service.metadata.namespace, service.metadata.name))
