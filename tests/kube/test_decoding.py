"""Bytes to objects: what is tolerated, what is refused, and what is said of it."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from auditor.kube.decoding import DecodeError, ObjectDecoder, decode_type, object_name
from auditor.kube.meta import Projection
from auditor.kube.resources import RESOURCE_BY_KIND, RESOURCES, Resource

LIMIT = 100_000
DECODER = ObjectDecoder(Projection(annotations=frozenset({"kept"})), LIMIT)
POD = RESOURCE_BY_KIND[("", "Pod")]
NODE = RESOURCE_BY_KIND[("", "Node")]
SERVICE = RESOURCE_BY_KIND[("", "Service")]
NAMED = '{"metadata":{"name":"x"}'
DEEP = 100_000


def decode(resource: Resource, content: str | bytes) -> Any:
    return DECODER.decode(resource, content.encode() if isinstance(content, str) else content)


def refusal(resource: Resource, content: str | bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode(resource, content)
    text = str(caught.value)
    assert text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_a_name_is_enough_for_an_object_of_any_kind(resource: Resource) -> None:
    decoded = decode(resource, NAMED + "}")
    assert decoded.metadata.name == "x"
    assert decoded.metadata.namespace == ("default" if resource.namespaced else None)
    assert getattr(decoded, "kind", resource.kind) == resource.kind


def test_a_namespace_is_kept_where_there_is_one_and_dropped_where_there_is_none() -> None:
    content = '{"metadata":{"name":"x","namespace":"web"}}'
    assert decode(POD, content).metadata.namespace == "web"
    assert decode(NODE, content).metadata.namespace is None
    assert decode(POD, '{"metadata":{"name":"x","namespace":""}}').metadata.namespace == "default"


def test_an_object_inside_a_typed_list_gets_the_lists_kind() -> None:
    job = RESOURCE_BY_KIND[("batch", "Job")]
    binding = RESOURCE_BY_KIND[("rbac.authorization.k8s.io", "RoleBinding")]
    assert decode(job, NAMED + "}").kind == "Job"
    assert decode(binding, NAMED + "}").kind == "RoleBinding"


def test_a_generated_name_is_shown_as_a_glob() -> None:
    assert decode(POD, '{"metadata":{"generateName":"run-"}}').metadata.name == "run-*"
    assert decode(POD, '{"metadata":{"name":"","generateName":"run-"}}').metadata.name == "run-*"


@pytest.mark.parametrize(
    "content", ["{}", '{"metadata":{}}', '{"metadata":{"name":""}}', '{"metadata":{"uid":"1"}}']
)
def test_an_object_without_a_name_is_refused(content: str) -> None:
    refusal(POD, content)


@pytest.mark.parametrize(
    "metadata",
    [
        '{"name":null}',
        '{"name":null,"generateName":null}',
        '{"generateName":null}',
        '{"generateName":5}',
    ],
)
def test_a_name_of_null_or_of_a_wrong_type_is_refused_as_any_other_error(metadata: str) -> None:
    refusal(POD, f'{{"metadata":{metadata}}}')


def test_a_null_name_beside_a_generated_one_is_as_good_as_none() -> None:
    decoded = decode(POD, '{"metadata":{"name":null,"generateName":"run-"}}')
    assert decoded.metadata.name == "run-*"


def test_nulls_count_as_absent_wherever_they_are() -> None:
    nulls = """{"apiVersion": null, "metadata": {"name": "x", "labels": null, "annotations": null,
        "namespace": null, "ownerReferences": null, "uid": null},
        "spec": {"type": null, "selector": null, "externalIPs": [null], "ipFamilies": null,
        "allocateLoadBalancerNodePorts": null,
        "ports": [null, {"port": 80, "name": null, "protocol": null, "targetPort": null}]},
        "status": null}"""
    plain = NAMED + ',"spec":{"ports":[{"port":80}]}}'
    assert decode(SERVICE, nulls) == decode(SERVICE, plain)


def test_an_annotation_of_null_counts_as_absent() -> None:
    decoded = decode(POD, '{"metadata":{"name":"x","annotations":{"kept":null}}}')
    assert decoded.metadata.annotations == {}


@pytest.mark.parametrize(
    ("resource", "rest", "place"),
    [
        (SERVICE, '"spec":"x"', "$.spec"),
        (SERVICE, '"spec":{"ports":{}}', "$.spec.ports"),
        (SERVICE, '"spec":{"ports":[{"port":"80"}]}', "$.spec.ports[0].port"),
        (SERVICE, '"spec":{"ports":[{"port":80.5}]}', "$.spec.ports[0].port"),
        (SERVICE, '"spec":{"ports":[{"port":true}]}', "$.spec.ports[0].port"),
        (SERVICE, '"spec":{"ports":[{"port":1e400}]}', "$.spec.ports[0].port"),
        (SERVICE, '"spec":{"ports":[{"port":80,"protocol":"tcp"}]}', "protocol"),
        (SERVICE, '"spec":{"selector":["a"]}', "$.spec.selector"),
        (SERVICE, '"spec":{"selector":{"a":1}}', "$.spec.selector"),
        (POD, '"spec":{"hostNetwork":"true"}', "$.spec.hostNetwork"),
        (POD, '"spec":{"containers":[{"args":"--x"}]}', "$.spec.containers[0].args"),
        (POD, '"spec":{"containers":[{"env":{}}]}', "$.spec.containers[0].env"),
        (POD, '"spec":{"containers":["x"]}', "$.spec.containers[0]"),
    ],
)
def test_a_wrong_type_is_refused_with_its_place(resource: Resource, rest: str, place: str) -> None:
    assert place in refusal(resource, f"{NAMED},{rest}}}")


@pytest.mark.parametrize(
    "metadata",
    ['{"name":5}', '{"name":"x","annotations":[]}', '{"name":"x","labels":{"a":1}}', "5"],
)
def test_wrong_metadata_is_refused(metadata: str) -> None:
    assert "$.metadata" in refusal(POD, f'{{"metadata":{metadata}}}')


def test_an_annotation_that_is_read_must_be_a_text() -> None:
    assert "annotation kept is not a text" in refusal(
        POD, '{"metadata":{"name":"x","annotations":{"kept":5}}}'
    )
    assert decode(POD, '{"metadata":{"name":"x","annotations":{"other":5}}}')


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "5", "null", '"x"', NAMED, NAMED + "}}", '{"metadata":NaN}']
)
def test_what_is_no_json_object_is_refused(content: str) -> None:
    refusal(POD, content)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ud800\\u0041", "\\ud800x"])
@pytest.mark.parametrize("place", ['"name":"{}"', '"name":"x","labels":{{"a":"{}"}}'])
def test_a_lone_surrogate_is_refused(escape: str, place: str) -> None:
    refusal(POD, '{"metadata":{' + place.format(escape) + "}}")


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert decode(POD, '{"metadata":{"name":"\\ud83d\\ude00"}}').metadata.name == "\U0001f600"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    refusal(POD, b'{"metadata":{"name":"\xff"}}')


def test_a_nul_character_survives_a_round_trip() -> None:
    decoded = decode(POD, '{"metadata":{"name":"a\\u0000b"}}')
    assert decoded.metadata.name == "a\x00b"
    assert decode(POD, msgspec.json.encode(decoded)) == decoded


@pytest.mark.parametrize(
    "deep",
    [
        f'{NAMED},"x":{"[" * DEEP}{"]" * DEEP}}}',
        f'{NAMED},"x":{"[" * DEEP}',
        '{"metadata":' * DEEP,
        f'{{"metadata":{{"name":"x","annotations":{"{" + chr(34) + "a" + chr(34) + ":"}' * 1
        + '{"a":' * DEEP
        + "1"
        + "}" * DEEP
        + "}}}",
    ],
    ids=["unknown field", "never closed", "known field", "annotations"],
)
def test_deep_nesting_is_refused_and_not_a_crash(deep: str) -> None:
    roomy = ObjectDecoder(Projection(), 10 * 2**20)
    with pytest.raises(DecodeError):
        roomy.decode(POD, deep.encode())


@pytest.mark.parametrize("deep", ["[" * DEEP, '{"items":[' * DEEP, '{"metadata":' * DEEP])
def test_deep_nesting_is_refused_when_telling_a_type(deep: str) -> None:
    with pytest.raises(DecodeError):
        decode_type(deep.encode())


def test_a_huge_number_is_refused_or_kept_whole_but_never_cut() -> None:
    assert "out of range" in refusal(
        SERVICE, f'{NAMED},"spec":{{"ports":[{{"port":1{"0" * 5000}}}]}}}}'
    )
    big = 10**30
    decoded = decode(SERVICE, f'{NAMED},"spec":{{"ports":[{{"port":{big}}}]}}}}')
    assert decoded.spec.ports[0].port == big


def test_a_huge_number_in_a_field_that_nobody_reads_costs_nothing() -> None:
    assert decode(POD, f'{NAMED},"x":1{"0" * 5000}}}').metadata.name == "x"


def test_an_object_over_the_limit_is_refused_unread() -> None:
    padding = " " * (LIMIT - len(NAMED) - 1)
    assert decode(POD, NAMED + padding + "}").metadata.name == "x"
    text = refusal(POD, NAMED + padding + " }")
    assert text == "holds 100,001 bytes, over 100,000"


def test_a_raw_value_decodes_like_bytes() -> None:
    assert DECODER.decode(POD, Raw(b'{"metadata":{"name":"x"}}')) == decode(POD, NAMED + "}")


def test_what_is_decoded_decodes_again_the_same() -> None:
    content = json.dumps(
        {
            "metadata": {
                "name": "x",
                "uid": "u",
                "labels": {"a": "b"},
                "annotations": {"kept": "v"},
            },
            "spec": {"containers": [{"name": "c", "args": ["--a=b", "-v"]}], "hostPID": True},
        }
    )
    decoded = decode(POD, content)
    assert decode(POD, msgspec.json.encode(decoded)) == decoded


def test_a_type_is_told_with_nulls_and_without() -> None:
    told = decode_type(b'{"apiVersion":"v1","kind":"List","metadata":null,"items":[{"a":1}]}')
    assert (told.api_version, told.kind) == ("v1", "List")
    assert told.items is not None
    assert [json.loads(bytes(memoryview(item))) for item in told.items] == [{"a": 1}]
    assert decode_type(b'{"kind":null}').kind == ""


def test_a_list_that_goes_on_is_told() -> None:
    assert (
        decode_type(b'{"metadata":{"continue":"abc"},"items":[]}').metadata.continue_token == "abc"
    )


@pytest.mark.parametrize("content", [b"", b"[]", b"5", b'{"kind":5}', b'{"items":{}}', b"\xff"])
def test_what_says_no_type_is_refused(content: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_type(content)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b'{"metadata":{"name":"x","namespace":"web"},"spec":5}', "web/x"),
        (b'{"metadata":{"name":"x"}}', "x"),
        (b'{"metadata":{"generateName":"run-"}}', "run-*"),
        (b"{", "an object without a readable name"),
        (b'{"metadata":{"name":5}}', "an object without a readable name"),
    ],
)
def test_a_malformed_object_is_named_as_well_as_can_be(content: bytes, name: str) -> None:
    assert object_name(content) == name
