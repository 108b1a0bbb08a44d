"""kubeadm's public role is told from one that somebody widened."""

from typing import Any

import pytest

from auditor.checks.catalog import catalog
from auditor.kube.resources import ROLES
from auditor.model.reading import ReadState
from auditor.model.verdict import Verdict
from tests.analysis.clusters import facts_of

CHECK = catalog()["api-server-grants-anonymous-access"]
API = "rbac.authorization.k8s.io/v1"
NAME = "kubeadm:bootstrap-signer-clusterinfo"
AS_MADE = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}


def binding(namespace: str = "kube-public", name: str = NAME) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"kind": "Role", "name": name},
        "subjects": [{"kind": "User", "name": "system:anonymous"}],
    }


def role(namespace: str = "kube-public", **rule: Any) -> dict[str, Any]:
    rules = [{**AS_MADE, "resourceNames": ["cluster-info"], **rule}]
    metadata = {"name": NAME, "namespace": namespace}
    return {"apiVersion": API, "kind": "Role", "metadata": metadata, "rules": rules}


def verdict(*objects: dict[str, Any]) -> Verdict:
    (judgement,) = CHECK.judge(facts_of(*objects), CHECK.parameters())
    return judgement.verdict


def test_kubeadms_own_role_publishes_the_cluster_info() -> None:
    assert verdict(binding(), role()) is Verdict.PASS


@pytest.mark.parametrize(
    "widened",
    [
        {"verbs": ["get", "list"]},
        {"resources": ["configmaps", "secrets"]},
        {"resourceNames": []},
        {"resourceNames": ["cluster-info", "other"]},
    ],
)
def test_a_widened_one_fails(widened: dict[str, Any]) -> None:
    assert verdict(binding(), role(**widened)) is Verdict.FAIL


def test_one_that_was_not_read_is_unknown() -> None:
    facts = facts_of(binding(), states={ROLES: ReadState.FORBIDDEN})
    (judgement,) = CHECK.judge(facts, CHECK.parameters())
    assert judgement.verdict is Verdict.UNKNOWN
    assert judgement.reason == f"{ROLES} is forbidden"


def test_the_same_name_elsewhere_is_another_role() -> None:
    assert verdict(binding("web"), role("web")) is Verdict.FAIL
