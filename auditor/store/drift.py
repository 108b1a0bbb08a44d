"""Drift of documented ports: what was open without a word, when it began, and how it ended.

From the verdicts of the three checks alone, so it is exactly what was found at each look. A finding
counts as open while its verdict is `fail` and nothing accepts it. What could not be read, or
told, ends nothing: its finding stays open.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from auditor.model.history import FactKind, written_moment
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Verdict
from auditor.store.engine import Database
from auditor.store.past import PastCluster
from auditor.store.reading import as_of
from auditor.store.schema import clusters, evidence, facts

KINDS = {
    "exposed-port-undeclared": "undeclared",
    "declaration-unused": "declared-but-gone",
    "declaration-expired": "expired",
}
"""What the failure of each check means for the list of ports."""


class PastDrift(Struct, frozen=True, kw_only=True):
    """One port or declaration that was not as agreed, at some time of a period."""

    id: str
    """Of its finding."""
    kind: str
    """`undeclared`, `declared-but-gone` or `expired`."""
    change: str
    """`standing` (all the period), `new` (began in it), `ended` (began before it, ended in it) or
    `passing` (began and ended in it)."""
    subject: ObjectRef
    port: int | None
    protocol: str | None
    discriminator: str | None
    summary: str
    since: str
    """The look at which it was first found so."""
    not_before: str | None
    """The last look at which it was not so; None where nobody had looked."""
    until: str | None
    """The look at which it was so no more; None where it still was at the end of the period."""
    ended_by: str | None
    """`accepted` by an agreement, `closed`, or why the finding stopped, such as `subject-gone`."""
    confirmed: bool
    """Whether what it rests on could be read at the end of the period."""
    tenants: tuple[str, ...]
    """Whose namespace it was in, at the end of the period."""


class DriftOfCluster(Struct, frozen=True, kw_only=True):
    """What drifted in one cluster over a period."""

    cluster: str
    origin: str
    since_observed_at: str | None
    """The last look until the beginning of the period; None where nobody had looked."""
    observed_at: str
    """The last look of the period."""
    next_look_at: str | None
    drift: tuple[PastDrift, ...]


class _Open(Struct, frozen=True):
    """A span at which a finding was open."""

    row: Any
    start: int
    end: int | None
    ended_by: str | None


async def drift_between(
    database: Database, cluster: str, since: int, moment: int, *, origin: str
) -> DriftOfCluster | None:
    """Tell what was not as agreed from `since` to `moment`; None if nobody looked until then.

    Both are microseconds since 1970.

    Raises:
        OutsideRetentionError: what was known of that time was dropped by `db prune`.
        StoreUnavailableError: the database refused.
    """
    now = await as_of(database, cluster, moment, origin=origin)
    if now is None:
        return None
    before = await as_of(database, cluster, since, origin=origin)
    async with database.transaction() as connection:
        verdicts = await _spans(
            connection, (cluster, origin), moment, facts.c.topic.in_(tuple(KINDS))
        )
        accepted = await _spans(
            connection,
            (cluster, origin),
            moment,
            facts.c.kind == FactKind.ACCEPTANCE.value,
            facts.c.key.in_([key for key, rows in verdicts.items() if _may_be_accepted(rows)]),
        )
    found = [
        _drift(opened, since, moment, now)
        for key, rows in verdicts.items()
        for opened in _open_spans(rows, accepted.get(key, ()))
        if opened.start <= moment and (opened.end is None or opened.end > since)
    ]
    return DriftOfCluster(
        cluster=cluster,
        origin=origin,
        since_observed_at=before.observed_at if before else None,
        observed_at=now.observed_at,
        next_look_at=now.next_look_at,
        drift=tuple(sorted(found, key=_order)),
    )


async def _spans(
    connection: AsyncConnection, named: tuple[str, str], moment: int, *conditions: Any
) -> Mapping[bytes, Sequence[Any]]:
    """Give the spans of a cluster that began until a moment, by key, in order of time."""
    rows = await connection.execute(
        select(facts, evidence.c.content)
        .join(evidence, evidence.c.hash == facts.c.detail)
        .join(clusters, clusters.c.id == facts.c.cluster)
        .where(
            clusters.c.locator == named[0].encode(),
            clusters.c.origin == named[1],
            facts.c.superseded_by.is_(None),
            facts.c.valid_from <= moment,
            *conditions,
        )
        .order_by(facts.c.key, facts.c.valid_from)
    )
    found: dict[bytes, list[Any]] = {}
    for row in rows:
        if row.kind in {FactKind.VERDICT.value, FactKind.ACCEPTANCE.value}:
            found.setdefault(row.key, []).append(row)
    return found


def _may_be_accepted(rows: Sequence[Any]) -> bool:
    return any(row.state == Verdict.FAIL.value.encode() for row in rows)


def _open_spans(rows: Sequence[Any], accepted: Sequence[Any]) -> Iterator[_Open]:
    """Cut what was accepted out of the spans at which a finding failed, and join what touches."""
    pieces: list[_Open] = []
    for index, row in enumerate(rows):
        if row.state != Verdict.FAIL.value.encode():
            continue
        following = rows[index + 1] if index + 1 < len(rows) else None
        for piece in _without(row, accepted, following):
            last = pieces[-1] if pieces else None
            if last and last.end == piece.start and last.ended_by == "changed":
                # One finding whose words or evidence changed is one span.
                joined = msgspec.structs.replace(piece, row=last.row, start=last.start)
                pieces[-1] = joined
            else:
                pieces.append(piece)
    yield from pieces


def _without(row: Any, accepted: Sequence[Any], following: Any) -> Iterator[_Open]:
    start = row.valid_from
    for span in accepted:
        if _end(span) <= start or span.valid_from >= _end(row):
            continue
        if span.valid_from > start:
            yield _Open(row, start, span.valid_from, "accepted")
        start = _end(span)
    if start < _end(row):
        yield _Open(row, int(start), row.valid_to, _ended_by(row, accepted, following))


def _ended_by(row: Any, accepted: Sequence[Any], following: Any) -> str | None:
    if row.valid_to is None:
        return None
    if any(span.valid_from == row.valid_to for span in accepted):
        return "accepted"
    if following is None or following.valid_from != row.valid_to:
        return str(row.reason)
    state = following.state.decode()
    words = {
        Verdict.PASS.value: "closed",
        Verdict.FAIL.value: "changed",
    }
    return words.get(state, str(state))


def _end(row: Any) -> float:
    return inf if row.valid_to is None else row.valid_to


def _drift(opened: _Open, since: int, moment: int, now: PastCluster) -> PastDrift:
    detail = msgspec.json.decode(opened.row.content)
    subject = ObjectRef(*detail["subject"])
    is_over = opened.end is not None and opened.end <= moment
    began_before = opened.start <= since
    change = {
        (True, True): "ended",
        (True, False): "standing",
        (False, True): "passing",
        (False, False): "new",
    }[began_before, is_over]
    key = opened.row.key.decode()
    current = next((item for item in now.findings if item.id == key), None)
    after_acceptance = opened.start != opened.row.valid_from
    not_before = opened.start if after_acceptance else opened.row.not_before
    return PastDrift(
        id=key,
        kind=KINDS[opened.row.topic],
        change=change,
        subject=subject,
        port=detail["port"],
        protocol=detail["protocol"],
        discriminator=detail["discriminator"],
        summary=detail["summary"],
        since=written_moment(opened.start),
        not_before=written_moment(not_before) if not_before is not None else None,
        until=written_moment(opened.end) if is_over and opened.end is not None else None,
        ended_by=opened.ended_by if is_over else None,
        confirmed=is_over or (current is not None and current.confirmed),
        tenants=next(
            (item.tenants for item in now.tenancy if item.namespace == _namespace(subject)), ()
        ),
    )


def _namespace(subject: ObjectRef) -> str | None:
    """Give the namespace of a door, or the one that a declaration's workload names."""
    if subject.kind != "Declaration":
        return subject.namespace
    parts = subject.name.split("/")
    return parts[1] if len(parts) > 2 else None


def _order(item: PastDrift) -> tuple[object, ...]:
    return (
        tuple(KINDS.values()).index(item.kind),
        item.subject.sort_key(),
        item.port or 0,
        item.since,
        item.id,
    )
