"""`recommend --format json` (`docs/contract.md`, schema recommend/v1)."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from auditor.audit.recommending.comparing import Cut
from auditor.audit.recommending.recommendation import Recommendation, Recommended, Withheld
from auditor.model.exposure import Exposure
from auditor.model.finding import Finding
from auditor.model.ports import ALL_PORTS
from auditor.reports.document import EntryView, FindingView, exposure_view, finding_view
from auditor.reports.reachability import EnforcementView, PortsView, ports_view

RECOMMEND_SCHEMA = "exposure-auditor/recommend/v1"


class PolicyView(Struct, frozen=True):
    """One policy: the object as it is applied, and what it is for."""

    manifest: Mapping[str, Any]
    why: tuple[str, ...]


class NamespaceView(Struct, frozen=True):
    """What is proposed for one namespace."""

    namespace: str
    policies: tuple[PolicyView, ...]
    closes: tuple[FindingView, ...]
    remains: tuple[FindingView, ...]


class OthersView(Struct, frozen=True):
    """Whom workloads are cut off from."""

    every_other_namespace: bool
    """Every pod of every namespace but the workloads' own."""
    namespaces: tuple[str, ...]
    workloads: tuple[str, ...]
    addresses: tuple[str, ...]


class CutView(Struct, frozen=True):
    """What is possible today and would not be."""

    direction: str
    """`ingress`: to the workloads; `egress`: from them to the outside."""
    workloads: tuple[str, ...]
    ports: tuple[PortsView, ...]
    all: bool
    """Every protocol and port; `ports` is empty then."""
    documented: tuple[PortsView, ...] | None
    """Those that containers document or Services send to; null where nobody documents any."""
    others: OthersView


class OutsideView(Struct, frozen=True):
    """A host outside that a workload's settings name."""

    workload: str
    host: str


class RecommendDocument(Struct, frozen=True):
    """The answer for one cluster."""

    schema: str
    cluster: str
    enforcement: EnforcementView
    refused: str | None
    assumed: tuple[str, ...]
    namespaces: tuple[NamespaceView, ...]
    settled: tuple[str, ...]
    withheld: tuple[Withheld, ...]
    closes_elsewhere: tuple[FindingView, ...]
    opens: tuple[FindingView, ...]
    cuts: tuple[CutView, ...]
    shuts: tuple[EntryView, ...]
    outside: tuple[OutsideView, ...]


def recommend_document(found: Recommendation) -> RecommendDocument:
    """Give the answer in the shape of `recommend/v1`."""
    cni = found.cni
    return RecommendDocument(
        RECOMMEND_SCHEMA,
        found.cluster_id,
        EnforcementView(cni.policy_engine or cni.name, cni.enforces, cni.assumed, cni.evidence),
        found.refused,
        found.assumed,
        tuple(map(_namespace_view, found.namespaces)),
        found.settled,
        found.withheld,
        _findings(found.closes_elsewhere),
        _findings(found.opens),
        tuple(map(_cut_view, found.cuts)),
        tuple(map(_entry_view, found.shuts)),
        tuple(OutsideView(str(ref), host) for ref, host in found.outside),
    )


def _namespace_view(item: Recommended) -> NamespaceView:
    policies = tuple(PolicyView(each.manifest, each.why) for each in item.policies)
    return NamespaceView(item.namespace, policies, _findings(item.closes), _findings(item.remains))


def _findings(found: tuple[Finding, ...]) -> tuple[FindingView, ...]:
    return tuple(map(finding_view, found))


def _cut_view(cut: Cut) -> CutView:
    others, is_all = cut.others, cut.ports == ALL_PORTS
    return CutView(
        "egress" if cut.is_source else "ingress",
        tuple(map(str, cut.workloads)),
        () if is_all else ports_view(cut.ports),
        is_all,
        None if cut.documented is None else ports_view(cut.documented),
        OthersView(
            others.is_every_other_namespace,
            others.namespaces,
            tuple(map(str, others.workloads)),
            others.addresses.cidrs(),
        ),
    )


def _entry_view(exposure: Exposure) -> EntryView:
    return exposure_view(exposure).entry
