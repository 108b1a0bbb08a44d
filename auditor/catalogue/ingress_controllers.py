"""Which controllers serve Ingresses, and what decides who can dial them."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from msgspec import Struct

from auditor.catalogue.entries import Entry
from auditor.catalogue.load_balancers import (
    AnnotationRule,
    DecidedBy,
    DefaultScheme,
    SchemeRule,
)
from auditor.catalogue.loading import load_data

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
"""The older way to name a class; some controllers read only this."""

DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
"""Marks the class of Ingresses that name none (networking.k8s.io/v1)."""


class Front(StrEnum):
    """What stands before a controller."""

    SERVICE = "service"
    """Its own pods: their Services and host ports are the way in."""
    CLOUD = "cloud"
    """A load balancer of the cloud that it makes for Ingresses."""


class AllowList(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation that names the admitted sources, separated by commas."""

    annotation: str
    confirmed: bool = True


class Plain(StrEnum):
    """What becomes of a request in plain HTTP."""

    SERVED = "served"
    REDIRECTED = "redirected"
    """Answered with the address under HTTPS, and nothing else."""
    REFUSED = "refused"
    """There is no listener for it."""
    UNKNOWN = "unknown"


class PlainRule(AnnotationRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation that decides what becomes of plain HTTP."""

    says: Plain
    contains: str | None = None
    """A text that the value must hold."""
    with_tls: bool | None = None
    """It decides only for hosts that have TLS, or only for those that have none."""
    because: str = ""

    def match(self, annotations: Mapping[str, str]) -> str | None:
        """Give the annotation's value where it matches, else None."""
        value = super().match(annotations)
        return value if value is not None and (self.contains or "") in value else None


class PlainHttp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a controller does with plain HTTP; the first rule that matches decides."""

    rules: tuple[PlainRule, ...] = ()
    with_tls: Plain
    """Where no rule matches and the host has TLS."""
    without_tls: Plain
    because: str = ""
    """Why either is unknown."""
    switched_off_by: Entry | None = None
    """Where `false` takes the redirect of `with_tls` back for all Ingresses."""
    source: str


class IngressController(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One implementation of Ingress."""

    id: str
    front: Front
    cloud: str | None = None
    controllers: tuple[str, ...]
    """Values of `IngressClass.spec.controller`."""
    annotated: tuple[str, ...]
    """Values of the class annotation."""
    takes_unclassed: bool = False
    """Whether it serves, on its cloud, Ingresses for which no class is known."""
    images: tuple[str, ...] = ()
    """Ends of the image repositories of its pods."""
    beside: tuple[str, ...] = ()
    """Ends of image repositories, one of which runs in the same namespace: where the images of its
    pods are everybody's."""
    default: DefaultScheme | None = None
    """Of a load balancer in the cloud."""
    rules: tuple[SchemeRule, ...] = ()
    allow_lists: tuple[AllowList, ...] = ()
    decided_by: tuple[DecidedBy, ...] = ()
    """Settings that admit sources which the Ingress itself does not name."""
    class_parameters_decide: bool = False
    """Whether parameters of the class, which are not read, outweigh annotations."""
    plain_http: PlainHttp
    source: str

    def annotation_keys(self) -> frozenset[str]:
        """Give every annotation key that some rule of this controller names."""
        rules: tuple[AnnotationRule, ...] = (
            *self.rules,
            *self.decided_by,
            *self.plain_http.rules,
        )
        lists = [item.annotation for item in self.allow_lists]
        return frozenset([rule.annotation for rule in rules] + lists)


class IngressControllers(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    controllers: tuple[IngressController, ...]


@cache
def ingress_controllers() -> tuple[IngressController, ...]:
    """Give the known controllers."""
    return load_data("ingress_controllers.yaml", IngressControllers).controllers
