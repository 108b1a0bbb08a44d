"""The tables. Facts are intervals and are only added; to be superseded is all that befalls one.

Times are integer microseconds since 1970 in UTC. A fact says that for a `key` a `state` holds from
`valid_from` to `valid_to` (open while it is null). It was believed from the audit that recorded it
to the audit that superseded it (none while it is believed): so both "what was true in March" and
"what did we say of March in April" have an answer. `not_before` is the last look without it: a
sweep knows a change only to within that window.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

NAMING = {
    # SQLite alters tables by copying them, which needs every constraint to have a name.
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

# SQLite numbers rows by itself only in a column of exactly the type INTEGER.
_RowId = BigInteger().with_variant(Integer(), "sqlite")

# Text is kept as UTF-8 bytes where it comes from a cluster: PostgreSQL's text refuses U+0000.
clusters = Table(
    "clusters",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("locator", LargeBinary, nullable=False),
    Column("origin", String(16), nullable=False),
    # A capture keeps its cluster's id: what it tells is another history than the live one.
    UniqueConstraint("locator", "origin"),
)

audits = Table(
    "audits",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("cluster", _RowId, ForeignKey("clusters.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("observed_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("incarnation", LargeBinary, nullable=True),
    Column("state", String(16), nullable=False),
    Column("rules_version", String(64), nullable=False),
    Column("catalogue_version", String(64), nullable=False),
    Column("summary", String(64), ForeignKey("evidence.hash"), nullable=False),
    Column("anchor", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("cluster", "epoch", "seq"),
    UniqueConstraint("cluster", "previous_hash"),
    Index("ix_audits_cluster_observed_at", "cluster", "observed_at"),
)

# Where a cluster's history begins after old entries were dropped; the newest one counts.
anchors = Table(
    "anchors",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("cluster", _RowId, ForeignKey("clusters.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("observed_at", BigInteger, nullable=False),
    Column("entry_hash", String(64), nullable=False),
    Column("pruned_at", BigInteger, nullable=False),
    Column("after_seq", BigInteger, nullable=False),
    Column("carried", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("cluster", "previous_hash"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("cluster", _RowId, ForeignKey("clusters.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("topic", String(64), nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("detail", String(64), ForeignKey("evidence.hash"), nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger, nullable=True),
    Column("not_before", BigInteger, nullable=True),
    Column("reason", String(24), nullable=True),
    Column("recorded_by", _RowId, ForeignKey("audits.id"), nullable=False),
    Column("superseded_by", _RowId, ForeignKey("audits.id"), nullable=True),
    Index("ix_facts_cluster_superseded_by_valid_to", "cluster", "superseded_by", "valid_to"),
    Index("ix_facts_cluster_kind_key", "cluster", "kind", "key"),
    Index("ix_facts_recorded_by", "recorded_by"),
    Index("ix_facts_superseded_by", "superseded_by"),
)
