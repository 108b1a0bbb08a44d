"""Asking the store: what held of a cluster at a moment, as far as is known now.

An answer is the verdicts that held, masked by the coverage of what their checks need: a `pass`
that rests on something which could not be read at that moment is `unknown`, and a `fail` stays but
is not confirmed. Answers are ordered, so that the same question gives the same bytes.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import or_, select

from auditor.model.history import FactKind, written_moment
from auditor.model.identity import ObjectRef
from auditor.model.reading import ReadState
from auditor.model.verdict import ACCEPTED, Verdict
from auditor.store.engine import Database
from auditor.store.schema import audits, clusters, evidence, facts

LIVE = "live"
"""Origin of what was read from a cluster itself; stored snapshots have `snapshot`."""


class PastFinding(Struct, frozen=True, kw_only=True):
    """A finding as it stood at a moment."""

    id: str
    check: str
    family: str
    verdict: str
    """As shown: masked by coverage, `accepted` where an agreement was in force."""
    raw_verdict: str
    confirmed: bool
    """Whether everything that its check needs could be read at that moment."""
    severity: str | None
    severity_reason: str | None
    subject: ObjectRef
    port: int | None
    protocol: str | None
    discriminator: str | None
    summary: str
    reason: str | None
    evidence: tuple[tuple[str, str, str, str], ...]
    controls: tuple[str, ...]
    since: str
    """The first look at which it held, RFC 3339."""
    not_before: str | None
    """The last look at which it did not hold; None where there was none."""
    until: str | None
    """When it stopped; None while it holds on."""
    ended: str | None
    """Why it stopped."""


class PastTenancy(Struct, frozen=True):
    """Tenants and risk level of a namespace at a moment."""

    namespace: str
    tenants: tuple[str, ...]
    risk_level: str | None


class PastCluster(Struct, frozen=True, kw_only=True):
    """A cluster at a moment, as far as is known."""

    cluster: str
    origin: str
    asked_at: str
    observed_at: str
    """The look that the answer rests on: the last one until that moment."""
    next_look_at: str | None
    """The look after it: what happened between the two is not known."""
    incarnation: str | None
    coverage: Mapping[str, str]
    tenancy: tuple[PastTenancy, ...]
    findings: tuple[PastFinding, ...]


async def cluster_ids(database: Database) -> tuple[tuple[str, str], ...]:
    """List the clusters that were ever recorded, each with its origin, in order.

    Raises:
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        columns = (clusters.c.locator, clusters.c.origin)
        found = await connection.execute(select(*columns).order_by(*columns))
        return tuple((locator.decode(), origin) for locator, origin in found)


async def as_of(
    database: Database, cluster: str, moment: int, *, origin: str = LIVE
) -> PastCluster | None:
    """Tell what held of a cluster at a moment (microseconds); None if it was not looked at yet.

    Live looks and stored snapshots of one cluster are two histories; `origin` says which.

    Raises:
        StoreUnavailableError: the database refused.
    """
    async with database.transaction() as connection:
        own = (
            await connection.execute(
                select(clusters.c.id).where(
                    clusters.c.locator == cluster.encode(), clusters.c.origin == origin
                )
            )
        ).first()
        if own is None:
            return None
        looks = select(audits.c.observed_at, audits.c.incarnation).where(audits.c.cluster == own.id)
        time = audits.c.observed_at
        last = (
            await connection.execute(
                looks.where(time <= moment).order_by(time.desc(), audits.c.id.desc()).limit(1)
            )
        ).first()
        if last is None:
            return None
        following = (
            await connection.execute(looks.where(time > moment).order_by(time).limit(1))
        ).first()
        rows = (
            await connection.execute(
                select(facts, evidence.c.content)
                .join(evidence, evidence.c.hash == facts.c.detail)
                .where(
                    facts.c.cluster == own.id,
                    facts.c.superseded_by.is_(None),
                    facts.c.valid_from <= moment,
                    or_(facts.c.valid_to.is_(None), facts.c.valid_to > moment),
                )
                .order_by(facts.c.kind, facts.c.key)
            )
        ).all()
    answer = _Answer(rows)
    return PastCluster(
        cluster=cluster,
        origin=origin,
        asked_at=written_moment(moment),
        observed_at=written_moment(last.observed_at),
        next_look_at=written_moment(following.observed_at) if following else None,
        incarnation=last.incarnation.decode() if last.incarnation else None,
        coverage=answer.coverage,
        tenancy=answer.tenancy(),
        findings=answer.findings(),
    )


class _Answer:
    """Puts the facts of one moment together."""

    def __init__(self, rows: Any) -> None:
        self._by_kind: dict[str, dict[str, Any]] = {kind.value: {} for kind in FactKind}
        for row in rows:
            self._by_kind[row.kind][row.key.decode()] = row
        self.coverage = {
            resource: row.state.decode()
            for resource, row in self._by_kind[FactKind.COVERAGE.value].items()
        }

    def tenancy(self) -> tuple[PastTenancy, ...]:
        return tuple(
            PastTenancy(
                namespace,
                tuple(msgspec.json.decode(row.content)["tenants"]),
                row.state.decode() or None,
            )
            for namespace, row in self._by_kind[FactKind.TENANCY.value].items()
        )

    def findings(self) -> tuple[PastFinding, ...]:
        verdicts = self._by_kind[FactKind.VERDICT.value]
        found = (self._finding(key, row) for key, row in verdicts.items())
        return tuple(sorted(found, key=lambda item: (item.check, item.subject.sort_key(), item.id)))

    def _finding(self, key: str, row: Any) -> PastFinding:
        detail = msgspec.json.decode(row.content)
        raw = row.state.decode()
        missing = [need for need in detail["needs"] if not self._is_complete(need)]
        severity = self._by_kind[FactKind.SEVERITY.value].get(key)
        acceptance = self._by_kind[FactKind.ACCEPTANCE.value].get(key)
        verdict, reason = raw, detail["reason"]
        if missing and raw == Verdict.PASS.value:
            verdict = Verdict.UNKNOWN.value
            reason = ", ".join(f"{need} is {self.coverage.get(need, 'unread')}" for need in missing)
        if raw == Verdict.FAIL.value and acceptance is not None:
            verdict = ACCEPTED
            reason = msgspec.json.decode(acceptance.content)["reason"]
        return PastFinding(
            id=key,
            check=row.topic,
            family=detail["family"],
            verdict=verdict,
            raw_verdict=raw,
            confirmed=not missing,
            severity=severity.state.decode() if severity else None,
            severity_reason=msgspec.json.decode(severity.content)["reason"] if severity else None,
            subject=ObjectRef(*detail["subject"]),
            port=detail["port"],
            protocol=detail["protocol"],
            discriminator=detail["discriminator"],
            summary=detail["summary"],
            reason=reason,
            evidence=tuple(tuple(hop) for hop in detail["evidence"]),
            controls=tuple(detail["controls"]),
            since=written_moment(row.valid_from),
            not_before=written_moment(row.not_before) if row.not_before is not None else None,
            until=written_moment(row.valid_to) if row.valid_to is not None else None,
            ended=row.reason,
        )

    def _is_complete(self, resource: str) -> bool:
        return ReadState(self.coverage.get(resource, ReadState.FAILED.value)).is_complete
