"""The connection to a cluster's API server does not check who answers.

## What it reports
A cluster whose kubeconfig sets `insecure-skip-tls-verify`, or whose server is spoken to over plain
HTTP.

## Why it matters
Whoever sits between can read our credentials for the cluster, and answer in its place: every
verdict on it rests on nothing.

## How to fix
Put the cluster's certificate authority into `certificate-authority-data` and take
`insecure-skip-tls-verify` out; give the server an https address. Where the certificate is made out
for another name, `tls-server-name` says which.

## Subject and identity
The cluster. One finding; no discriminator.

## Known gaps
A certificate that is checked against the system's authorities counts as verified, whoever is among
them.

## References
Kubernetes documentation, Organizing Cluster Access Using kubeconfig Files; client-go
`clientcmd/api/v1` Cluster.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import (
    EXPOSED_COMPONENT_CONTROLS,
    Check,
    Family,
    Judgement,
    NoParameters,
)
from auditor.checks.connections import without_connection
from auditor.model.connection import Connection
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict

_SUMMARIES = {
    Verdict.FAIL: "the API server does not have to prove who it is",
    Verdict.PASS: "the API server has to prove who it is",
    Verdict.UNKNOWN: "how the API server would be reached is not known",
}


def _verdict(connection: Connection) -> Verdict:
    if connection.is_verified is None:
        return Verdict.UNKNOWN
    return Verdict.PASS if connection.is_verified else Verdict.FAIL


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    connection = facts.inventory.connection
    if connection is None:
        yield from without_connection(facts)
        return
    cluster = f"Cluster/{facts.cluster.id}"
    verdict = _verdict(connection)
    said = {True: "the certificate is checked", None: "unknown"}.get(
        connection.is_verified, connection.why_unverified or "the certificate is not checked"
    )
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=_SUMMARIES[verdict],
        evidence=(
            Hop(cluster, "server", connection.server),
            Hop(cluster, "connection", said),
        ),
        reason=connection.failure if verdict is Verdict.UNKNOWN else None,
    )


CHECK = Check(
    slug="cluster-connection-unverified",
    family=Family.COVERAGE,
    severity=Severity.HIGH,
    title="Connection to the cluster is not verified",
    remediation=(
        "Give the cluster's certificate authority in the kubeconfig and take "
        "insecure-skip-tls-verify out; use an https server."
    ),
    needs=frozenset(),
    subjects_from=frozenset(),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="the cluster is read from files, not from its API server",
)
