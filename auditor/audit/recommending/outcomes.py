"""What proposals did to a cluster: faults that forbid them, and findings that changed."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.audit.recommending.comparing import Comparison
from auditor.audit.recommending.needs import Need
from auditor.audit.recommending.proposing import Proposal
from auditor.checks.check import Check
from auditor.kube.resources import NETWORK_POLICIES
from auditor.model.audit import Audit
from auditor.model.exposure import Exposure, ExposureVerdict, Via
from auditor.model.finding import Finding
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Verdict

_OPEN = frozenset({Verdict.FAIL, Verdict.UNKNOWN})


class Judged(Struct, frozen=True):
    """A state of the cluster, judged."""

    facts: Facts
    audit: Audit


class Trial(Struct, frozen=True):
    """Proposals, and the cluster without and with them."""

    before: Judged
    after: Judged
    proposed: tuple[Proposal, ...]
    comparison: Comparison

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Name the namespaces that something is proposed for, in order."""
        return tuple(dict.fromkeys(proposal.namespace for proposal in self.proposed))


def faults(trial: Trial, needs: Iterable[Need], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give the namespaces whose proposals do what no proposal may, with the reason."""
    chosen = frozenset(names)
    for name in sorted(trial.comparison.widened() & chosen):
        yield name, "what is shut today would be open: its labels do not tell its workloads apart"
    for need in needs:
        if trial.comparison.loses(need):
            reason = f"what is needed would be cut: {need.why} ({need.port}/{need.protocol})"
            for end in (need.source, need.destination):
                if isinstance(end, ObjectRef) and end.namespace in chosen:
                    yield end.namespace, reason
    for exposure in no_longer_open(trial):
        namespace = exposure.target.workload.namespace if exposure.target.workload else None
        if namespace in chosen and _must_stay(trial.before.facts, exposure):
            yield namespace, f"{exposure.entry.object} would not lead in any more for sure"


def no_longer_open(trial: Trial) -> Iterator[Exposure]:
    """Give the ways in that are open today and would not be for sure."""
    exposed = ExposureVerdict.EXPOSED
    still = {item.id for item in trial.after.audit.exposures if item.verdict is exposed}
    for item in trial.before.audit.exposures:
        if item.verdict is exposed and item.id not in still:
            yield item


def _must_stay(facts: Facts, exposure: Exposure) -> bool:
    """Whether people made a way in, or declared it; else it is but the address of a pod."""
    return exposure.entry.via is not Via.ENDPOINT or bool(facts.agreed.covering(exposure))


def idle(trial: Trial, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give the namespaces for which nothing has to be proposed: no finding would be closed."""
    useful = {namespace_of(finding) for finding in closed(trial)}
    for name in names:
        if name in trial.namespaces and name not in useful:
            yield name, ""


def closed(trial: Trial) -> Iterator[Finding]:
    """Give what fails today and passes then, or is gone."""
    still = {item.id for item in trial.after.audit.findings if item.verdict in _OPEN}
    for finding in trial.before.audit.findings:
        if finding.verdict is Verdict.FAIL and finding.id not in still:
            yield finding


def opened(trial: Trial) -> Iterator[Finding]:
    """Give what fails then, and neither fails nor is unknown today."""
    known = {item.id for item in trial.before.audit.findings if item.verdict in _OPEN}
    for finding in trial.after.audit.findings:
        if finding.verdict is Verdict.FAIL and finding.id not in known:
            yield finding


def remaining(trial: Trial, namespace: str, checks: Iterable[Check]) -> Iterator[Finding]:
    """Give what still fails or is unknown in a namespace, of checks that ask for policies."""
    asking = {check.slug for check in checks if NETWORK_POLICIES in check.needs | check.reads}
    for finding in trial.after.audit.findings:
        is_open = finding.verdict in _OPEN and finding.check in asking
        if is_open and namespace_of(finding) == namespace:
            yield finding


def namespace_of(finding: Finding) -> str | None:
    """Name the namespace that a finding's subject is, or is in."""
    subject = finding.subject
    return subject.name if subject.kind == "Namespace" else subject.namespace
