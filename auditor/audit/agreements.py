"""Laying acceptance over failures: exceptions everywhere, declarations in the *ports* family.

The raw verdict is kept beside the acceptance; an accepted `fail` is never a `pass`.
"""

from msgspec import to_builtins

from auditor.analysis.agreed import needs_agreement
from auditor.analysis.facts import Facts
from auditor.checks.check import Check, Family, Judgement
from auditor.model.agreement import RiskException
from auditor.model.audit import AgreementMatch, AgreementUse
from auditor.model.canonical import canonical_json
from auditor.model.verdict import Acceptance, Verdict


def acceptance_of(exception: RiskException, index: int) -> Acceptance:
    """Write down by which exception a finding is accepted."""
    ticket = f", {exception.ticket}" if exception.ticket else ""
    reason = (
        f"{exception.reason} (approved by {exception.approved_by}{ticket}, "
        f"until {exception.expires})"
    )
    return Acceptance("exception", index, reason, exception.expires)


class Agreements:
    """The exceptions and declarations of a configuration, and how often each matched."""

    def __init__(self, facts: Facts) -> None:
        """Start counting matches for one cluster."""
        self._facts = facts
        self._today = facts.at.date()
        self._exceptions = [0] * len(facts.configuration.exceptions)
        self._declarations = [0] * len(facts.configuration.declarations)

    def use(self) -> AgreementUse:
        """Give how many findings each matched."""
        return AgreementUse(tuple(self._exceptions), tuple(self._declarations))

    def matches(self) -> tuple[AgreementMatch, ...]:
        """Give every agreement in force that speaks of this cluster, with its matches."""
        configuration, cluster = self._facts.configuration, self._facts.cluster.id
        exceptions = zip(configuration.exceptions, self._exceptions, strict=True)
        declarations = zip(configuration.declarations, self._declarations, strict=True)
        return tuple(
            AgreementMatch(kind, canonical_json(to_builtins(entry)).decode(), matched)
            for kind, entries in (("exception", exceptions), ("declaration", declarations))
            for entry, matched in entries
            if not entry.is_expired(self._today) and entry.speaks_of(cluster)
        )

    def acceptance(self, check: Check, judgement: Judgement) -> Acceptance | None:
        """Tell whether a judgement is accepted; the first exception in force that matches counts.

        An expired one matches nothing: what it covered is open again.
        """
        if judgement.verdict is not Verdict.FAIL:
            return None
        by_exception = self._by_exception(check, judgement)
        if by_exception is None and check.family is Family.PORTS:
            return self._by_declaration(judgement)
        return by_exception

    def note_declared(self) -> None:
        """Count the exposures that each declaration in force covers."""
        for exposure in filter(needs_agreement, self._facts.exposures):
            for index in self._facts.agreed.covering(exposure):
                self._declarations[index] += 1

    def _by_exception(self, check: Check, judgement: Judgement) -> Acceptance | None:
        subject = judgement.subject
        for index, exception in enumerate(self._facts.configuration.exceptions):
            if exception.is_expired(self._today) or not exception.covers(
                check.slug, self._facts.cluster.id, subject.namespace, subject.name
            ):
                continue
            self._exceptions[index] += 1
            return acceptance_of(exception, index)
        return None

    def _by_declaration(self, judgement: Judgement) -> Acceptance | None:
        """Accept what a declaration covers, or a port that is declared for each workload."""
        configuration = self._facts.configuration
        index = judgement.declaration
        if index is None:
            found = [
                self._facts.declarations_for(workload, judgement.port, judgement.protocol)
                for workload in judgement.workloads
            ]
            if not found or not all(found):
                return None
            index = configuration.declarations.index(found[0][0])
        first = configuration.declarations[index]
        until = f", until {first.expires}" if first.expires else ""
        reason = f"{first.reason} (declared by {first.owner}{until})"
        return Acceptance("declaration", index, reason, first.expires)
