"""Whatever goes wrong while a cluster is read: no check passes that would not, nothing resolves.

Seeded runs: random faults strike random requests, and the audit that comes of it is held against
the one of an undisturbed reading, and against what the memory makes of it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from auditor.audit.auditing import audit
from auditor.audit.reconcile import reconcile
from auditor.audit.rules import Rules
from auditor.kube.resources import RESOURCES
from auditor.model.audit import Audit, ClusterState
from auditor.model.history import FactKind, Known
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ApiLimits
from auditor.simulator.faults import (
    Action,
    Body,
    ExpireContinue,
    Fault,
    Redirect,
    Reset,
    Status,
    Truncate,
)
from auditor.simulator.fleet import SimulatedCluster, Simulator
from tests.collector.live import TOKENS, corpus_objects, read

RULES = Rules.of(Configuration())
START = datetime(2026, 11, 23, tzinfo=UTC)
RUNS = 60
LIMITS = ApiLimits(page_size=10, attempts=1)
"""Small pages, so that faults strike the middle of lists. No fault here is a slow one, so the
patience is that of earnest: a busy machine must not make the undisturbed look a disturbed one."""


def _action(random: Random) -> Action:
    return random.choice(
        [
            Status(random.choice([400, 401, 403, 404, 405, 410, 429, 500, 503])),
            Status(200, html=True),
            Body(random.choice([b"", b"{", b"[]", b"<html>", b'{"kind":"List","items":[]}'])),
            Truncate(random.choice([0, 10, 500])),
            Redirect("/elsewhere"),
            Reset(),
            ExpireContinue(),
        ]
    )


def _fault(random: Random) -> Fault:
    where = random.choice(
        [
            {"resource": random.choice(RESOURCES).name},
            {"resource": random.choice(RESOURCES).name, "page": random.choice([1, 2, 3])},
            {"path": random.choice(["/api", "/apis", "/version", "/apis/authorization.k8s.io"])},
            {"verb": random.choice(["list", "get", "create"])},
        ]
    )
    times = random.choice([None, 1, 3])
    return Fault(_action(random), times=times, skip=random.choice([0, 0, 1, 5]), **where)  # type: ignore[arg-type]


async def _look(cluster: SimulatedCluster, number: int) -> Audit:
    reading = await read(cluster, LIMITS)
    return audit(reading.cluster, reading.inventory, RULES, START + timedelta(minutes=number))


async def _disturbed() -> tuple[Audit, list[Audit]]:
    async with Simulator() as simulator:
        cluster = await simulator.add("prod", corpus_objects(), tokens=TOKENS)
        truth = await _look(cluster, 0)
        assert truth.state is ClusterState.AUDITED, truth.coverage
        found = []
        for seed in range(RUNS):
            random = Random(seed)
            cluster.faults[:] = [_fault(random) for _ in range(random.choice([1, 1, 2, 4]))]
            found.append(await _look(cluster, seed + 1))
        return truth, found


@pytest.fixture(scope="module")
def looks() -> tuple[Audit, list[Audit]]:
    return asyncio.run(_disturbed())


def test_no_check_passes_that_would_not(looks: tuple[Audit, list[Audit]]) -> None:
    truth, disturbed = looks
    real = {finding.id: finding.verdict for finding in truth.findings}
    disturbances = 0
    for seed, look in enumerate(disturbed):
        for finding in look.findings:
            if finding.verdict.claims_health:
                assert real.get(finding.id) is finding.verdict, (seed, finding)
        disturbances += look.findings != truth.findings
    assert disturbances > RUNS / 2


def test_a_failure_of_a_disturbed_look_is_a_failure(looks: tuple[Audit, list[Audit]]) -> None:
    truth, disturbed = looks
    real = {finding.id for finding in truth.findings if finding.verdict is Verdict.FAIL}
    of_the_source = {"audit-incomplete", "cluster-unreachable"}
    for seed, look in enumerate(disturbed):
        for finding in look.findings:
            if finding.verdict is Verdict.FAIL and finding.check not in of_the_source:
                assert finding.id in real, (seed, finding)


def test_nothing_that_was_open_is_closed(looks: tuple[Audit, list[Audit]]) -> None:
    truth, disturbed = looks
    first = reconcile(Known(), truth)
    values = {(item.kind, item.key): item.value for item in first.assignments if item.value}
    known = Known(values=values, incarnation=truth.incarnation, rules_version=truth.rules_version)
    open_before = {
        key
        for (kind, key), value in values.items()
        if kind is FactKind.VERDICT and value.state == Verdict.FAIL.value
    }
    assert len(open_before) > 10
    for seed, look in enumerate(disturbed):
        changes = reconcile(known, look)
        assert not changes.tally.closed, (seed, changes.tally)
        for item in changes.assignments:
            if item.kind is FactKind.VERDICT and item.key in open_before:
                assert item.value is not None, (seed, item)
                assert item.value.state == Verdict.FAIL.value, (seed, item)
