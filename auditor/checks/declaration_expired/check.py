"""A declared port is past its date.

## What it reports
A declaration whose last day is over, and that named this cluster or would still cover a port here.
It declares nothing any more: the ports are open without anybody's word, and
`exposed-port-undeclared` fails for each.

## Why it matters
An expiry date is a promise to look again (OWASP Docker D03, mitigation 1). When it passes, either
the port should be closed, or its owner should say anew why it is open.

## How to fix
Close the port and remove the declaration, or have its owner confirm it with a new date.

## Subject and identity
The declaration, named by its workload glob, port and protocol. The discriminator is its cluster
glob, namespace glob and audience.

## Known gaps
One whose `cluster` is a glob is reported where it would cover something; it is `unknown` where that
cannot be told.

## References
OWASP Docker D03, mitigation 1.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import EXPOSED_COMPONENT_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.declarations import (
    covered_by,
    declaration_hops,
    declaration_ref,
    discriminator_of,
    unseen_cover,
)
from auditor.checks.ways import WAYS_NEED
from auditor.kube.resources import OTHER_WAYS
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for index, declaration in facts.agreed.declarations:
        is_expired = not facts.agreed.in_force(declaration)
        covered = covered_by(facts, declaration)
        doubt = None
        if is_expired and not covered and not declaration.names(facts.cluster.id):
            doubt = unseen_cover(facts, declaration)
            if doubt is None:
                continue
        ref = declaration_ref(declaration)
        told = f"expired on {declaration.expires}" if is_expired else "is in force"
        still = f" and {len(covered)} ports are open that it spoke of" if covered else ""
        yield Judgement(
            subject=ref,
            verdict=_verdict(is_expired, doubt),
            summary=f"the declaration of {ref.name} {told}{still if is_expired else ''}",
            evidence=tuple(declaration_hops(index, declaration, covered)),
            discriminator=discriminator_of(declaration),
            reason=doubt,
        )


def _verdict(is_expired: bool, doubt: str | None) -> Verdict:  # noqa: FBT001
    if not is_expired:
        return Verdict.PASS
    return Verdict.UNKNOWN if doubt else Verdict.FAIL


CHECK = Check(
    slug="declaration-expired",
    family=Family.PORTS,
    severity=Severity.MEDIUM,
    title="Declaration of a port has expired",
    remediation="Close the port and remove the declaration, or confirm it with a new date.",
    needs=frozenset(),
    subjects_from=frozenset(),
    reads=WAYS_NEED | frozenset(OTHER_WAYS),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no declaration speaks of this cluster",
)
