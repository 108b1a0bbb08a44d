"""The commands of `explain`: each shows on the object itself what its hop says."""

import re
import shlex
from functools import cache
from typing import Any

import pytest

from auditor.checks.catalog import catalog
from auditor.kube.resources import RESOURCE_BY_NAME
from auditor.model.exposure import Hop
from auditor.reports.story import write_story
from auditor.reports.verifying import Access, command_for
from tests.checks.fixtures import audited, documents_of

NOWHERE = frozenset({"ApiServer", "NodePool", "StaticPod", "configuration"})
"""What evidence speaks of that is no object."""
_FILTER = re.compile(r'\?\(@\.(\w+)==("[^"]*"|\d+)\)')


@cache
def objects(slug: str, name: str) -> dict[tuple[str, str, str], Any]:
    """Give the fixture's objects by resource, namespace and name."""
    found = {}
    for item in documents_of(slug, name)[1:]:
        if item and "metadata" in item:
            meta = item["metadata"]
            kind = item["kind"]
            group = item["apiVersion"].rpartition("/")[0]
            found[kind, group, f"{meta.get('namespace', '')}/{meta['name']}"] = item
    return found


def evaluated(path: str, item: Any) -> list[Any]:
    """Evaluate the JSONPath that the commands use: keys, indices, `[*]` and one filter."""
    values, position = [item], 0
    steps = re.compile(r"\.((?:[^.\[\\]|\\.)+)|\[([^\]]*)\]")
    while position < len(path):
        step = steps.match(path, position)
        assert step is not None, path[position:]
        values = [inner for value in values for inner in _stepped(step, value)]
        position = step.end()
    return values


def _stepped(step: re.Match[str], value: Any) -> list[Any]:
    key, argument = step[1], step[2]
    if key is not None:
        plain = key.replace("\\.", ".")
        return [value[plain]] if isinstance(value, dict) and plain in value else []
    if not isinstance(value, list):
        return []
    if argument == "*":
        return value
    if argument.isdecimal():
        return value[int(argument) : int(argument) + 1]
    wanted = _FILTER.fullmatch(argument)
    assert wanted is not None, argument
    return [item for item in value if str(item.get(wanted[1])) == wanted[2].strip('"')]


@pytest.mark.parametrize("slug", catalog())
@pytest.mark.parametrize("name", ["bad", "good"])
def test_every_hop_has_a_command_that_shows_it_or_none_on_purpose(slug: str, name: str) -> None:
    known = objects(slug, name)
    for finding in audited(slug, name).findings:
        for hop in finding.evidence:
            command = command_for(hop, Access())
            kind = hop.hop.partition("/")[0]
            if command is None:
                assert kind in NOWHERE | {"Cluster"} or " " in hop.hop, hop
                continue
            words = shlex.split(command)
            assert words[0] == "kubectl"
            if "get" in words and words[-1].startswith("jsonpath="):
                _look(words, hop, known)


def _look(words: list[str], hop: Hop, known: dict[tuple[str, str, str], Any]) -> None:
    """Follow a command to the object, and compare what it shows with the hop."""
    resource = RESOURCE_BY_NAME[words[words.index("get") + 1]]
    name = words[words.index("get") + 2]
    namespace = words[words.index("--namespace") + 1] if "--namespace" in words else ""
    item = known.get((resource.kind, resource.group, f"{namespace}/{name}"))
    if item is None:
        # A workload that owns pods of the fixture and is not in it, or the default namespace.
        return
    path = words[-1].removeprefix("jsonpath={").removesuffix("}")
    shown = evaluated(path, item)
    if hop.field.startswith(("spec.type", "spec.listeners", "metadata.annotations[")):
        texts = {str(value) for value in shown}
        assert not texts or hop.value in texts or hop.value in {"none", "not set"}, (hop, shown)


def test_every_form_of_a_field() -> None:
    def path(written: str, field: str) -> str:
        command = command_for(Hop(written, field, "v"), Access())
        assert command is not None
        return shlex.split(command)[-1]

    service = "Service/web/front"
    assert path(service, "spec.type") == "jsonpath={.spec.type}"
    key = "metadata.annotations[nginx.ingress.kubernetes.io/whitelist-source-range]"
    assert path("Ingress/web/i", key) == (
        r"jsonpath={.metadata.annotations.nginx\.ingress\.kubernetes\.io/whitelist-source-range}"
    )
    assert path(service, "spec.ports[http].nodePort") == (
        'jsonpath={.spec.ports[?(@.name=="http")].nodePort}'
    )
    assert (
        path(service, "spec.ports[80].nodePort") == "jsonpath={.spec.ports[?(@.port==80)].nodePort}"
    )
    assert path("Deployment/web/front", "spec.containers[c].image") == (
        'jsonpath={.spec.template.spec.containers[?(@.name=="c")].image}'
    )
    assert path("CronJob/web/front", "spec.hostNetwork") == (
        "jsonpath={.spec.jobTemplate.spec.template.spec.hostNetwork}"
    )
    assert path("Pod/web/front", "metadata.labels.app.kubernetes.io/name") == (
        r"jsonpath={.metadata.labels.app\.kubernetes\.io/name}"
    )
    assert path("Node/n1", "status.addresses[ExternalIP]") == (
        'jsonpath={.status.addresses[?(@.type=="ExternalIP")]}'
    )
    assert path("HTTPRoute/web/r", "spec.rules[0].backendRefs") == (
        "jsonpath={.spec.rules[0].backendRefs}"
    )
    # A host and path is no index, and who is isolated is no field.
    assert path("Ingress/web/i", "spec.rules[a.example/]") == "jsonpath={.spec.rules}"
    assert path("Deployment/web/front", "egress") == "yaml"


def test_the_two_gateways_are_told_apart() -> None:
    for field, plural in (
        ("spec.gatewayClassName", "gateways.gateway.networking.k8s.io"),
        ("spec.selector", "gateways.networking.istio.io"),
    ):
        command = command_for(Hop("Gateway/web/g", field, "v"), Access())
        assert command is not None
        assert plural in shlex.split(command)


def test_names_are_quoted_and_the_cluster_is_named() -> None:
    access = Access("/home/a b/config", "prod; rm -rf /")
    command = command_for(Hop("Service/web/$(reboot)", "spec.type", "v"), access)
    assert command is not None
    assert shlex.split(command) == [
        "kubectl",
        "--kubeconfig",
        "/home/a b/config",
        "--context",
        "prod; rm -rf /",
        "--namespace",
        "web",
        "get",
        "services",
        "$(reboot)",
        "--output",
        "jsonpath={.spec.type}",
    ]


def test_a_key_that_could_be_taken_for_more_shows_the_whole_object() -> None:
    command = command_for(
        Hop("Service/web/a", 'spec.ports[x")].y[?(@.z=="].nodePort', "v"), Access()
    )
    assert command is not None
    assert shlex.split(command)[-1] in {"yaml", "jsonpath={.spec.ports}"}


def test_what_may_not_be_read_is_asked_for() -> None:
    command = command_for(
        Hop("Cluster/c", "networkpolicies.networking.k8s.io", "forbidden"), Access()
    )
    assert command == ("kubectl auth can-i list networkpolicies.networking.k8s.io --all-namespaces")
    assert command_for(Hop("Cluster/c", "platform.cni", "x"), Access()) is None


@pytest.mark.parametrize("slug", catalog())
def test_every_finding_can_be_told(slug: str) -> None:
    for finding in audited(slug, "bad").findings:
        text = write_story("c", finding)
        assert finding.summary[:200] in text
        if finding.verdict.value in {"fail", "unknown"}:
            assert "Why it matters:" in text
        assert ("What would settle it:" in text) == (finding.verdict.value == "unknown")
