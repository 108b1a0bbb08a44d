"""A port is open beyond the cluster, and nobody declared it.

## What it reports
Every door that leads beyond the cluster: of load balancers, nodes, hosts, external addresses,
routes and the API server. A declaration of the configuration (`declarations`) covers one where its
globs speak of the cluster, the namespace and the workload behind it, its port and protocol are
those that a client dials, its audience is no narrower than the door's, and its `sources`, if it has
some, hold all that the door admits. What is covered is `accepted`: it stays open, and somebody
answers for it.

## Why it matters
Strict port management begins with a list of the ports that are meant to be open, with an owner and
a reason each (OWASP Docker D03, mitigation 1). A port that nobody declared is one that nobody
decided on.

## How to fix
Close the door, or declare the port with its owner and reason: `exposure-auditor declare` writes the
declarations of what is open today, for people to fill in.

## Subject and identity
The object of the door. The discriminator is the sort of door and the workload behind it; the
evidence names the way, and the declaration that lacks least.

## Known gaps
Where it is not known whether the way is open, or for whom, the verdict is `unknown`; `pass` where
it is declared all the same. A door without a workload, such as the API server's, is declared by
`workload: ApiServer/NAME`. Doors of kinds that are not followed are one `unknown` of the cluster.

## References
OWASP Docker D03, mitigation 1; OWASP Kubernetes 2025 K06.
"""

from collections.abc import Iterator

from auditor.analysis.agreed import BEYOND_THE_CLUSTER, declared_as
from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.exposed import unseen_doors
from auditor.checks.ways import WAYS_NEED
from auditor.kube.resources import ENDPOINT_SLICES, INGRESSES, OTHER_WAYS, PODS, SERVICES
from auditor.model.audience import Audience
from auditor.model.exposure import Exposure, ExposureVerdict, Hop
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    yield from unseen_doors(facts)
    groups: dict[tuple[object, ...], list[Exposure]] = {}
    for exposure in facts.exposures:
        if exposure.audience in BEYOND_THE_CLUSTER:
            groups.setdefault(_place(exposure), []).append(exposure)
    for exposures in groups.values():
        yield min((_judged(facts, item) for item in exposures), key=_alarm)


def _place(exposure: Exposure) -> tuple[object, ...]:
    """Give what a finding is of: hosts and paths of one door and workload are one."""
    entry = exposure.entry
    return entry.object, entry.via, entry.port, entry.protocol, exposure.target.workload


def _alarm(judgement: Judgement) -> int:
    """Order judgements on one place: an open port that nobody declared first."""
    is_declared = judgement.declaration is not None
    return 2 * _ALARMING_FIRST.index(judgement.verdict) + is_declared


_ALARMING_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)


def _judged(facts: Facts, exposure: Exposure) -> Judgement:
    entry = exposure.entry
    covering = facts.agreed.covering(exposure)
    verdict, reason = _verdict(exposure, is_covered=bool(covering))
    leads_to = exposure.target.workload or "nothing that is known"
    port = f"{entry.port or 'a port still to be allocated'}/{entry.protocol}"
    told = "is declared" if covering else _TOLD[verdict]
    summary = f"{entry.object} opens {port} for {exposure.audience.value} to {leads_to}: {told}"
    return Judgement(
        subject=entry.object,
        verdict=verdict,
        summary=summary,
        evidence=(*exposure.path, *_agreement_hops(facts, exposure, covering)),
        port=entry.port,
        protocol=entry.protocol,
        discriminator=f"{entry.via}:{exposure.target.workload or ''}",
        reason=reason,
        declaration=covering[0] if covering else None,
    )


_TOLD = {
    Verdict.FAIL: "nobody declared it",
    Verdict.UNKNOWN: "nobody declared it, if it is open",
    Verdict.PASS: "nothing is open there",
}


def _verdict(exposure: Exposure, *, is_covered: bool) -> tuple[Verdict, str | None]:
    if exposure.verdict is ExposureVerdict.BLOCKED:
        return Verdict.PASS, None
    is_known = exposure.verdict is ExposureVerdict.EXPOSED
    if is_known and exposure.audience is not Audience.UNKNOWN:
        return Verdict.FAIL, None
    if is_covered:
        return Verdict.PASS, None
    return Verdict.UNKNOWN, exposure.reason or "who can dial the door cannot be told"


def _agreement_hops(facts: Facts, exposure: Exposure, covering: tuple[int, ...]) -> Iterator[Hop]:
    if covering:
        declaration = facts.configuration.declarations[covering[0]]
        yield Hop("configuration", f"declarations[{covering[0]}]", declaration.owner, "covers it")
        return
    nearest = facts.agreed.nearest(exposure)
    if nearest is None:
        text = f"none speaks of {declared_as(exposure)}"
        yield Hop("configuration", "declarations", str(len(facts.agreed.declarations)), text)
    else:
        lacks = "; ".join(nearest.lacks)
        owner = nearest.declaration.owner
        yield Hop("configuration", f"declarations[{nearest.index}]", owner, f"nearest: {lacks}")


CHECK = Check(
    slug="exposed-port-undeclared",
    family=Family.PORTS,
    severity=Severity.MEDIUM,
    title="Exposed port is not declared",
    remediation=(
        "Close the door, or declare the port with its owner and reason; `exposure-auditor declare` "
        "writes what is open today."
    ),
    needs=WAYS_NEED,
    subjects_from=frozenset({ENDPOINT_SLICES, INGRESSES, PODS, SERVICES}),
    may_come_from=frozenset(OTHER_WAYS),
    reads=frozenset(OTHER_WAYS),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.LB_EXPOSURE,),
    nothing_to_judge="no door leads beyond the cluster",
)
