"""Clusters, audits with their chain, content-addressed evidence, and facts as intervals."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "clusters",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("locator", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clusters"),
        sa.UniqueConstraint("locator", "origin", name="uq_clusters_locator_origin"),
    )
    op.create_table(
        "evidence",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_evidence"),
    )
    op.create_table(
        "audits",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("cluster", _ROW_ID, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("incarnation", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("rules_version", sa.String(64), nullable=False),
        sa.Column("catalogue_version", sa.String(64), nullable=False),
        sa.Column("summary", sa.String(64), nullable=False),
        sa.Column("anchor", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audits"),
        sa.ForeignKeyConstraint(["cluster"], ["clusters.id"], name="fk_audits_cluster_clusters"),
        sa.ForeignKeyConstraint(["summary"], ["evidence.hash"], name="fk_audits_summary_evidence"),
        sa.UniqueConstraint("cluster", "epoch", "seq", name="uq_audits_cluster_epoch_seq"),
        sa.UniqueConstraint("cluster", "previous_hash", name="uq_audits_cluster_previous_hash"),
    )
    op.create_index("ix_audits_cluster_observed_at", "audits", ["cluster", "observed_at"])
    op.create_table(
        "anchors",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("cluster", _ROW_ID, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
        sa.Column("pruned_at", sa.BigInteger(), nullable=False),
        sa.Column("after_seq", sa.BigInteger(), nullable=False),
        sa.Column("carried", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anchors"),
        sa.ForeignKeyConstraint(["cluster"], ["clusters.id"], name="fk_anchors_cluster_clusters"),
        sa.UniqueConstraint("cluster", "previous_hash", name="uq_anchors_cluster_previous_hash"),
    )
    op.create_table(
        "facts",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("cluster", _ROW_ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("detail", sa.String(64), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(24), nullable=True),
        sa.Column("recorded_by", _ROW_ID, nullable=False),
        sa.Column("superseded_by", _ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
        sa.ForeignKeyConstraint(["cluster"], ["clusters.id"], name="fk_facts_cluster_clusters"),
        sa.ForeignKeyConstraint(["detail"], ["evidence.hash"], name="fk_facts_detail_evidence"),
        sa.ForeignKeyConstraint(["recorded_by"], ["audits.id"], name="fk_facts_recorded_by_audits"),
        sa.ForeignKeyConstraint(
            ["superseded_by"], ["audits.id"], name="fk_facts_superseded_by_audits"
        ),
    )
    op.create_index(
        "ix_facts_cluster_superseded_by_valid_to", "facts", ["cluster", "superseded_by", "valid_to"]
    )
    op.create_index("ix_facts_cluster_kind_key", "facts", ["cluster", "kind", "key"])
    op.create_index("ix_facts_recorded_by", "facts", ["recorded_by"])
    op.create_index("ix_facts_superseded_by", "facts", ["superseded_by"])
