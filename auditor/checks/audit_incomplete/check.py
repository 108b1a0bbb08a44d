"""The audit could not read everything that it needs.

## What it reports
A resource that was forbidden, read in part, failed or is stale, and documents that could not be
read. A source that cannot hold a resource at all (`not-provided`, as in a folder of manifests)
makes the verdict `unknown` instead.

## Why it matters
Silence is not health. Every verdict that needs the missing part is `unknown` until it is read.

## How to fix
Grant the auditor the read rights it asks for, mend the document that the evidence names, or render
templates before auditing them.

## Subject and identity
The cluster. One finding; no discriminator.

## Known gaps
None.

## References
`docs/contract.md`, Rules of the answer, Coverage.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import RESOURCES
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    hops = [
        Hop(
            f"Cluster/{facts.cluster.id}",
            coverage.resource,
            coverage.state.value,
            coverage.detail or "",
        )
        for coverage in facts.inventory.coverage.values()
        if coverage.state.is_shortfall
    ]
    hops += [
        Hop(problem.where, "document", "could not be read", problem.message)
        for problem in facts.inventory.problems
        if problem.is_shortfall
    ]
    absent = any(not facts.inventory.state(resource).is_complete for resource in CHECK.needs)
    if hops:
        summary = "the audit could not read everything"
    else:
        summary = "the source does not hold everything" if absent else "the audit read everything"
    complete = Hop(f"Cluster/{facts.cluster.id}", "coverage", summary)
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=Verdict.FAIL if hops else Verdict.PASS,
        summary=summary,
        evidence=tuple(hops) or (complete,),
    )


CHECK = Check(
    slug="audit-incomplete",
    family=Family.COVERAGE,
    severity=Severity.MEDIUM,
    title="Audit is incomplete",
    remediation="Grant the missing read rights, or mend the documents that the evidence names.",
    needs=frozenset(item.name for item in RESOURCES if item.supports is None and not item.is_named),
    subjects_from=frozenset(),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="nothing to read",
)
