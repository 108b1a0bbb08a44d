"""The tenant or the risk level of a namespace cannot be told.

## What it reports
A namespace, system namespaces aside, for which neither the configuration nor cluster tags nor its
own labels and annotations tell a tenant and a known risk level.

## Why it matters
What belongs to nobody is separated from nobody: every tenancy check of it stays `unknown`.

## How to fix
Label the namespace, tag the cluster, or add a rule to `segments` in the configuration.

## Subject and identity
The Namespace. One finding for each; no discriminator.

## Known gaps
A namespace that is only named, as in manifests without a Namespace object, is `unknown`. A value
that `risk_levels.order` does not know counts as untold.

## References
OWASP Docker D03, threat 5; `docs/contract.md`, Files people write.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import NAMESPACES
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    read = {namespace.metadata.name for namespace in facts.inventory.namespaces}
    for name, segment in facts.segments.tenant_namespaces().items():
        parts = (("tenant", segment.tenants), ("risk level", segment.risk_level))
        untold = [part for part, value in parts if not value]
        ref = ObjectRef("Namespace", None, name)
        text = f"has no {' and no '.join(untold)}" if untold else "has a tenant and a risk level"
        none = tuple(
            Hop(str(ref), f"segments.{part}", "none of the rules tells") for part in untold
        )
        verdict = Verdict.PASS
        if untold:
            # An object names it, but its labels were not read: they may tell.
            verdict = Verdict.FAIL if name in read else Verdict.UNKNOWN
        yield Judgement(
            subject=ref,
            verdict=verdict,
            summary=f"{ref} {text}",
            evidence=(*segment.evidence, *none),
            reason=f"{ref} itself was not read" if verdict is Verdict.UNKNOWN else None,
        )


CHECK = Check(
    slug="namespace-without-segment",
    family=Family.TENANCY,
    severity=Severity.LOW,
    title="Namespace has no tenant or risk level",
    remediation="Label the namespace, tag the cluster, or add a rule to segments.",
    needs=frozenset({NAMESPACES}),
    subjects_from=frozenset({NAMESPACES}),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="no namespace outside the system's",
)
