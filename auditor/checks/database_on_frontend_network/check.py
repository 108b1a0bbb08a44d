"""A workload that the internet reaches may dial a data store, and no rule says that it should.

## What it reports
A workload that was recognised as a database, cache or queue, which a workload exposed to the
internet may dial on its port only because nothing forbids it: neither an ingress rule at the store
nor an egress rule at the exposed workload names the other. A rule that lets a pod nobody named do
the same names nobody.

## Why it matters
A data store that shares a network with what faces the internet is one step from it. Where a rule
names the connection, somebody decided so; where none does, nobody did (OWASP Docker D03, threats 3
and 4; OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Add a NetworkPolicy at the data store that names the workloads which use it.

## Subject and identity
The data store's workload. No discriminator; the evidence names the exposed workloads.

## Known gaps
While there are doors of kinds that are not followed (`docs/architecture.md` names them), one
`unknown` of the cluster says that more workloads may be exposed. Stores outside of the cluster are
not judged.

## References
Kubernetes documentation, Network Policies.
"""

from collections.abc import Iterator, Mapping
from itertools import product

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.evidence import explanation_hops
from auditor.analysis.reachability.explaining import explain
from auditor.analysis.reachability.standing import Allowed, Bound, Direction
from auditor.analysis.recognition.software import Recognised
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.software import Category
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.exposed import ExposedWorkload, exposed_workloads, unseen_doors
from auditor.checks.inside import INSIDE_NEEDS, INSIDE_READS, ports_answering
from auditor.checks.segmentation import open_verdict
from auditor.checks.ways import WAYS_NEED
from auditor.kube.resources import ENDPOINT_SLICES, INGRESSES, OTHER_WAYS, PODS, SERVICES
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet
from auditor.model.verdict import Severity, Verdict

_STORES = frozenset({Category.CACHE, Category.DATABASE, Category.QUEUE})
_SHOWN = 3
"""Exposed workloads that evidence names before it only counts."""


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from unseen_doors(facts)
    exposed = exposed_workloads(facts)
    if not exposed:
        return
    fronts = _fronts(facts, exposed)
    for store, found in facts.recognised.items():
        known = [item for item in found if facts.catalogue.software[item.id].category in _STORES]
        sure = [item for item in known if item.is_sure] or known
        if sure and store in facts.owners.classes:
            yield _judged(facts, store, sure[0], fronts)


class _Fronts(Struct, frozen=True):
    """The exposed workloads, with what their own policies let out to a stranger."""

    exposed: tuple[ExposedWorkload, ...]
    bits: int
    out: Mapping[Bound, Allowed]
    """By the number of a port set, those that have it."""


def _fronts(facts: Facts, exposed: tuple[ExposedWorkload, ...]) -> _Fronts:
    engine, entities = facts.reachability, facts.reachability.entities
    numbers = {number for item in exposed for number in item.classes}
    out: dict[Bound, dict[int, int]] = {bound: {} for bound in Bound}
    for bound, number in product(Bound, numbers):
        bit = entities.bit(number)
        ports = engine.one_side(Direction.EGRESS, bit, entities.stranger, bound)
        key = engine.ports.number(ports)
        out[bound][key] = out[bound].get(key, 0) | bit
    return _Fronts(exposed, entities.mask(numbers), out)


def _judged(facts: Facts, store: ObjectRef, recognised: Recognised, fronts: _Fronts) -> Judgement:
    known = facts.catalogue.software[recognised.id]
    wanted = ports_answering(facts, store, recognised, known)
    sure, most = (_unnamed(facts, fronts, store, wanted, bound) for bound in Bound)
    others = [item for item in fronts.exposed if item.ref != store]
    unnamed = [item for item in others if sure.intersection(item.classes)]
    perhaps = [item for item in others if most.intersection(item.classes)]
    certain = [item for item in unnamed if item.is_sure]
    verdict, reason = Verdict.PASS, None
    if facts.reachability_gap:
        verdict, reason = Verdict.UNKNOWN, facts.reachability_gap
    elif certain and recognised.is_sure:
        verdict, reason = open_verdict(facts)
    elif certain:
        verdict = Verdict.UNKNOWN
        reason = f"it is possibly {recognised.id}: the evidence is weak"
    elif unnamed:
        verdict = Verdict.UNKNOWN
        reason = unnamed[0].way.reason or "who can dial the door cannot be told"
    elif perhaps:
        verdict, reason = Verdict.UNKNOWN, facts.doubt_of_plugin
    shown = certain or unnamed or perhaps
    names = ", ".join(str(item.ref) for item in shown[:_SHOWN])
    words = {
        Verdict.FAIL: f"is open to {names}, which the internet reaches, and no rule says so",
        Verdict.PASS: "is not open without a rule to what the internet reaches",
        Verdict.UNKNOWN: "may be open without a rule to what the internet reaches",
    }
    return Judgement(
        subject=store,
        verdict=verdict,
        summary=f"{known.name} in {store} {words[verdict]}",
        evidence=(
            *recognised.evidence,
            *(item.hop for item in shown[:_SHOWN]),
            *_why(facts, (shown or fronts.exposed)[0], store),
        ),
        reason=reason,
    )


def _unnamed(
    facts: Facts, fronts: _Fronts, store: ObjectRef, wanted: PortSet, bound: Bound
) -> set[int]:
    """Give the exposed classes that may dial a store on a port on which nobody named either.

    What is let through to a stranger at the store, and from the workload to a stranger, is let
    through for want of a rule that names them.
    """
    engine, entities = facts.reachability, facts.reachability.entities
    found = 0
    for bit in map(entities.bit, facts.owners.classes[store]):
        into = engine.one_side(Direction.INGRESS, bit, entities.stranger, bound) & wanted
        if not into:
            continue
        number, answer = engine.ports.number(into), engine.sources_of(bit, fronts.bits)
        reached = answer.least if bound is Bound.LEAST else answer.most
        for (ports, held), (out, there) in product(reached.items(), fronts.out[bound].items()):
            if engine.ports.common(engine.ports.common(ports, number), out):
                found |= held & there
    return set(entities.numbers(found))


def _why(facts: Facts, item: ExposedWorkload, store: ObjectRef) -> tuple[Hop, ...]:
    engine, entities = facts.reachability, facts.reachability.entities
    pair = (entities.bit(item.classes[0]), entities.bit(facts.owners.classes[store][0]))
    return explanation_hops(explain(engine, *pair), engine.profile.name)


CHECK = Check(
    slug="database-on-frontend-network",
    family=Family.SEGMENTATION,
    severity=Severity.HIGH,
    title="Data store shares a network with what the internet reaches",
    remediation="Add a NetworkPolicy at the data store that names the workloads which use it.",
    needs=WAYS_NEED | INSIDE_NEEDS,
    subjects_from=frozenset({ENDPOINT_SLICES, INGRESSES, PODS, SERVICES}),
    reads=(INSIDE_READS | frozenset(OTHER_WAYS)) - WAYS_NEED,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_INGRESS, Topic.SEG_EGRESS),
    nothing_to_judge="no data store is recognised, or no workload is exposed to the internet",
)
