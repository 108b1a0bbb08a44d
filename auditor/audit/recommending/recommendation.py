"""What `recommend` answers for one cluster."""

from msgspec import Struct

from auditor.audit.recommending.comparing import Cut
from auditor.audit.recommending.proposing import Proposal
from auditor.model.audit import Cni
from auditor.model.exposure import Exposure
from auditor.model.finding import Finding
from auditor.model.identity import ObjectRef


class Recommended(Struct, frozen=True):
    """What is proposed for one namespace."""

    namespace: str
    policies: tuple[Proposal, ...]
    closes: tuple[Finding, ...]
    """Findings on its objects that fail today and would not."""
    remains: tuple[Finding, ...]
    """Findings on its objects that fail or are unknown still, of checks that policies decide."""


class Withheld(Struct, frozen=True):
    """A namespace for which nothing is proposed, though something was asked for."""

    namespace: str
    reason: str


class Recommendation(Struct, frozen=True, kw_only=True):
    """What is proposed for one cluster, after it was judged as if it were there."""

    cluster_id: str
    cni: Cni
    namespaces: tuple[Recommended, ...] = ()
    settled: tuple[str, ...] = ()
    """Namespaces in which no policy would close a finding."""
    withheld: tuple[Withheld, ...] = ()
    closes_elsewhere: tuple[Finding, ...] = ()
    """Findings on other objects, such as pairs of tenants, that all proposals together close."""
    opens: tuple[Finding, ...] = ()
    """Findings that would fail and do not today."""
    cuts: tuple[Cut, ...] = ()
    shuts: tuple[Exposure, ...] = ()
    """Addresses of pods that can be dialled from outside today and could not be."""
    outside: tuple[tuple[ObjectRef, str], ...] = ()
    """Workloads that are cut off, and hosts outside that their settings name."""
    assumed: tuple[str, ...] = ()
    refused: str | None = None
    """Why nothing is proposed for the cluster."""
    is_incomplete: bool = False
    """Whether it is refused because something was not read."""
