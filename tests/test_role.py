"""The ClusterRole that we ship: exactly what is read, and nothing that a reviewer would refuse."""

import yaml

from auditor.catalogue.contents import shipped
from auditor.catalogue.projection import named_fields
from auditor.kube.resources import RESOURCES
from auditor.kube.rights import FORBIDDEN_RIGHTS
from auditor.simulator.identities import Access, Identity
from tools.role import MANIFEST, cluster_role, manifest


def test_the_manifest_is_the_generated_one() -> None:
    assert MANIFEST.read_text(encoding="utf-8") == manifest(), "run `make docs`"


def test_it_lists_what_is_read_and_nothing_else() -> None:
    granted = {
        (group, resource, verb)
        for rule in cluster_role()["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert granted == {
        (item.group, item.plural, "get" if item.is_named else "list") for item in RESOURCES
    }


def test_what_is_read_by_name_is_granted_by_name() -> None:
    (rule,) = (item for item in cluster_role()["rules"] if item["verbs"] == ["get"])
    assert rule["resources"] == ["configmaps"]
    names = {full_name.partition("/")[2] for full_name in named_fields(shipped()).config_maps}
    assert names
    assert set(rule["resourceNames"]) == names


def test_it_grants_none_of_the_rights_that_an_auditor_must_not_hold() -> None:
    identity = Identity("auditor", (), tuple(cluster_role()["rules"]))
    for right in FORBIDDEN_RIGHTS:
        asked = Access(right.verb, right.group, right.resource, right.subresource)
        assert not identity.may(asked), right


def test_it_holds_no_wildcard_and_binds_its_own_account_only() -> None:
    documents = list(yaml.safe_load_all(manifest()))
    assert [item["kind"] for item in documents] == [
        "Namespace",
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
    ]
    assert "*" not in yaml.safe_dump(cluster_role())
    (subject,) = documents[3]["subjects"]
    assert (subject["kind"], subject["name"]) == ("ServiceAccount", "exposure-auditor")
