"""Doors of Services of type LoadBalancer: who is admitted by scheme and source ranges."""

from collections.abc import Iterator

from msgspec import Struct, structs

from auditor.analysis.exposure.backends import BackendFinder, service_ref
from auditor.analysis.exposure.cloud_balancers import CloudAnswer
from auditor.analysis.exposure.door import Door
from auditor.analysis.exposure.schemes import SchemeAnswer, assigned_addresses, tell_scheme
from auditor.analysis.exposure.serving import Site
from auditor.catalogue.load_balancers import (
    SOURCE_RANGES_ANNOTATION,
    LeavesSources,
    Provider,
    Scheme,
)
from auditor.kube.network import Service
from auditor.model.addresses import ALL_ADDRESSES, ALL_IPV4, AddressSet
from auditor.model.audience import AddressSpace, Audience
from auditor.model.exposure import Entry, Hop, Via
from auditor.model.verdict import Confidence, least_confident

LOAD_BALANCER_TYPE = "LoadBalancer"


class DeclaredRanges(Struct, frozen=True):
    """The source ranges that a Service asks for, and what becomes of them."""

    cidrs: tuple[str, ...]
    hop: Hop
    ignored: Hop | None = None
    """The setting because of which they are not honoured."""
    honoured: bool | None = None
    """True or False where the provider is known and confirmed to do so, else None."""
    reason: str | None = None
    """Why it is not known whether they are honoured."""


class _Admission(Struct, frozen=True):
    audience: Audience
    sources: tuple[str, ...]
    hops: tuple[Hop, ...]
    confidence: Confidence = Confidence.HIGH
    reason: str | None = None


def load_balancer_doors(service: Service, site: Site, finder: BackendFinder) -> Iterator[Door]:
    """Give one door for each port of a Service of type LoadBalancer."""
    scheme = tell_scheme(service, site, site.providers)
    addresses = assigned_addresses(service)
    ref = service_ref(service)
    for port in service.spec.ports:
        told = site.balancers.tell(addresses, (port.port,), port.protocol)
        admission = _by_cloud(service, scheme, told) or _admission(service, scheme, site.space)
        hops = (_type_hop(service), *scheme.hops, *admission.hops, *(told.hops if told else ()))
        sure = (
            scheme.confidence,
            admission.confidence,
            told.confidence if told else Confidence.HIGH,
        )
        yield Door(
            entry=Entry(ref, Via.LOAD_BALANCER, port.port, port.protocol, addresses),
            subject=ref,
            audience=admission.audience,
            sources=admission.sources,
            confidence=least_confident(*sure),
            hops=_once(hops),
            backends=finder.find(service, port),
            reason=scheme.reason or admission.reason,
            service=service,
            service_port=port.port,
        )


def declared_ranges(service: Service, provider: Provider | None) -> DeclaredRanges | None:
    """Read the source ranges that a Service asks for; None where it asks for none."""
    declared = _written_ranges(service)
    if declared is None:
        return None
    if provider is None:
        return structs.replace(declared, reason="which controller serves it cannot be told")
    for rule in provider.sources.ignored_when:
        if (value := rule.match(service.metadata.annotations)) is not None:
            field = f"metadata.annotations[{rule.annotation}]"
            ignored = Hop(declared.hop.hop, field, value, rule.because)
            doubt = None if rule.confirmed else f"that {rule.because} is not confirmed"
            honoured = False if rule.confirmed else None
            return structs.replace(declared, ignored=ignored, honoured=honoured, reason=doubt)
    return _by_habit(declared, provider)


def _written_ranges(service: Service) -> DeclaredRanges | None:
    field = "spec.loadBalancerSourceRanges"
    cidrs = tuple(text.strip() for text in service.spec.load_balancer_source_ranges)
    if not cidrs:
        field = f"metadata.annotations[{SOURCE_RANGES_ANNOTATION}]"
        annotated = service.metadata.annotations.get(SOURCE_RANGES_ANNOTATION, "").split(",")
        cidrs = tuple(text.strip() for text in annotated if text.strip())
    hop = Hop(str(service_ref(service)), field, ", ".join(cidrs))
    return DeclaredRanges(cidrs, hop) if cidrs else None


def _by_habit(declared: DeclaredRanges, provider: Provider) -> DeclaredRanges:
    """Tell what a provider does with ranges where no setting of the Service changes it."""
    sources = provider.sources
    if not sources.confirmed:
        because = f": {sources.because}" if sources.because else ""
        reason = f"whether {provider.id} honours source ranges is not confirmed{because}"
        return structs.replace(declared, reason=reason)
    if sources.honoured:
        return structs.replace(declared, honoured=True)
    hop = structs.replace(declared.hop, note=f"{provider.id} does not read source ranges")
    return structs.replace(declared, hop=hop, honoured=False)


def _once(hops: tuple[Hop, ...]) -> tuple[Hop, ...]:
    """Leave out what was said before: the first note is the one that matters."""
    said: dict[tuple[str, str, str], Hop] = {}
    for hop in hops:
        said.setdefault((hop.hop, hop.field, hop.value), hop)
    return tuple(said.values())


def ranges_in_force(service: Service, site: Site) -> DeclaredRanges | None:
    """Read the source ranges that a Service asks for, and what the cloud has made of them.

    Where the firewalls of its load balancer were read, they tell whether more are admitted than is
    asked for.
    """
    declared = declared_ranges(service, tell_scheme(service, site, site.providers).provider)
    ports = [port.port for port in service.spec.ports]
    told = site.balancers.tell(assigned_addresses(service), ports)
    if declared is None or told is None or not told.has_firewall:
        return declared
    try:
        asked = AddressSet.of(declared.cidrs)
    except ValueError as error:
        return structs.replace(declared, honoured=None, reason=str(error))
    # The members of a security group come from inside; nobody lists them as source ranges.
    is_more = bool(AddressSet.of(told.sources) - asked - site.space.private)
    reason = None if is_more else told.reason
    return structs.replace(
        declared,
        honoured=None if reason else not is_more,
        ignored=told.hops[-1] if is_more else None,
        reason=reason,
    )


def _by_cloud(
    service: Service, scheme: SchemeAnswer, told: CloudAnswer | None
) -> _Admission | None:
    """Take the word of the cloud; None where it leaves open who is admitted."""
    if told is None or not (told.has_firewall or not told.is_internet_facing):
        return None
    declared = declared_ranges(service, scheme.provider)
    hops = (*((declared.hop,) if declared else ()), *told.hops)
    return _Admission(told.audience, told.sources, hops, told.confidence, told.reason)


def _admission(service: Service, scheme: SchemeAnswer, space: AddressSpace) -> _Admission:
    """Tell who is admitted by a load balancer of a scheme, source ranges included."""
    declared = declared_ranges(service, scheme.provider)
    hops = (declared.hop,) if declared else ()
    if scheme.scheme is None:
        return _Admission(Audience.UNKNOWN, (), hops, reason=scheme.reason)
    if scheme.scheme is Scheme.INTERNAL:
        return _Admission(Audience.PRIVATE_NETWORK, declared.cidrs if declared else (), hops)
    if undecided := _decided_elsewhere(service, scheme.provider, declared):
        return _Admission(Audience.UNKNOWN, (), (*hops, undecided), reason=undecided.note)
    if declared is None:
        return _Admission(Audience.INTERNET, _everyone(service, scheme.provider), ())
    if declared.ignored is not None or declared.honoured is False:
        return _ignored(service, scheme.provider, declared)
    return _ranged(declared, space)


def _ranged(declared: DeclaredRanges, space: AddressSpace) -> _Admission:
    """Tell who is admitted by declared ranges that are honoured, as far as that is known."""
    try:
        sources = AddressSet.of(declared.cidrs)
    except ValueError as error:
        return _Admission(Audience.UNKNOWN, (), (declared.hop,), Confidence.LOW, str(error))
    audience = space.audience_of(sources)
    confidence = Confidence.HIGH if declared.honoured else Confidence.LOW
    # Ranges restrict only "if supported by the platform" (core/v1): unsure ones promise nothing.
    reason = None if declared.honoured or audience is Audience.INTERNET else declared.reason
    return _Admission(audience, sources.cidrs(), (declared.hop,), confidence, reason)


def _ignored(service: Service, provider: Provider | None, declared: DeclaredRanges) -> _Admission:
    """Tell who is admitted where the declared ranges are not honoured."""
    hops = tuple(hop for hop in (declared.hop, declared.ignored) if hop)
    annotations = service.metadata.annotations
    rules = provider.sources.ignored_when if provider else ()
    matching = [rule for rule in rules if rule.match(annotations) is not None]
    if any(rule.leaves is LeavesSources.UNKNOWN for rule in matching):
        return _Admission(Audience.UNKNOWN, (), hops, reason=matching[0].because)
    return _Admission(Audience.INTERNET, _everyone(service, provider), hops, Confidence.MEDIUM)


def _decided_elsewhere(
    service: Service, provider: Provider | None, declared: DeclaredRanges | None
) -> Hop | None:
    """Find a setting that admits sources which the Service itself does not name."""
    annotations = service.metadata.annotations
    for rule in provider.sources.decided_by if provider else ():
        if rule.yields_to_ranges and declared is not None:
            continue
        if (value := rule.match(annotations)) is not None:
            where = str(service_ref(service))
            return Hop(where, f"metadata.annotations[{rule.annotation}]", value, rule.because)
    return None


def _everyone(service: Service, provider: Provider | None) -> tuple[str, ...]:
    """Give all addresses of the Service's families; IPv4 where it names none."""
    rules = provider.dual_stack if provider else ()
    if any(rule.match(service.metadata.annotations) is not None for rule in rules):
        return ALL_ADDRESSES.cidrs()
    if "IPv6" not in service.spec.ip_families:
        return ALL_IPV4.cidrs()
    if "IPv4" not in service.spec.ip_families:
        return AddressSet(ipv6=ALL_ADDRESSES.ipv6).cidrs()
    return ALL_ADDRESSES.cidrs()


def _type_hop(service: Service) -> Hop:
    return Hop(str(service_ref(service)), "spec.type", LOAD_BALANCER_TYPE)
