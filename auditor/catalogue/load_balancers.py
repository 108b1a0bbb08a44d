"""How implementations of Service type LoadBalancer decide scheme and admitted sources."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

import msgspec
from msgspec import Struct

from auditor.catalogue.loading import load_data


class Scheme(StrEnum):
    """Where a load balancer's address lives."""

    INTERNET = "internet"
    INTERNAL = "internal"


class AnnotationRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Matches an annotation: any value where `values` is missing, else one of them."""

    annotation: str
    member: str | None = None
    """The member to compare, where the annotation holds a JSON object."""
    values: tuple[str, ...] | None = None
    case_sensitive: bool = False

    def match(self, annotations: Mapping[str, str]) -> str | None:
        """Give the annotation's value where it matches, else None."""
        value = annotations.get(self.annotation)
        compared = value if value is None or self.member is None else _member(value, self.member)
        if compared is None or self.values is None:
            return value if compared is not None else None
        spelled = compared if self.case_sensitive else compared.strip().lower()
        return value if spelled in self.values else None


def _member(text: str, name: str) -> str | None:
    """Read a text out of a JSON object; None where it holds none, or is no such object."""
    try:
        value = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get(name)
        return None if value is None else msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


class SchemeRule(AnnotationRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation that decides the scheme."""

    scheme: Scheme
    confirmed: bool = True
    along_with: str | None = None
    """Another annotation, without which this one decides nothing."""
    since: str | None = None
    """The first version that reads it: older ones do as if it were missing."""

    def match(self, annotations: Mapping[str, str]) -> str | None:
        """Give the annotation's value where it decides, else None."""
        is_alone = self.along_with is not None and not annotations.get(self.along_with, "").strip()
        return None if is_alone else super().match(annotations)


class LeftOpen(AnnotationRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation that hands the scheme to something that is not read, unless it is public."""

    because: str


class AskedAddresses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation that names the wanted addresses, separated by commas."""

    annotation: str
    confirmed: bool = True


class UnreadAnnotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation that looks as if it decided, and that this provider does not read."""

    annotation: str
    confirmed: bool


class ProviderClass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `loadBalancerClass` of a provider, with the scheme it fixes, if it does."""

    name: str
    scheme: Scheme | None = None
    confirmed: bool = True


class DefaultScheme(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The scheme where nothing else decides."""

    scheme: Scheme
    confirmed: bool = True
    flag: str | None = None
    """The controller's flag that changes it."""


class Unless(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation whose value must hold a text for a condition not to apply."""

    annotation: str
    contains: str


class LeavesSources(StrEnum):
    """Who is admitted where declared source ranges are ignored."""

    EVERYONE = "everyone"
    UNKNOWN = "unknown"


class IgnoredWhen(AnnotationRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A setting under which declared source ranges are not honoured."""

    because: str
    leaves: LeavesSources
    confirmed: bool = True
    contains: str | None = None
    """A text that the value must hold, where it is a list."""
    unless: Unless | None = None

    def match(self, annotations: Mapping[str, str]) -> str | None:
        """Give the annotation's value where the condition applies, else None."""
        exempt = self.unless and self.unless.contains in annotations.get(self.unless.annotation, "")
        value = super().match(annotations)
        return None if exempt or (self.contains or "") not in (value or "") else value


class DecidedBy(AnnotationRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A setting that admits sources which the Service does not name."""

    because: str
    yields_to_ranges: bool = False
    """Whether declared source ranges outweigh it."""


class SourceRanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a provider does with declared source ranges."""

    honoured: bool
    confirmed: bool = True
    because: str | None = None
    """What it depends on, where that is known."""
    ignored_when: tuple[IgnoredWhen, ...] = ()
    decided_by: tuple[DecidedBy, ...] = ()


class Provider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One implementation of Service type LoadBalancer."""

    id: str
    cloud: str | None = None
    """Where it serves; None for software that is installed anywhere."""
    classes: tuple[ProviderClass, ...] = ()
    takes_unclassed: bool = False
    """Whether it serves Services that name no class and are not claimed by another."""
    claimed_by: tuple[AnnotationRule, ...] = ()
    """What makes a Service its own: the cloud's other providers let go of it."""
    controller_images: tuple[str, ...] = ()
    """Ends of the image repositories of its pods."""
    default: DefaultScheme | None = None
    """The scheme where nothing else decides; None where only an assigned address tells."""
    rules: tuple[SchemeRule, ...] = ()
    left_open: tuple[LeftOpen, ...] = ()
    addresses: tuple[AskedAddresses, ...] = ()
    hints: tuple[str, ...] = ()
    """Annotations that tell no scheme, and for whom the Service was written."""
    not_read: tuple[UnreadAnnotation, ...] = ()
    sources: SourceRanges
    source: str

    dual_stack: tuple[AnnotationRule, ...] = ()
    """Settings that open both families, whatever families the Service has."""

    def annotation_keys(self) -> frozenset[str]:
        """Give every annotation key that some rule of this provider names."""
        sources = self.sources
        rules: tuple[AnnotationRule, ...] = (
            *(*self.claimed_by, *self.rules, *self.left_open),
            *(*sources.ignored_when, *sources.decided_by),
            *self.dual_stack,
        )
        return frozenset(
            [rule.annotation for rule in rules]
            + [rule.along_with for rule in self.rules if rule.along_with]
            + [rule.unless.annotation for rule in sources.ignored_when if rule.unless]
            + [asked.annotation for asked in self.addresses]
            + [unread.annotation for unread in self.not_read]
            + list(self.hints)
        )


class LoadBalancers(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    providers: tuple[Provider, ...]


SOURCE_RANGES_ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"
"""The older way to write `spec.loadBalancerSourceRanges` (core/v1)."""


@cache
def load_balancer_providers() -> tuple[Provider, ...]:
    """Give the known providers."""
    return load_data("load_balancers.yaml", LoadBalancers).providers
