"""Segments: the tenant and the risk level that a namespace or a cluster belongs to."""

from msgspec import Struct

from auditor.model.exposure import Hop


class Segment(Struct, frozen=True):
    """Tenants and risk level of a namespace or cluster, with where each came from.

    Normally there is one tenant. A namespace whose own metadata names another tenant than the
    configuration or the cluster tags do belongs to both: metadata may add, never replace.
    """

    tenants: tuple[str, ...] = ()
    """Sorted; empty where the tenant cannot be told."""
    risk_level: str | None = None
    """None where the risk level cannot be told."""
    evidence: tuple[Hop, ...] = ()
