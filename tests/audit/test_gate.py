"""The gate against silence: whatever is taken away, no check calls it healthy.

Generated: every check, every resource it needs, every way in which reading that can fall short,
both fixtures. What a check only reads to sharpen its answer is taken away too, under weaker rules.
"""

from itertools import product
from typing import Any

import msgspec
import pytest

from auditor.analysis.facts import REACHABILITY_RESTS_ON
from auditor.analysis.workloads import WorkloadIndex
from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.checks.catalog import catalog
from auditor.checks.check import Check
from auditor.checks.ways import WAYS_NEED
from auditor.kube.inventory import Inventory
from auditor.kube.resources import (
    ADMIN_NETWORK_POLICIES,
    BASELINE_ADMIN_NETWORK_POLICIES,
    CLUSTER_NETWORK_POLICIES,
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    ENDPOINT_SLICES,
    GATEWAYS_OF_ROUTES,
    INGRESS_CLASSES,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    OTHER_WAYS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    RESOURCE_BY_NAME,
    ROLE_BINDINGS,
    ROLES,
    SERVICES,
    UNFOLLOWED_WAYS,
)
from auditor.model.agreement import Declaration
from auditor.model.audience import Audience
from auditor.model.cluster import Cluster, Files
from auditor.model.finding import Finding
from auditor.model.identity import CLUSTER_KIND
from auditor.model.reading import Coverage, ReadState
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration
from tests.checks.fixtures import (
    AT,
    NAMES,
    OF_THE_CONFIGURATION,
    OF_THE_CONNECTION,
    ON_CLUSTERS,
    fixture,
)
from tests.kube.manifests import Object, a_pod, an_object, read

KEEPING = (ReadState.PARTIAL, ReadState.STALE)
"""States in which what was read is there."""
ONLY_COUNTED = tuple(item.name for item in UNFOLLOWED_WAYS)
REMOVING = (ReadState.FORBIDDEN, ReadState.FAILED, ReadState.NOT_PROVIDED)
"""States in which nothing was read."""
STATES = (*KEEPING, *REMOVING)

FIELDS = {
    NAMESPACES: "namespaces",
    NODES: "nodes",
    PODS: "pods",
    SERVICES: "services",
    ENDPOINT_SLICES: "endpoint_slices",
    NETWORK_POLICIES: "network_policies",
    ADMIN_NETWORK_POLICIES: "admin_policies",
    BASELINE_ADMIN_NETWORK_POLICIES: "admin_policies",
    CLUSTER_NETWORK_POLICIES: "admin_policies",
    INGRESSES: "ingresses",
    INGRESS_CLASSES: "ingress_classes",
    CLUSTER_ROLES: "cluster_roles",
    CLUSTER_ROLE_BINDINGS: "bindings",
    ROLE_BINDINGS: "bindings",
    ROLES: "roles",
    CONFIG_MAPS: "config_maps",
    PERSISTENT_VOLUMES: "persistent_volumes",
    PERSISTENT_VOLUME_CLAIMS: "persistent_volume_claims",
}
"""Where an inventory holds the objects of a resource; bindings are told apart by their kind."""

PROVEN_BY_ABSENCE = {
    # No agent was seen, of any engine or of another one, on some node or on all.
    "cni-enforcement-partial": {PODS},
    "cni-unidentified": {PODS, NODES},
    "cni-without-policy-support": {PODS, NODES},
    "policies-not-enforced": {PODS, NODES},
    "exposed-route-dangling": {PODS, ENDPOINT_SLICES},
    # Nothing isolates it, or nothing stops it: one policy, namespace or node more may.
    "egress-to-internet-unrestricted": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "file-share-reachable-by-all-pods": {
        *REACHABILITY_RESTS_ON,
        CONFIG_MAPS,
        PERSISTENT_VOLUME_CLAIMS,
        SERVICES,
    },
    "database-on-frontend-network": {*REACHABILITY_RESTS_ON, *WAYS_NEED, CONFIG_MAPS},
    "internet-exposed-workload-moves-freely": {
        *REACHABILITY_RESTS_ON,
        *WAYS_NEED,
        CONFIG_MAPS,
    },
    "legacy-service-open-to-cluster": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "management-interface-open-to-cluster": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "pod-can-reach-cloud-metadata": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "pod-can-reach-node-services": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "namespace-without-default-deny": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "workload-egress-not-isolated": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "workload-ingress-not-isolated": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "tenants-can-reach-each-other": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    "risk-levels-can-reach-each-other": {*REACHABILITY_RESTS_ON, CONFIG_MAPS},
    # No pod that was read, and no namespace that was, is what it selects.
    "policy-selects-nothing": {PODS, NAMESPACES},
    # No door that was read is what was declared.
    "declaration-unused": {*WAYS_NEED, *OTHER_WAYS},
    # Internal by a controller's default, which a pod that was not read may change; or by the
    # annotation of one cloud, while nodes that were not read may be another one's.
    "load-balancer-open-to-private-network": {PODS, NODES},
    "ingress-open-to-private-network": {PODS, NODES},
    # The way is open because no policy stands on it; and a node port is for the private network
    # because no node has a public address.
    "control-plane-port-exposed": {NETWORK_POLICIES},
    "exposed-port-undeclared": {NETWORK_POLICIES},
    "legacy-service-open-to-internet": {NETWORK_POLICIES},
    "legacy-service-open-to-private-network": {NETWORK_POLICIES, NODES},
    "management-interface-open-to-internet": {NETWORK_POLICIES},
    "management-interface-open-to-private-network": {NETWORK_POLICIES, NODES},
}
"""Failures that say "nothing is there": only a complete read of these proves them."""

Case = tuple[Check, str, ReadState, str]


def _cases(kind: str) -> list[Case]:
    return [
        (check, resource, state, name)
        for check in catalog().values()
        for resource in sorted(getattr(check, kind))
        for state, name in product(STATES, NAMES)
        # A folder without a kind that somebody has to add is taken to hold none of it.
        if not (state is ReadState.NOT_PROVIDED and resource in OTHER_WAYS)
        # Kinds that are only counted are all counted by one rule: one stands for them.
        if resource not in ONLY_COUNTED[1:]
    ]


NEEDED, READ = _cases("needs"), _cases("reads")


def _label(value: object) -> str | None:
    return value.slug if isinstance(value, Check) else None


every_needed = pytest.mark.parametrize(("check", "resource", "state", "name"), NEEDED, ids=_label)
every_read = pytest.mark.parametrize(("check", "resource", "state", "name"), READ, ids=_label)


def _without(inventory: Inventory, resource: str, state: ReadState) -> Inventory:
    """Give an inventory as if a resource had been read that badly."""
    if resource in OTHER_WAYS:
        ways = dict(inventory.other_ways)
        left = ways.pop(resource, ()) if state in REMOVING else ways.get(resource, ())
        count = 0 if state in REMOVING else len(left)
        coverage = {**inventory.coverage, resource: Coverage(resource, state, count)}
        return msgspec.structs.replace(inventory, coverage=coverage, other_ways=ways)
    field = FIELDS[resource]
    held = getattr(inventory, field)
    if state in REMOVING:
        kind = RESOURCE_BY_NAME[resource].kind
        held = tuple(item for item in held if getattr(item, "kind", kind) != kind)
    coverage = {**inventory.coverage, resource: Coverage(resource, state, len(held))}
    return msgspec.structs.replace(inventory, **{field: held, "coverage": coverage})


def _removed_names(inventory: Inventory, resource: str) -> set[str]:
    """Name the objects of a resource, as evidence names them; pods go by their workloads."""
    kind = RESOURCE_BY_NAME[resource].kind
    if resource == PODS:
        return {str(workload.ref) for workload in WorkloadIndex(inventory)}
    there: tuple[Any, ...] = (
        inventory.other_ways.get(resource, ())
        if resource in OTHER_WAYS
        else getattr(inventory, FIELDS[resource])
    )
    held = [item for item in there if getattr(item, "kind", kind) == kind]
    return {
        "/".join(filter(None, (kind, item.metadata.namespace, item.metadata.name))) for item in held
    }


def _rests_on(check: Check, finding: Finding, inventory: Inventory, resource: str) -> bool:
    """Tell whether a failure rests on objects of a resource, or on their absence.

    It does where its subject or a hop of its evidence names one of them. A selector rests on the
    pods that it finds, if the check needs pods at all. A pair of tenants or risk levels is no
    object: it rests on everything that the check takes its subjects from.
    """
    if resource in PROVEN_BY_ABSENCE.get(check.slug, ()):
        return True
    if finding.subject.kind.endswith("Pair"):
        return resource in check.subjects_from
    selects = any(hop.field == "spec.selector" for hop in finding.evidence)
    if resource == PODS and PODS in check.needs and selects:
        return True
    named = {str(finding.subject), *(hop.hop for hop in finding.evidence)}
    return bool(named & _removed_names(inventory, resource))


def _both(case: Case) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Judge a fixture as it is, and with a resource read badly."""
    check, resource, state, name = case
    whole = fixture(check.slug, name)
    return whole.audit(), whole.audit(_without(whole.inventory, resource, state))


def _ids(findings: tuple[Finding, ...], *verdicts: Verdict) -> set[str]:
    return {finding.id for finding in findings if finding.verdict in verdicts}


def _gone(case: Case, complete: tuple[Finding, ...]) -> set[str]:
    """Give the findings of one resource's own objects, where these are not there any more."""
    check, resource, state, name = case
    if state not in REMOVING:
        return set()
    names = _removed_names(fixture(check.slug, name).inventory, resource)
    return {finding.id for finding in complete if str(finding.subject) in names}


def _caused_unknowns(case: Case) -> list[Finding]:
    complete, degraded = _both(case)
    before = _ids(complete, Verdict.UNKNOWN)
    return [f for f in degraded if f.verdict is Verdict.UNKNOWN and f.id not in before]


def _lost_failures(case: Case) -> list[str]:
    """Name the failures that were proven without a resource and are gone when it is."""
    check, resource, state, name = case
    complete, degraded = _both(case)
    inventory = fixture(check.slug, name).inventory
    still = _ids(degraded, Verdict.FAIL)
    absent = PROVEN_BY_ABSENCE.get(check.slug, ())
    return [
        finding.summary
        for finding in complete
        if finding.verdict is Verdict.FAIL
        and finding.id not in still
        and not (
            _rests_on(check, finding, inventory, resource)
            if state in REMOVING
            else resource in absent
        )
    ]


@every_needed
def test_nothing_is_healthy_while_a_needed_resource_is_missing(
    check: Check, resource: str, state: ReadState, name: str
) -> None:
    _, degraded = _both((check, resource, state, name))
    assert degraded
    assert not [finding.summary for finding in degraded if finding.verdict.claims_health]


@every_needed
def test_an_unknown_names_the_resource_that_is_missing(
    check: Check, resource: str, state: ReadState, name: str
) -> None:
    for finding in _caused_unknowns((check, resource, state, name)):
        assert resource in (finding.reason or ""), finding.summary


@every_needed
def test_what_was_proven_stays_proven(
    check: Check, resource: str, state: ReadState, name: str
) -> None:
    assert _lost_failures((check, resource, state, name)) == []


@every_read
def test_a_failure_that_loses_what_sharpened_it_stays_or_becomes_unknown(
    check: Check, resource: str, state: ReadState, name: str
) -> None:
    case = (check, resource, state, name)
    complete, degraded = _both(case)
    gone = _gone(case, complete) - {finding.id for finding in degraded}
    failed = _ids(complete, Verdict.FAIL) - gone
    if resource in GATEWAYS_OF_ROUTES:
        # The port of a route is its listener's: without the Gateway it has another id.
        unknown = {finding.subject for finding in degraded if finding.verdict is Verdict.UNKNOWN}
        failed -= {finding.id for finding in complete if finding.subject in unknown}
    assert failed <= _ids(degraded, Verdict.FAIL, Verdict.UNKNOWN)
    if gone and state.is_shortfall:
        # Subjects that nobody saw: the cluster says so in their place.
        assert [f for f in degraded if f.subject.kind == CLUSTER_KIND and f.reason]
    if state in KEEPING:
        assert _lost_failures(case) == []


@every_read
def test_taking_a_resource_away_makes_nothing_healthy(
    check: Check, resource: str, state: ReadState, name: str
) -> None:
    complete, degraded = _both((check, resource, state, name))
    for verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        claimed = _ids(degraded, verdict)
        if resource in GATEWAYS_OF_ROUTES:
            # As above: what passed passes under another id.
            passed = {finding.subject for finding in complete if finding.verdict is verdict}
            claimed -= {finding.id for finding in degraded if finding.subject in passed}
        assert claimed <= _ids(complete, verdict)


def test_the_cases_are_many_and_cover_every_check() -> None:
    assert len(NEEDED) > 200
    assert {case[0].slug for case in NEEDED} == (
        set(ON_CLUSTERS) - OF_THE_CONNECTION - OF_THE_CONFIGURATION
    )
    assert {resource for _, resource, _, _ in (*NEEDED, *READ)} == {*FIELDS, *OTHER_WAYS} - {
        *ONLY_COUNTED[1:]
    }


@pytest.mark.parametrize("state", STATES)
def test_every_state_makes_something_unknown_in_every_check(state: ReadState) -> None:
    silent = {case[0].slug for case in NEEDED if case[2] is state}
    silent -= {case[0].slug for case in NEEDED if case[2] is state and _caused_unknowns(case)}
    # Where something should have been read and was not, that is what audit-incomplete reports.
    assert silent == ({"audit-incomplete"} if state.is_shortfall else set())


@pytest.mark.parametrize("state", STATES)
def test_every_state_leaves_some_failure_proven(state: ReadState) -> None:
    cases = [case for case in NEEDED if case[2] is state]
    assert any(_ids(_both(case)[1], Verdict.FAIL) for case in cases)


# What the fixtures do not show


def _judged(
    slug: str, *objects: Object, missing: str | None = None, configuration: Configuration
) -> tuple[Finding, ...]:
    """Judge objects by one check, a resource forbidden and its objects not there."""
    rules = Rules(configuration=configuration, checks=(catalog()[slug],))
    cluster = Cluster(id="kubeconfig/a", name="a", provider="kubeconfig", access=Files("-"))
    inventory = read(objects, configuration=configuration)
    if missing:
        inventory = _without(inventory, missing, ReadState.FORBIDDEN)
    return audit(cluster, inventory, rules, AT).findings


def _load_balancer(**parts: Any) -> Object:
    spec = {"type": "LoadBalancer", "selector": {"app": "front"}, "ports": [{"port": 443}]}
    return an_object(
        "Service", "front", "web", spec={**spec, **parts.get("spec", {})}, status=parts["status"]
    )


def test_the_default_scheme_of_a_controller_whose_flags_were_not_read_is_not_healthy() -> None:
    flags = ["--default-load-balancer-scheme=internet-facing"]
    image = "registry.example/aws-load-balancer-controller:v2.13"
    spec = {"containers": [{"name": "controller", "image": image, "args": flags}]}
    controller = a_pod("controller", "kube-system", spec=spec)
    front = _load_balancer(spec={"loadBalancerClass": "service.k8s.aws/nlb"}, status={})
    slug = "load-balancer-open-to-internet"
    complete = _judged(slug, front, controller, configuration=Configuration())
    assert _ids(complete, Verdict.FAIL)
    degraded = _judged(slug, front, controller, missing=PODS, configuration=Configuration())
    assert not _ids(degraded, Verdict.PASS)


def test_a_declared_load_balancer_does_not_fail_because_its_pods_were_not_read() -> None:
    configuration = Configuration(
        declarations=(
            Declaration(port=443, audience=Audience.PRIVATE_NETWORK, owner="a", reason="b"),
        )
    )
    front = _load_balancer(status={"loadBalancer": {"ingress": [{"ip": "10.0.9.20"}]}})
    pod = a_pod(labels={"app": "front"})
    slug = "load-balancer-open-to-private-network"
    assert _ids(_judged(slug, front, pod, configuration=configuration), Verdict.PASS)
    degraded = _judged(slug, front, pod, missing=PODS, configuration=configuration)
    assert not _ids(degraded, Verdict.FAIL)


def test_a_namespace_does_not_fail_because_its_labels_were_not_read() -> None:
    meta = {"labels": {"tenant": "retail", "risk-level": "low"}}
    objects = (an_object("Namespace", "web", meta=meta), a_pod())
    slug = "namespace-without-segment"
    assert _ids(_judged(slug, *objects, configuration=Configuration()), Verdict.PASS)
    degraded = _judged(slug, *objects, missing=NAMESPACES, configuration=Configuration())
    assert not _ids(degraded, Verdict.FAIL)


def test_a_rollout_that_moves_the_container_port_gives_no_finding_twice() -> None:
    pods = (
        a_pod(f"proxy-{number}", owner="DaemonSet/proxy", ports=[ports])
        for number, ports in enumerate(
            ({"containerPort": 8080, "hostPort": 80}, {"containerPort": 8081, "hostPort": 80})
        )
    )
    findings = _judged("host-port-open", *pods, configuration=Configuration())
    assert len({finding.id for finding in findings}) == len(findings)
