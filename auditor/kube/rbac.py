"""Roles and bindings (rbac.authorization.k8s.io/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class PolicyRule(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a role allows (rbac/v1 PolicyRule)."""

    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = field(default=(), name="nonResourceURLs")


class Role(Struct, frozen=True, gc=False, omit_defaults=True):
    """A ClusterRole or Role."""

    metadata: ObjectMeta
    rules: tuple[PolicyRule, ...] = ()


class RoleRef(Struct, frozen=True, gc=False, omit_defaults=True):
    """The role that a binding grants."""

    kind: str = ""
    name: str = ""


class RbacSubject(Struct, frozen=True, gc=False, omit_defaults=True):
    """Whom a binding grants a role to."""

    kind: str = ""
    name: str = ""
    namespace: str | None = None


class Binding(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A ClusterRoleBinding or RoleBinding."""

    metadata: ObjectMeta
    kind: str = ""
    role_ref: RoleRef = field(default_factory=RoleRef)
    subjects: tuple[RbacSubject, ...] = ()
