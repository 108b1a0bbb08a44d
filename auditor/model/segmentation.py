"""The segmentation matrix: whether the workloads of one segment can talk to those of another."""

from enum import StrEnum

from msgspec import Struct

from auditor.model.identity import ObjectRef

TENANTS, RISK_LEVELS = "tenant", "risk level"
"""The dimensions of the matrix."""

Ends = tuple[str, str | None, str | None]
"""What tells a border from the others of a cluster: its dimension, from what, and to what."""


def in_order(ends: Ends) -> tuple[bool, list[tuple[bool, str]]]:
    """Order borders: tenants before risk levels, by ends, what cannot be told last."""
    dimension, *values = ends
    return dimension != TENANTS, [(value is None, value or "") for value in values]


class Separation(StrEnum):
    """How one segment is kept from another; the first is the best."""

    SEPARATED = "separated"
    """Nothing is let through."""
    BY_RULE = "by-rule"
    """Something is, and each time a rule names it: a policy at one of the two ends."""
    UNKNOWN = "unknown"
    OPEN = "open"
    """Something is let through that no rule names."""

    @property
    def rank(self) -> int:
        """Order states: the higher, the worse; what is proven open is worse than the unknown."""
        return list(Separation).index(self)


class Example(Struct, frozen=True):
    """Two workloads that show the state of a border."""

    source: ObjectRef
    destination: ObjectRef
    ports: str
    """Those of the destination that are, or may be, let through, as `TCP 80,443`."""


class Border(Struct, frozen=True, kw_only=True):
    """One cell of the matrix: what is let through from one segment to another."""

    dimension: str
    """`tenant` or `risk level`."""
    source: str | None
    """None stands for the namespaces whose segment cannot be told."""
    destination: str | None
    state: Separation
    allowed: bool = False
    """Whether the configuration lets the two share a network, so that `open` is no failure."""
    example: Example | None = None
    """What shows the state; None where nothing is let through."""
    reason: str | None = None
    """Why the state is unknown."""
    cluster: str | None = None
    """Id of the cluster that shows the state, where the matrix is of several."""

    @property
    def ends(self) -> Ends:
        """Give what tells it from the other borders of a cluster."""
        return self.dimension, self.source, self.destination
