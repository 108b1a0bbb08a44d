"""Gateways and their classes (gateway.networking.k8s.io): who serves them, and no route yet."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class GatewayClassSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Which controller serves a class (GatewayClassSpec)."""

    controller_name: str = ""


class GatewayClass(Struct, frozen=True, gc=False, omit_defaults=True):
    """A class of Gateways."""

    metadata: ObjectMeta
    spec: GatewayClassSpec = field(default_factory=GatewayClassSpec)


class GatewaySpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Of which class a Gateway is; its listeners are not read."""

    gateway_class_name: str = ""


class Gateway(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Gateway."""

    metadata: ObjectMeta
    spec: GatewaySpec = field(default_factory=GatewaySpec)
