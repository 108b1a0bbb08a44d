"""A door leads to no endpoint: nobody answers there now, whoever takes the name will.

## What it reports
A load balancer, node port or external address of a Service, or a route of an Ingress, of a Gateway
or of another ingress controller, behind which no pod and no listed endpoint answers.

## Why it matters
The door stays open. The next pod that carries the labels, or the next Service of that name, is on
the network at once, without anybody deciding so.

## How to fix
Delete the Service or the route, or bring back the workload that it was made for.

## Subject and identity
The Service or the route. One finding for each port and protocol; the discriminator is the kind of
door, and of a route the host and path too.

## Known gaps
A pod that is not ready counts as an endpoint: it may become ready at any moment.

## References
OWASP Docker D03: expose only the ports you need.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.doors import judge_door
from auditor.checks.routes import route_text
from auditor.kube.resources import (
    ADDED_ROUTES,
    ENDPOINT_SLICES,
    GATEWAYS_OF_ROUTES,
    INGRESSES,
    NODES,
    PODS,
    SERVICES,
)
from auditor.model.exposure import ROUTED, Via
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    groups: dict[tuple[object, ...], list[Door]] = {}
    for door in facts.doors_via(*_VIAS):
        place = (door.subject, door.entry.port, door.entry.protocol, _discriminator(door))
        groups.setdefault(place, []).append(door)
    for doors in groups.values():
        yield _judged(facts, doors)


def _judged(facts: Facts, doors: list[Door]) -> Judgement:
    """Judge the references of one door together: one that is gone is enough."""
    rated = [(*_rated(door), door) for door in doors]
    verdict, text, worst = min(rated, key=lambda item: _ALARMING_FIRST.index(item[0]))
    alike = [door for found, _, door in rated if found is verdict]
    made = judge_door(
        facts,
        worst,
        verdict,
        f"{worst.subject} {text} by its {worst.entry.via}, {worst.label()}",
        reason=_reason(worst),
        discriminator=_discriminator(worst),
    )
    hops = dict.fromkeys([*made.evidence, *(hop for door in alike for hop in door.hops)])
    return replace(made, evidence=tuple(hops))


_ALARMING_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)


def _rated(door: Door) -> tuple[Verdict, str]:
    backends = door.backends
    if backends.found:
        return Verdict.PASS, "leads to endpoints"
    if backends.refusal is not None and backends.refusal.is_sure:
        return Verdict.PASS, "is let through to nothing"
    if backends.is_dangling:
        return Verdict.FAIL, "leads to no endpoint"
    return Verdict.UNKNOWN, "may lead to no endpoint"


def _reason(door: Door) -> str | None:
    refusal = door.backends.refusal
    return refusal.reason if refusal else door.backends.reason


_VIAS = (Via.LOAD_BALANCER, Via.NODE_PORT, Via.EXTERNAL_IPS, *sorted(ROUTED))


def _discriminator(door: Door) -> str:
    route = route_text(door) if door.entry.via in ROUTED else None
    return ":".join(filter(None, [door.entry.via, door.unallocated_port, route]))


CHECK = Check(
    slug="exposed-route-dangling",
    family=Family.EXPOSURE,
    severity=Severity.LOW,
    title="Door leads to no endpoint",
    remediation="Delete the Service or the route, or bring back the workload that it was made for.",
    needs=frozenset({SERVICES, PODS}),
    subjects_from=frozenset({INGRESSES, SERVICES}),
    may_come_from=ADDED_ROUTES,
    reads=frozenset({ENDPOINT_SLICES, INGRESSES, NODES}) | ADDED_ROUTES | GATEWAYS_OF_ROUTES,
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no Service and no route that opens a door",
)
