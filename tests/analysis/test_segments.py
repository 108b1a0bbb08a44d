"""Tenant and risk level: a namespace's own metadata raises and adds, it never lowers or leaves."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.segment import Segment
from auditor.settings.configuration import MetadataSource, SegmentMatch, SegmentRule
from tests.analysis.clusters import facts_of
from tests.kube.manifests import a_pod, an_object

ORDER = ("low", "medium", "high")
WORDS = (None, *ORDER, "severe", "")
TENANTS = (None, "red", "blue")

BY_TAG = SegmentRule(
    match=SegmentMatch(),
    tenant=MetadataSource(cluster_tag="tenant"),
    risk_level=MetadataSource(cluster_tag="risk"),
)
BY_LABEL = SegmentRule(
    match=SegmentMatch(namespace="*"),
    tenant=MetadataSource(namespace_label="tenant"),
    risk_level=MetadataSource(namespace_label="risk"),
)
BY_ANNOTATION = SegmentRule(
    match=SegmentMatch(namespace="*"),
    tenant=MetadataSource(namespace_annotation="tenant"),
    risk_level=MetadataSource(namespace_annotation="risk"),
)


def literal(tenant: str | None, risk: str | None, **match: str) -> SegmentRule:
    return SegmentRule(match=SegmentMatch(**match), tenant=tenant, risk_level=risk)


def written(**values: str | None) -> dict[str, str]:
    return {key: value for key, value in values.items() if value is not None}


def segment(
    *rules: SegmentRule,
    tags: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> Segment:
    meta: dict[str, Any] = {"labels": labels or {}, "annotations": annotations or {}}
    namespace = an_object("Namespace", "web", meta=meta)
    facts = facts_of(namespace, tags=tags, provider="eks", segments=rules)
    return facts.segments.of("web")


def rank(level: str | None) -> int:
    return ORDER.index(level) if level in ORDER else -1


def first_known(*words: str | None) -> str | None:
    return next((word for word in words if word in ORDER), None)


@pytest.mark.parametrize(("configured", "tag"), list(product((None, *ORDER), WORDS)))
def test_no_metadata_of_its_own_lowers_a_namespaces_risk(
    configured: str | None, tag: str | None
) -> None:
    trusted = first_known(configured, tag)
    for label, annotation in product(WORDS, WORDS):
        told = segment(
            literal(None, configured),
            BY_TAG,
            BY_LABEL,
            BY_ANNOTATION,
            tags=written(risk=tag),
            labels=written(risk=label),
            annotations=written(risk=annotation),
        )
        own = first_known(label, annotation)
        expected = max((trusted, own), key=rank)
        assert told.risk_level == expected, (label, annotation)


@pytest.mark.parametrize(("configured", "tag"), list(product(TENANTS, TENANTS)))
def test_no_metadata_of_its_own_takes_a_namespace_out_of_its_tenant(
    configured: str | None, tag: str | None
) -> None:
    trusted = configured or tag
    for label, annotation in product((*TENANTS, "green"), (*TENANTS, "green")):
        told = segment(
            literal(configured, None),
            BY_TAG,
            BY_LABEL,
            BY_ANNOTATION,
            tags=written(tenant=tag),
            labels=written(tenant=label),
            annotations=written(tenant=annotation),
        )
        own = label or annotation
        assert set(told.tenants) == {name for name in (trusted, own) if name}, (label, annotation)
        assert list(told.tenants) == sorted(told.tenants)


@given(
    st.permutations([literal("red", "medium"), BY_TAG, BY_LABEL, BY_ANNOTATION]),
    st.dictionaries(st.sampled_from(["tenant", "risk"]), st.sampled_from(["red", "low", "high"])),
    st.dictionaries(st.sampled_from(["tenant", "risk"]), st.text(max_size=5)),
    st.dictionaries(st.sampled_from(["tenant", "risk"]), st.sampled_from(["x", "low", "high"])),
)
def test_whatever_the_order_of_rules_what_is_trusted_holds(
    rules: list[SegmentRule], tags: dict[str, str], labels: dict[str, str], own: dict[str, str]
) -> None:
    told = segment(*rules, tags=tags, labels=labels, annotations=own)
    alone = segment(*rules, tags=tags)
    assert set(told.tenants) >= set(alone.tenants)
    assert rank(told.risk_level) >= rank(alone.risk_level)


def test_the_first_rule_that_matches_and_has_a_value_wins() -> None:
    rules = (
        literal("other", "high", cluster="gke/*"),
        literal(None, "low", namespace="we?"),
        literal("first", "medium"),
        literal("second", "high"),
    )
    told = segment(*rules)
    assert (told.tenants, told.risk_level) == (("first",), "low")


def test_a_rule_without_a_namespace_speaks_of_the_cluster_and_each_namespace() -> None:
    facts = facts_of(an_object("Namespace", "web"), segments=(literal("red", "high"),))
    assert facts.segments.cluster.tenants == facts.segments.of("web").tenants == ("red",)


def test_a_rule_of_namespaces_does_not_speak_of_the_cluster() -> None:
    rule = literal("red", "high", namespace="*")
    facts = facts_of(an_object("Namespace", "web"), segments=(rule,))
    assert facts.segments.cluster == Segment()
    assert facts.segments.of("web").risk_level == "high"


def test_a_risk_word_that_nobody_knows_is_untold() -> None:
    assert segment(BY_LABEL, labels={"risk": "severe"}).risk_level is None
    assert segment(BY_TAG, BY_LABEL, tags={"risk": "severe"}).risk_level is None


@pytest.mark.parametrize("source", ["tags", "labels"])
def test_after_a_word_that_nobody_knows_the_next_rule_is_asked(source: str) -> None:
    name = "cluster_tag" if source == "tags" else "namespace_label"
    rules = [
        SegmentRule(match=SegmentMatch(namespace="*"), risk_level=MetadataSource(**{name: key}))
        for key in ("risk", "danger")
    ]
    values: dict[str, Any] = {source: {"risk": "severe", "danger": "high"}}
    assert segment(*rules, **values).risk_level == "high"


def test_nothing_told_is_nothing_claimed() -> None:
    assert segment(BY_TAG, BY_LABEL, BY_ANNOTATION) == Segment()


def test_the_evidence_names_where_each_value_came_from() -> None:
    told = segment(
        literal(None, "low"),
        BY_TAG,
        BY_LABEL,
        tags={"tenant": "red"},
        labels={"tenant": "blue", "risk": "high"},
    )
    assert [(hop.hop, hop.field, hop.value) for hop in told.evidence] == [
        ("Cluster/eks/test", "tags[tenant]", "red"),
        ("Namespace/web", "metadata.labels[tenant]", "blue"),
        ("Namespace/web", "metadata.labels[risk]", "high"),
    ]


def test_a_namespace_that_only_a_pod_names_has_the_trusted_segment() -> None:
    facts = facts_of(a_pod(namespace="unread"), segments=(literal("red", "high"), BY_LABEL))
    assert facts.segments.by_namespace["unread"].tenants == ("red",)


def test_a_namespace_that_nothing_names_has_the_clusters_segment() -> None:
    facts = facts_of(segments=(literal("red", "high"),))
    assert facts.segments.of("nowhere") == facts.segments.of(None) == facts.segments.cluster


def test_system_namespaces_are_no_tenants() -> None:
    namespaces = [an_object("Namespace", name) for name in ("web", "kube-system", "infra")]
    facts = facts_of(*namespaces, system_namespaces=("kube-system", "infra"))
    assert list(facts.segments.tenant_namespaces()) == ["web"]
    assert set(facts.segments.by_namespace) == {"web", "kube-system", "infra"}
