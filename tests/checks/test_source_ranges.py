"""Source ranges close a door only where it is known that they are honoured."""

import pytest

from auditor.checks.catalog import catalog
from auditor.model.verdict import Verdict
from tests.analysis.clusters import facts_of

CHECK = catalog()["load-balancer-open-to-internet"]


def verdict(ranges: list[str], **parts: object) -> tuple[Verdict, str | None]:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "front", "namespace": "web", **parts},
        "spec": {
            "type": "LoadBalancer",
            "ports": [{"port": 443}],
            "loadBalancerSourceRanges": ranges,
        },
    }
    (judgement,) = CHECK.judge(facts_of(service), CHECK.parameters())
    return judgement.verdict, judgement.reason


GKE = {"annotations": {"cloud.google.com/l4-rbs": "enabled"}}


def test_ranges_that_a_known_provider_honours_close_it() -> None:
    assert verdict(["198.51.100.0/24"], **GKE) == (Verdict.PASS, None)


def test_ranges_that_nobody_may_honour_leave_it_open() -> None:
    told, reason = verdict(["198.51.100.0/24"])
    assert told is Verdict.UNKNOWN
    assert reason == "which controller serves it cannot be told"


@pytest.mark.parametrize("ranges", [["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["::/0"]])
def test_ranges_that_hold_the_internet_fail_whoever_serves_it(ranges: list[str]) -> None:
    assert verdict(ranges)[0] is Verdict.FAIL
    assert verdict(ranges, **GKE)[0] is Verdict.FAIL
