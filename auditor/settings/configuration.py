"""What `auditor.yaml` may say. The JSON Schema of `config schema` is made from these types."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from auditor.model.agreement import Declaration, RiskException
from auditor.model.verdict import Severity

Name = Annotated[str, Meta(min_length=1)]


class SegmentMatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which clusters and namespaces a segment rule speaks of; both are globs."""

    cluster: str = "*"
    namespace: str | None = None
    """None speaks of the cluster as a whole, and so of each of its namespaces."""


class MetadataSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a value is read from; exactly one of the three is given."""

    cluster_tag: Name | None = None
    namespace_label: Name | None = None
    namespace_annotation: Name | None = None


class SegmentRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How tenant and risk level of what it matches are told: a literal, or a metadata source."""

    match: SegmentMatch
    tenant: Name | MetadataSource | None = None
    risk_level: Name | MetadataSource | None = None


DEFAULT_SEGMENTS = (
    SegmentRule(
        match=SegmentMatch(cluster="*"),
        tenant=MetadataSource(cluster_tag="tenant"),
        risk_level=MetadataSource(cluster_tag="risk-level"),
    ),
    SegmentRule(
        match=SegmentMatch(namespace="*"),
        tenant=MetadataSource(namespace_label="tenant"),
        risk_level=MetadataSource(namespace_label="risk-level"),
    ),
)
"""Used where the configuration has no `segments`: the tag and label names most fleets choose."""


class RiskLevels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The risk levels from harmless to dangerous, and which pairs may share what."""

    order: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("low", "medium", "high")
    may_share_cluster: tuple[tuple[str, str], ...] = ()
    """Pairs that may live in one cluster. None by default: sharing is a decision to write down."""
    may_share_node: tuple[tuple[str, str], ...] = ()
    may_share_network: tuple[tuple[str, str], ...] = ()


class CheckSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the configuration changes in one check."""

    enabled: bool = True
    severity: Severity | None = None
    """Overrides the check's own severity and the rise for a high risk level."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Keys are those that the check's page names."""


class ConnectorSettings(Struct, frozen=True, kw_only=True):
    """One source of clusters: its name, its kind, and what that kind needs to know."""

    name: Name
    kind: Name
    options: Mapping[str, Any] = field(default_factory=dict)
    """Every other key of the entry, checked by the connector itself."""


class Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the daemon looks."""

    interval_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 300.0
    """Between two audits of a cluster. A sweep of a medium cluster is about fifty requests, so five
    minutes stay under the 0.2 requests a second that an audit may cost a server."""
    discovery_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 300.0
    """Between two listings of a connector's clusters."""
    clusters_at_once: Annotated[int, Meta(ge=1, le=1_000)] = 20
    """Clusters that are read at once. Each waits for its server most of the time."""

    @property
    def start_spread_seconds(self) -> float:
        """Give the seconds over which first looks are spread, so that not all begin at once."""
        return min(10.0, self.interval_seconds / 10)


SYSTEM_NAMESPACES = ("kube-system", "kube-node-lease", "kube-public")
"""Namespaces of the cluster's own components, which need the host and belong to no tenant."""


class Configuration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole configuration; every key is optional."""

    connectors: tuple[ConnectorSettings, ...] = ()
    internal_cidrs: tuple[str, ...] = ()
    """Public ranges that are used privately: they count as private network."""
    segments: tuple[SegmentRule, ...] = DEFAULT_SEGMENTS
    risk_levels: RiskLevels = RiskLevels()
    system_namespaces: tuple[str, ...] = SYSTEM_NAMESPACES
    checks: Mapping[str, CheckSettings] = field(default_factory=dict)
    declarations: tuple[Declaration, ...] = ()
    declaration_files: tuple[Name, ...] = ()
    """Files of more declarations, relative to this one; `exposure-auditor declare` writes them."""
    exceptions: tuple[RiskException, ...] = ()
    catalogue: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """Own entries of the catalogue by section; one with a known id changes what it names."""
    schedule: Schedule = Schedule()
    database: Name | None = None
    """URL of the store: sqlite:///PATH or postgresql://…; see `--database` for the default."""
