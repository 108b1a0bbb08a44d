"""The hash chain of a cluster's audits: each entry seals what it recorded and the entry before it.

An entry's hash covers its own fields, the facts it added, and the facts it superseded, so that a
row that is changed, removed, added or moved breaks the chain at that entry. Where old entries were
dropped on purpose, an anchor says so; the entries written after it seal it.
"""

from collections.abc import Iterable

from msgspec import Struct

from auditor.model.canonical import CanonicalValue, digest

FIRST = "0" * 64
"""What the first entry of a cluster takes as the hash before it."""


class SealedFact(Struct, frozen=True, order=True):
    """A fact as an entry seals it; bytes are written as hex."""

    kind: str
    key: str
    topic: str
    state: str
    detail: str
    valid_from: int
    valid_to: int
    """-1 while it holds on."""
    not_before: int
    """-1 where there was no look before."""
    reason: str


class Entry(Struct, frozen=True, kw_only=True):
    """One audit in the chain."""

    cluster: str
    origin: str
    epoch: int
    seq: int
    observed_at: int
    recorded_at: int
    incarnation: str
    state: str
    rules_version: str
    catalogue_version: str
    summary: str
    anchor: str
    """Hash of the newest anchor when the entry was written; `FIRST` where nothing was dropped."""
    previous_hash: str


class Anchor(Struct, frozen=True, kw_only=True):
    """Where a chain begins after its old entries were dropped."""

    cluster: str
    origin: str
    epoch: int
    seq: int
    """With `epoch`: the last entry that was dropped. Its row stays, its facts do not."""
    observed_at: int
    """Of that entry: no question about an earlier moment has an answer any more."""
    entry_hash: str
    pruned_at: int
    after_seq: int
    """The newest entry of the chain then: those after it seal this anchor."""
    carried: str
    """Digest of the facts that were recorded until then and still counted."""
    previous_hash: str
    """Of the anchor before, `FIRST` for the first one."""


def seal(entry: Entry, added: Iterable[SealedFact], superseded: Iterable[SealedFact]) -> str:
    """Give the hash of an entry: 64 hex digits."""
    fields: list[CanonicalValue] = [
        entry.cluster,
        entry.origin,
        entry.epoch,
        entry.seq,
        entry.observed_at,
        entry.recorded_at,
        entry.incarnation,
        entry.state,
        entry.rules_version,
        entry.catalogue_version,
        entry.summary,
        entry.anchor,
        entry.previous_hash,
    ]
    return digest([fields, _listed(added), _listed(superseded)])


def seal_carried(facts: Iterable[SealedFact]) -> str:
    """Give the digest of the facts that outlive the entries which recorded them."""
    return digest(_listed(facts))


def seal_anchor(anchor: Anchor) -> str:
    """Give the hash of an anchor: 64 hex digits."""
    return digest(
        [
            anchor.cluster,
            anchor.origin,
            anchor.epoch,
            anchor.seq,
            anchor.observed_at,
            anchor.entry_hash,
            anchor.pruned_at,
            anchor.after_seq,
            anchor.carried,
            anchor.previous_hash,
        ]
    )


def _listed(facts: Iterable[SealedFact]) -> list[CanonicalValue]:
    return [
        [
            fact.kind,
            fact.key,
            fact.topic,
            fact.state,
            fact.detail,
            fact.valid_from,
            fact.valid_to,
            fact.not_before,
            fact.reason,
        ]
        for fact in sorted(facts)
    ]
