"""What the checks of doors share: the evidence of a door and the judgement on one.

Door checks judge the door: a policy behind it never makes them `pass`, the evidence names it
(`docs/checks/README.md`, Rules for every row).
"""

from collections.abc import Iterator

from auditor.analysis.exposure.backends import labels_text
from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.checks.check import Judgement
from auditor.model.audience import Audience
from auditor.model.exposure import Hop
from auditor.model.verdict import Severity, Verdict


def judge_door(  # noqa: PLR0913 - what a judgement on a door is made of
    facts: Facts,
    door: Door,
    verdict: Verdict,
    summary: str,
    *,
    reason: str | None = None,
    severity: Severity | None = None,
    discriminator: str | None = None,
) -> Judgement:
    """Judge one door, with its evidence, its port and the workloads behind it."""
    return Judgement(
        subject=door.subject,
        verdict=verdict,
        summary=summary,
        evidence=tuple(_evidence(facts, door)),
        port=door.entry.port,
        protocol=door.entry.protocol,
        discriminator=discriminator,
        reason=reason,
        severity=severity,
        workloads=door.workloads(),
    )


def severity_on_nodes(door: Door) -> Severity:
    """Give the severity of a door on nodes: high where the internet reaches them, else medium."""
    return Severity.HIGH if door.audience is Audience.INTERNET else Severity.MEDIUM


def _evidence(facts: Facts, door: Door) -> Iterator[Hop]:
    yield from door.hops
    if not door.backends.found and door.service is not None:
        selector = labels_text(door.service.spec.selector.items())
        found = "selects no pod" if selector else "no endpoint is listed"
        found = found if door.backends.is_dangling else "what it leads to was not read"
        yield Hop(str(door.subject), "spec.selector", selector or "none", found)
    for backend in door.backends.found:
        yield from backend.hops
        if backend.workload not in (None, door.subject):
            port = f"{backend.port}/{door.entry.protocol}" if backend.port else "any port"
            yield Hop(str(backend.workload), "spec.containers[].ports", port, "answers there")
        for policy in facts.isolation.selecting(backend.pods):
            note = "stands behind the door, which this check judges by itself"
            yield Hop(str(policy), "spec.podSelector", f"selects {backend.workload}", note)
