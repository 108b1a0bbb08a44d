"""Ingresses and their classes (networking.k8s.io/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta
from auditor.kube.network import LoadBalancerStatus


class ServiceBackendPort(Struct, frozen=True, gc=False, omit_defaults=True):
    """A port of a Service, by number or by name."""

    number: int | None = None
    name: str | None = None


class IngressServiceBackend(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Service that an Ingress sends to."""

    name: str = ""
    port: ServiceBackendPort = field(default_factory=ServiceBackendPort)


class BackendResource(Struct, frozen=True, gc=False, omit_defaults=True):
    """Something else that an Ingress sends to, such as a bucket."""

    kind: str = ""
    name: str = ""


class IngressBackend(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where requests go: a Service or another resource."""

    service: IngressServiceBackend | None = None
    resource: BackendResource | None = None


class IngressPath(Struct, frozen=True, gc=False, omit_defaults=True):
    """A path and its backend (networking.k8s.io/v1 HTTPIngressPath)."""

    path: str = ""
    backend: IngressBackend = field(default_factory=IngressBackend)


class IngressRuleValue(Struct, frozen=True, gc=False, omit_defaults=True):
    """The paths of a rule."""

    paths: tuple[IngressPath, ...] = ()


class IngressRule(Struct, frozen=True, gc=False, omit_defaults=True):
    """A host and its paths; no host is every host."""

    host: str | None = None
    http: IngressRuleValue | None = None


class IngressTls(Struct, frozen=True, gc=False, omit_defaults=True):
    """Hosts that are served with TLS; none named are all hosts of the rules."""

    hosts: tuple[str, ...] = ()


class IngressSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What an Ingress asks for (networking.k8s.io/v1 IngressSpec)."""

    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: tuple[IngressRule, ...] = ()
    tls: tuple[IngressTls, ...] = ()


class IngressStatus(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """The addresses that a controller published it on."""

    load_balancer: LoadBalancerStatus = field(default_factory=LoadBalancerStatus)


class Ingress(Struct, frozen=True, gc=False, omit_defaults=True):
    """An Ingress (networking.k8s.io/v1)."""

    metadata: ObjectMeta
    spec: IngressSpec = field(default_factory=IngressSpec)
    status: IngressStatus = field(default_factory=IngressStatus)


class IngressClassSpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """Which controller serves a class."""

    controller: str = ""
    parameters: BackendResource | None = None


class IngressClass(Struct, frozen=True, gc=False, omit_defaults=True):
    """A class of Ingresses (networking.k8s.io/v1 IngressClass)."""

    metadata: ObjectMeta
    spec: IngressClassSpec = field(default_factory=IngressClassSpec)
