"""Made-up looks at a small cluster, and an oracle that keeps a whole state for each of them.

The oracle is written from the rules, not from the code: it copies the state before a look, changes
what the look says, and answers a question by the last look until then. It knows no intervals.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from auditor.model.audit import (
    AgreementMatch,
    AgreementUse,
    Audit,
    CheckRun,
    ClusterState,
    NamespaceSegment,
    Platform,
)
from auditor.model.exposure import Hop
from auditor.model.finding import Finding
from auditor.model.history import to_microseconds, to_moment
from auditor.model.identity import ObjectRef, fingerprint
from auditor.model.reading import Coverage, ReadState
from auditor.model.verdict import ACCEPTED, Acceptance, RatedSeverity, Severity, Verdict

CLUSTER = "snapshot/looked-at"
NEEDS = {"check-of-pods": ("pods",), "check-of-services": ("services", "nodes")}
RESOURCES = ("namespaces", "nodes", "pods", "services")

Key = tuple[str, str]
"""A check and the name of its subject."""


class Look(Struct, frozen=True, kw_only=True):
    """What one audit saw, in short."""

    at: int
    """Microseconds."""
    found: Mapping[Key, Verdict]
    incomplete: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset(NEEDS)
    incarnation: str | None = "one"
    tenants: Mapping[str, str] = {}
    accepted: Mapping[Key, date] = {}
    counts: Mapping[str, int] = {}
    rules: str = "rules-1"
    agreements: tuple[AgreementMatch, ...] = ()


def complete(look: Look, check: str) -> bool:
    return not look.incomplete & set(NEEDS[check])


def finding_id(key: Key) -> str:
    return fingerprint(CLUSTER, key[0], ObjectRef("Service", "web", key[1]))


def audit_of(look: Look) -> Audit:
    """Give the audit that would have come of a look."""
    findings = [
        _finding(look, key, verdict)
        for key, verdict in sorted(look.found.items())
        if key[0] in look.checks
    ]
    return Audit(
        cluster_id=CLUSTER,
        name="looked-at",
        provider="snapshot",
        account=None,
        location=None,
        at=to_moment(look.at),
        incarnation=look.incarnation,
        state=ClusterState.AUDITED,
        tenants=(),
        risk_levels=(),
        coverage=tuple(
            Coverage(
                name,
                ReadState.FORBIDDEN if name in look.incomplete else ReadState.COMPLETE,
                look.counts.get(name, 10),
            )
            for name in RESOURCES
        ),
        problems=(),
        platform=Platform(),
        exposures=(),
        findings=tuple(findings),
        agreement_use=AgreementUse(),
        agreements=look.agreements,
        checks=tuple(CheckRun(slug, NEEDS[slug]) for slug in sorted(look.checks)),
        segments=tuple(
            NamespaceSegment(name, (tenant,), None) for name, tenant in sorted(look.tenants.items())
        ),
        rules_version=look.rules,
        catalogue_version="catalogue-1",
    )


def _finding(look: Look, key: Key, verdict: Verdict) -> Finding:
    check, name = key
    if verdict.claims_health and not complete(look, check):
        verdict = Verdict.UNKNOWN
    expires = look.accepted.get(key) if verdict is Verdict.FAIL else None
    return Finding(
        id=finding_id(key),
        check=check,
        family="exposure",
        verdict=verdict,
        severity=RatedSeverity(Severity.HIGH, "the default of the check"),
        subject=ObjectRef("Service", "web", name),
        summary=f"{name} is {verdict.value}",
        remediation="Close it.",
        evidence=(Hop(f"Service/web/{name}", "spec.type", "LoadBalancer"),),
        reason="cannot be told" if verdict is Verdict.UNKNOWN else None,
        acceptance=Acceptance("exception", 0, f"until {expires}", expires) if expires else None,
    )


class State(Struct, frozen=True):
    """All that holds after a look."""

    verdicts: Mapping[Key, str]
    accepted: Mapping[Key, date]
    tenants: Mapping[str, str]
    incomplete: frozenset[str]


EMPTY = State({}, {}, {}, frozenset())


class Oracle:
    """Answers by keeping everything."""

    def __init__(self) -> None:
        self._states: list[tuple[int, int, Look, State]] = []

    def arrive(self, look: Look) -> None:
        before = self._last(look.at)
        state = _after(before[3], before[2], look) if before else _after(EMPTY, None, look)
        self._states.append((look.at, len(self._states), look, state))
        self._states.sort(key=lambda entry: entry[:2])

    def _last(self, moment: int) -> tuple[int, int, Look, State] | None:
        past = [entry for entry in self._states if entry[0] <= moment]
        return past[-1] if past else None

    def answer(self, moment: int) -> dict[str, Any] | None:
        """Give what `simplified` makes of the store's answer."""
        last = self._last(moment)
        if last is None:
            return None
        state = last[3]
        verdicts = {}
        for key, verdict in state.verdicts.items():
            shown = verdict
            blind = bool(state.incomplete & set(NEEDS[key[0]]))
            if verdict == "pass" and blind:
                shown = "unknown"
            if verdict == "fail" and _in_force(state.accepted.get(key), moment):
                shown = ACCEPTED
            verdicts[finding_id(key)] = (shown, verdict, not blind)
        return {"verdicts": verdicts, "tenants": dict(state.tenants)}


def _in_force(expires: date | None, moment: int) -> bool:
    return expires is not None and to_moment(moment).date() < expires + timedelta(days=1)


def _after(state: State, previous: Look | None, look: Look) -> State:
    replaced = (
        previous is not None
        and previous.incarnation is not None
        and look.incarnation is not None
        and previous.incarnation != look.incarnation
    )
    verdicts = {} if replaced else dict(state.verdicts)
    accepted = {} if replaced else dict(state.accepted)
    found = {key: verdict for key, verdict in look.found.items() if key[0] in look.checks}
    for key, verdict in found.items():
        if verdict is Verdict.FAIL:
            verdicts[key] = "fail"
            accepted.pop(key, None)
            if key in look.accepted:
                accepted[key] = look.accepted[key]
        elif not complete(look, key[0]) or (
            verdict is Verdict.UNKNOWN and verdicts.get(key) == "fail"
        ):
            continue
        elif verdict is Verdict.NOT_APPLICABLE:
            verdicts.pop(key, None)
        else:
            verdicts[key] = verdict.value
    for key in list(verdicts):
        check = key[0]
        if key not in found and (check not in look.checks or complete(look, check)):
            del verdicts[key]
    accepted = {key: day for key, day in accepted.items() if verdicts.get(key) == "fail"}
    keep = "namespaces" in look.incomplete and not replaced
    tenants = {**(state.tenants if keep else {}), **look.tenants}
    return State(verdicts, accepted, tenants, look.incomplete)


def simplified(answer: Any) -> dict[str, Any] | None:
    """Reduce the store's answer to what the oracle knows."""
    if answer is None:
        return None
    return {
        "verdicts": {
            item.id: (item.verdict, item.raw_verdict, item.confirmed) for item in answer.findings
        },
        "tenants": {item.namespace: item.tenants[0] for item in answer.tenancy},
    }


def day(number: int, second: int = 0) -> int:
    """Give a moment of the made-up month, in microseconds."""
    start = to_microseconds(to_moment(0).replace(year=2026, month=3, day=1))
    return start + (number * 86_400 + second) * 1_000_000
