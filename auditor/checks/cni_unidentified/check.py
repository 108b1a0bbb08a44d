"""No network plugin was recognised, so nobody knows whether policies work.

## What it reports
A cluster whose pods and nodes were read and show no plugin and no policy engine of the catalogue.

## Why it matters
Whether a NetworkPolicy stops anything depends on the plugin alone. While it is not known, every
verdict that rests on policies is `unknown` (OWASP Kubernetes 2022 K07, 2025 K05).

## How to fix
Say what enforces policies there with `--assume-cni NAME`, and tell us by what the plugin is
recognised.

## Subject and identity
The cluster. One finding; no discriminator.

## Known gaps
A plugin that is only files on the node, such as bridge, macvlan or kubenet, leaves nothing in the
Kubernetes API. Agents are looked for in the namespaces of the cluster and of the plugin, since a
tenant may call a pod of its own whatever it likes. Where only a part or a mark of a plugin was
seen, and no agent, the verdict is `unknown`.

## References
`docs/contract.md`, Enforcement.
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.checks.check import SEGMENTATION_CONTROLS, Check, Family, Judgement, NoParameters
from auditor.kube.resources import NODES, PODS
from auditor.model.identity import cluster_subject
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    told = facts.enforcement
    named = " with ".join(dict.fromkeys(filter(None, (told.cni.name, told.cni.policy_engine))))
    verdict, summary = Verdict.FAIL, "no network plugin was recognised"
    if told.cni.assumed or (named and not told.recognised.is_sure):
        verdict = Verdict.UNKNOWN
        summary = (
            f"the network plugin may be {named}" if named else "no network plugin was looked for"
        )
    elif named:
        verdict, summary = Verdict.PASS, f"the network plugin is {named}"
    elif not all(facts.inventory.state(name).is_complete for name in CHECK.needs):
        verdict = Verdict.UNKNOWN
    yield Judgement(
        subject=cluster_subject(facts.cluster.id),
        verdict=verdict,
        summary=summary,
        evidence=told.hops,
        reason=told.reason if verdict is Verdict.UNKNOWN else None,
    )


CHECK = Check(
    slug="cni-unidentified",
    family=Family.CNI,
    severity=Severity.MEDIUM,
    title="Network plugin is not known",
    remediation=(
        "Name the plugin with --assume-cni, or see to it that the auditor can read pods and nodes."
    ),
    needs=frozenset({NODES, PODS}),
    subjects_from=frozenset(),
    judge=_judge,
    controls=SEGMENTATION_CONTROLS,
    topics=(Topic.CNI,),
    nothing_to_judge="no network plugin",
)
