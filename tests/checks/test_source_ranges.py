"""Source ranges close a door only where it is known that they are honoured."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.checks.catalog import catalog
from auditor.checks.check import Check
from auditor.model.verdict import Verdict
from tests.analysis.clusters import facts_of

CHECK = catalog()["load-balancer-open-to-internet"]
IGNORED = catalog()["load-balancer-source-ranges-ignored"]


DEAF = {"load_balancers": [{"id": "gke", "sources": {"honoured": False}}]}


def verdict(
    ranges: list[str],
    check: Check = CHECK,
    annotations: Mapping[str, str] | None = None,
    **configured: Any,
) -> tuple[Verdict, str | None]:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "front", "namespace": "web", "annotations": annotations or {}},
        "spec": {
            "type": "LoadBalancer",
            "ports": [{"port": 443}],
            "loadBalancerSourceRanges": ranges,
        },
    }
    (judgement,) = check.judge(facts_of(service, **configured), check.parameters())
    return judgement.verdict, judgement.reason


GKE = {"cloud.google.com/l4-rbs": "enabled"}


def test_ranges_that_a_known_provider_honours_close_it() -> None:
    assert verdict(["198.51.100.0/24"], annotations=GKE) == (Verdict.PASS, None)


def test_ranges_that_nobody_may_honour_leave_it_open() -> None:
    told, reason = verdict(["198.51.100.0/24"])
    assert told is Verdict.UNKNOWN
    assert reason == "which controller serves it cannot be told"


@pytest.mark.parametrize("ranges", [["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["::/0"]])
def test_ranges_that_hold_the_internet_fail_whoever_serves_it(ranges: list[str]) -> None:
    assert verdict(ranges)[0] is Verdict.FAIL
    assert verdict(ranges, annotations=GKE)[0] is Verdict.FAIL


OCI_BY_HAND = "service.beta.kubernetes.io/oci-load-balancer-security-list-management-mode"


@pytest.mark.parametrize(
    ("annotations", "told"),
    [
        ({"service.beta.kubernetes.io/do-loadbalancer-network": "EXTERNAL"}, Verdict.PASS),
        ({OCI_BY_HAND: "None"}, Verdict.FAIL),
        ({OCI_BY_HAND: "All"}, Verdict.UNKNOWN),
        ({"service.beta.kubernetes.io/openstack-internal-load-balancer": "false"}, Verdict.UNKNOWN),
        (
            {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "internet"},
            Verdict.UNKNOWN,
        ),
        ({"load-balancer.hetzner.cloud/use-private-ip": "true"}, Verdict.UNKNOWN),
        ({"metallb.io/address-pool": "x"}, Verdict.UNKNOWN),
        (
            {"lbipam.cilium.io/ips": "10.0.0.9", "service.cilium.io/src-ranges-policy": "deny"},
            Verdict.UNKNOWN,
        ),
        ({}, Verdict.UNKNOWN),
    ],
)
def test_ranges_are_called_ignored_only_where_that_is_confirmed(
    annotations: dict[str, str], told: Verdict
) -> None:
    found, reason = verdict(["198.51.100.0/24"], IGNORED, annotations=annotations)
    assert found is told
    assert (reason is not None) is (told is Verdict.UNKNOWN)


def test_ranges_that_a_provider_is_known_not_to_read_are_ignored() -> None:
    ranges = ["198.51.100.0/24"]
    assert verdict(ranges, IGNORED, annotations=GKE, catalogue=DEAF) == (Verdict.FAIL, None)
    assert verdict(ranges, CHECK, annotations=GKE, catalogue=DEAF) == (Verdict.FAIL, None)
