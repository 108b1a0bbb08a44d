"""The cloud's word on the plugin that it installs: proof where nothing was seen, else evidence."""

from typing import Any

import pytest

from auditor.analysis.facts import Facts
from auditor.checks.cni_unidentified.check import CHECK as UNIDENTIFIED
from auditor.checks.cni_without_policy_support.check import CHECK as WITHOUT_SUPPORT
from auditor.checks.policies_not_enforced.check import CHECK as NOT_ENFORCED
from auditor.model.audit import Enforces
from auditor.model.cloud import CloudFact, CloudFacts, ManagedPlugin
from auditor.model.reading import ReadState
from auditor.model.verdict import Verdict
from tests.analysis.clusters import a_node, facts_of
from tests.analysis.test_recognition_cni import vpc_cni
from tests.kube.manifests import an_object

NODE = a_node("n1", "InternalIP=10.0.0.1")
POLICY = an_object("NetworkPolicy", "deny", "web", spec={"podSelector": {}})
FACT = CloudFact("networkProfile.networkPolicy", "none")


def facts(enforces: bool | None, *objects: Any, plugin: str = "azure-cni", **rest: Any) -> Facts:
    managed = ManagedPlugin(plugin=plugin, enforces=enforces, evidence=(FACT,))
    cloud = CloudFacts(read_at="2026-11-22T11:00:00Z", plugin=managed)
    return facts_of(NODE, POLICY, *objects, provider="aks", cloud=cloud, **rest)


def verdict(found: Facts, check: Any) -> Verdict:
    (judgement,) = check.judge(found, check.parameters())
    assert isinstance(judgement.verdict, Verdict)
    return judgement.verdict


def test_switched_off_and_nothing_seen_is_proof() -> None:
    found = facts(False)
    assert (found.platform.cni.name, found.platform.cni.enforces) == ("azure-cni", Enforces.NONE)
    assert found.enforcement.is_known
    assert any(hop.field == FACT.field for hop in found.enforcement.hops)
    assert verdict(found, NOT_ENFORCED) is Verdict.FAIL
    assert verdict(found, WITHOUT_SUPPORT) is Verdict.FAIL
    assert verdict(found, UNIDENTIFIED) is Verdict.PASS


@pytest.mark.parametrize("enforces", [True, None])
def test_switched_on_is_never_proof(enforces: bool | None) -> None:
    found = facts(enforces)
    assert (found.platform.cni.name, found.platform.cni.enforces) == (
        "azure-cni",
        Enforces.UNKNOWN,
    )
    assert verdict(found, NOT_ENFORCED) is Verdict.UNKNOWN
    assert verdict(found, WITHOUT_SUPPORT) is Verdict.UNKNOWN


@pytest.mark.parametrize("resource", ["pods", "nodes"])
def test_switched_off_is_no_proof_while_an_agent_may_have_gone_unseen(resource: str) -> None:
    found = facts(False, states={resource: ReadState.PARTIAL})
    assert found.platform.cni.enforces is Enforces.UNKNOWN
    assert found.enforcement.reason


def test_an_agent_that_was_seen_tells_more() -> None:
    seen = facts_of(NODE, POLICY, *vpc_cni()).platform.cni
    beside = facts(False, *vpc_cni(), plugin="aws-vpc-cni").platform.cni
    assert (beside.name, beside.enforces) == (seen.name, seen.enforces)
    assert seen.enforces is not Enforces.NONE
