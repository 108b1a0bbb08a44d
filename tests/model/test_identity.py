"""Fingerprints and references: what stays the same at the next audit."""

from hashlib import sha256
from json import dumps
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.identity import CLUSTER_KIND, ObjectRef, cluster_subject, fingerprint

FRONT = ObjectRef("Service", "web", "front")

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
refs = st.builds(ObjectRef, words, st.none() | words, words)


def by_contract(parts: list[Any]) -> str:
    """Work the id out from CONTRACT.md, Subjects and ids, and nothing else."""
    text = dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:32]


def test_a_known_finding_keeps_its_id_for_ever() -> None:
    made = fingerprint("kubeconfig/prod", "node-port-open", FRONT, protocol="TCP", port=30080)
    assert made == by_contract(
        [1, "kubeconfig/prod", "node-port-open", "Service", "web", "front", "TCP", 30080, None]
    )
    assert made == "77d5d00db9a017e6853eedfc0f6e1a46"


optional = st.tuples(st.none() | words, st.none() | st.integers(), st.none() | words)


@given(words, words, refs, optional)
def test_an_id_is_what_the_contract_says(
    cluster: str, check: str, ref: ObjectRef, rest: tuple[str | None, int | None, str | None]
) -> None:
    protocol, port, discriminator = rest
    made = fingerprint(
        cluster, check, ref, protocol=protocol, port=port, discriminator=discriminator
    )
    assert made == by_contract([1, cluster, check, ref.kind, ref.namespace, ref.name, *rest])


def test_an_id_differs_in_each_part() -> None:
    def made(cluster: str = "c", check: str = "k", ref: ObjectRef = FRONT, **rest: Any) -> str:
        return fingerprint(cluster, check, ref, **rest)

    ids = [
        made(),
        made(cluster="d"),
        made(check="l"),
        made(ref=ObjectRef("Pod", "web", "front")),
        made(ref=ObjectRef("Service", "shop", "front")),
        made(ref=ObjectRef("Service", None, "front")),
        made(ref=ObjectRef("Service", "web", "back")),
        made(protocol="TCP"),
        made(protocol="UDP"),
        made(port=0),
        made(port=80),
        made(discriminator=""),
        made(discriminator="80"),
    ]
    assert len(set(ids)) == len(ids)


def test_a_part_cannot_slide_into_its_neighbour() -> None:
    assert fingerprint("a", "bc", FRONT) != fingerprint("ab", "c", FRONT)


def test_a_reference_is_written_with_or_without_a_namespace() -> None:
    assert str(FRONT) == "Service/web/front"
    assert str(ObjectRef("Node", None, "n1")) == "Node/n1"


def test_the_cluster_is_a_subject_of_its_own() -> None:
    assert cluster_subject("eks/1/eu/prod") == ObjectRef(CLUSTER_KIND, None, "eks/1/eu/prod")


@given(st.lists(refs))
def test_references_sort_by_kind_namespace_and_name(listed: list[ObjectRef]) -> None:
    expected = sorted(listed, key=lambda ref: (ref.kind, ref.namespace or "", ref.name))
    assert sorted(listed) == expected


def test_cluster_wide_objects_come_before_those_of_a_namespace() -> None:
    inside, outside = ObjectRef("Role", "a", "a"), ObjectRef("Role", None, "z")
    assert sorted([inside, outside]) == [outside, inside]


@pytest.mark.parametrize("name", ["nul\x00", "ünïcode", "quote\"'", "a/b", "\u2028"])
def test_any_name_has_an_id(name: str) -> None:
    made = fingerprint("c", "k", ObjectRef("Pod", "n", name))
    assert made == by_contract([1, "c", "k", "Pod", "n", name, None, None, None])
