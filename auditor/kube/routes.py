"""OpenShift Routes (route.openshift.io/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class RouteTarget(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Service that a Route sends to (RouteTargetReference)."""

    kind: str = "Service"
    name: str = ""


class RoutePort(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Which port of the pods (RoutePort): a number, or the name of a Service port."""

    target_port: int | str | None = None


class RouteSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Where a Route leads (RouteSpec); who may dial it is not read."""

    to: RouteTarget = field(default_factory=RouteTarget)
    alternate_backends: tuple[RouteTarget, ...] = ()
    port: RoutePort | None = None


class Route(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Route."""

    metadata: ObjectMeta
    spec: RouteSpec = field(default_factory=RouteSpec)
