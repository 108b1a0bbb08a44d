"""The auditor's own credentials may do more than read what an audit needs.

## What it reports
That a SelfSubjectAccessReview allowed one of a fixed list of rights: reading Secrets or logs, the
node, pod and service proxies, exec, attach and port forwarding, impersonation, tokens of service
accounts, `bind` and `escalate`, and writes of any sort.

## Why it matters
The auditor holds credentials for every cluster. With these rights, whoever takes over the auditor
takes over the fleet. A GET of `nodes/proxy` alone runs commands in every pod of a node.

## How to fix
Bind the ClusterRole of `deploy/clusterrole.yaml`: it holds what the checks need and nothing else.

## Subject and identity
The cluster. One finding; the evidence lists every right that was allowed.

## Known gaps
The list is fixed: a right that is not on it is not asked for. Rights are asked for over all
namespaces; one that is held in a single namespace is not seen.

## References
Kubernetes documentation, Authorization, checking API access; RBAC good practices (privilege
escalation risks); OWASP Kubernetes Top Ten 2025 K06.
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


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    connection = facts.inventory.connection
    if connection is None:
        yield from without_connection(facts)
        return
    held = [right for right in connection.rights if right.allowed]
    who = connection.identity or "our identity"
    hops = [Hop(f"Cluster/{facts.cluster.id}", "identity", who)]
    hops += [
        Hop(f"Cluster/{facts.cluster.id}", f"{right.verb} {right.resource}", "allowed")
        for right in held
    ]
    verdict = Verdict.FAIL if held else _without_held_right(connection)
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=_summary(verdict, who, len(held), len(connection.rights)),
        evidence=tuple(hops),
        reason=_reason(connection) if verdict is Verdict.UNKNOWN else None,
    )


def _without_held_right(connection: Connection) -> Verdict:
    """Nothing is proven by questions that had no answer."""
    is_whole = connection.rights and connection.rights_problem is None
    return Verdict.PASS if is_whole else Verdict.UNKNOWN


def _reason(connection: Connection) -> str:
    return connection.rights_problem or "the server was not asked for our rights"


def _summary(verdict: Verdict, who: str, held: int, asked: int) -> str:
    if verdict is Verdict.FAIL:
        return f"{who} holds {held} rights that an auditor must not have"
    if verdict is Verdict.PASS:
        return f"{who} holds none of the {asked} rights that an auditor must not have"
    return f"the rights of {who} are not known"


CHECK = Check(
    slug="auditor-overprivileged",
    family=Family.COVERAGE,
    severity=Severity.HIGH,
    title="Auditor holds more rights than it needs",
    remediation=(
        "Bind the ClusterRole of deploy/clusterrole.yaml to the auditor's identity and take its "
        "other roles away."
    ),
    needs=frozenset(),
    subjects_from=frozenset(),
    judge=_judge,
    controls=EXPOSED_COMPONENT_CONTROLS,
    topics=(Topic.HYGIENE,),
    nothing_to_judge="the cluster is read from files: no rights are used",
)
