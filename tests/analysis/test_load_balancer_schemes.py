"""Internal or facing the internet: a table from the documented behaviour of each implementation."""

from typing import Any

import pytest

from auditor.catalogue.load_balancers import Scheme
from auditor.model.audience import Audience
from auditor.model.exposure import Via
from auditor.model.verdict import Confidence
from tests.analysis.clusters import a_service, facts_of, the_door
from tests.analysis.load_balancer_cases import (
    HIGH,
    INTERNET,
    LIVE,
    LOW,
    MEDIUM,
    PRIVATE,
    PRIVATE_IP,
    PUBLIC_IP,
    UNKNOWN,
    Case,
    answer,
    named,
    nobody,
)
from tests.kube.manifests import Object, a_pod, a_workload

AWS = "service.beta.kubernetes.io/aws-load-balancer-"
TYPE, SCHEME, INTERNAL = f"{AWS}type", f"{AWS}scheme", f"{AWS}internal"
GKE, OLD_GKE = "networking.gke.io/load-balancer-type", "cloud.google.com/load-balancer-type"
RBS = "cloud.google.com/l4-rbs"
AZURE = "service.beta.kubernetes.io/azure-load-balancer-internal"

LBC_CLASS = {"loadBalancerClass": "service.k8s.aws/nlb"}
AUTO_CLASS = {"loadBalancerClass": "eks.amazonaws.com/nlb"}
LBC, AUTO, IN_TREE = "aws-load-balancer-controller", "eks-auto-mode", "aws-in-tree"

LBC_RUNS = a_workload("Deployment", "aws-load-balancer-controller", "kube-system")
LBC_RUNS["spec"]["template"]["spec"]["containers"][0]["image"] = (
    "registry.example/eks/aws-load-balancer-controller:v2.7.1"
)


def lbc(name: str, scheme: Scheme | None, confidence: Confidence = MEDIUM, **rest: Any) -> Case:
    """Write a Service that the AWS Load Balancer Controller serves by its class."""
    given = {"spec": LBC_CLASS, "provider": LBC, **rest}
    return Case(name=name, scheme=scheme, confidence=confidence, **given)


def in_tree(name: str, scheme: Scheme | None, confidence: Confidence = MEDIUM, **rest: Any) -> Case:
    """Write a Service of an EKS cluster that names no class."""
    given = {"cluster": "eks", "provider": IN_TREE, **rest}
    return Case(name=name, scheme=scheme, confidence=confidence, **given)


def gke(name: str, scheme: Scheme | None, confidence: Confidence = MEDIUM, **rest: Any) -> Case:
    """Write a Service of a GKE cluster."""
    given = {"cluster": "gke", "provider": "gke", **rest}
    return Case(name=name, scheme=scheme, confidence=confidence, **given)


def aks(name: str, scheme: Scheme | None, confidence: Confidence = MEDIUM, **rest: Any) -> Case:
    """Write a Service of an AKS cluster."""
    given = {"cluster": "aks", "provider": "aks", **rest}
    return Case(name=name, scheme=scheme, confidence=confidence, **given)


CASES = (
    *named(
        "LBC",
        lbc("the default is internal", PRIVATE),
        lbc("scheme internet-facing", INTERNET, annotations={SCHEME: "internet-facing"}),
        lbc("scheme internal", PRIVATE, annotations={SCHEME: "internal"}),
        lbc("schemes compare without case", INTERNET, annotations={SCHEME: "Internet-Facing"}),
        lbc("a scheme that it does not know", UNKNOWN, LOW, annotations={SCHEME: "public"}),
        lbc("internal true", PRIVATE, annotations={INTERNAL: "true"}),
        lbc("internal false", INTERNET, annotations={INTERNAL: "false"}),
        lbc("internal with a CIDR", UNKNOWN, LOW, annotations={INTERNAL: "0.0.0.0/0"}),
        lbc(
            "scheme wins over internal",
            INTERNET,
            annotations={SCHEME: "internet-facing", INTERNAL: "true"},
        ),
        lbc("a manifest with its class", PRIVATE, uid=None),
        lbc("a class on EKS", PRIVATE, cluster="eks"),
        lbc("claimed by type external", PRIVATE, spec={}, annotations={TYPE: "external"}),
        lbc("claimed by type nlb-ip", PRIVATE, spec={}, annotations={TYPE: "nlb-ip"}),
        lbc("claimed without case", PRIVATE, spec={}, annotations={TYPE: "External"}),
        lbc(
            "claimed and internet-facing",
            INTERNET,
            spec={},
            annotations={TYPE: "external", SCHEME: "internet-facing"},
        ),
    ),
    *named(
        "EKS auto mode",
        lbc("its default is not confirmed", UNKNOWN, LOW, spec=AUTO_CLASS, provider=AUTO),
        lbc(
            "internet-facing",
            INTERNET,
            spec=AUTO_CLASS,
            provider=AUTO,
            annotations={SCHEME: "internet-facing"},
        ),
        lbc("internal", PRIVATE, spec=AUTO_CLASS, provider=AUTO, annotations={SCHEME: "internal"}),
    ),
    *named(
        "AWS in-tree",
        in_tree("the default is the internet", INTERNET),
        in_tree("type nlb is in-tree too", INTERNET, annotations={TYPE: "nlb"}),
        in_tree("internal true", PRIVATE, annotations={INTERNAL: "true"}),
        in_tree("0.0.0.0/0 counts as internal", PRIVATE, annotations={INTERNAL: "0.0.0.0/0"}),
        in_tree("any word counts as internal", PRIVATE, annotations={INTERNAL: "no"}),
        in_tree("False counts as internal", PRIVATE, annotations={INTERNAL: "False"}),
        in_tree("FALSE counts as internal", PRIVATE, annotations={INTERNAL: "FALSE"}),
        in_tree("a space before false", PRIVATE, annotations={INTERNAL: " false"}),
        in_tree("false is public", INTERNET, annotations={INTERNAL: "false"}),
        in_tree("empty is public", INTERNET, annotations={INTERNAL: ""}),
        in_tree("the scheme is not read", INTERNET, LOW, annotations={SCHEME: "internal"}),
        in_tree(
            "the scheme is not read on a cluster of an unknown cloud",
            INTERNET,
            LOW,
            cluster="kubeconfig",
            annotations={SCHEME: "internal"},
        ),
        in_tree(
            "the scheme is not read and internal is",
            PRIVATE,
            annotations={SCHEME: "internet-facing", INTERNAL: "true"},
        ),
        in_tree("a running LBC came too late for what is admitted", INTERNET, others=(LBC_RUNS,)),
        in_tree(
            "told by a hostname of AWS",
            INTERNET,
            cluster="kubeconfig",
            ingress=({"hostname": "a1-2.eu-west-1.elb.amazonaws.com"},),
        ),
        in_tree(
            "an internal name alone is no proof",
            UNKNOWN,
            LOW,
            cluster="kubeconfig",
            ingress=({"hostname": "internal-a1-2.eu-west-1.elb.amazonaws.com"},),
        ),
    ),
    *named(
        "AWS manifest",
        in_tree("nothing is said", INTERNET, uid=None),
        in_tree(
            "a scheme that LBC may read",
            UNKNOWN,
            LOW,
            uid=None,
            provider=None,
            annotations={SCHEME: "internal"},
        ),
        in_tree(
            "both would face the internet",
            INTERNET,
            LOW,
            uid=None,
            provider=None,
            annotations={SCHEME: "internet-facing"},
        ),
        in_tree(
            "both would be internal",
            PRIVATE,
            uid=None,
            provider=None,
            annotations={INTERNAL: "true"},
        ),
        in_tree(
            "a running LBC may claim it", UNKNOWN, LOW, uid=None, provider=None, others=(LBC_RUNS,)
        ),
    ),
    *named(
        "GKE",
        gke("the default is the internet", INTERNET),
        gke("Internal", PRIVATE, annotations={GKE: "Internal"}),
        gke("without case", PRIVATE, annotations={GKE: "INTERNAL"}),
        gke("External", INTERNET, annotations={GKE: "External"}),
        gke("told by its annotation", PRIVATE, cluster="kubeconfig", annotations={GKE: "Internal"}),
        gke("the older name is not confirmed", UNKNOWN, annotations={OLD_GKE: "Internal"}),
        gke("both names", PRIVATE, annotations={GKE: "Internal", OLD_GKE: "Internal"}),
        gke("backend service", INTERNET, annotations={RBS: "enabled"}),
        gke(
            "class l4-regional-internal",
            PRIVATE,
            spec={"loadBalancerClass": "networking.gke.io/l4-regional-internal"},
        ),
        gke(
            "class l4-regional-external",
            INTERNET,
            spec={"loadBalancerClass": "networking.gke.io/l4-regional-external"},
        ),
        gke(
            "class l4-regional-internal-legacy",
            PRIVATE,
            spec={"loadBalancerClass": "networking.gke.io/l4-regional-internal-legacy"},
        ),
        gke(
            "class l4-regional-external-legacy",
            INTERNET,
            spec={"loadBalancerClass": "networking.gke.io/l4-regional-external-legacy"},
        ),
        gke(
            "a class decides before an annotation",
            INTERNET,
            spec={"loadBalancerClass": "networking.gke.io/l4-regional-external"},
            annotations={GKE: "Internal"},
        ),
        gke("what AWS reads means nothing here", INTERNET, annotations={INTERNAL: "true"}),
        gke("a manifest", INTERNET, uid=None),
    ),
    *named(
        "AKS",
        aks("the default is the internet", INTERNET),
        aks("internal true", PRIVATE, annotations={AZURE: "true"}),
        aks("without case", PRIVATE, annotations={AZURE: "True"}),
        aks("internal false", INTERNET, annotations={AZURE: "false"}),
        aks("another word", INTERNET, annotations={AZURE: "yes"}),
        aks("told by its annotation", PRIVATE, cluster="kubeconfig", annotations={AZURE: "true"}),
    ),
    *named(
        "status",
        aks(
            "a public address beats internal",
            INTERNET,
            HIGH,
            annotations={AZURE: "true"},
            ingress=({"ip": PUBLIC_IP},),
        ),
        gke("a private address beats the default", PRIVATE, HIGH, ingress=({"ip": PRIVATE_IP},)),
        gke(
            "one public address of two is enough",
            INTERNET,
            HIGH,
            ingress=({"ip": PRIVATE_IP}, {"ip": PUBLIC_IP}),
        ),
        gke(
            "a public IPv6 address",
            INTERNET,
            HIGH,
            annotations={GKE: "Internal"},
            ingress=({"ip": "2001:db8::1"},),
        ),
        gke("a unique local address", PRIVATE, HIGH, ingress=({"ip": "fd00::1"},)),
        nobody(
            "a private address of nobody's",
            scheme=PRIVATE,
            confidence=HIGH,
            ingress=({"ip": "192.168.1.240"},),
        ),
        nobody("a public address of nobody's", confidence=HIGH, ingress=({"ip": PUBLIC_IP},)),
        lbc(
            "an address settles what two would read differently",
            PRIVATE,
            HIGH,
            spec={},
            cluster="eks",
            uid=None,
            provider=None,
            annotations={SCHEME: "internal"},
            ingress=({"ip": PRIVATE_IP},),
        ),
    ),
    *named(
        "nobody",
        nobody("nothing is known"),
        nobody("a manifest", uid=None),
        nobody("a class that no one knows", spec={"loadBalancerClass": "example.com/own"}),
        nobody(
            "such a class on AWS",
            cluster="eks",
            spec={"loadBalancerClass": "example.com/own"},
            annotations={INTERNAL: "true"},
        ),
        nobody("annotations of two clouds", annotations={INTERNAL: "true", AZURE: "true"}),
        nobody("a hostname of nobody's", ingress=({"hostname": "lb.example.com"},)),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_scheme_is_told_as_documented(case: Case) -> None:
    told = answer(case)
    assert told.scheme is case.scheme
    assert told.confidence is case.confidence or case.scheme is None
    assert (told.provider.id if told.provider else None) == case.provider


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_reason_is_given_exactly_where_the_scheme_is_unknown(case: Case) -> None:
    told = answer(case)
    assert (told.reason is not None) is (case.scheme is None)
    assert told.hops
    if told.scheme is None:
        assert told.confidence is LOW


def test_an_address_that_differs_from_what_is_asked_is_noted() -> None:
    (case,) = (case for case in CASES if case.name == "status: a public address beats internal")
    asked, drift = answer(case).hops
    assert asked.value == "true"
    assert (drift.value, drift.note) == (
        PUBLIC_IP,
        "an internet address, which differs from what is asked",
    )


def test_an_address_that_agrees_is_not_called_a_difference() -> None:
    (hop,) = answer(
        aks("x", PRIVATE, annotations={AZURE: "true"}, ingress=({"ip": PRIVATE_IP},))
    ).hops
    assert hop.note == "a private address"


def test_an_internal_range_of_the_operator_is_private() -> None:
    case = gke("x", PRIVATE, ingress=({"ip": "198.51.100.7"},))
    assert answer(case).scheme is Scheme.INTERNET
    assert answer(case, internal_cidrs=("198.51.100.0/24",)).scheme is Scheme.INTERNAL


@pytest.mark.parametrize(
    ("provider_id", "cloud_case"),
    [
        ("aws:///eu-west-1a/i-1", "aws-in-tree"),
        ("gce://project/zone/x", "gke"),
        ("azure:///subscriptions/1", "aks"),
    ],
)
def test_nodes_tell_the_cloud_of_a_cluster_that_does_not_say(
    provider_id: str, cloud_case: str
) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    case = nobody("x", others=({**node, "spec": {"providerID": provider_id}},))
    told = answer(case)
    assert told.provider is not None
    assert told.provider.id == cloud_case


def _controller(flag: str, image: str = "aws-load-balancer-controller:v2.7.1") -> Object:
    pod = a_pod("lbc", "kube-system", image=f"registry.example/eks/{image}")
    pod["spec"]["containers"][0]["args"] = [f"--default-load-balancer-scheme={flag}"]
    return pod


@pytest.mark.parametrize(
    ("flag", "scheme"),
    [("internet-facing", INTERNET), ("internal", PRIVATE), ("$(SCHEME)", UNKNOWN), ("x", UNKNOWN)],
)
def test_the_controllers_own_flag_changes_its_default(flag: str, scheme: Scheme | None) -> None:
    assert answer(lbc("x", scheme, others=(_controller(flag),))).scheme is scheme


def test_an_annotation_decides_before_the_controllers_flag() -> None:
    case = lbc(
        "x", PRIVATE, annotations={SCHEME: "internal"}, others=(_controller("internet-facing"),)
    )
    assert answer(case).scheme is Scheme.INTERNAL


def test_the_same_flag_on_another_program_changes_nothing() -> None:
    tenants = _controller("internal", "web:1")
    tenants["metadata"] = {"name": "zzz", "namespace": "zzz"}
    case = lbc("x", INTERNET, others=(_controller("internet-facing"), tenants))
    assert answer(case).scheme is Scheme.INTERNET


def test_an_unknown_scheme_makes_the_audience_unknown_with_its_reason() -> None:
    service = a_service(type="LoadBalancer", uid=LIVE, **AUTO_CLASS)
    door = the_door(facts_of(service), Via.LOAD_BALANCER)
    assert door.audience is Audience.UNKNOWN
    assert door.reason
    assert door.sources == ()
