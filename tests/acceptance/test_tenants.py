"""Thirty clusters of six tenants and three risk levels: the answer is what naive means say.

Each is read from an API server of the simulator. A failure says its seed; see it again with
`EXPOSURE_AUDITOR_SEED=<seed>`.
"""

import asyncio
import os
from random import Random

import pytest
from msgspec.structs import replace

from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.model.audit import Audit, FleetAudit
from auditor.model.verdict import Verdict
from auditor.simulator.fleet import Simulator
from tests.acceptance.tenant_fleet import CONFIGURATION, Expected, MadeCluster, made_fleet
from tests.analysis.clusters import AT
from tests.collector.live import TOKENS, assert_harmless, read

SEED = int(os.environ["EXPOSURE_AUDITOR_SEED"])
CLUSTERS = 30
CHECKS = {
    f"{who}-{what}"
    for who in ("tenants", "risk-levels")
    for what in ("share-cluster", "share-node", "can-reach-each-other")
} | {"tenants-share-load-balancer"}


async def audited(made: list[MadeCluster]) -> FleetAudit:
    rules = Rules.of(CONFIGURATION)
    audits = []
    async with Simulator() as simulator:
        for item in made:
            server = await simulator.add(item.name, item.objects, tokens=TOKENS)
            reading = await read(server)
            cluster = replace(reading.cluster, tags=item.tags, provider="eks")
            audits.append(audit(cluster, reading.inventory, rules, AT))
        assert_harmless(simulator)
    return audit_fleet(audits, rules, AT)


def found(item: Audit) -> Expected:
    """Give the failures, and the unknown pairs."""
    return {
        (finding.check, finding.subject.name, finding.verdict.value)
        for finding in item.findings
        if finding.check in CHECKS
        and finding.subject.kind.endswith("Pair")
        and finding.verdict in {Verdict.FAIL, Verdict.UNKNOWN}
    }


@pytest.fixture(scope="module")
def fleet() -> tuple[dict[str, MadeCluster], FleetAudit]:
    print(f"fleet of EXPOSURE_AUDITOR_SEED={SEED}")  # noqa: T201
    made = list(made_fleet(Random(SEED), CLUSTERS))
    return {f"kubeconfig/{item.name}": item for item in made}, asyncio.run(audited(made))


def test_each_matrix_is_the_generators(fleet: tuple[dict[str, MadeCluster], FleetAudit]) -> None:
    made, answer = fleet
    assert len(answer.audits) == CLUSTERS
    seen = set()
    for item in answer.audits:
        for dimension in ("tenant", "risk level"):
            states = {
                (border.source, border.destination): border.state.value
                for border in item.segmentation
                if border.dimension == dimension
            }
            assert states == made[item.cluster_id].matrix(dimension), (SEED, item.cluster_id)
            seen |= set(states.values())
    assert seen == {"separated", "by-rule", "open", "unknown"}


def test_the_findings_are_the_generators(
    fleet: tuple[dict[str, MadeCluster], FleetAudit],
) -> None:
    made, answer = fleet
    for item in answer.audits:
        assert found(item) == made[item.cluster_id].failures(), (SEED, item.cluster_id)
    failed = {check for item in answer.audits for check, _, verdict in found(item)}
    assert failed == CHECKS


def test_the_fleets_matrix_is_the_worst_of_all(
    fleet: tuple[dict[str, MadeCluster], FleetAudit],
) -> None:
    made, answer = fleet
    worst = ("separated", "by-rule", "unknown", "open")
    expected: dict[tuple[str, str | None, str | None], str] = {}
    for item in made.values():
        for dimension in ("tenant", "risk level"):
            for (one, other), state in item.matrix(dimension).items():
                key = (dimension, one, other)
                expected[key] = max(expected.get(key, state), state, key=worst.index)
    assert {item.ends: item.state.value for item in answer.segmentation} == expected
    for border in answer.segmentation:
        assert border.cluster is not None
        own = made[border.cluster].matrix(border.dimension)
        assert own[border.source, border.destination] == border.state.value
