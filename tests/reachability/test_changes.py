"""What is kept up with changes answers as what is built anew, after any sequence of changes."""

import os
from random import Random
from typing import Any

import pytest

from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.profile import REFERENCE_PROFILE
from auditor.kube.admin_policies import AdminPolicy
from auditor.kube.cluster_scope import Namespace, Node
from auditor.kube.pods import Pod
from auditor.kube.policies import NetworkPolicy
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet
from tests.kube.manifests import Object, read
from tests.reachability.asking import PODS_TOO, engine_of
from tests.reachability.random_clusters import random_change, random_objects

SEED = int(os.environ["EXPOSURE_AUDITOR_SEED"])
RUNS = int(os.environ.get("EXPOSURE_AUDITOR_RANDOM_CLUSTERS", "40"))
CHANGES = 8
ADDRESSES = ("10.0.0.3", "203.0.113.7", "172.16.0.1", "8.8.8.8", "2001:db8::1")

Key = tuple[str, str | None, str]


def _keyed(objects: list[Object]) -> dict[Key, Object]:
    return {
        (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]): item
        for item in objects
    }


def _decoded(objects: list[Object]) -> dict[Key, Any]:
    inventory = read(objects)
    found: dict[Key, Any] = {}
    for kind, items in (
        ("Pod", inventory.pods),
        ("Namespace", inventory.namespaces),
        ("Node", inventory.nodes),
        ("NetworkPolicy", inventory.network_policies),
    ):
        for item in items:
            found[kind, item.metadata.namespace, item.metadata.name] = item
    for policy in inventory.admin_policies:
        found[policy.kind, None, policy.metadata.name] = policy
    return found


def _apply(engine: Reachability, before: list[Object], after: list[Object]) -> None:
    """Tell an engine what has changed between two states, one object at a time."""
    old, new = _decoded(before), _decoded(after)
    for key in old.keys() - new.keys():
        _remove(engine, key, old[key])
    for key, item in new.items():
        if old.get(key) != item:
            _put(engine, item)
    if [v for k, v in old.items() if k[0] == "Node"] != [
        v for k, v in new.items() if k[0] == "Node"
    ]:
        engine.put_nodes(item for key, item in new.items() if key[0] == "Node")


def _remove(engine: Reachability, key: Key, item: Any) -> None:
    match item:
        case Pod():
            engine.remove_pod(item)
        case Namespace():
            engine.remove_namespace(item.metadata.name)
        case NetworkPolicy() | AdminPolicy():
            engine.remove_policy(ObjectRef(*key))


def _put(engine: Reachability, item: Any) -> None:
    match item:
        case Pod():
            engine.put_pod(item)
        case Namespace():
            engine.put_namespace(item)
        case NetworkPolicy() | AdminPolicy():
            engine.put_policy(item)
        case Node():
            pass


Answers = dict[tuple[str, str], tuple[PortSet, PortSet]]


def _answers(engine: Reachability, objects: list[Object]) -> Answers:
    """Ask about every pair of pods, and of pods and addresses, by each way of asking."""
    bits = {}
    for pod in read(objects).pods:
        number = engine.entities.number_of(pod)
        if number is not None:
            bits[f"{pod.metadata.namespace}/{pod.metadata.name}"] = engine.entities.bit(number)
    outside = {text: engine.entities.address(text) for text in ADDRESSES}
    found: Answers = {}
    for name, bit in bits.items():
        sources, destinations = engine.sources_of(bit), engine.destinations_of(bit)
        for other, there in {**bits, **outside}.items():
            found[other, name] = tuple(  # type: ignore[assignment]
                _ports(engine, held, there) for held in (sources.least, sources.most)
            )
            found[name, other] = tuple(  # type: ignore[assignment]
                _ports(engine, held, there) for held in (destinations.least, destinations.most)
            )
            # A question about one pair and one about all others are one question.
            assert engine.between(bit, there) == found[name, other]
            assert engine.between(there, bit) == found[other, name]
    return found


def _ports(engine: Reachability, allowed: Any, bit: int) -> PortSet:
    return next((engine.ports[number] for number, held in allowed.items() if held & bit), PortSet())


@pytest.mark.parametrize("profile", [REFERENCE_PROFILE, PODS_TOO], ids=["reference", "pods-too"])
def test_a_state_that_is_kept_up_answers_as_a_fresh_one(profile: Any) -> None:
    for seed in range(SEED, SEED + max(1, RUNS // 4)):
        print(f"cluster of EXPOSURE_AUDITOR_SEED={seed}")  # noqa: T201 - pytest shows it on failure
        random = Random(seed)
        objects = random_objects(random)
        engine = engine_of(read(objects), profile)
        for _ in range(CHANGES):
            changed = random_change(random, objects)
            _apply(engine, objects, changed)
            objects = changed
            assert _answers(engine, objects) == _answers(engine_of(read(objects), profile), objects)


def test_a_pod_that_has_finished_goes_and_one_that_comes_back_is_there() -> None:
    random = Random(1)
    objects = random_objects(random)
    pods = [item for item in objects if item["kind"] == "Pod"]
    engine = engine_of(read(objects))
    finished = [{**item, "status": {"phase": "Succeeded"}} for item in pods]
    for pod in read(finished).pods:
        engine.put_pod(pod)
    assert not engine.entities.living
    for pod in read(objects).pods:
        engine.put_pod(pod)
    assert _answers(engine, objects) == _answers(engine_of(read(objects)), objects)


def test_much_coming_and_going_does_not_pile_up_classes() -> None:
    template = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "web"},
        "spec": {"podSelector": {"matchLabels": {"name": "0"}}},
    }
    engine = engine_of(read([policy]))
    for number in range(1000):
        meta = {"name": f"p-{number}", "namespace": "web", "labels": {"name": str(number)}}
        (pod,) = read([{**template, "metadata": meta}]).pods
        engine.put_pod(pod)
        engine.remove_pod(pod)
    assert len(engine.entities.classes) < 500
