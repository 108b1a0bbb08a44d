"""From a workload that the internet reaches, much of the cluster can be reached.

## What it reports
A workload to which an open way leads from the internet, whose pods may open connections to more
than a share of the workloads of other namespaces, on any port, as far as effective policies decide.

## Why it matters
The first pod that an attacker takes is one that the internet reaches. What it can dial is what is
attacked next: a flat network makes one flaw in a shop window a flaw in everything (OWASP Docker
D03, threat 3; OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Add an egress policy that names what the workload needs, and default denies in the other namespaces.

## Subject and identity
The exposed workload. No discriminator.

## Parameters
`share` of the workloads of other namespaces, above which it fails (0.1), and `at_least` how many
(3): fewer never fail.

## Known gaps
System namespaces are not counted among what can be reached. While there are doors of kinds that are
not followed (`docs/architecture.md` names them), one `unknown` of the cluster says that more
workloads may be exposed. One step is judged, not what lies behind the next pod.

## References
Kubernetes documentation, Network Policies.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.analysis.reachability.evidence import side_hops
from auditor.analysis.reachability.explaining import explain
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement
from auditor.checks.exposed import ExposedWorkload, exposed_workloads, unseen_doors
from auditor.checks.inside import INSIDE_NEEDS, INSIDE_READS
from auditor.checks.segmentation import open_verdict
from auditor.checks.ways import WAYS_NEED
from auditor.kube.resources import ENDPOINT_SLICES, INGRESSES, OTHER_WAYS, PODS, SERVICES
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Severity, Verdict

_SHOWN = 3
"""Workloads that evidence names before it only counts."""


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """How much is much."""

    share: float = 0.1
    """Of the workloads of other namespaces; more than this fails."""
    at_least: int = 3
    """Workloads; fewer never fail."""


def _judge(facts: Facts, parameters: Parameters) -> Iterator[Judgement]:
    yield from unseen_doors(facts)
    masks = _masks(facts)
    known: dict[tuple[tuple[int, ...], str | None], _Reached] = {}
    for item in exposed_workloads(facts):
        key = (item.classes, item.ref.namespace)
        if key not in known:
            known[key] = _reached(facts, item, masks)
        yield _judged(facts, item, known[key], parameters)


class _Reached(Struct, frozen=True):
    """What the pods of an exposed workload may reach among the workloads of other namespaces."""

    sure: tuple[ObjectRef, ...]
    maybe: tuple[ObjectRef, ...]
    among: int


def _masks(facts: Facts) -> dict[ObjectRef, int]:
    """Give the classes of each workload outside of the system's namespaces, as bits."""
    entities = facts.reachability.entities
    return {
        ref: entities.mask(numbers)
        for ref, numbers in facts.owners.classes.items()
        if ref.namespace not in facts.segments.system_namespaces
    }


def _judged(
    facts: Facts, item: ExposedWorkload, reached: _Reached, parameters: Parameters
) -> Judgement:
    sure, maybe = reached.sure, reached.maybe
    limit = max(parameters.at_least - 1, parameters.share * reached.among)
    verdict, reason = Verdict.PASS, None
    if facts.reachability_gap:
        verdict, reason = Verdict.UNKNOWN, facts.reachability_gap
    elif len(sure) > limit:
        verdict, reason = open_verdict(facts)
        if not item.is_sure:
            verdict = Verdict.UNKNOWN
            reason = item.way.reason or "who can dial the door cannot be told"
    elif len(maybe) > limit:
        verdict, reason = Verdict.UNKNOWN, facts.doubt_of_plugin
    shown = sure or maybe
    named = ", ".join(map(str, shown[:_SHOWN])) or "none"
    count = f"{len(shown)} of {reached.among} workloads of other namespaces"
    words = {
        Verdict.FAIL: f"may reach {count}",
        Verdict.PASS: f"may reach {count}, which is not many",
        Verdict.UNKNOWN: f"may perhaps reach {count}",
    }
    return Judgement(
        subject=item.ref,
        verdict=verdict,
        summary=f"{item.ref}, which the internet reaches, {words[verdict]}",
        evidence=(
            item.hop,
            Hop(str(item.ref), "reachable workloads", count, named),
            *_why(facts, item, shown),
        ),
        reason=reason,
    )


def _reached(facts: Facts, item: ExposedWorkload, masks: dict[ObjectRef, int]) -> _Reached:
    """Give the workloads that some pod may reach on some port: for sure, and at most."""
    reachability, entities = facts.reachability, facts.reachability.entities
    sure = maybe = 0
    for number in item.classes:
        answer = reachability.destinations_of(entities.bit(number), entities.living)
        for held in answer.least.values():
            sure |= held
        for held in answer.most.values():
            maybe |= held
    others = [(ref, mask) for ref, mask in masks.items() if ref.namespace != item.ref.namespace]
    return _Reached(
        tuple(ref for ref, mask in others if mask & sure),
        tuple(ref for ref, mask in others if mask & maybe),
        len(others),
    )


def _why(facts: Facts, item: ExposedWorkload, shown: tuple[ObjectRef, ...]) -> tuple[Hop, ...]:
    """Say which rules let it out, or that none decides, by the first that it reaches."""
    reachability, entities = facts.reachability, facts.reachability.entities
    target = facts.owners.classes[shown[0]][0] if shown else 0
    pair = (entities.bit(item.classes[0]), entities.bit(target))
    explanation = explain(reachability, *pair)
    sides = (explanation.egress, explanation.ingress) if shown else (explanation.egress,)
    return tuple(hop for side in sides for hop in side_hops(side, reachability.profile.name))


CHECK = Check(
    slug="internet-exposed-workload-moves-freely",
    family=Family.SEGMENTATION,
    severity=Severity.HIGH,
    title="Workload on the internet can reach much of the cluster",
    remediation=(
        "Add an egress policy that names what the workload needs, and default denies in the other "
        "namespaces."
    ),
    needs=WAYS_NEED | INSIDE_NEEDS,
    subjects_from=frozenset({ENDPOINT_SLICES, INGRESSES, PODS, SERVICES}),
    reads=(INSIDE_READS | frozenset(OTHER_WAYS)) - WAYS_NEED,
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.SEG_EGRESS, Topic.SEG_INGRESS),
    parameters=Parameters,
    nothing_to_judge="no workload is exposed to the internet",
)
