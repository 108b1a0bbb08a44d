"""A declared port is not open any more.

## What it reports
A declaration in force that names this cluster, and covers no port that is open here.

## Why it matters
A declaration that nothing matches is a door left ajar on paper: whoever opens that port again
needs to ask nobody (OWASP Docker D03, mitigation 1). Or it is misspelt, and the port that it was
meant for is undeclared.

## How to fix
Remove it, or mend its globs, port or audience.

## Subject and identity
The declaration, named by its workload glob, port and protocol. The discriminator is its cluster
glob, namespace glob and audience.

## Known gaps
One whose `cluster` is a glob may be used in another cluster: it is not judged here. `audit` says on
standard error which of them cover nothing in the clusters that were audited, and
`evidence agreements` when each last did.

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
        if not declaration.names(facts.cluster.id) or not facts.agreed.in_force(declaration):
            continue
        covered = covered_by(facts, declaration)
        doubt = unseen_cover(facts, declaration)
        verdict = Verdict.PASS if covered else Verdict.UNKNOWN if doubt else Verdict.FAIL
        ref = declaration_ref(declaration)
        told = f"covers {len(covered)} ports" if covered else "covers no port that is open"
        yield Judgement(
            subject=ref,
            verdict=verdict,
            summary=f"the declaration of {ref.name} {told}",
            evidence=tuple(declaration_hops(index, declaration, covered)),
            discriminator=discriminator_of(declaration),
            reason=doubt if verdict is Verdict.UNKNOWN else None,
        )


CHECK = Check(
    slug="declaration-unused",
    family=Family.PORTS,
    severity=Severity.LOW,
    title="Declared port is not open any more",
    remediation="Remove the declaration, or mend its globs, port or audience.",
    needs=frozenset(),
    subjects_from=frozenset(),
    reads=WAYS_NEED | frozenset(OTHER_WAYS),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no declaration in force names this cluster",
)
