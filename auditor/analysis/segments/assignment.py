"""Which tenant and risk level a namespace belongs to, and who said so.

Precedence (`docs/contract.md`, Files people write): configuration, then cluster tags, then the
namespace's own metadata; within one of these the first rule that matches and has a value. A
namespace's metadata is the tenant's to write: it may raise a risk level or add a tenant, never
lower or replace what configuration or cluster tags set.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct

from auditor.kube.cluster_scope import Namespace
from auditor.kube.inventory import Inventory
from auditor.model.cluster import Cluster
from auditor.model.exposure import Hop
from auditor.model.segment import Segment
from auditor.settings.configuration import (
    Configuration,
    MetadataSource,
    RiskLevels,
    SegmentRule,
)


class _Told(Struct, frozen=True):
    """A value and where it came from; `trusted` is what a tenant cannot write."""

    value: str
    hop: Hop
    rank: int


_CONFIGURATION, _CLUSTER_TAG, _NAMESPACE = 0, 1, 2
"""Ranks of trust, the most trusted first."""


class SegmentMap(Struct, frozen=True):
    """The segments of one cluster."""

    by_namespace: Mapping[str, Segment]
    """Every namespace that was read or that an object names, system namespaces too."""
    system_namespaces: frozenset[str]
    cluster: Segment

    def tenant_namespaces(self) -> dict[str, Segment]:
        """Give the segments of all namespaces but the system's, in order."""
        return {
            name: segment
            for name, segment in sorted(self.by_namespace.items())
            if name not in self.system_namespaces
        }

    def of(self, namespace: str | None) -> Segment:
        """Give the segment of a namespace; the cluster's own where there is none."""
        if namespace is None:
            return self.cluster
        return self.by_namespace.get(namespace, self.cluster)


def assign_segments(
    cluster: Cluster, inventory: Inventory, configuration: Configuration
) -> SegmentMap:
    """Assign tenant and risk level to the cluster and each of its namespaces."""
    read = {namespace.metadata.name: namespace for namespace in inventory.namespaces}
    named = {
        item.metadata.namespace
        for group in (inventory.pods, inventory.services, inventory.workloads)
        for item in group
        if item.metadata.namespace
    }
    rules, levels = configuration.segments, configuration.risk_levels
    return SegmentMap(
        {
            name: _segment(rules, levels, cluster, name, read.get(name))
            for name in sorted(named | set(read))
        },
        frozenset(configuration.system_namespaces),
        _segment(rules, levels, cluster, None, None),
    )


def _segment(
    rules: tuple[SegmentRule, ...],
    levels: RiskLevels,
    cluster: Cluster,
    name: str | None,
    namespace: Namespace | None,
) -> Segment:
    matching = [rule for rule in rules if _matches(rule, cluster.id, name)]
    tenants = list(_told(matching, "tenant", cluster, namespace))
    risks = list(_told(matching, "risk_level", cluster, namespace, levels.order))
    told_tenants = _with_added(tenants)
    told_risk = _highest(risks, levels)
    return Segment(
        tuple(sorted({told.value for told in told_tenants})),
        told_risk.value if told_risk else None,
        tuple(told.hop for told in (*told_tenants, *([told_risk] if told_risk else ()))),
    )


def _matches(rule: SegmentRule, cluster_id: str, namespace: str | None) -> bool:
    if not fnmatchcase(cluster_id, rule.match.cluster):
        return False
    if rule.match.namespace is None:
        return True
    return namespace is not None and fnmatchcase(namespace, rule.match.namespace)


def _told(
    rules: list[SegmentRule],
    key: str,
    cluster: Cluster,
    namespace: Namespace | None,
    known: tuple[str, ...] | None = None,
) -> Iterator[_Told]:
    """Give the first value of each rank, the most trusted first; an unknown one is not told."""
    values = [
        told
        for rule in rules
        if (told := _value(getattr(rule, key), key, cluster, namespace))
        and (known is None or told.value in known)
    ]
    for rank in (_CONFIGURATION, _CLUSTER_TAG, _NAMESPACE):
        yield from [told for told in values if told.rank == rank][:1]


def _value(
    source: str | MetadataSource | None, key: str, cluster: Cluster, namespace: Namespace | None
) -> _Told | None:
    if isinstance(source, str):
        return _Told(source, Hop("configuration", f"segments.{key}", source), _CONFIGURATION)
    if source is None:
        return None
    if source.cluster_tag:
        return _told_by(cluster.tags, f"Cluster/{cluster.id}", "tags", source.cluster_tag, 1)
    if namespace is None:
        return None
    where = f"Namespace/{namespace.metadata.name}"
    if source.namespace_label:
        labels = namespace.metadata.labels
        return _told_by(labels, where, "metadata.labels", source.namespace_label, 2)
    annotations = namespace.metadata.annotations
    wanted = source.namespace_annotation or ""
    return _told_by(annotations, where, "metadata.annotations", wanted, 2)


def _told_by(
    values: Mapping[str, str], where: str, field: str, key: str, rank: int
) -> _Told | None:
    value = values.get(key)
    return _Told(value, Hop(where, f"{field}[{key}]", value), rank) if value else None


def _with_added(tenants: list[_Told]) -> list[_Told]:
    """Keep the most trusted tenant, and what the namespace's own metadata adds to it."""
    added = [told for told in tenants[1:] if told.rank == _NAMESPACE]
    return tenants[:1] + [told for told in added if told.value != tenants[0].value]


def _highest(risks: list[_Told], levels: RiskLevels) -> _Told | None:
    """Keep the most trusted level, unless the namespace's own metadata raises it."""
    if not risks:
        return None
    trusted, own = risks[0], risks[-1]
    raises = own.rank == _NAMESPACE and levels.order.index(own.value) > levels.order.index(
        trusted.value
    )
    return own if raises else trusted
