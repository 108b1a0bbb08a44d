"""reconcile(): what a look at a cluster changes of what is known. Pure.

What was found stays found until it is proven fixed. A failure ends when a complete look shows the
subject passing or gone; a look that could not read what the check needs ends nothing, and neither
does a verdict of `unknown`. Blindness is remembered as coverage, once for each resource, and masks
the verdicts that rest on it; it is not written into each of them.

A mass disappearance (over a fifth and at least 50 objects of a resource) is not believed until the
next look shows it again: until then the resource counts as `stale`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from auditor.audit.described import (
    BORDER_RESOURCES,
    BORDER_RESOURCES_IF_ANY,
    DOOR_RESOURCES,
    MESH_RESOURCES,
    described_exposures,
    described_platform,
    described_segmentation,
)
from auditor.kube.resources import OTHER_WAYS
from auditor.model.audit import Audit, ClusterState
from auditor.model.canonical import CanonicalValue, canonical_json, digest_text
from auditor.model.finding import Finding
from auditor.model.history import (
    Assignment,
    Changes,
    CloseReason,
    FactKind,
    FactValue,
    Known,
    Tally,
    to_microseconds,
)
from auditor.model.identity import ObjectRef
from auditor.model.reading import Coverage, ReadState
from auditor.model.verdict import Verdict

VANISHED_OBJECTS = 50
VANISHED_SHARE = 0.2
"""A resource that lost more than this share, and this many objects, is looked at again first."""

_NAMESPACES = "namespaces"
"""The resource that tells which namespaces there are."""


def reconcile(known: Known, audit: Audit) -> Changes:
    """Tell what a look says that was not known, and count what became of the failures.

    `known` is what held just before the audit's moment, in the order of observation: for an audit
    that arrives late it is the past, not the present.
    """
    coverage = {
        item.resource: _believed(item, known.values.get((FactKind.COVERAGE, item.resource)))
        for item in audit.coverage
    }
    if audit.state is ClusterState.DECOMMISSIONED:
        return _decommissioned(known)
    look = _Look(known, audit, coverage)
    return Changes(tuple(look.assignments()), look.tally())


def _decommissioned(known: Known) -> Changes:
    """End all that was known: not an improvement, the cluster is gone."""
    reason = CloseReason.DECOMMISSIONED
    ended = tuple(Assignment(kind, key, None, reason) for kind, key in sorted(known.values))
    failures = sum(
        kind is FactKind.VERDICT and value.state == Verdict.FAIL.value
        for (kind, _), value in known.values.items()
    )
    return Changes(ended, Tally(closed={reason.value: failures} if failures else {}))


def _believed(read: Coverage, before: FactValue | None) -> Coverage:
    """Give the coverage to believe: a mass disappearance waits for the next look."""
    if before is None or not read.state.is_complete:
        return read
    said = msgspec.json.decode(before.detail)
    lost = said["count"] - read.count
    if said["waiting"] or lost < VANISHED_OBJECTS or lost <= said["count"] * VANISHED_SHARE:
        return read
    detail = f"{lost} of {said['count']} objects are gone at once: to be confirmed"
    return Coverage(read.resource, ReadState.STALE, read.count, detail)


class _Look:
    """One look, held against what was known."""

    def __init__(self, known: Known, audit: Audit, coverage: Mapping[str, Coverage]) -> None:
        self._audit = audit
        self._coverage = coverage
        self._replaced = bool(
            known.incarnation and audit.incarnation and known.incarnation != audit.incarnation
        )
        self._known = known
        self._needs = {check.slug: check.needs for check in audit.checks}
        self._found_by = {check.slug: check.found_by for check in audit.checks}
        self._rules_changed = known.rules_version not in (None, audit.rules_version)
        self._subjects = {finding.subject for finding in audit.findings}
        self._findings = {finding.id: finding for finding in audit.findings}
        self._counts: Counter[str] = Counter()
        self._closed: Counter[str] = Counter()

    def assignments(self) -> Iterator[Assignment]:
        """Give every assignment, in a stable order."""
        yield from self._coverage_facts()
        yield from self._tenancy_facts()
        yield from self._agreement_facts()
        yield from self._described_facts()
        for finding in self._audit.findings:
            yield from self._finding_facts(finding)
        yield from self._unmentioned()

    def tally(self) -> Tally:
        """Count what became of the failures; after `assignments` ran."""
        return Tally(
            self._counts["opened"],
            self._counts["reopened"],
            self._counts["kept"],
            self._counts["unconfirmed"],
            dict(sorted(self._closed.items())),
        )

    def _set(self, assignment: Assignment) -> Iterator[Assignment]:
        """Give an assignment if it changes anything."""
        before = self._before(assignment.kind, assignment.key)
        if assignment.value != before or assignment.until is not None:
            yield assignment

    def _before(self, kind: FactKind, key: str) -> FactValue | None:
        return self._known.values.get((kind, key))

    def _coverage_facts(self) -> Iterator[Assignment]:
        for resource, item in sorted(self._coverage.items()):
            waiting = item.state is ReadState.STALE and self._was_complete_now(resource)
            detail: dict[str, CanonicalValue] = {
                "count": item.count,
                "detail": item.detail,
                "waiting": waiting,
            }
            value = FactValue(item.state.value, _canonical(detail))
            yield from self._set(Assignment(FactKind.COVERAGE, resource, value))

    def _was_complete_now(self, resource: str) -> bool:
        return any(
            item.resource == resource and item.state.is_complete for item in self._audit.coverage
        )

    def _tenancy_facts(self) -> Iterator[Assignment]:
        values = {
            segment.namespace: FactValue(
                segment.risk_level or "", _canonical({"tenants": list(segment.tenants)})
            )
            for segment in self._audit.segments
        }
        whole = self._is_complete((_NAMESPACES,))
        yield from self._all_of(FactKind.TENANCY, values, ends=whole)

    def _agreement_facts(self) -> Iterator[Assignment]:
        values = {
            digest_text(f"{item.kind} {item.content}")[:32]: FactValue(
                str(item.matched), item.content, item.kind
            )
            for item in self._audit.agreements
        }
        yield from self._all_of(FactKind.AGREEMENT, values, ends=True)

    def _described_facts(self) -> Iterator[Assignment]:
        platform = described_platform(self._audit.platform)
        # Version and plugin are in every look: what can be missing is a mesh that nobody saw.
        whole = self._is_complete(MESH_RESOURCES)
        yield from self._all_of(FactKind.PLATFORM, platform, ends=whole)
        exposures = described_exposures(self._audit)
        whole = self._is_complete(DOOR_RESOURCES) and self._was_read(OTHER_WAYS)
        yield from self._all_of(FactKind.EXPOSURE, exposures, ends=whole)
        borders = described_segmentation(self._audit)
        whole = self._is_complete(BORDER_RESOURCES) and self._was_read(BORDER_RESOURCES_IF_ANY)
        if not (whole or self._replaced):
            # What could not be read now says nothing of what is known; coverage masks that.
            known = {key for kind, key in self._known.values if kind is FactKind.SEGMENTATION}
            borders = {key: value for key, value in borders.items() if key not in known}
        yield from self._all_of(FactKind.SEGMENTATION, borders, ends=whole)

    def _all_of(
        self, kind: FactKind, values: Mapping[str, FactValue], *, ends: bool
    ) -> Iterator[Assignment]:
        """Set all values of a kind; what is not among them ends, where the look can tell."""
        for key, value in values.items():
            yield from self._set(Assignment(kind, key, value))
        if ends or self._replaced:
            for known, key in sorted(self._known.values):
                if known is kind and key not in values:
                    yield Assignment(kind, key, None, CloseReason.SUBJECT_GONE)

    def _finding_facts(self, finding: Finding) -> Iterator[Assignment]:
        before = self._before(FactKind.VERDICT, finding.id)
        was_failing = before is not None and before.state == Verdict.FAIL.value
        is_undecided = finding.verdict is Verdict.UNKNOWN and was_failing and not self._replaced
        if finding.verdict is Verdict.FAIL:
            yield from self._failing(finding, before)
        elif is_undecided or not self._is_complete(self._needs[finding.check]):
            # Coverage or the finding's reason says why nothing can be told: what was known stays,
            # unless it was known of another cluster.
            if self._replaced and before is not None:
                yield from self._ending(finding.id, before, finding.subject)
            else:
                self._counts["unconfirmed"] += was_failing
        elif finding.verdict is Verdict.NOT_APPLICABLE:
            if before is not None:
                yield from self._ending(finding.id, before, finding.subject)
        else:
            value = self._verdict_value(finding)
            reason = self._ending_reason(finding.subject) if was_failing else CloseReason.CHANGED
            yield from self._set(Assignment(FactKind.VERDICT, finding.id, value, reason))
            if was_failing:
                self._closed[reason.value] += 1
                yield from self._ending_of_failure(finding.id, reason)

    def _failing(self, finding: Finding, before: FactValue | None) -> Iterator[Assignment]:
        was_failing = before is not None and before.state == Verdict.FAIL.value
        reason = CloseReason.CLUSTER_REPLACED if self._replaced else CloseReason.CHANGED
        if was_failing and self._replaced:
            self._closed[reason.value] += 1
            self._counts["opened"] += 1
        elif was_failing:
            self._counts["kept"] += 1
        elif finding.id in self._known.failed_before:
            self._counts["reopened"] += 1
        else:
            self._counts["opened"] += 1
        value = self._verdict_value(finding)
        yield from self._set(Assignment(FactKind.VERDICT, finding.id, value, reason))
        severity = FactValue(
            finding.severity.level.value, _canonical({"reason": finding.severity.reason})
        )
        yield from self._set(Assignment(FactKind.SEVERITY, finding.id, severity))
        yield from self._accepting(finding)

    def _accepting(self, finding: Finding) -> Iterator[Assignment]:
        accepted = finding.acceptance
        until = _end_of(accepted.expires) if accepted and accepted.expires else None
        if accepted is None or (until is not None and until <= to_microseconds(self._audit.at)):
            if self._before(FactKind.ACCEPTANCE, finding.id) is not None:
                yield Assignment(FactKind.ACCEPTANCE, finding.id, None)
            return
        value = FactValue(accepted.by, _canonical({"reason": accepted.reason}))
        yield from self._set(Assignment(FactKind.ACCEPTANCE, finding.id, value, until=until))

    def _unmentioned(self) -> Iterator[Assignment]:
        """End what was known and is not mentioned any more, where the look can tell."""
        for (kind, key), value in sorted(self._known.values.items()):
            if kind is not FactKind.VERDICT or key in self._findings:
                continue
            can_tell = self._is_complete(self._needs.get(value.topic, ())) and self._was_read(
                self._found_by.get(value.topic, ())
            )
            if not can_tell and not self._replaced:
                self._counts["unconfirmed"] += value.state == Verdict.FAIL.value
                continue
            yield from self._ending(key, value, _subject_of(value))

    def _ending(self, key: str, before: FactValue, subject: ObjectRef) -> Iterator[Assignment]:
        reason = self._ending_reason(subject)
        if before.topic not in self._needs:
            reason = CloseReason.CHECK_OFF
        yield Assignment(FactKind.VERDICT, key, None, reason)
        if before.state == Verdict.FAIL.value:
            self._closed[reason.value] += 1
            yield from self._ending_of_failure(key, reason)

    def _ending_of_failure(self, key: str, reason: CloseReason) -> Iterator[Assignment]:
        for kind in (FactKind.SEVERITY, FactKind.ACCEPTANCE):
            if self._before(kind, key) is not None:
                yield Assignment(kind, key, None, reason)

    def _ending_reason(self, subject: ObjectRef) -> CloseReason:
        if self._replaced:
            return CloseReason.CLUSTER_REPLACED
        if self._rules_changed:
            return CloseReason.RULE_CHANGED
        return CloseReason.FIXED if subject in self._subjects else CloseReason.SUBJECT_GONE

    def _verdict_value(self, finding: Finding) -> FactValue:
        """Give a verdict with the fields that decided it, and what masks it when unread."""
        subject = finding.subject
        evidence: list[CanonicalValue] = [
            [hop.hop, hop.field, hop.value, hop.note] for hop in finding.evidence
        ]
        detail: dict[str, CanonicalValue] = {
            "subject": [subject.kind, subject.namespace, subject.name],
            "family": finding.family,
            "port": finding.port,
            "protocol": finding.protocol.value if finding.protocol else None,
            "discriminator": finding.discriminator,
            "summary": finding.summary,
            "reason": finding.reason,
            "evidence": evidence,
            "needs": list(self._needs[finding.check]),
            "controls": list(finding.controls),
            # The same failure of a cluster that was made anew is another failure.
            "incarnation": self._audit.incarnation,
        }
        return FactValue(finding.verdict.value, _canonical(detail), finding.check)

    def _was_read(self, resources: tuple[str, ...]) -> bool:
        """Whether all of some resources were read, or the source does not provide them at all."""
        read = (self._coverage.get(resource) for resource in resources)
        return all(item is not None and not item.state.is_shortfall for item in read)

    def _is_complete(self, needs: tuple[str, ...]) -> bool:
        read = (self._coverage.get(resource) for resource in needs)
        return all(item is not None and item.state.is_complete for item in read)


def _end_of(last_day: date) -> int:
    """Give the moment, in microseconds, at which a day is over: the last day counts whole."""
    return to_microseconds(datetime.combine(last_day, time(), UTC) + timedelta(days=1))


def _subject_of(value: FactValue) -> ObjectRef:
    kind, namespace, name = msgspec.json.decode(value.detail)["subject"]
    return ObjectRef(kind, namespace, name)


def _canonical(detail: dict[str, CanonicalValue]) -> str:
    return canonical_json(detail).decode()
