"""Truth tables of who reaches whom, read from YAML; CIDRs cover pods' IPs unless a state says no.

A case is a list of states of one cluster. A state has policies, changed labels, and what is
expected at each port: everything is open but for the lines given, of which a later one overrules
an earlier one. In a line `->` is one way and `<>` both. An end is `*` (anything), `outside` (any
address), an address, or `NAMESPACE/POD`, either part of which may be `*`. A pod to itself is left
out, as upstream does.
"""

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from auditor.model.ports import PortSet, Protocol
from tests.reachability.pieces import Object

API_VERSIONS = {
    "NetworkPolicy": "networking.k8s.io/v1",
    "AdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1",
    "BaselineAdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1",
    "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2",
}


class World(NamedTuple):
    """The cluster that a table's policies are laid over."""

    objects: list[Object]
    addresses: tuple[str, ...] = ()


class State(NamedTuple):
    """A row of a table: a cluster and what it must answer."""

    objects: list[Object]
    answers: dict[tuple[str, str, str, int], bool]
    """By source, destination, protocol and port."""
    ip_blocks_cover_pods: bool


def cases_of(file_name: str, world: Callable[[], World]) -> list[object]:
    """Read a table as parameters for pytest: a name, and the states one after the other."""
    path = Path(__file__).with_name("tables") / file_name
    cases = yaml.safe_load(path.read_text())
    return [
        pytest.param([_state(world(), state) for state in case["states"]], id=case["name"])
        for case in cases
    ]


def a_pod(name: str, namespace: str, *, labels: Object, ips: list[str], ports: Object) -> Object:
    """Write a pod with a container for each named port, `name: [protocol, number]`."""
    containers = [
        {
            "name": f"c{index}",
            "image": "app",
            "ports": [{"name": port_name, "protocol": protocol, "containerPort": number}],
        }
        for index, (port_name, (protocol, number)) in enumerate(ports.items())
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": containers},
        "status": {"phase": "Running", "podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]},
    }


def a_namespace(name: str, labels: Object) -> Object:
    """Write a Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _state(world: World, state: Object) -> State:
    labels = state.get("labels") or {}
    for item in world.objects:
        meta = item["metadata"]
        key = f"{meta['namespace']}/{meta['name']}" if item["kind"] == "Pod" else meta["name"]
        meta["labels"] = {**meta["labels"], **labels.get(key, {})}
    ends = [f"pod:{end}" for end in _pod_names(world)] + list(world.addresses)
    policies = [_policy(number, item) for number, item in enumerate(state.get("policies") or [])]
    answers = {}
    for asked, lines in state["expect"].items():
        protocol, port = asked.split()
        rules = [rule for line in lines or [] for rule in _rules(line)]
        for source, destination in _pairs(ends):
            said = [
                allowed
                for of, to, allowed in rules
                if _matches(of, source) and _matches(to, destination)
            ]
            answers[source, destination, protocol, int(port)] = said[-1] if said else True
        assert_each_line_counts(rules, ends)
    return State(world.objects + policies, answers, state.get("ip_blocks_cover_pods", True))


def assert_each_line_counts(rules: list[tuple[str, str, bool]], ends: list[str]) -> None:
    """A line about nothing is a slip of the pen."""
    for of, to, _ in rules:
        assert any(_matches(of, s) and _matches(to, d) for s, d in _pairs(ends)), f"{of} -> {to}"


def _pairs(ends: Iterable[str]) -> Iterator[tuple[str, str]]:
    every = list(ends)
    for source in every:
        for destination in every:
            inside = source.startswith("pod:") or destination.startswith("pod:")
            if source != destination and inside:
                yield source, destination


def _policy(number: int, item: Object) -> Object:
    kind = item.get("kind", "NetworkPolicy")
    default = "default" if kind == "BaselineAdminNetworkPolicy" else f"policy-{number}"
    metadata = {"name": item.get("name", default)}
    if kind == "NetworkPolicy":
        metadata["namespace"] = item["namespace"]
    return {
        "apiVersion": API_VERSIONS[kind],
        "kind": kind,
        "metadata": metadata,
        "spec": item["spec"],
    }


def _rules(line: str) -> list[tuple[str, str, bool]]:
    """Read `SOURCE -> DESTINATION no`, or `yes`; `<>` is both ways."""
    source, arrow, destination, answer = line.split()
    allowed = {"yes": True, "no": False}[answer]
    return {
        "->": [(source, destination, allowed)],
        "<>": [(source, destination, allowed), (destination, source, allowed)],
    }[arrow]


def _matches(pattern: str, end: str) -> bool:
    if pattern == "*":
        return True
    if pattern == "outside":
        return not end.startswith("pod:")
    return fnmatchcase(end.removeprefix("pod:"), pattern)


def _pod_names(world: World) -> Iterator[str]:
    for item in world.objects:
        if item["kind"] == "Pod":
            yield f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def given_by(
    ports: Callable[[str, str], PortSet], questions: Iterable[tuple[str, str, str, int]]
) -> dict[tuple[str, str, str, int], bool]:
    """Answer a table's questions from port sets."""
    return {
        (source, destination, protocol, port): (Protocol(protocol), port)
        in ports(source, destination)
        for source, destination, protocol, port in questions
    }
