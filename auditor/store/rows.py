"""Between rows and values: how a span is written, read and sealed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from auditor.audit.ledger import SealedFact
from auditor.audit.timeline import Span
from auditor.model.canonical import digest_text
from auditor.model.history import CloseReason, FactKey, FactKind, FactValue


def span_of(row: Row[Any], details: Mapping[str, str]) -> Span:
    """Read a fact's row as a span; `details` holds the content of its evidence."""
    return Span(
        FactValue(row.state.decode(), details[row.detail], row.topic),
        row.valid_from,
        row.valid_to,
        row.not_before,
        CloseReason(row.reason) if row.reason else None,
        row.id,
    )


def key_of(row: Row[Any]) -> FactKey:
    """Read what a fact's row is about."""
    return FactKind(row.kind), row.key.decode()


def written(cluster: int, key: FactKey, span: Span, audit: int) -> dict[str, Any]:
    """Write a span as a new row."""
    kind, name = key
    return {
        "cluster": cluster,
        "kind": kind.value,
        "key": name.encode(),
        "topic": span.value.topic,
        "state": span.value.state.encode(),
        "detail": digest_text(span.value.detail),
        "valid_from": span.start,
        "valid_to": span.end,
        "not_before": span.not_before,
        "reason": span.reason.value if span.reason else None,
        "recorded_by": audit,
        "superseded_by": None,
    }


def sealed(row: Mapping[str, Any]) -> SealedFact:
    """Give a row, new or stored, as the ledger seals it."""
    return SealedFact(
        row["kind"],
        row["key"].hex(),
        row["topic"],
        row["state"].hex(),
        row["detail"],
        row["valid_from"],
        -1 if row["valid_to"] is None else row["valid_to"],
        -1 if row["not_before"] is None else row["not_before"],
        row["reason"] or "",
    )
