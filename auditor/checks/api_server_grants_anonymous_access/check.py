"""The API server grants rights to whoever asks.

## What it reports
A ClusterRoleBinding or RoleBinding that binds the user `system:anonymous` or the group
`system:unauthenticated` to a role other than the built-in discovery and public-info roles, or to
one of those after somebody widened it beyond non-resource URLs.

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
Roles in namespaces are not read, so kubeadm's binding of `kubeadm:bootstrap-signer-clusterinfo` in
`kube-public`, which publishes the cluster's address and CA, is reported too.

## References
Kubernetes documentation, "Using RBAC Authorization", API discovery roles; CIS Kubernetes 5.1.8.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement
from auditor.kube.rbac import Binding, ClusterRole
from auditor.kube.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef, cluster_subject
from auditor.model.verdict import Severity, Verdict

ANONYMOUS = (("User", "system:anonymous"), ("Group", "system:unauthenticated"))


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """What a configuration may set."""

    allowed_roles: tuple[str, ...] = (
        "system:discovery",
        "system:public-info-viewer",
        "system:openshift:discovery",
        "system:openshift:public-info-viewer",
    )


def _judge(facts: Facts, parameters: Parameters) -> Iterator[Judgement]:
    roles = {role.metadata.name: role for role in facts.inventory.cluster_roles}
    cluster = cluster_subject(facts.cluster.id)
    state = facts.inventory.state(CLUSTER_ROLES)
    for binding in facts.inventory.bindings:
        hops = tuple(_anonymous_hops(binding))
        if not hops:
            continue
        ref = ObjectRef(binding.kind, binding.metadata.namespace, binding.metadata.name)
        why = _excess(binding, roles, parameters)
        verdict = Verdict.FAIL if why else Verdict.PASS
        reason = None
        if not why and binding.role_ref.name not in roles and not state.is_complete:
            verdict, reason = Verdict.UNKNOWN, f"{CLUSTER_ROLES} is {state.value}"
        role = f"{binding.role_ref.kind}/{binding.role_ref.name}"
        yield Judgement(
            subject=cluster,
            verdict=verdict,
            summary=f"{ref} grants {role} to anonymous requests",
            evidence=(
                *hops,
                Hop(str(ref), "roleRef", role, why or "public information only"),
                *_widened_hops(roles.get(binding.role_ref.name)),
            ),
            discriminator=str(ref),
            reason=reason,
        )


def _anonymous_hops(binding: Binding) -> Iterator[Hop]:
    ref = ObjectRef(binding.kind, binding.metadata.namespace, binding.metadata.name)
    for subject in binding.subjects:
        if (subject.kind, subject.name) in ANONYMOUS:
            yield Hop(str(ref), "subjects[]", f"{subject.kind}/{subject.name}")


def _widened_hops(role: ClusterRole | None) -> Iterator[Hop]:
    """Show the rules of a role that reach beyond non-resource URLs."""
    if role is None:
        return
    for number, rule in enumerate(role.rules):
        if rule.resources:
            allowed = f"{', '.join(rule.verbs)} {', '.join(rule.resources)}"
            yield Hop(f"ClusterRole/{role.metadata.name}", f"rules[{number}]", allowed)


def _excess(binding: Binding, roles: dict[str, ClusterRole], parameters: Parameters) -> str | None:
    """Say why a binding grants more than public information; None where it does not."""
    name = binding.role_ref.name
    if binding.role_ref.kind != "ClusterRole" or name not in parameters.allowed_roles:
        return "not one of the discovery and public-info roles"
    role = roles.get(name)
    if role and any(rule.resources or rule.api_groups for rule in role.rules):
        return "a public-info role that was widened to resources"
    return None


CHECK = Check(
    slug="api-server-grants-anonymous-access",
    family=Family.CONTROL_PLANE,
    severity=Severity.CRITICAL,
    title="API server grants rights to anonymous requests",
    remediation="Delete the binding and give the reader a ServiceAccount of its own.",
    needs=frozenset({CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS}),
    subjects_from=frozenset({CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS}),
    reads=frozenset({CLUSTER_ROLES}),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    parameters=Parameters,
    nothing_to_judge="no binding grants anything to anonymous requests",
)
