"""The rules of load balancers: consistent among themselves, and all of them readable."""

import pytest

from auditor.catalogue.contents import shipped
from auditor.catalogue.load_balancers import (
    SOURCE_RANGES_ANNOTATION,
    AnnotationRule,
    IgnoredWhen,
    LeavesSources,
    Provider,
    Scheme,
    SchemeRule,
    Unless,
    load_balancer_providers,
)
from auditor.catalogue.projection import named_fields

PROVIDERS = load_balancer_providers()


def rules_of(provider: Provider) -> tuple[AnnotationRule, ...]:
    sources = provider.sources
    return (
        *(*provider.claimed_by, *provider.rules, *provider.left_open),
        *(*sources.ignored_when, *sources.decided_by),
    )


def test_ids_and_classes_are_unique() -> None:
    ids = [provider.id for provider in PROVIDERS]
    classes = [item.name for provider in PROVIDERS for item in provider.classes]
    assert len(set(ids)) == len(ids)
    assert len(set(classes)) == len(classes)


def test_each_cloud_has_one_provider_for_what_names_no_class() -> None:
    unclassed = [item.cloud for item in PROVIDERS if item.takes_unclassed and item.cloud]
    assert sorted(unclassed) == sorted({item.cloud for item in PROVIDERS if item.cloud})


def test_software_of_no_cloud_takes_what_names_no_class_and_leaves_a_trace() -> None:
    for provider in PROVIDERS:
        if provider.cloud is None:
            assert provider.takes_unclassed
            assert provider.controller_images or provider.annotation_keys()


def test_only_an_address_tells_the_scheme_of_what_has_no_default() -> None:
    for provider in PROVIDERS:
        if provider.default is None:
            assert not provider.rules
            assert not provider.left_open
            assert not provider.not_read
            assert not any(known.scheme for known in provider.classes)
        else:
            assert not provider.addresses


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.id)
def test_every_annotation_that_a_rule_names_enters_the_inventory(provider: Provider) -> None:
    named = {rule.annotation for rule in rules_of(provider)}
    named |= {item.annotation for item in provider.not_read}
    named |= {item.annotation for item in provider.addresses}
    named |= {item.along_with for item in provider.rules if item.along_with}
    named |= set(provider.hints)
    named |= {item.unless.annotation for item in provider.sources.ignored_when if item.unless}
    assert named <= named_fields(shipped()).annotations


def test_the_ranges_and_every_flag_enter_the_inventory() -> None:
    flags = {item.default.flag for item in PROVIDERS if item.default} - {None}
    assert flags
    assert flags <= named_fields(shipped()).flags
    assert SOURCE_RANGES_ANNOTATION in named_fields(shipped()).annotations


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.id)
def test_values_are_spelled_as_they_are_compared(provider: Provider) -> None:
    for rule in rules_of(provider):
        for value in rule.values or ():
            assert rule.case_sensitive or value == value.strip().lower()


@pytest.mark.parametrize(
    ("rule", "value", "matches"),
    [
        (AnnotationRule(annotation="a"), "", True),
        (AnnotationRule(annotation="a"), "x", True),
        (AnnotationRule(annotation="a"), None, False),
        (AnnotationRule(annotation="a", values=("x",)), " X ", True),
        (AnnotationRule(annotation="a", values=("x",)), "xy", False),
        (AnnotationRule(annotation="a", values=("x",), case_sensitive=True), "x", True),
        (AnnotationRule(annotation="a", values=("x",), case_sensitive=True), "X", False),
        (AnnotationRule(annotation="a", values=("x",), case_sensitive=True), " x", False),
        (AnnotationRule(annotation="a", member="k"), '{"k": "y"}', True),
        (AnnotationRule(annotation="a", member="k"), '{"l": "y"}', False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), '{"l": {}, "k" : "X"}', True),
        (AnnotationRule(annotation="a", member="k", values=("x",)), '{"k": "y", "l": "x"}', False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), '{"l": {"k": "x"}}', False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), '{"k": ["x"]}', False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), '{"k": null}', False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), '["k", "x"]', False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), '{"k": "x"', False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), "k: x", False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), "", False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), "\ud800", False),
        (AnnotationRule(annotation="a", member="k", values=("x",)), '{"k":' + "[" * 9999, False),
        (SchemeRule(annotation="a", scheme=Scheme.INTERNAL, along_with="b"), "x", False),
    ],
)
def test_a_rule_matches_a_value(rule: AnnotationRule, value: str | None, matches: bool) -> None:
    found = rule.match({} if value is None else {"a": value})
    assert found == (value if matches else None)


@pytest.mark.parametrize(
    ("annotations", "matches"),
    [
        ({}, False),
        ({"b": "k=off"}, False),
        ({"a": "k=on"}, False),
        ({"a": "k=off"}, True),
        ({"a": "x=y,k=off"}, True),
        ({"a": "k=off", "b": "z"}, True),
        ({"a": "k=off", "b": "never"}, False),
    ],
)
def test_a_condition_may_look_into_a_list_and_be_lifted(
    annotations: dict[str, str], matches: bool
) -> None:
    rule = IgnoredWhen(
        annotation="a",
        contains="k=off",
        because="",
        leaves=LeavesSources.EVERYONE,
        unless=Unless(annotation="b", contains="never"),
    )
    assert (rule.match(annotations) is not None) is matches
