"""The example fleet: every mistake planted in it is found, and nothing else fails."""

import asyncio
import re
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.catalogue.contents import entry_errors
from auditor.checks.catalog import catalog, parameter_types
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.collector.reading import Reading
from auditor.kube.resources import ADDED_APIS, RESOURCES
from auditor.model.audit import ClusterState, FleetAudit
from auditor.model.cluster import Cluster
from auditor.model.reading import Coverage, ReadState
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration, ConnectorSettings
from auditor.settings.limits import ReadLimits
from auditor.settings.loading import load_configuration
from connectors.snapshot import SnapshotConnector

FLEET = Path(__file__).parent.parent / "examples" / "fleet"

SHOP, PAYMENTS, CI, PULL_REQUEST = (
    f"snapshot/{name}" for name in ("shop-prod", "payments-prod", "ci", "shop-pull-request")
)

CATALOGUE, FEED = "Deployment/catalogue/stock-admin", "Deployment/storefront/partner-feed"
WINDOW, REVIEWS = "Deployment/storefront/web", "Deployment/reviews/reviews"
PROFILER, POINTS = "DaemonSet/loyalty/profiler", "Deployment/loyalty/points"
LEDGER, QUEUE = "StatefulSet/ledger/ledger", "StatefulSet/reviews/review-queue"
CLEANER = "CronJob/reviews/image-cleaner"
BUILDS = {
    "Deployment/pull-requests/sandbox",
    "Deployment/registry/registry",
    "Deployment/runners/builder",
}
EGRESS = (
    "egress-to-internet-unrestricted",
    "workload-egress-not-isolated",
    "pod-can-reach-cloud-metadata",
    "pod-can-reach-node-services",
)

FAILS = [
    (SHOP, "exposed-route-dangling", "Service/storefront/summer-sale"),
    (SHOP, "host-port-open", "DaemonSet/monitoring/node-exporter"),
    (SHOP, "legacy-service-open-to-internet", "DaemonSet/monitoring/node-exporter"),
    (SHOP, "load-balancer-open-to-internet", "Service/catalogue/stock-admin"),
    (SHOP, "load-balancer-open-to-internet", "Service/storefront/partner-feed"),
    (SHOP, "load-balancer-open-to-internet", "Service/storefront/summer-sale"),
    (SHOP, "load-balancer-source-ranges-ignored", "Service/storefront/partner-feed"),
    (SHOP, "node-has-public-address", "NodePool/edge"),
    (SHOP, "node-port-open", "Service/catalogue/stock-admin"),
    (SHOP, "node-port-open", "Service/storefront/partner-feed"),
    (SHOP, "service-port-undocumented", "Service/catalogue/stock-metrics"),
    (PAYMENTS, "load-balancer-open-to-internet", "Service/loyalty/campaigns"),
    (PAYMENTS, "load-balancer-open-to-private-network", "Service/ledger/reports"),
    (PAYMENTS, "namespace-without-segment", "Namespace/scratch"),
    (PAYMENTS, "node-port-open", "Service/ledger/reports"),
    (PAYMENTS, "node-port-open", "Service/loyalty/points"),
    (PAYMENTS, "pod-shares-host-processes", "DaemonSet/loyalty/profiler"),
    (PAYMENTS, "tenants-can-reach-each-other", "TenantPair/loyalty|payments"),
    (PAYMENTS, "tenants-share-cluster", "TenantPair/loyalty|payments"),
    (PAYMENTS, "tenants-share-node", "TenantPair/loyalty|payments"),
    (CI, "api-server-grants-anonymous-access", f"Cluster/{CI}"),
    (CI, "cni-without-policy-support", f"Cluster/{CI}"),
    (CI, "container-runtime-socket-mounted", "Deployment/runners/builder"),
    (CI, "external-ips-service", "Service/registry/mirror"),
    (CI, "host-port-open", "DaemonSet/observability/host-agent"),
    (CI, "host-port-open", "Deployment/registry/registry"),
    (CI, "management-interface-open-to-internet", "Deployment/registry/registry"),
    (CI, "management-interface-open-to-private-network", "Deployment/registry/registry"),
    (CI, "management-interface-open-to-private-network", "Deployment/registry/registry"),
    (CI, "pod-on-host-network", "DaemonSet/observability/host-agent"),
    (CI, "risk-levels-can-reach-each-other", "RiskLevelPair/high|medium"),
    (CI, "risk-levels-share-cluster", "RiskLevelPair/high|medium"),
    (CI, "risk-levels-share-node", "RiskLevelPair/high|medium"),
    (CI, "service-points-at-host", "Service/observability/kubelet-metrics"),
    (PULL_REQUEST, "container-runtime-socket-mounted", "CronJob/reviews/image-cleaner"),
    (PULL_REQUEST, "exposed-route-dangling", "Service/storefront/web-canary"),
    (PULL_REQUEST, "load-balancer-open-to-internet", "Service/storefront/web-canary"),
    (PULL_REQUEST, "node-port-open", "Service/reviews/reviews-debug"),
    (PULL_REQUEST, "node-port-open", "Service/reviews/reviews-partners"),
    (PULL_REQUEST, "pod-on-host-network", "Deployment/reviews/review-mailer"),
    (PULL_REQUEST, "service-port-undocumented", "Service/reviews/reviews-debug"),
]

OPEN_INSIDE = {
    SHOP: {
        # A policy isolates the shop window for ingress, and nothing isolates anything for egress.
        "namespace-without-default-deny": {"Namespace/catalogue", "Namespace/storefront"},
        "workload-ingress-not-isolated": {CATALOGUE, FEED},
        **{key: {CATALOGUE, FEED, WINDOW} for key in EGRESS},
    },
    PAYMENTS: {
        # Loyalty has no policy at all; the ledger's speaks of ingress only.
        "namespace-without-default-deny": {"Namespace/loyalty"},
        "workload-ingress-not-isolated": {PROFILER, POINTS},
        **{key: {PROFILER, POINTS, LEDGER} for key in EGRESS},
    },
    CI: {
        # Flannel enforces nothing, and nothing is declared.
        "internet-exposed-workload-moves-freely": {"Deployment/registry/registry"},
        "management-interface-open-to-cluster": {"Deployment/registry/registry"},
        "namespace-without-default-deny": {
            "Namespace/pull-requests",
            "Namespace/registry",
            "Namespace/runners",
        },
        "workload-ingress-not-isolated": BUILDS,
        # Its nodes do not say in which cloud they are.
        **dict.fromkeys([*EGRESS[:2], "pod-can-reach-node-services"], BUILDS),
    },
    PULL_REQUEST: {
        "legacy-service-open-to-cluster": {QUEUE},
        "namespace-without-default-deny": {"Namespace/reviews", "Namespace/storefront"},
        "workload-ingress-not-isolated": {CLEANER, QUEUE, WINDOW},
        # It holds no node.
        **{key: {CLEANER, QUEUE, REVIEWS, WINDOW} for key in EGRESS[:2]},
    },
}
"""What fails because a network is flat, by cluster and check."""

UNDECLARED = {
    SHOP: {
        "DaemonSet/monitoring/node-exporter",
        "Service/catalogue/stock-admin",
        "Service/storefront/partner-feed",
    },
    PAYMENTS: {"Service/loyalty/campaigns", "Service/loyalty/points"},
    CI: {
        "DaemonSet/observability/host-agent",
        "Deployment/registry/registry",
        "Service/registry/mirror",
    },
    # What manifests leave open of its doors makes them unknown, or nothing is behind them.
    PULL_REQUEST: set(),
}
"""Whose doors are open beyond the cluster without a declaration."""

ACCEPTED = [
    (CI, "exposed-port-undeclared", "Service/registry/registry"),
    (PAYMENTS, "exposed-port-undeclared", "Service/payments-api/gateway"),
    (PAYMENTS, "exposed-port-undeclared", "Service/payments-api/webhooks"),
    (SHOP, "load-balancer-open-to-internet", "Service/storefront/web"),
    (SHOP, "pod-on-host-network", "DaemonSet/monitoring/node-exporter"),
]

UNKNOWN = [
    # Nobody says whose `scratch` is.
    (PAYMENTS, "tenants-share-cluster", f"Cluster/{PAYMENTS}"),
    (PAYMENTS, "tenants-share-node", f"Cluster/{PAYMENTS}"),
    # What manifests do not hold, or leave open.
    (PULL_REQUEST, "api-server-grants-anonymous-access", f"Cluster/{PULL_REQUEST}"),
    (PULL_REQUEST, "audit-incomplete", f"Cluster/{PULL_REQUEST}"),
    (PULL_REQUEST, "load-balancer-open-to-internet", "Service/reviews/reviews-partners"),
    (PULL_REQUEST, "load-balancer-open-to-private-network", "Service/reviews/reviews-partners"),
    (PULL_REQUEST, "node-has-public-address", f"Cluster/{PULL_REQUEST}"),
    (PULL_REQUEST, "risk-levels-share-node", f"Cluster/{PULL_REQUEST}"),
    (PULL_REQUEST, "tenants-share-node", f"Cluster/{PULL_REQUEST}"),
]

PASSES = [
    (PAYMENTS, "load-balancer-open-to-internet", "Service/payments-api/webhooks"),
    (PAYMENTS, "load-balancer-open-to-private-network", "Service/payments-api/gateway"),
    (CI, "load-balancer-open-to-internet", "Service/registry/registry"),
    (CI, "load-balancer-open-to-private-network", "Service/registry/registry"),
]
"""What looks like a mistake beside it, and is none."""

Row = tuple[str, str, str]


@pytest.fixture(scope="module")
def configuration(at: datetime) -> Configuration:
    return load_configuration(
        FLEET / "auditor.yaml", parameter_types(), at.date(), entry_errors
    ).configuration


@pytest.fixture(scope="module")
def readings(configuration: Configuration) -> list[Reading]:
    return [
        read_files(cluster, projection_for(configuration), ReadLimits())
        for entry in configuration.connectors
        for cluster in asyncio.run(_clusters(entry))
    ]


@pytest.fixture(scope="module")
def fleet(configuration: Configuration, readings: list[Reading], at: datetime) -> FleetAudit:
    rules = Rules.of(configuration)
    audits = [audit(reading.cluster, reading.inventory, rules, at) for reading in readings]
    return audit_fleet(audits, rules, at)


async def _clusters(entry: ConnectorSettings) -> list[Cluster]:
    options = msgspec.convert(entry.options, SnapshotConnector.options)
    found = SnapshotConnector.clusters(options, FLEET, unattended=False)
    return [cluster async for cluster in found]


def _rows(fleet: FleetAudit, verdict: str) -> list[Row]:
    return sorted(
        (result.cluster_id, finding.check, str(finding.subject))
        for result in fleet.audits
        for finding in result.findings
        if finding.shown_verdict == verdict
    )


@pytest.mark.parametrize(("verdict", "expected"), [("fail", FAILS), ("accepted", ACCEPTED)])
def test_the_fleet_has_exactly_the_mistakes_planted_in_it(
    fleet: FleetAudit, verdict: str, expected: list[Row]
) -> None:
    apart = {*FLAT, "exposed-port-undeclared"} if verdict == Verdict.FAIL.value else set()
    found = [row for row in _rows(fleet, verdict) if row[1] not in apart]
    assert found == sorted(expected)


FLAT = {check for by_check in OPEN_INSIDE.values() for check in by_check}


@pytest.mark.parametrize("cluster", [SHOP, PAYMENTS, CI, PULL_REQUEST])
def test_what_is_open_inside_is_what_no_policy_closes(fleet: FleetAudit, cluster: str) -> None:
    found: dict[str, set[str]] = {}
    for where, check, subject in _rows(fleet, Verdict.FAIL.value):
        if where == cluster and check in FLAT:
            found.setdefault(check, set()).add(subject)
    assert found == OPEN_INSIDE[cluster]


@pytest.mark.parametrize("cluster", [SHOP, PAYMENTS, CI, PULL_REQUEST])
def test_what_is_open_and_undeclared_is_every_door_that_nobody_spoke_of(
    fleet: FleetAudit, cluster: str
) -> None:
    rows = _rows(fleet, Verdict.FAIL.value)
    found = {
        name
        for where, check, name in rows
        if (where, check) == (cluster, "exposed-port-undeclared")
    }
    assert found == UNDECLARED[cluster]


def test_what_cannot_be_told_is_unknown(fleet: FleetAudit) -> None:
    assert set(UNKNOWN) <= set(_rows(fleet, Verdict.UNKNOWN.value))


def test_what_only_looks_like_a_mistake_passes(fleet: FleetAudit) -> None:
    assert set(PASSES) <= set(_rows(fleet, Verdict.PASS.value))


@pytest.mark.parametrize("cluster", [SHOP, PAYMENTS, CI, PULL_REQUEST])
def test_each_mistake_has_its_comment(cluster: str) -> None:
    folder = FLEET / cluster.removeprefix("snapshot/")
    comments = "\n".join(
        line.partition("# ")[2]
        for file in sorted(folder.glob("*.yaml"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith("# ")
    )
    named = {word for word in re.findall(r"[a-z]+(?:-[a-z]+)+", comments) if word in catalog()}
    planted = {check for where, check, _ in FAILS if where == cluster}
    assert named == planted


def test_nothing_could_not_be_audited(readings: list[Reading], fleet: FleetAudit) -> None:
    states = [coverage.state for reading in readings for coverage in _coverage(reading)]
    assert not any(state.is_shortfall for state in states)
    assert not any(reading.inventory.problems for reading in readings)
    assert {result.state for result in fleet.audits} == {ClusterState.AUDITED}


def test_the_clusters_were_read_whole_and_the_pull_request_was_not(
    readings: list[Reading],
) -> None:
    whole = {
        reading.cluster.id
        for reading in readings
        if all(coverage.state is ReadState.COMPLETE for coverage in _coverage(reading))
    }
    assert whole == {SHOP, PAYMENTS, CI}


def test_every_exception_and_declaration_matches_something(fleet: FleetAudit) -> None:
    assert all(fleet.agreement_use.exceptions)
    assert all(fleet.agreement_use.declarations)


def _coverage(reading: Reading) -> list[Coverage]:
    """Give the coverage of what plain Kubernetes lists; the rest is not part of a dump."""
    coverage = reading.inventory.coverage
    plain = [item for item in RESOURCES if not item.is_named and item.name not in ADDED_APIS]
    return [coverage[item.name] for item in plain]
