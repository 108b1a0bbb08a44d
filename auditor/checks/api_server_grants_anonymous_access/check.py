"""The API server grants rights to whoever asks.

## What it reports
A ClusterRoleBinding or RoleBinding that binds the user `system:anonymous` or the group
`system:unauthenticated` to a role other than the built-in discovery and public-info roles, or to
one of those after somebody widened it. kubeadm's `kubeadm:bootstrap-signer-clusterinfo` in
`kube-public`, which publishes the cluster's address and CA to joining nodes, counts as public-info
while it allows no more than reading that one ConfigMap.

## Why it matters
Nobody has to log in. An API server that the internet can reach then serves those rights to the
world (OWASP Docker D03, threat 1: orchestration interfaces).

## How to fix
Delete the binding. Give the reader a ServiceAccount and bind that.

## Subject and identity
The cluster. One finding for each binding, which is the discriminator.

## Parameters
`allowed_roles`: names of ClusterRoles that may be bound, if they hold non-resource URLs only.

## Known gaps
Whether the API server authenticates anonymous requests at all (`--anonymous-auth`) is not known.
What a Role of another name in `kube-public` publishes is not weighed: it fails.

## References
Kubernetes documentation, "Using RBAC Authorization", API discovery roles; CIS Kubernetes 5.1.8.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement
from auditor.kube.rbac import Binding, Role
from auditor.kube.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef, cluster_subject
from auditor.model.verdict import Severity, Verdict

ANONYMOUS = (("User", "system:anonymous"), ("Group", "system:unauthenticated"))


KUBEADM_CLUSTER_INFO = ("kube-public", "kubeadm:bootstrap-signer-clusterinfo")
"""Namespace and name of the Role by which kubeadm publishes how to join (kubeadm, cluster-info)."""


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """What a configuration may set."""

    allowed_roles: tuple[str, ...] = (
        "system:discovery",
        "system:public-info-viewer",
        "system:openshift:discovery",
        "system:openshift:public-info-viewer",
    )


def _judge(facts: Facts, parameters: Parameters) -> Iterator[Judgement]:
    for binding in facts.inventory.bindings:
        hops = tuple(_anonymous_hops(binding))
        if hops:
            yield _judge_binding(facts, binding, hops, parameters)


def _judge_binding(
    facts: Facts, binding: Binding, hops: tuple[Hop, ...], parameters: Parameters
) -> Judgement:
    ref = _ref(binding)
    role, resource = _granted(facts, binding)
    state = facts.inventory.state(resource)
    verdict, note, reason = Verdict.PASS, "public information only", None
    if not _may_be_public(binding, parameters):
        verdict, note = Verdict.FAIL, "not one of the discovery and public-info roles"
    elif role is not None and not _is_public(binding, role):
        verdict, note = Verdict.FAIL, "a public-info role that was widened"
    elif role is None and not state.is_complete:
        verdict, note = Verdict.UNKNOWN, "a public-info role, if nobody widened it"
        reason = f"{resource} is {state.value}"
    granted = f"{binding.role_ref.kind}/{binding.role_ref.name}"
    return Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=f"{ref} grants {granted} to anonymous requests",
        evidence=(*hops, Hop(str(ref), "roleRef", granted, note), *_rule_hops(granted, role)),
        discriminator=str(ref),
        reason=reason,
    )


def _ref(binding: Binding) -> ObjectRef:
    return ObjectRef(binding.kind, binding.metadata.namespace, binding.metadata.name)


def _anonymous_hops(binding: Binding) -> Iterator[Hop]:
    for subject in binding.subjects:
        if (subject.kind, subject.name) in ANONYMOUS:
            yield Hop(str(_ref(binding)), "subjects[]", f"{subject.kind}/{subject.name}")


def _granted(facts: Facts, binding: Binding) -> tuple[Role | None, str]:
    """Find the role that a binding grants, and the resource that would hold it."""
    name, namespace = binding.role_ref.name, binding.metadata.namespace
    if binding.role_ref.kind == "ClusterRole":
        found = (role for role in facts.inventory.cluster_roles if role.metadata.name == name)
        return next(found, None), CLUSTER_ROLES
    own = (role for role in facts.inventory.roles if role.metadata.namespace == namespace)
    return next((role for role in own if role.metadata.name == name), None), ROLES


def _may_be_public(binding: Binding, parameters: Parameters) -> bool:
    """Whether the role is one of those that publish information, by its name."""
    if binding.role_ref.kind == "ClusterRole":
        return binding.role_ref.name in parameters.allowed_roles
    return (binding.metadata.namespace, binding.role_ref.name) == KUBEADM_CLUSTER_INFO


def _is_public(binding: Binding, role: Role) -> bool:
    """Whether the role's rules are what its name promises."""
    if binding.role_ref.kind == "ClusterRole":
        return not any(rule.resources or rule.api_groups for rule in role.rules)
    return all(
        (rule.resources, rule.resource_names, rule.verbs)
        == (("configmaps",), ("cluster-info",), ("get",))
        for rule in role.rules
    )


def _rule_hops(granted: str, role: Role | None) -> Iterator[Hop]:
    """Show the rules of a role that reach beyond non-resource URLs."""
    for number, rule in enumerate(role.rules if role else ()):
        if rule.resources:
            allowed = f"{', '.join(rule.verbs)} {', '.join(rule.resources)}"
            yield Hop(granted, f"rules[{number}]", allowed, ", ".join(rule.resource_names))


CHECK = Check(
    slug="api-server-grants-anonymous-access",
    family=Family.CONTROL_PLANE,
    severity=Severity.CRITICAL,
    title="API server grants rights to anonymous requests",
    remediation="Delete the binding and give the reader a ServiceAccount of its own.",
    needs=frozenset({CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS}),
    subjects_from=frozenset({CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS}),
    reads=frozenset({CLUSTER_ROLES, ROLES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.API_EXPOSURE,),
    parameters=Parameters,
    nothing_to_judge="no binding grants anything to anonymous requests",
)
