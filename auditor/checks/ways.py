"""What the checks of ways to software share: who can reach what was recognised, and by which path.

Path checks judge the way, not the door: exposed fails, blocked passes, unknown is unknown
(`docs/checks/README.md`, Rules for every row). What is only possibly that software gives `unknown`.
"""

from collections.abc import Callable, Iterator

from auditor.analysis.facts import Facts
from auditor.analysis.recognition.software import Recognised
from auditor.analysis.workloads import documented_ports
from auditor.catalogue.software import Software, SoftwareKind, Where
from auditor.checks.check import Judgement
from auditor.kube.resources import (
    ENDPOINT_SLICES,
    INGRESS_CLASSES,
    INGRESSES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    SERVICES,
)
from auditor.model.audience import Audience
from auditor.model.exposure import Exposure, ExposureVerdict, Hop
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Severity, Verdict

WAYS_NEED = frozenset(
    {ENDPOINT_SLICES, INGRESS_CLASSES, INGRESSES, NETWORK_POLICIES, NODES, PODS, SERVICES}
)
"""What ways are followed through: without one of these none can be said to be closed."""

Rate = Callable[[Software], Severity]


def judge_ways(
    facts: Facts, kind: SoftwareKind, audience: Audience, rate: Rate
) -> Iterator[Judgement]:
    """Judge every way of an audience to every workload that was recognised as software of a kind.

    A workload to which no way of that audience leads passes, by itself.
    """
    ways: dict[ObjectRef, list[Exposure]] = {}
    for exposure in facts.exposures:
        if exposure.target.workload is not None:
            ways.setdefault(exposure.target.workload, []).append(exposure)
    for workload, found in facts.recognised.items():
        for recognised in of_kind(facts, found, kind):
            known = facts.catalogue.software[recognised.id]
            elsewhere = ports_of_others(facts, workload, known)
            leading = [
                way
                for way in ways.get(workload, ())
                if recognised.answers_at(way.target.port)
                and way.target.port not in elsewhere
                and way.audience in (audience, Audience.UNKNOWN)
            ]
            for way in leading:
                yield _judged_way(workload, recognised, known, way, audience, rate(known))
            if not leading:
                yield _without_way(facts, workload, recognised, known, audience, rate(known))


def of_kind(
    facts: Facts, found: tuple[Recognised, ...], kind: SoftwareKind
) -> Iterator[Recognised]:
    """Give what was recognised of a kind; of what is sure, guesses beside it say nothing more."""
    own = [item for item in found if facts.catalogue.software[item.id].kind is kind]
    sure = [item for item in own if item.is_sure]
    yield from sure or own


def ports_of_others(facts: Facts, workload: ObjectRef, known: Software) -> frozenset[int]:
    """Give the ports that its pods document beside those that the software is known by.

    Something else answers there, if the software answers where it is known to. A port that nobody
    documents may be anything.
    """
    documented = frozenset(
        port.container_port
        for pod in facts.workloads.pods_of(workload)
        for port in documented_ports(pod)
    )
    own = frozenset(port.port for port in known.ports if port.where in (None, Where.CONTAINER))
    return documented - own if documented & own else frozenset()


def _judged_way(  # noqa: PLR0913, PLR0917 - what a judgement on a way is made of
    workload: ObjectRef,
    recognised: Recognised,
    known: Software,
    way: Exposure,
    audience: Audience,
    severity: Severity,
) -> Judgement:
    verdict, reason = _verdict(recognised, way, audience)
    words = {
        Verdict.FAIL: "can be reached from",
        Verdict.PASS: "cannot be reached from",
        Verdict.UNKNOWN: "may be reached from",
    }
    entry = way.entry
    port = f"{entry.port or 'a port still to be allocated'}/{entry.protocol}"
    return Judgement(
        subject=workload,
        verdict=verdict,
        summary=(
            f"{known.name} in {workload} {words[verdict]} {_FROM[audience]} by {entry.object}, "
            f"{entry.via} {port}"
        ),
        evidence=(*recognised.evidence, *way.path),
        port=entry.port,
        protocol=entry.protocol,
        discriminator=":".join(
            (known.id, entry.via, str(entry.object), f"{entry.host or ''}{entry.path or ''}")
        ),
        reason=reason,
        severity=severity,
        workloads=(workload,),
    )


def _verdict(
    recognised: Recognised, way: Exposure, audience: Audience
) -> tuple[Verdict, str | None]:
    if way.verdict is ExposureVerdict.BLOCKED:
        return Verdict.PASS, None
    if way.verdict is ExposureVerdict.UNKNOWN:
        return Verdict.UNKNOWN, way.reason or "what stands on the way was not read"
    if way.audience is not audience:
        return Verdict.UNKNOWN, way.reason or "who can dial the door cannot be told"
    if not recognised.is_sure:
        return Verdict.UNKNOWN, f"it is possibly {recognised.id}: the evidence is weak"
    return Verdict.FAIL, None


def _without_way(  # noqa: PLR0913, PLR0917 - what a judgement on a way is made of
    facts: Facts,
    workload: ObjectRef,
    recognised: Recognised,
    known: Software,
    audience: Audience,
    severity: Severity,
) -> Judgement:
    hop = Hop(str(workload), "exposures", "none", f"no way leads to it from {_FROM[audience]}")
    followed = f"from {_FROM[audience]} by a Service, an Ingress or a port of a node"
    return Judgement(
        subject=workload,
        verdict=Verdict.UNKNOWN if facts.unfollowed else Verdict.PASS,
        summary=f"{known.name} in {workload} has no way {followed}",
        evidence=(*recognised.evidence, hop),
        discriminator=known.id,
        reason="another way may lead there: " + "; ".join(facts.unfollowed)
        if facts.unfollowed
        else None,
        severity=severity,
        workloads=(workload,),
    )


_FROM = {
    Audience.INTERNET: "the internet",
    Audience.PRIVATE_NETWORK: "the private network",
}
