"""audit() and audit_fleet(): severity, what people agreed to, and what stays the same."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.kube.resources import RESOURCES
from auditor.model.agreement import Declaration, RiskException
from auditor.model.audience import Audience
from auditor.model.audit import AgreementUse, Audit, ClusterState
from auditor.model.cluster import Cluster, Files
from auditor.model.finding import Finding
from auditor.model.ports import Protocol
from auditor.model.reading import ReadState
from auditor.model.verdict import ACCEPTED, Severity, Verdict
from auditor.settings.configuration import CheckSettings, Configuration, RiskLevels
from tests.checks.fixtures import OF_THE_CONFIGURATION, OF_THE_CONNECTION, ON_CLUSTERS
from tests.kube.manifests import Object, a_pod, a_workload, an_object, read

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TODAY = AT.date()
CLUSTER_ID = "eks/123456789012/eu-west-1/prod"
HOST_NETWORK = {"hostNetwork": True}
EXPORTER = a_pod("node-exporter", "monitoring", spec=HOST_NETWORK)


def a_cluster(identity: str = CLUSTER_ID, tags: Mapping[str, str] | None = None) -> Cluster:
    return Cluster(
        id=identity, name="prod", provider="kubeconfig", tags=tags or {}, access=Files("-")
    )


def judged(
    *objects: Object,
    tags: Mapping[str, str] | None = None,
    states: Mapping[str, ReadState] | None = None,
    **configured: Any,
) -> Audit:
    """Audit some objects under a configuration."""
    inventory = read(objects, states)
    return audit(a_cluster(tags=tags), inventory, Rules.of(Configuration(**configured)), AT)


def only(found: Audit, slug: str) -> Finding:
    """Give the one finding of a check."""
    (finding,) = (finding for finding in found.findings if finding.check == slug)
    return finding


def a_namespace(name: str, **labels: str) -> Object:
    given = {key.replace("_", "-"): value for key, value in labels.items()}
    return an_object("Namespace", name, meta={"labels": given})


def an_exception(**changed: Any) -> RiskException:
    fields = {
        "check": "pod-on-host-network",
        "cluster": "*",
        "namespace": "monitoring",
        "reason": "needs host metrics",
        "approved_by": "ciso@example.com",
        "expires": TODAY + timedelta(days=30),
    }
    return RiskException(**{**fields, **changed})


def a_declaration(**changed: Any) -> Declaration:
    fields = {
        "port": 443,
        "audience": Audience.PRIVATE_NETWORK,
        "owner": "team-web",
        "reason": "intranet",
    }
    return Declaration(**{**fields, **changed})


# Severity


def test_severity_is_the_default_of_the_check() -> None:
    finding = only(judged(EXPORTER), "pod-on-host-network")
    assert finding.severity.level is Severity.HIGH
    assert finding.severity.reason == "the default of the check"


@pytest.mark.parametrize(
    ("risk", "expected"),
    [("high", Severity.CRITICAL), ("medium", Severity.HIGH), ("extreme", Severity.HIGH)],
)
def test_only_the_highest_risk_level_raises_severity_one_step(
    risk: str, expected: Severity
) -> None:
    namespace = a_namespace("monitoring", risk_level=risk)
    finding = only(judged(namespace, EXPORTER), "pod-on-host-network")
    assert finding.severity.level is expected
    assert ("raised for risk level high" in finding.severity.reason) is (risk == "high")


def test_the_highest_risk_level_is_the_last_of_the_configured_order() -> None:
    namespace = a_namespace("monitoring", risk_level="red")
    levels = RiskLevels(order=("green", "red"))
    finding = only(judged(namespace, EXPORTER, risk_levels=levels), "pod-on-host-network")
    assert finding.severity.level is Severity.CRITICAL


def test_the_configuration_overrides_the_default_and_the_rise() -> None:
    settings = {"pod-on-host-network": CheckSettings(severity=Severity.LOW)}
    namespace = a_namespace("monitoring", risk_level="high")
    finding = only(judged(namespace, EXPORTER, checks=settings), "pod-on-host-network")
    assert finding.severity.level is Severity.LOW
    assert finding.severity.reason == "set by the configuration"


def test_critical_stays_critical() -> None:
    spec = {
        "containers": [{"name": "c", "volumeMounts": [{"name": "run", "mountPath": "/run"}]}],
        "volumes": [{"name": "run", "hostPath": {"path": "/run"}}],
    }
    found = judged(a_namespace("web", risk_level="high"), a_pod(spec=spec))
    finding = only(found, "container-runtime-socket-mounted")
    assert finding.verdict is Verdict.FAIL
    assert finding.severity.level is Severity.CRITICAL
    assert finding.severity.reason == "the default of the check"


def test_a_namespace_as_subject_is_rated_by_its_own_risk() -> None:
    finding = only(judged(a_namespace("web", risk_level="high")), "namespace-without-segment")
    assert finding.severity.level is Severity.MEDIUM


def test_the_cluster_as_subject_is_rated_by_the_clusters_risk() -> None:
    states = {"services": ReadState.FORBIDDEN}
    finding = only(judged(states=states, tags={"risk-level": "high"}), "audit-incomplete")
    assert finding.severity.level is Severity.HIGH


# Exceptions


def test_an_exception_accepts_a_failure_and_keeps_the_raw_verdict() -> None:
    found = judged(EXPORTER, exceptions=(an_exception(ticket="SEC-12"),))
    finding = only(found, "pod-on-host-network")
    assert finding.verdict is Verdict.FAIL
    assert finding.shown_verdict == ACCEPTED
    assert finding.acceptance is not None
    assert finding.acceptance.by == "exception"
    assert "SEC-12" in finding.acceptance.reason
    assert "ciso@example.com" in finding.acceptance.reason
    assert found.agreement_use == AgreementUse((1,), ())


@pytest.mark.parametrize(
    ("expires", "shown"),
    [(TODAY - timedelta(days=1), Verdict.FAIL.value), (TODAY, ACCEPTED)],
    ids=["expired yesterday", "last day"],
)
def test_an_exception_ends_after_its_last_day(expires: date, shown: str) -> None:
    found = judged(EXPORTER, exceptions=(an_exception(expires=expires),))
    assert only(found, "pod-on-host-network").shown_verdict == shown
    assert found.agreement_use.exceptions == (int(shown == ACCEPTED),)


@pytest.mark.parametrize(
    ("scope", "is_accepted"),
    [
        ({"namespace": "mon*", "name": "node-*", "cluster": "eks/*/prod"}, True),
        ({"name": "node"}, False),
        ({"namespace": "Monitoring"}, False),
        ({"cluster": "eks/*/test"}, False),
        ({"check": "pod-shares-host-processes"}, False),
    ],
)
def test_an_exception_matches_by_globs_and_by_check(
    scope: Mapping[str, str], is_accepted: bool
) -> None:
    found = judged(EXPORTER, exceptions=(an_exception(**scope),))
    accepted = only(found, "pod-on-host-network").acceptance is not None
    assert accepted is is_accepted
    assert found.agreement_use.exceptions == (int(is_accepted),)


def test_a_subject_without_namespace_is_matched_by_any_namespace_only() -> None:
    states = {"services": ReadState.FORBIDDEN}
    named = an_exception(check="audit-incomplete", namespace="web", cluster="eks/*")
    any_of = an_exception(check="audit-incomplete", namespace="*", cluster="eks/*")
    refused = judged(states=states, exceptions=(named,))
    assert only(refused, "audit-incomplete").acceptance is None
    taken = judged(states=states, exceptions=(any_of,))
    assert only(taken, "audit-incomplete").shown_verdict == ACCEPTED


def test_the_first_exception_in_force_counts() -> None:
    over = an_exception(expires=TODAY - timedelta(days=1))
    found = judged(EXPORTER, exceptions=(over, an_exception(), an_exception(name="node-*")))
    accepted = only(found, "pod-on-host-network").acceptance
    assert accepted is not None
    assert accepted.index == 1
    assert found.agreement_use.exceptions == (0, 1, 0)


@pytest.mark.parametrize("state", [ReadState.COMPLETE, ReadState.PARTIAL])
def test_an_exception_accepts_neither_pass_nor_unknown(state: ReadState) -> None:
    pod = a_pod("node-exporter", "monitoring")
    found = judged(pod, states={"pods": state}, exceptions=(an_exception(),))
    assert all(finding.acceptance is None for finding in found.findings)
    assert found.agreement_use.exceptions == (0,)


# Declarations

SERVICE = an_object(
    "Service", "front", "web", spec={"selector": {"tier": "front"}, "ports": [{"port": 443}]}
)
BOTH_BEHIND = tuple(
    a_workload("Deployment", name, labels={"tier": "front"}) for name in ("old", "new")
)
DECLARED_OLD = a_declaration(workload="Deployment/web/old")


@pytest.mark.parametrize(
    ("declarations", "is_accepted"),
    [
        ((a_declaration(workload="Deployment/web/*"),), True),
        ((a_declaration(workload="Deployment/web/new"), DECLARED_OLD), True),
        ((DECLARED_OLD,), False),
        ((a_declaration(port=80),), False),
        ((a_declaration(protocol=Protocol.UDP),), False),
        ((a_declaration(namespace="shop"),), False),
        ((a_declaration(expires=TODAY),), True),
        ((a_declaration(expires=TODAY - timedelta(days=1)),), False),
    ],
)
def test_a_port_is_accepted_once_it_is_declared_for_every_workload_behind(
    declarations: tuple[Declaration, ...], is_accepted: bool
) -> None:
    found = judged(SERVICE, *BOTH_BEHIND, declarations=declarations)
    finding = only(found, "service-port-undocumented")
    assert finding.verdict is Verdict.FAIL
    assert finding.shown_verdict == (ACCEPTED if is_accepted else Verdict.FAIL.value)
    if finding.acceptance:
        assert finding.acceptance.by == "declaration"
        assert "team-web" in finding.acceptance.reason


def a_load_balancer(address: str) -> Object:
    return an_object(
        "Service",
        "front",
        "web",
        spec={**SERVICE["spec"], "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False},
        status={"loadBalancer": {"ingress": [{"ip": address}]}},
    )


def test_a_declaration_accepts_the_ports_family_and_nothing_else() -> None:
    wide = a_declaration(audience=Audience.INTERNET)
    found = judged(a_load_balancer("203.0.113.10"), *BOTH_BEHIND, declarations=(wide,))
    accepted = {finding.check for finding in found.findings if finding.acceptance}
    assert accepted == {"exposed-port-undeclared", "service-port-undocumented"}
    assert only(found, "load-balancer-open-to-internet").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("declarations", "expected"),
    [
        ((), Verdict.FAIL),
        ((a_declaration(),), Verdict.PASS),
        ((a_declaration(audience=Audience.INTERNET),), Verdict.PASS),
        ((a_declaration(audience=Audience.CLUSTER),), Verdict.FAIL),
        ((DECLARED_OLD,), Verdict.FAIL),
    ],
)
def test_a_private_load_balancer_passes_once_it_is_declared_wide_enough(
    declarations: tuple[Declaration, ...], expected: Verdict
) -> None:
    found = judged(a_load_balancer("10.0.9.20"), *BOTH_BEHIND, declarations=declarations)
    finding = only(found, "load-balancer-open-to-private-network")
    assert finding.verdict is expected
    assert finding.acceptance is None


def test_a_declaration_counts_the_exposures_that_are_no_wider_than_it() -> None:
    narrow, wide = a_declaration(), a_declaration(audience=Audience.INTERNET)
    private = judged(
        a_load_balancer("10.0.9.20"), *BOTH_BEHIND, declarations=(narrow, wide, DECLARED_OLD)
    )
    assert private.agreement_use.declarations == (2, 2, 1)
    public = judged(a_load_balancer("203.0.113.10"), *BOTH_BEHIND, declarations=(narrow, wide))
    assert public.agreement_use.declarations == (0, 2)


# The whole


def test_a_disabled_check_says_nothing() -> None:
    off = {"pod-on-host-network": CheckSettings(enabled=False)}
    found = judged(EXPORTER, checks=off)
    assert "pod-on-host-network" not in {finding.check for finding in found.findings}
    assert {check.slug for check in found.checks} == set(ON_CLUSTERS) - {"pod-on-host-network"}


@pytest.mark.parametrize("state", [ReadState.COMPLETE, ReadState.NOT_PROVIDED, ReadState.FAILED])
def test_every_check_says_something_of_an_empty_cluster(state: ReadState) -> None:
    found = judged(states=dict.fromkeys((resource.name for resource in RESOURCES), state))
    assert {finding.check for finding in found.findings} == set(ON_CLUSTERS)
    claimed = {finding.check for finding in found.findings if finding.verdict.claims_health}
    healthy = claimed - OF_THE_CONFIGURATION
    assert bool(healthy - OF_THE_CONNECTION) is (state is ReadState.COMPLETE)
    assert bool(healthy) is (state is not ReadState.FAILED)
    expected = ClusterState.UNREACHABLE if state is ReadState.FAILED else ClusterState.AUDITED
    assert found.state is expected


def test_two_audits_of_one_state_are_equal() -> None:
    objects = (a_load_balancer("203.0.113.10"), *BOTH_BEHIND, EXPORTER)
    exceptions = (an_exception(),)
    assert judged(*objects, exceptions=exceptions) == judged(*objects, exceptions=exceptions)
    inventory, rules = read(objects), Rules.of(Configuration(exceptions=exceptions))
    first = audit(a_cluster(), inventory, rules, AT)
    assert audit(a_cluster(), inventory, rules, AT) == first


def test_the_order_of_objects_changes_nothing() -> None:
    objects = (a_load_balancer("203.0.113.10"), *BOTH_BEHIND, EXPORTER)
    assert judged(*objects) == judged(*reversed(objects))


def test_a_fleet_sums_what_its_clusters_say() -> None:
    rules = Rules.of(Configuration(exceptions=(an_exception(),), declarations=(a_declaration(),)))
    inventories = {
        "kubeconfig/b": read([EXPORTER]),
        "kubeconfig/a": read([EXPORTER, a_pod("dump", spec=HOST_NETWORK)]),
    }
    audits = [audit(a_cluster(name), found, rules, AT) for name, found in inventories.items()]
    fleet = audit_fleet(audits, rules, AT)
    assert [one.cluster_id for one in fleet.audits] == ["kubeconfig/a", "kubeconfig/b"]
    assert fleet.agreement_use == AgreementUse((2,), (0,))
    assert fleet.verdicts[ACCEPTED] == 2
    found = sum(len(one.findings) for one in audits) + len(fleet.fleet_findings)
    assert sum(fleet.verdicts.values()) == found
    assert fleet.failures[Severity.HIGH.value] == 1
    assert sum(fleet.failures.values()) == fleet.verdicts[Verdict.FAIL.value]
    assert set(fleet.failures) == set(Severity)


def test_a_fleet_of_nothing_counts_zeros() -> None:
    fleet = audit_fleet([], Rules.of(Configuration()), AT)
    assert set(fleet.verdicts.values()) == {0}
    assert set(fleet.failures.values()) == {0}


def test_a_fleet_refuses_one_cluster_twice() -> None:
    found = judged(EXPORTER)
    with pytest.raises(ValueError, match=f"{CLUSTER_ID} was audited twice"):
        audit_fleet([found, found], Rules.of(Configuration()), AT)
