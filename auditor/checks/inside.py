"""What the checks of ways inside the cluster share: what a stranger may reach, what a pod may.

A stranger is a pod that no policy names and none selects: in another namespace, without labels.
What it can reach, every pod of every other namespace can, unless a policy keeps that one pod from
it.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.openings import Opening, opening
from auditor.analysis.reachability.standing import Direction
from auditor.analysis.recognition.software import Recognised
from auditor.analysis.workloads import documented_ports
from auditor.catalogue.software import Software, SoftwareKind
from auditor.checks.check import Judgement
from auditor.checks.segmentation import (
    ISOLATION_NEEDS,
    ISOLATION_READS,
    classes_judged,
    open_verdict,
)
from auditor.checks.ways import of_kind, ports_of_others
from auditor.model.identity import ObjectRef
from auditor.model.ports import ALL_PORTS, PortSet
from auditor.model.verdict import Verdict

INSIDE_NEEDS, INSIDE_READS = ISOLATION_NEEDS, ISOLATION_READS


def judge_opening(facts: Facts, found: Opening) -> tuple[Verdict, str | None]:
    """Judge an opening: what is let through for want of a policy needs all of them to be read."""
    if facts.reachability_gap:
        return Verdict.UNKNOWN, facts.reachability_gap
    if found.sure:
        return open_verdict(facts)
    if found.maybe:
        return Verdict.UNKNOWN, facts.doubt_of_plugin
    return Verdict.PASS, None


def judge_openness(facts: Facts, kind: SoftwareKind, *, with_system: bool) -> Iterator[Judgement]:
    """Judge whether a stranger may reach what was recognised as software of a kind."""
    for workload, classes in classes_judged(facts, with_system=with_system):
        for recognised in of_kind(facts, facts.recognised.get(workload.ref, ()), kind):
            known = facts.catalogue.software[recognised.id]
            yield _judged(facts, workload.ref, classes, recognised, known)


def _judged(
    facts: Facts,
    workload: ObjectRef,
    classes: tuple[int, ...],
    recognised: Recognised,
    known: Software,
) -> Judgement:
    entities = facts.reachability.entities
    pairs = [(entities.stranger, entities.bit(number)) for number in classes]
    wanted = ports_answering(facts, workload, recognised, known)
    found = opening(facts.reachability, pairs, wanted, Direction.INGRESS)
    verdict, reason = judge_opening(facts, found)
    if verdict is Verdict.FAIL and not recognised.is_sure:
        verdict = Verdict.UNKNOWN
        reason = f"it is possibly {recognised.id}: the evidence is weak"
    words = {
        Verdict.FAIL: "can be reached from every namespace",
        Verdict.PASS: "cannot be reached by a pod that nobody named",
        Verdict.UNKNOWN: "may be reached from every namespace",
    }
    return Judgement(
        subject=workload,
        verdict=verdict,
        summary=f"{known.name} in {workload} {words[verdict]}",
        evidence=(*recognised.evidence, *found.hops),
        discriminator=known.id,
        reason=reason,
        workloads=(workload,),
    )


def ports_answering(
    facts: Facts, workload: ObjectRef, recognised: Recognised, known: Software
) -> PortSet:
    """Give the ports at which it may answer: those that its pods document, else those known."""
    others = ports_of_others(facts, workload, known)
    documented = {
        (port.protocol, port.container_port)
        for pod in facts.workloads.pods_of(workload)
        for port in documented_ports(pod)
        if recognised.answers_at(port.container_port) and port.container_port not in others
    }
    ports = documented or {(port.protocol, port.port) for port in known.ports}
    found = PortSet.of((protocol, number, number) for protocol, number in ports)
    return found or ALL_PORTS
