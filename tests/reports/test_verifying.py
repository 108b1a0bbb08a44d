"""The commands of `explain`: each shows on the object itself what its hop says."""

import re
import shlex
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.kube.resources import RESOURCE_BY_NAME
from auditor.model.exposure import Hop
from auditor.reports.story import write_story
from auditor.reports.verifying import Access, command_for, in_files
from tests.checks.fixtures import ON_CLUSTERS, audited, documents_of

NOWHERE = frozenset({"Address", "ApiServer", "NodePool", "Segmentation", "configuration"})
"""What evidence speaks of that is no object."""
WORKED_OUT = frozenset({"exposures", "reachable workloads"})
"""What evidence says of an object and no object shows."""
OF_CLUSTER = frozenset(
    {"admitted public addresses", "answer", "connection", "coverage", "metadata service"}
)
"""What evidence says of a cluster and nothing in it shows."""
AS_IT_IS = re.compile(
    r"spec\.(type|selector\.\w+|gatewayClassName|controller|controllerName|loadBalancerClass)"
    r"|spec\.host(IPC|Network|PID)|spec\.ports\[.*\]\.(nodePort|targetPort)|spec\.nfs\.server"
    r"|spec\.containers\[.*\]\.(image|name|ports\[\]\.(hostPort|hostIP))"
    r"|spec\.(listeners|servers)\[.*protocol|.*volumeAttributes\.\w+"
    r"|metadata\.(annotations|labels)[.\[].*|data\[.*|status\..*\.(ip|hostname|value)"
)
"""Fields whose value a hop shows as it is written."""
UNSET = frozenset({"false", "none", "not set"})
"""What a hop says of a field that an object does not set."""
EMPTY = re.compile(
    r"spec\.(allocateLoadBalancerNodePorts|externalIPs|ingressClassName|policyTypes|selector|tls)"
    r"|spec\.(ingress|egress)|spec\.rules.*|spec\.volumes\[\]\.hostPath"
    r"|spec\.containers\[.*\]\.ports|spec\.ports\[.*\]\.targetPort|spec\.loadBalancerSourceRanges"
)
"""Fields of which evidence speaks although an object may leave them out."""
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
    if argument.startswith("'"):
        keys = [part.strip("'") for part in argument.split(",")]
        return [value[part] for part in keys if isinstance(value, dict) and part in value]
    if not isinstance(value, list):
        return []
    if argument == "*":
        return value
    if argument.isdecimal():
        return value[int(argument) : int(argument) + 1]
    wanted = _FILTER.fullmatch(argument)
    assert wanted is not None, argument
    return [item for item in value if str(item.get(wanted[1])) == wanted[2].strip('"')]


@pytest.mark.parametrize("slug", ON_CLUSTERS)
@pytest.mark.parametrize("name", ["bad", "good"])
def test_every_hop_has_a_command_that_shows_it_or_none_on_purpose(slug: str, name: str) -> None:
    known = objects(slug, name)
    for finding in audited(slug, name).findings:
        for hop in finding.evidence:
            command = command_for(hop, Access())
            kind = hop.hop.partition("/")[0]
            assert (in_files(hop) is None) or command is not None
            if command is None:
                is_none = kind in NOWHERE or hop.field in WORKED_OUT or " " in hop.hop
                of_cluster = hop.field in OF_CLUSTER or hop.field.startswith("tags[")
                assert is_none or (kind == "Cluster" and of_cluster), hop
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
    if not shown:
        assert hop.value in UNSET or EMPTY.fullmatch(hop.field), (hop, path)
    elif AS_IT_IS.fullmatch(hop.field):
        texts = {"true" if value is True else str(value) for value in shown}
        texts = {"false" if value is False else str(value) for value in shown} | texts
        assert hop.value in texts, (hop, shown)


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
    # It may be an init container.
    assert path("Deployment/web/front", "spec.containers[c].image") == (
        "jsonpath={.spec.template.spec['containers','initContainers','ephemeralContainers']"
        '[?(@.name=="c")].image}'
    )
    assert (
        path("Pod/web/front", "spec.containers[].image") == "jsonpath={.spec.containers[*].image}"
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
    assert path("Service/web/front", "LoadBalancer") == "yaml"
    # Evidence calls the routes of every kind so.
    assert path("VirtualService/web/v", "spec.rules[a.example/]") == "yaml"


@pytest.mark.parametrize(
    ("written", "field", "command", "looked_for"),
    [
        (
            "Deployment/web/front",
            "egress",
            "kubectl --namespace web get networkpolicies.networking.k8s.io",
            "every NetworkPolicy of the namespace web",
        ),
        (
            "Namespace/web",
            "ingress",
            "kubectl --namespace web get networkpolicies.networking.k8s.io",
            "every NetworkPolicy of the namespace web",
        ),
        (
            "Node/n1",
            "spec.nodeName",
            "kubectl get pods --all-namespaces --field-selector spec.nodeName=n1",
            None,
        ),
        (
            "StaticPod/kube-system/etcd",
            "spec.containers[].image",
            "kubectl --namespace kube-system get pods --output wide",
            None,
        ),
        ("NetworkPolicy", "count", "kubectl get networkpolicies.networking.k8s.io -A", None),
        ("Cluster/c", "identity", "kubectl auth whoami", None),
        (
            "Cluster/c",
            "get nodes/proxy",
            "kubectl auth can-i get nodes --subresource=proxy",
            None,
        ),
        (
            "Cluster/c",
            "delete networkpolicies.networking.k8s.io",
            "kubectl auth can-i delete networkpolicies.networking.k8s.io --all-namespaces",
            None,
        ),
        ("Cluster/c", "nodes", "kubectl auth can-i list nodes", "every object of the kind Node"),
        ("Cluster/c", "list; reboot", None, None),
        ("Deployment/web/front", "reachable workloads", None, None),
        ("Service/web/front", "spec.type", None, "kind Service, name front, namespace web"),
        ("Service/web/--as=admin", "spec.type", None, None),
        ("Node/web/n1", "spec.type", None, None),
        ("Service/front", "spec.type", None, None),
    ],
)
def test_what_no_single_field_shows_is_shown_otherwise_or_not(
    written: str, field: str, command: str | None, looked_for: str | None
) -> None:
    hop = Hop(written, field, "v")
    found = command_for(hop, Access())
    if command is not None:
        assert found == command.replace(" -A", " --all-namespaces")
    elif looked_for is None:
        assert found is None
    if looked_for is not None:
        assert (in_files(hop) or "").startswith(looked_for)


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


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\u202eb", "a\nb", "x" * 5000])
def test_a_name_that_a_terminal_would_act_on_makes_no_command(name: str) -> None:
    finding = next(item for item in audited("node-port-open", "bad").findings if item.evidence)
    evidence = (Hop(f"Service/web/{name}", "spec.type", "NodePort"),)
    told = write_story("c", replace(finding, evidence=evidence), Access(context="c"))
    assert "$ kubectl" not in told
    assert not set("\x1b\u202e") & set(told)


def test_what_kubectl_would_ask_by_default_is_said() -> None:
    finding = next(item for item in audited("node-port-open", "bad").findings if item.evidence)
    assert "current context" in write_story("c", finding, Access())
    assert "current context" not in write_story("c", finding, Access(context="c"))
    assert "current context" not in write_story("c", finding)


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


def test_several_kubeconfigs_are_named_as_kubectl_takes_them() -> None:
    command = command_for(Hop("Service/w/s", "spec.type", "v"), Access("/a b:/c", "x"))
    assert command is not None
    assert shlex.split(command)[:5] == ["env", "KUBECONFIG=/a b:/c", "kubectl", "--context", "x"]


@pytest.mark.parametrize("slug", ON_CLUSTERS)
def test_every_finding_can_be_told(slug: str) -> None:
    for finding in audited(slug, "bad").findings:
        text = write_story("c", finding)
        assert finding.summary[:200] in text
        assert "$ kubectl" not in text
        for hop in finding.evidence:
            assert (in_files(hop) or "") in text
        asked = write_story("c", finding, Access(context="c"))
        assert "look in the files" not in asked
        assert ("Policies on the way:" in text) == any(
            hop.hop.startswith("NetworkPolicy/") or "AdminNetworkPolicy/" in hop.hop
            for hop in finding.evidence
        )
        for hop in finding.evidence:
            command = command_for(hop, Access(context="c"))
            assert command is None or f"$ {command}\n" in asked
        if finding.verdict.value in {"fail", "unknown"}:
            assert "Why it matters:" in text
        assert ("What would settle it:" in text) == (finding.verdict.value == "unknown")
