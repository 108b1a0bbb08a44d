"""The demo's fleet: it shows every check, one cluster is well kept, and all of it is readable."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.catalogue.contents import entry_errors
from auditor.checks.catalog import parameter_types
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.collector.reading import Reading
from auditor.kube.resources import CONFIG_MAPS, RESOURCES
from auditor.model.audit import ClusterState, FleetAudit
from auditor.model.cluster import Cluster, Files
from auditor.model.reading import ReadState
from auditor.model.verdict import ACCEPTED, Severity, Verdict
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from auditor.settings.loading import parse_configuration
from auditor.simulator.demo import (
    DEMO_CLUSTERS,
    DemoCluster,
    demo_configuration,
    load_demo_cluster,
)
from tests.checks.fixtures import ON_CLUSTERS

WELL_KEPT = "payments-prod"

HIGH_OR_CRITICAL = (Severity.HIGH, Severity.CRITICAL)

SHOWN_BY_THE_COMMAND = {
    # They are about the auditor's own access, which `demo` breaks on purpose.
    "audit-incomplete",
    "auditor-overprivileged",
    "cluster-connection-unverified",
    "cluster-unreachable",
}

SHOWN_NOWHERE = {
    # Each cluster has a network plugin that is known.
    "cni-unidentified",
    # They are known by a kubeconfig: no cloud is asked.
    "api-server-allow-list-too-wide",
    "api-server-open-to-internet",
}

CLUSTERS = pytest.mark.parametrize("known", DEMO_CLUSTERS, ids=lambda known: known.name)


@pytest.fixture(scope="module")
def configuration(at: datetime) -> Configuration:
    return _parsed(demo_configuration(at.date(), []), at.date())


@pytest.fixture(scope="module")
def readings(
    configuration: Configuration, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Reading]:
    folder = tmp_path_factory.mktemp("demo")
    return {known.name: _read(known, folder / known.name, configuration) for known in DEMO_CLUSTERS}


@pytest.fixture(scope="module")
def fleet(
    configuration: Configuration, readings: Mapping[str, Reading], at: datetime
) -> FleetAudit:
    rules = Rules.of(configuration)
    audits = [audit(each.cluster, each.inventory, rules, at) for each in readings.values()]
    return audit_fleet(audits, rules, at)


def _parsed(text: str, today: date) -> Configuration:
    return parse_configuration(text.encode(), parameter_types(), today, entry_errors)


def _read(known: DemoCluster, folder: Path, configuration: Configuration) -> Reading:
    """Write a cluster as `kubectl get -A -o json` would, empty lists too, and read it."""
    folder.mkdir()
    objects = load_demo_cluster(known)
    for resource in RESOURCES:
        api_version = f"{resource.group}/v1" if resource.group else "v1"
        items = [
            item
            for item in objects
            if (item["apiVersion"], item["kind"]) == (api_version, resource.kind)
        ]
        listed = {"apiVersion": api_version, "kind": f"{resource.kind}List", "items": items}
        (folder / f"{resource.name}.json").write_bytes(msgspec.json.encode(listed))
    cluster = Cluster(
        id=f"kubeconfig/{known.name}",
        name=known.name,
        provider="snapshot",
        tags=dict(known.tenant_tags),
        access=Files(str(folder)),
    )
    return read_files(cluster, projection_for(configuration), ReadLimits())


def _rows(fleet: FleetAudit, verdict: str, *clusters: str) -> set[tuple[str, str, str]]:
    return {
        (result.name, finding.check, str(finding.subject))
        for result in fleet.audits
        for finding in result.findings
        if finding.shown_verdict == verdict and (not clusters or result.name in clusters)
    }


def test_every_check_fails_somewhere_but_those_that_the_command_shows(fleet: FleetAudit) -> None:
    failing = {check for _, check, _ in _rows(fleet, Verdict.FAIL.value)}
    assert failing == set(ON_CLUSTERS) - SHOWN_BY_THE_COMMAND - SHOWN_NOWHERE


def test_the_well_kept_cluster_is_well_kept(fleet: FleetAudit) -> None:
    (result,) = (each for each in fleet.audits if each.name == WELL_KEPT)
    failures = [each for each in result.findings if each.shown_verdict == Verdict.FAIL]
    assert failures
    assert not [each for each in failures if each.severity.level in HIGH_OR_CRITICAL]
    passes = [each for each in result.findings if each.shown_verdict == Verdict.PASS]
    assert len(passes) > 10 * len(failures)
    assert not _rows(fleet, Verdict.UNKNOWN.value, WELL_KEPT)


@pytest.mark.parametrize(
    "planted",
    [
        ("shop-prod-euw1", "node-port-open", "Service/checkout/cart-redis-tom"),
        ("shop-prod-euw1", "service-points-at-host", "Service/checkout/orders-db-legacy"),
        ("marketplace-prod", "tenants-share-node", "TenantPair/parcelo|payments"),
        ("data-prod", "load-balancer-open-to-internet", "Service/notebooks/proxy-public"),
        ("tools-weu", "container-runtime-socket-mounted", "Deployment/ci/gitlab-runner"),
        ("tools-weu", "load-balancer-open-to-internet", "Service/grafana/grafana"),
        ("data-prod", "cni-enforcement-partial", "Cluster/kubeconfig/data-prod"),
        (
            "data-prod",
            "control-plane-port-exposed",
            "Service/observability/kubelets-for-federation",
        ),
        ("shop-prod-euw1", "public-route-without-tls", "Ingress/checkout/mobile-api"),
        ("marketplace-prod", "policies-not-enforced", "Cluster/kubeconfig/marketplace-prod"),
        ("tools-weu", "cni-without-policy-support", "Cluster/kubeconfig/tools-weu"),
        ("warehouse-prod", "cni-policy-audit-mode", "Cluster/kubeconfig/warehouse-prod"),
        ("warehouse-prod", "external-ips-service", "Service/carrier-exchange/sftp"),
        ("warehouse-prod", "load-balancer-open-to-internet", "Service/wms/pos-sync"),
        ("warehouse-prod", "tenants-share-load-balancer", "TenantPair/carriers|warehouse"),
        ("warehouse-prod", "tenants-can-reach-each-other", "TenantPair/carriers|warehouse"),
        ("marketplace-prod", "risk-levels-can-reach-each-other", "RiskLevelPair/high|low"),
        ("warehouse-prod", "exposed-port-undeclared", "Service/carrier-exchange/sftp"),
        (
            "data-prod",
            "declaration-expired",
            "Declaration/Deployment/airflow/airflow-webserver:443/TCP",
        ),
        ("shop-prod-euw1", "declaration-unused", "Declaration/Deployment/storefront/web:80/TCP"),
    ],
)
def test_the_mistakes_that_the_demo_tells_of_are_found(
    fleet: FleetAudit, planted: tuple[str, str, str]
) -> None:
    assert planted in _rows(fleet, Verdict.FAIL.value)


def test_what_was_declared_is_accepted_and_stays_open(fleet: FleetAudit) -> None:
    accepted = _rows(fleet, ACCEPTED)
    assert ("data-prod", "exposed-port-undeclared", "Service/trino/trino") in accepted
    # Declared at the door, and management software behind it all the same.
    failing = {(where, check) for where, check, _ in _rows(fleet, Verdict.FAIL.value)}
    assert ("data-prod", "management-interface-open-to-private-network") in failing


def test_every_other_cluster_has_a_high_or_critical_failure(fleet: FleetAudit) -> None:
    worrying = {
        result.name
        for result in fleet.audits
        for each in result.findings
        if each.shown_verdict == Verdict.FAIL and each.severity.level in HIGH_OR_CRITICAL
    }
    assert worrying == {known.name for known in DEMO_CLUSTERS} - {WELL_KEPT}


def test_exceptions_and_declarations_match_something(fleet: FleetAudit) -> None:
    assert all(fleet.agreement_use.exceptions)
    # One is past its date, and one was declared for a port that is closed by now.
    assert [bool(count) for count in fleet.agreement_use.declarations] == [
        True,
        True,
        True,
        False,
        False,
        True,
        True,
    ]


def test_everything_was_read(readings: Mapping[str, Reading], fleet: FleetAudit) -> None:
    assert {result.state for result in fleet.audits} == {ClusterState.AUDITED}
    for reading in readings.values():
        assert not reading.inventory.problems
        coverage = reading.inventory.coverage
        short = {name for name, item in coverage.items() if item.state is not ReadState.COMPLETE}
        # What is read by name is only there where a cluster has it.
        assert short <= {CONFIG_MAPS}


@CLUSTERS
def test_a_cluster_is_neither_tiny_nor_endless(known: DemoCluster) -> None:
    assert 40 <= len(load_demo_cluster(known)) <= 400


@CLUSTERS
def test_all_pods_run_and_all_objects_are_told_apart(known: DemoCluster) -> None:
    objects = load_demo_cluster(known)
    nodes = {item["metadata"]["name"] for item in objects if item["kind"] == "Node"}
    pods = [item for item in objects if item["kind"] == "Pod"]
    assert {pod["spec"]["nodeName"] for pod in pods} == nodes
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    keys = [
        (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"])
        for item in objects
    ]
    assert len(set(keys)) == len(keys)


@CLUSTERS
def test_every_namespace_that_is_used_is_there(known: DemoCluster) -> None:
    objects = load_demo_cluster(known)
    there = {item["metadata"]["name"] for item in objects if item["kind"] == "Namespace"}
    used = {item["metadata"]["namespace"] for item in objects if "namespace" in item["metadata"]}
    assert used == there


@CLUSTERS
def test_a_cluster_is_the_same_every_time(known: DemoCluster) -> None:
    assert load_demo_cluster(known) == load_demo_cluster(known)


def test_clusters_are_told_apart() -> None:
    uids = [uid for known in DEMO_CLUSTERS for uid in _uids(load_demo_cluster(known))]
    assert len(set(uids)) == len(uids)
    assert len({known.name for known in DEMO_CLUSTERS}) == 6


def _uids(objects: list[dict[str, Any]]) -> list[str]:
    return [item["metadata"]["uid"] for item in objects if "uid" in item["metadata"]]


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_the_configuration_is_valid_on_any_day(today: date) -> None:
    configuration = _parsed(demo_configuration(today, []), today)
    assert not any(each.is_expired(today) for each in configuration.exceptions)
    # One is past its date on purpose.
    assert sum(each.is_expired(today) for each in configuration.declarations) == 1


def test_the_connectors_are_put_into_the_configuration(at: datetime) -> None:
    given_connectors: list[dict[str, Any]] = [
        {"name": "one", "kind": "kubeconfig", "path": "config", "tags": {"tenant": "shop"}},
        {"name": "two", "kind": "snapshot", "path": "two"},
    ]
    configuration = _parsed(demo_configuration(at.date(), given_connectors), at.date())
    assert [
        {"name": each.name, "kind": each.kind, **each.options} for each in configuration.connectors
    ] == given_connectors
