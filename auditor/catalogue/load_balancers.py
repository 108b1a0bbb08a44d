"""How implementations of Service type LoadBalancer decide scheme and admitted sources."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from msgspec import Struct

from auditor.catalogue.loading import load_data


class Scheme(StrEnum):
    """Where a load balancer's address lives."""

    INTERNET = "internet"
    INTERNAL = "internal"


class AnnotationRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Matches an annotation: any value where `values` is missing, else one of them."""

    annotation: str
    values: tuple[str, ...] | None = None
    case_sensitive: bool = False

    def match(self, annotations: Mapping[str, str]) -> str | None:
        """Give the annotation's value where it matches, else None."""
        value = annotations.get(self.annotation)
        if value is None or self.values is None:
            return value
        spelled = value if self.case_sensitive else value.strip().lower()
        return value if spelled in self.values else None


class SchemeRule(AnnotationRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation that decides the scheme."""

    scheme: Scheme
    confirmed: bool = True


class UnreadAnnotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation that looks as if it decided, and that this provider does not read."""

    annotation: str
    confirmed: bool


class ProviderClass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `loadBalancerClass` of a provider, with the scheme it fixes, if it does."""

    name: str
    scheme: Scheme | None = None


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


class SourceRanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a provider does with declared source ranges."""

    honoured: bool
    confirmed: bool = True
    ignored_when: tuple[IgnoredWhen, ...] = ()
    decided_by: tuple[DecidedBy, ...] = ()


class Provider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One implementation of Service type LoadBalancer."""

    id: str
    cloud: str
    classes: tuple[ProviderClass, ...] = ()
    takes_unclassed: bool = False
    """Whether it serves Services that name no class and are not claimed by another."""
    claimed_by: tuple[AnnotationRule, ...] = ()
    controller_images: tuple[str, ...] = ()
    default: DefaultScheme
    rules: tuple[SchemeRule, ...] = ()
    not_read: tuple[UnreadAnnotation, ...] = ()
    sources: SourceRanges
    source: str

    def annotation_keys(self) -> frozenset[str]:
        """Give every annotation key that some rule of this provider names."""
        ignored = self.sources.ignored_when
        return frozenset(
            [rule.annotation for rule in (*self.claimed_by, *self.sources.decided_by)]
            + [rule.annotation for rule in self.rules]
            + [rule.annotation for rule in ignored]
            + [rule.annotation for rule in self.not_read]
            + [rule.unless.annotation for rule in ignored if rule.unless]
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
