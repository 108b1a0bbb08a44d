"""Whether a load balancer is internal or faces the internet, and how sure that is.

The order of evidence is the strength of it: the cloud's own word, the address that was assigned,
then the class, then annotations, then the provider's default. An annotation states intent and the
address states fact; where they differ the address wins and the evidence says so. Facts that are not
confirmed never make a load balancer internal. Software that takes its addresses from a pool has no
default: until an address is known it is assumed to face the internet.
"""

from ipaddress import ip_address

from msgspec import Struct, structs

from auditor.analysis.exposure.serving import Site, candidates
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


class SchemeAnswer(Struct, frozen=True):
    """The scheme of a load balancer; None where it cannot be told."""

    scheme: Scheme | None
    confidence: Confidence
    provider: Provider | None
    hops: tuple[Hop, ...]
    reason: str | None = None
    assumed: bool = False
    """Whether nothing told it, so that no address can differ from it."""


class _Statement(Struct, frozen=True):
    scheme: Scheme | None
    hop: Hop
    confirmed: bool = True
    confidence: Confidence = Confidence.MEDIUM
    assumed: bool = False


def _told(scheme: Scheme, hop: Hop, *, confirmed: bool) -> _Statement:
    """State a scheme; what is not confirmed is said with less confidence."""
    confidence = Confidence.MEDIUM if confirmed else Confidence.LOW
    return _Statement(scheme, hop, confirmed, confidence)


def tell_scheme(service: Service, site: Site, providers: tuple[Provider, ...]) -> SchemeAnswer:
    """Tell the scheme of a Service of type LoadBalancer."""
    found = candidates(service, site, providers)
    provider = found[0] if len(found) == 1 else None
    stated = _intent(service, site, found)
    if fact := _by_cloud(service, site) or _assigned(service, site.space):
        if stated.scheme not in {None, fact.scheme} and not stated.assumed:
            drift = structs.replace(
                fact.hop, note=f"{fact.hop.note}, which differs from what is asked"
            )
            return SchemeAnswer(fact.scheme, fact.confidence, provider, (*stated.hops, drift))
        return SchemeAnswer(fact.scheme, fact.confidence, provider, (fact.hop,))
    return stated


def assigned_addresses(service: Service) -> tuple[str, ...]:
    """Give the addresses and names in a Service's load balancer status, sorted."""
    found = set()
    for ingress in service.status.load_balancer.ingress:
        if ingress.ip:
            found.add(normal_address(ingress.ip) or ingress.ip)
        if ingress.hostname:
            found.add(ingress.hostname)
    return tuple(sorted(found))


def _by_cloud(service: Service, site: Site) -> _Statement | None:
    """Take the word of the cloud on what is dialled by the names in the status."""
    ports = [port.port for port in service.spec.ports]
    told = site.balancers.tell(assigned_addresses(service), ports)
    if told is None:
        return None
    scheme = Scheme.INTERNET if told.is_internet_facing else Scheme.INTERNAL
    return _Statement(scheme, told.scheme_hop, confidence=Confidence.HIGH)


def _assigned(service: Service, space: AddressSpace) -> _Statement | None:
    """Read the scheme off the addresses in the status: one public address is enough."""
    field = "status.loadBalancer.ingress[].ip"
    texts = [ingress.ip for ingress in service.status.load_balancer.ingress if ingress.ip]
    found = _by_address(texts, space)
    if found is None:
        return None
    scheme, addresses = found
    note = "an internet address" if scheme is Scheme.INTERNET else "a private address"
    hop = Hop(_where(service), field, ", ".join(addresses), note)
    return _Statement(scheme, hop, confidence=Confidence.HIGH)


def _by_address(texts: list[str], space: AddressSpace) -> tuple[Scheme, list[str]] | None:
    """Tell the scheme from addresses, with those that tell it; None where there are none.

    The unspecified address stands for one that is yet to come, as by DHCP.
    """
    found = (address for text in texts if (address := normal_address(text)))
    addresses = [address for address in found if not ip_address(address).is_unspecified]
    if public := [address for address in addresses if space.is_public(address)]:
        return Scheme.INTERNET, public
    return (Scheme.INTERNAL, addresses) if addresses else None


def _intent(service: Service, site: Site, candidates: tuple[Provider, ...]) -> SchemeAnswer:
    """Tell the scheme from what is asked for; candidates that disagree leave it open."""
    where = _where(service)
    if not candidates:
        hop = Hop(where, "spec.type", "LoadBalancer", "nothing tells the scheme: assumed internet")
        return SchemeAnswer(Scheme.INTERNET, Confidence.LOW, None, (hop,), assumed=True)
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
    if scheme is None:
        return SchemeAnswer(None, Confidence.LOW, provider, hops, weakest.hop.note)
    is_guess = site.nodes_were_withheld and site.cloud is None
    is_classed = service.spec.load_balancer_class is not None
    confirmed = all(statement.confirmed for statement in statements)
    if scheme is Scheme.INTERNAL and not (confirmed and (is_classed or not is_guess)):
        reason = f"that {weakest.hop.note} is not confirmed"
        return SchemeAnswer(None, Confidence.LOW, provider, hops, reason)
    assumed = all(statement.assumed for statement in statements)
    return SchemeAnswer(scheme, weakest.confidence, provider, hops, assumed=assumed)


def _statement(service: Service, site: Site, provider: Provider) -> _Statement:
    """Tell what one provider would make of a Service."""
    asked = service.spec.load_balancer_class
    known = next((item for item in provider.classes if item.name == asked), None)
    if known is not None and known.scheme is not None:
        note = f"{provider.id}: {known.scheme}"
        hop = Hop(_where(service), "spec.loadBalancerClass", known.name, note)
        return _told(known.scheme, hop, confirmed=known.confirmed)
    stated = _annotated(service, site, provider)
    if known is not None and not known.confirmed:
        return structs.replace(stated, confirmed=False, confidence=Confidence.LOW)
    return stated


def _annotated(service: Service, site: Site, provider: Provider) -> _Statement:
    """Tell the scheme from annotations, else from the provider's default."""
    annotations = service.metadata.annotations
    matching = ((rule, rule.match(annotations)) for rule in provider.rules)
    rule, value = next(((r, v) for r, v in matching if v is not None), (None, None))
    if rule is None or value is None or rule.scheme is Scheme.INTERNAL:
        # What is handed elsewhere may turn out public, whatever is asked for here.
        for item in provider.left_open:
            if (elsewhere := item.match(annotations)) is not None:
                note = f"{provider.id}: {item.because}"
                hop = _annotation_hop(service, item.annotation, elsewhere, note)
                return _Statement(None, hop, confidence=Confidence.LOW)
    if rule is not None and value is not None:
        note = f"{provider.id}: {rule.scheme}" + (f", since {rule.since}" if rule.since else "")
        hop = _annotation_hop(service, rule.annotation, value, note)
        return _told(rule.scheme, hop, confirmed=rule.confirmed)
    return _default(service, site, provider)


def _default(service: Service, site: Site, provider: Provider) -> _Statement:
    default = provider.default
    if default is None:
        return _pooled(service, site, provider)
    where = _where(service)
    certainty = Confidence.MEDIUM if default.confirmed else Confidence.LOW
    for rule in provider.rules:
        if (value := service.metadata.annotations.get(rule.annotation)) is not None:
            note = f"{provider.id}: {default.scheme} for want of a value that it knows"
            hop = _annotation_hop(service, rule.annotation, value, note)
            return _Statement(default.scheme, hop, confirmed=False, confidence=certainty)
    own = site.controller_schemes.get(provider.id)
    if own is not None:
        scheme = Scheme.INTERNET if own == "internet-facing" else Scheme.INTERNAL
        note = f"{provider.id}: {own}, by its controller's {default.flag}"
        hop = Hop(where, "spec.type", "LoadBalancer", note)
        return _Statement(scheme, hop, confirmed=own in _CONTROLLER_SCHEMES)
    for unread in provider.not_read:
        if (value := service.metadata.annotations.get(unread.annotation)) is not None:
            note = f"{provider.id} does not read it: {default.scheme} by default"
            hop = _annotation_hop(service, unread.annotation, value, note)
            return _told(default.scheme, hop, confirmed=unread.confirmed)
    hostname = _internal_aws_hostname(service)
    if hostname and provider.cloud == "aws":
        note = f"{provider.id}: an AWS name for internal load balancers"
        hop = Hop(where, "status.loadBalancer.ingress[].hostname", hostname, note)
        return _told(Scheme.INTERNAL, hop, confirmed=False)
    note = f"{provider.id}: {default.scheme} by default"
    hop = Hop(where, "spec.type", "LoadBalancer", note)
    flag_is_known = site.pods_are_known or default.flag is None
    return _told(default.scheme, hop, confirmed=default.confirmed and flag_is_known)


def _pooled(service: Service, site: Site, provider: Provider) -> _Statement:
    """Tell the scheme from the addresses asked for, of what takes its addresses from a pool."""
    for asked in provider.addresses:
        value = service.metadata.annotations.get(asked.annotation, "")
        found = _by_address([text.strip() for text in value.split(",")], site.space)
        if found is not None:
            scheme, _ = found
            note = f"{provider.id}: {scheme}, by the address asked for"
            hop = _annotation_hop(service, asked.annotation, value, note)
            return _told(scheme, hop, confirmed=asked.confirmed)
    note = f"{provider.id}: only its address tells, and none is known: assumed internet"
    hop = Hop(_where(service), "spec.type", "LoadBalancer", note)
    return _Statement(Scheme.INTERNET, hop, confidence=Confidence.LOW, assumed=True)


def _annotation_hop(service: Service, annotation: str, value: str, note: str) -> Hop:
    return Hop(_where(service), f"metadata.annotations[{annotation}]", value, note)


def _internal_aws_hostname(service: Service) -> str | None:
    """Find a hostname of the form that AWS gives to internal load balancers (not confirmed)."""
    for ingress in service.status.load_balancer.ingress:
        name = ingress.hostname or ""
        if name.startswith(_INTERNAL_AWS_PREFIX) and name.endswith(_AWS_SUFFIX):
            return name
    return None


def _where(service: Service) -> str:
    return str(ObjectRef("Service", service.metadata.namespace, service.metadata.name))
