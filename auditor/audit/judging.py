"""The gate against silence: verdicts that missing input cannot improve.

Two rules of `docs/contract.md` live here alone. *Unknown is never pass*: while a resource
that a check needs is incomplete, its `pass` and `not_applicable` become `unknown` and name the
resource. *Proven stays proven*: a `fail` rests on what was read and stays.
"""

from collections.abc import Iterator

import msgspec

from auditor.analysis.facts import Facts
from auditor.checks.check import Check, Judgement
from auditor.kube.inventory import Inventory
from auditor.model.exposure import Hop
from auditor.model.identity import cluster_subject
from auditor.model.reading import Coverage
from auditor.model.verdict import Verdict


def judge(check: Check, facts: Facts, parameters: msgspec.Struct) -> Iterator[Judgement]:
    """Run one check and close the gate behind it.

    Every check says something: where no subject was found, the cluster is the subject, with
    `not_applicable` after a complete read and `unknown` otherwise.
    """
    missing = _missing(check.needs, facts.inventory)
    cluster = cluster_subject(facts.cluster.id)
    spoke_of_cluster = False
    count = 0
    for judgement in check.judge(facts, parameters):
        count += 1
        spoke_of_cluster |= judgement.subject == cluster and judgement.discriminator is None
        yield _gated(judgement, missing)
    unseen = _unseen(check, facts.inventory)
    if spoke_of_cluster or (count and not unseen):
        return
    found = {item.resource: item for item in (*_missing(check.needs, facts.inventory), *unseen)}
    missing = tuple(found[name] for name in sorted(found))
    yield Judgement(
        subject=cluster,
        verdict=Verdict.UNKNOWN if missing else Verdict.NOT_APPLICABLE,
        summary=_said_of_cluster(check, bool(missing), bool(count)),
        evidence=tuple(_coverage_hop(facts.cluster.id, coverage) for coverage in missing),
        reason=_reason(missing),
    )


def _missing(needs: frozenset[str], inventory: Inventory) -> tuple[Coverage, ...]:
    return tuple(
        inventory.coverage[resource]
        for resource in sorted(needs)
        if not inventory.state(resource).is_complete
    )


def _unseen(check: Check, inventory: Inventory) -> tuple[Coverage, ...]:
    """Give the lists of subjects of which some may not have been seen."""
    strict = _missing(check.subjects_from, inventory)
    added = _missing(check.may_come_from, inventory)
    if not check.subjects_from and len(added) == len(check.may_come_from):
        return added
    return (*strict, *(item for item in added if item.state.is_shortfall))


def _gated(judgement: Judgement, missing: tuple[Coverage, ...]) -> Judgement:
    if not missing or judgement.verdict is Verdict.FAIL:
        return judgement
    reasons = dict.fromkeys(filter(None, (judgement.reason, _reason(missing))))
    return msgspec.structs.replace(judgement, verdict=Verdict.UNKNOWN, reason="; ".join(reasons))


def _said_of_cluster(check: Check, is_missing: bool, has_subjects: bool) -> str:  # noqa: FBT001
    if not is_missing:
        return check.nothing_to_judge
    return (
        "there may be more subjects than were read" if has_subjects else "nothing could be judged"
    )


def _reason(missing: tuple[Coverage, ...]) -> str | None:
    return ", ".join(f"{item.resource} is {item.state.value}" for item in missing) or None


def _coverage_hop(cluster_id: str, coverage: Coverage) -> Hop:
    return Hop(
        f"Cluster/{cluster_id}", coverage.resource, coverage.state.value, coverage.detail or ""
    )
