"""Which controllers serve Ingresses, and what decides who can dial them."""

from enum import StrEnum
from functools import cache

from msgspec import Struct

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
    default: DefaultScheme | None = None
    """Of a load balancer in the cloud."""
    rules: tuple[SchemeRule, ...] = ()
    allow_lists: tuple[AllowList, ...] = ()
    decided_by: tuple[DecidedBy, ...] = ()
    """Settings that admit sources which the Ingress itself does not name."""
    class_parameters_decide: bool = False
    """Whether parameters of the class, which are not read, outweigh annotations."""
    source: str

    def annotation_keys(self) -> frozenset[str]:
        """Give every annotation key that some rule of this controller names."""
        rules: tuple[AnnotationRule, ...] = (*self.rules, *self.decided_by)
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
