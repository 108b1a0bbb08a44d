"""The API of a cluster that was discovered could not be read.

## What it reports
A cluster of a kubeconfig or a cloud whose server did not answer within its deadline, did not prove
who it is, refused our credentials, or let us read nothing at all.

## Why it matters
Nothing is known of such a cluster. What was open there when it was last read is taken to be open
still: silence is not health.

## How to fix
The evidence says what the server or the connection answered. Renew the credentials, open the way
to the API server, or take a cluster that is gone out of its connector.

## Subject and identity
The cluster. One finding; no discriminator.

## Known gaps
A cluster that is read from files is not reached at all: the check does not apply to it.

## References
`docs/contract.md`, audit/v1, state.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.checks.connections import without_connection
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.reading import ReadState
from auditor.model.verdict import Severity, Verdict

_NOTHING = (ReadState.FAILED, ReadState.FORBIDDEN)


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    connection = facts.inventory.connection
    if connection is None:
        yield from without_connection(facts)
        return
    cluster = f"Cluster/{facts.cluster.id}"
    coverage = facts.inventory.coverage.values()
    failure = connection.failure
    if failure is None and all(item.state in _NOTHING for item in coverage):
        failure = next((item.detail for item in coverage if item.detail), "nothing could be read")
    read = sum(item.state.is_complete for item in coverage)
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=Verdict.FAIL if failure else Verdict.PASS,
        summary="the API server could not be read" if failure else "the API server was read",
        evidence=(
            Hop(cluster, "server", connection.server),
            Hop(cluster, "answer", failure or f"{read} resources were read completely"),
        ),
    )


CHECK = Check(
    slug="cluster-unreachable",
    family=Family.COVERAGE,
    severity=Severity.HIGH,
    title="Cluster cannot be reached",
    remediation=(
        "Renew the credentials or open the way to the API server, as the evidence says. Take a "
        "cluster that is gone out of its connector."
    ),
    needs=frozenset(),
    subjects_from=frozenset(),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="the cluster is read from files, not from its API server",
)
