"""What enters an inventory: only what some rule names, and never a secret."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.kube.decoding import ObjectDecoder
from auditor.kube.meta import Annotations, EnvNames, Flags, Projection
from auditor.kube.resources import RESOURCE_BY_KIND, RESOURCES, Resource

PROJECTION = Projection(
    annotations=frozenset({"example.com/kept"}),
    flags=frozenset({"--mode", "-m"}),
    env_names=frozenset({"MODE"}),
)
DECODER = ObjectDecoder(PROJECTION, 2**20)
POD = RESOURCE_BY_KIND[("", "Pod")]
CANARY = "c4n4ry-"


def container(**parts: Any) -> Any:
    content = json.dumps({"metadata": {"name": "x"}, "spec": {"containers": [parts]}})
    return DECODER.decode(POD, content.encode()).spec.containers[0]


def flags(*words: str) -> dict[str, str | None]:
    return dict(container(args=list(words)).args)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([], {}),
        (["serve"], {}),
        (["--mode=fast"], {"--mode": "fast"}),
        (["--mode", "fast"], {"--mode": "fast"}),
        (["-m", "fast"], {"-m": "fast"}),
        (["--mode"], {"--mode": None}),
        (["--mode", "--other"], {"--mode": None, "--other": None}),
        (["--mode=a=b"], {"--mode": "a=b"}),
        (["--password=x"], {"--password": None}),
        (["--password", "x"], {"--password": None}),
        (["-v"], {"-v": None}),
        (["-", "--", "---"], {}),
        (["--mode=slow", "--mode=fast"], {"--mode": "fast"}),
        (["/bin/app", "x", "--on", "y", "z"], {"--on": None}),
    ],
)
def test_arguments_are_reduced_to_flags(words: list[str], kept: dict[str, str | None]) -> None:
    assert flags(*words) == kept
    assert container(command=words).command == kept


@pytest.mark.parametrize(
    "word",
    [
        "-p" + CANARY,
        "--requirepass " + CANARY,
        "--requirepass\n" + CANARY,
        "-e\t" + CANARY,
        "--token:" + CANARY,
        "--header='Authorization: " + CANARY,
        "- " + CANARY,
        "-----BEGIN PRIVATE KEY-----\n" + CANARY,
    ],
)
def test_a_secret_written_into_one_word_with_its_flag_is_dropped(word: str) -> None:
    assert CANARY not in json.dumps(flags(word))


@given(st.lists(st.text(max_size=6)))
def test_whatever_the_words_only_named_flags_have_values(words: list[str]) -> None:
    content = msgspec.json.encode(
        {"metadata": {"name": "x"}, "spec": {"containers": [{"args": words}]}}
    )
    kept = DECODER.decode(POD, content).spec.containers[0].args
    assert all(name.startswith("-") for name in kept)
    assert all(value is None for name, value in kept.items() if name not in PROJECTION.flags)


def test_only_environment_names_that_a_rule_asks_for_are_kept() -> None:
    env = [{"name": "MODE", "value": CANARY}, {"name": "TOKEN", "value": CANARY}, {"value": CANARY}]
    assert container(env=env).env == EnvNames({"MODE"})


def test_only_annotations_that_a_rule_names_are_kept() -> None:
    annotations = {"example.com/kept": "v", "example.com/other": CANARY}
    content = json.dumps({"metadata": {"name": "x", "annotations": annotations}})
    assert DECODER.decode(POD, content.encode()).metadata.annotations == Annotations(
        {"example.com/kept": "v"}
    )


def test_a_capture_is_reduced_again() -> None:
    captured = {
        "args": {"--mode": "fast", "--password": CANARY, CANARY: ""},
        "env": ["MODE", "TOKEN"],
    }
    kept = container(**captured)
    assert kept.args.get("--mode") == "fast"
    assert kept.env == EnvNames({"MODE"})
    assert CANARY not in json.dumps(dict(kept.args))


def test_an_empty_projection_keeps_flag_names_only() -> None:
    decoder = ObjectDecoder(Projection(), 2**20)
    words = ["--mode=fast", "-m", "fast"]
    content = json.dumps({"metadata": {"name": "x"}, "spec": {"containers": [{"args": words}]}})
    kept = decoder.decode(POD, content.encode()).spec.containers[0].args
    assert kept == Flags({"--mode": None, "-m": None})


def _bait(name: str) -> Any:
    """Write a field full of canaries, in each shape that the API gives it."""
    secret = CANARY + name
    bait_container = {
        "name": "c",
        "image": "app",
        "env": [{"name": "TOKEN", "value": secret}, {"name": "MODE", "value": secret}],
        "envFrom": [{"secretRef": {"name": secret}}],
        "command": ["/bin/sh", "-c", f"export X={secret}; exec app"],
        "args": [secret, f"--token={secret}", "--token", secret, f"-p{secret}", f"--x {secret}"],
        "livenessProbe": {"exec": {"command": [secret]}},
        "lifecycle": {"preStop": {"exec": {"command": [secret]}}},
    }
    template: Any = {
        "metadata": {"annotations": {"token": secret}},
        "spec": {
            "containers": [bait_container],
            "initContainers": [bait_container],
            "ephemeralContainers": [bait_container],
            "volumes": [{"name": "v", "secret": {"secretName": secret}}],
            "imagePullSecrets": [{"name": secret}],
        },
    }
    inner: Any = {
        "spec": {**template["spec"], "template": template},
        "metadata": template["metadata"],
    }
    return {
        "metadata": {
            "name": "x",
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps(inner),
                "token": secret,
            },
            "managedFields": [{"manager": secret}],
        },
        "spec": {**inner["spec"], "jobTemplate": inner},
        "data": {"token": secret},
    }


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_no_canary_enters_an_object_of_any_kind(resource: Resource) -> None:
    decoded = DECODER.decode(resource, json.dumps(_bait("secret")).encode())
    assert CANARY not in msgspec.json.encode(decoded).decode()
