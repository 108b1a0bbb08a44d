"""Who shares a cluster or a node: pairs of tenants, and of risk levels too far apart."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import combinations

from msgspec import Struct

from auditor.analysis.segments.assignment import SegmentMap
from auditor.analysis.workloads import WorkloadIndex
from auditor.model.identity import ObjectRef
from auditor.model.segment import Segment
from auditor.model.segmentation import RISK_LEVELS, TENANTS

Pair = tuple[str, str]


class Dimension(StrEnum):
    """What tells segments apart."""

    TENANT = TENANTS
    RISK_LEVEL = RISK_LEVELS

    def values_of(self, segment: Segment) -> tuple[str, ...]:
        """Give a segment's values; empty where they cannot be told."""
        if self is Dimension.TENANT:
            return segment.tenants
        return (segment.risk_level,) if segment.risk_level else ()

    def pair_ref(self, pair: Pair) -> ObjectRef:
        """Name a pair as a subject."""
        kind = "TenantPair" if self is Dimension.TENANT else "RiskLevelPair"
        return ObjectRef(kind, None, "|".join(pair))


class Meeting(Struct, frozen=True):
    """Where two values meet, and one holder of each."""

    place: str
    """What they share, such as `Node/worker-1`; empty for the cluster as a whole."""
    one: str
    other: str


class Sharing(Struct, frozen=True):
    """What shares a place, and what cannot be told."""

    pairs: Mapping[Pair, tuple[Meeting, ...]]
    """Each pair that meets, with where, and with a namespace or workload of each."""
    values: tuple[str, ...]
    """All values that were told, sorted."""
    untold: tuple[str, ...]
    """Namespaces whose value cannot be told."""


def share_of_cluster(segments: SegmentMap, dimension: Dimension) -> Sharing:
    """Tell which values meet in the cluster."""
    where: dict[str, list[str]] = defaultdict(list)
    pairs: dict[Pair, tuple[Meeting, ...]] = {}
    for name, segment in segments.tenant_namespaces().items():
        for value in dimension.values_of(segment):
            where[value].append(name)
    for pair in combinations(sorted(where), 2):
        pairs[pair] = (Meeting("", where[pair[0]][0], where[pair[1]][0]),)
    return Sharing(pairs, tuple(sorted(where)), _untold(segments, dimension))


def share_of_nodes(
    segments: SegmentMap, workloads: WorkloadIndex, dimension: Dimension
) -> tuple[Sharing, tuple[str, ...]]:
    """Tell which values meet on a node.

    Gives also the workloads with a pod that has no node yet, whose neighbours cannot be told.
    """
    own = segments.tenant_namespaces()
    on_node: dict[str, dict[str, str]] = defaultdict(dict)
    unplaced: dict[str, None] = {}
    values: set[str] = set()
    for workload in workloads:
        if workload.namespace not in own:
            continue
        told = dimension.values_of(own[workload.namespace])
        values.update(told)
        for pod in workload.pods:
            if not pod.has_network:
                continue
            if not pod.spec.node_name:
                unplaced[str(workload.ref)] = None
            for value in told if pod.spec.node_name else ():
                on_node[pod.spec.node_name or ""].setdefault(value, str(workload.ref))
    at_nodes = {f"Node/{node}": present for node, present in on_node.items()}
    sharing = Sharing(
        meetings(at_nodes),
        tuple(sorted(values)),
        _untold(segments, dimension),
    )
    return sharing, tuple(unplaced)


def meetings(present: Mapping[str, Mapping[str, str]]) -> dict[Pair, tuple[Meeting, ...]]:
    """Give the pairs of values that meet at some places, by a holder of each value at each."""
    pairs: dict[Pair, list[Meeting]] = defaultdict(list)
    for place, holders in sorted(present.items()):
        for one, other in combinations(sorted(holders), 2):
            pairs[one, other].append(Meeting(place, holders[one], holders[other]))
    return {pair: tuple(met) for pair, met in sorted(pairs.items())}


def _untold(segments: SegmentMap, dimension: Dimension) -> tuple[str, ...]:
    return tuple(
        name
        for name, segment in segments.tenant_namespaces().items()
        if not dimension.values_of(segment)
    )


def forbidden(pairs: Iterable[Pair], allowed: Iterable[Pair]) -> tuple[Pair, ...]:
    """Give the pairs that no allowed pair, in either order, covers."""
    permitted = {frozenset(pair) for pair in allowed}
    return tuple(pair for pair in pairs if frozenset(pair) not in permitted)
