"""Policies of administrators: read where they are served, in whatever version, and else absent."""

import pytest

from auditor.collector.capture import read_capture, write_capture
from auditor.collector.projection import projection_for
from auditor.kube.resources import (
    ADMIN_NETWORK_POLICIES,
    ADMIN_POLICIES,
    BASELINE_ADMIN_NETWORK_POLICIES,
    CLUSTER_NETWORK_POLICIES,
)
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from tests.collector.live import coverage, read, run

GROUP = "policy.networking.k8s.io"


def a_policy(kind: str, version: str) -> dict[str, object]:
    """Write the smallest policy of a kind."""
    return {
        "apiVersion": f"{GROUP}/{version}",
        "kind": kind,
        "metadata": {"name": "default"},
        "spec": {"subject": {"namespaces": {}}, "priority": 1, "tier": "Admin"},
    }


@pytest.mark.parametrize(
    ("objects", "served"),
    [
        ([], set()),
        ([("AdminNetworkPolicy", "v1alpha1")], {ADMIN_NETWORK_POLICIES}),
        (
            [("AdminNetworkPolicy", "v1alpha1"), ("BaselineAdminNetworkPolicy", "v1alpha1")],
            {ADMIN_NETWORK_POLICIES, BASELINE_ADMIN_NETWORK_POLICIES},
        ),
        ([("ClusterNetworkPolicy", "v1alpha2")], {CLUSTER_NETWORK_POLICIES}),
        ([("ClusterNetworkPolicy", "v1beta1")], {CLUSTER_NETWORK_POLICIES}),
    ],
)
def test_what_is_served_is_read_and_the_other_kinds_are_absent(
    objects: list[tuple[str, str]], served: set[str]
) -> None:
    reading = run([a_policy(*item) for item in objects], read)
    states = {name: coverage(reading, name).state.value for name in ADMIN_POLICIES}
    assert states == {name: "complete" if name in served else "absent" for name in ADMIN_POLICIES}
    assert len(reading.inventory.admin_policies) == len(objects)


def test_a_version_that_cannot_be_read_is_no_absence() -> None:
    reading = run([a_policy("ClusterNetworkPolicy", "v9")], read)
    item = coverage(reading, CLUSTER_NETWORK_POLICIES)
    assert item.state.value == "failed"
    assert "v9" in (item.detail or "")


def test_a_capture_keeps_them() -> None:
    kinds = (("AdminNetworkPolicy", "v1alpha1"), ("ClusterNetworkPolicy", "v1alpha2"))
    reading = run([a_policy(*item) for item in kinds], read)
    content = write_capture(reading.cluster, reading.inventory)
    again = read_capture(content, "a.json", projection_for(Configuration()), ReadLimits())
    assert again.inventory.admin_policies == reading.inventory.admin_policies
    assert len(again.inventory.admin_policies) == len(kinds)
