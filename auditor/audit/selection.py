"""Narrowing an answer to some checks and namespaces: what is shown, counted and exited on.

It never narrows what is read or judged (`docs/contract.md`, Commands).
"""

import msgspec
from msgspec import Struct

from auditor.audit.fleet import taken_together
from auditor.audit.rules import Rules
from auditor.checks.check import Family
from auditor.model.audit import Audit, FleetAudit
from auditor.model.exposure import Exposure
from auditor.model.finding import Finding
from auditor.model.identity import CLUSTER_KIND, FLEET_KIND
from auditor.model.verdict import Verdict


class Selection(Struct, frozen=True):
    """Which part of an answer is asked for; an empty set asks for all."""

    checks: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()

    def narrow(self, fleet: FleetAudit, rules: Rules) -> FleetAudit:
        """Give the same fleet with the selected findings and exposures, counted anew."""
        audits = tuple(self._narrow_audit(audit) for audit in fleet.audits)
        found = tuple(item for item in fleet.fleet_findings if self._takes(item))
        return taken_together(audits, found, rules, fleet.at)

    def _narrow_audit(self, audit: Audit) -> Audit:
        return msgspec.structs.replace(
            audit,
            findings=tuple(item for item in audit.findings if self._takes(item)),
            exposures=tuple(item for item in audit.exposures if self._takes_exposure(item)),
        )

    def _takes(self, finding: Finding) -> bool:
        if self.checks and finding.check not in self.checks:
            return False
        if not self.namespaces:
            return True
        subject = finding.subject
        is_silence = finding.verdict is Verdict.UNKNOWN or finding.family == Family.COVERAGE
        if subject.kind in {CLUSTER_KIND, FLEET_KIND} and is_silence:
            # What was not read may lie in any namespace, so in the selected ones too.
            return True
        named = subject.name if subject.kind == "Namespace" else subject.namespace
        return named in self.namespaces

    def _takes_exposure(self, exposure: Exposure) -> bool:
        return not self.namespaces or exposure.entry.object.namespace in self.namespaces
