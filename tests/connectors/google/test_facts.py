"""What GKE itself says of a cluster's plugin, nodes and settings."""

from typing import Any

import pytest

from auditor.catalogue.cni_plugins import cni_plugins
from connectors.google.gke import plugin_of, pools_of, settings_of
from tests.connectors.google.clusters import NETWORK, cluster
from tests.connectors.google.fake import PLANTED


def network(**fields: Any) -> dict[str, Any]:
    return {"networkConfig": {"network": NETWORK} | fields}


ON, OFF = {"provider": "CALICO", "enabled": True}, {"enabled": False}
ADD_ON, NO_ADD_ON = {"disabled": False}, {"disabled": True}

PLUGINS: dict[str, tuple[dict[str, Any], tuple[str, bool | None] | None]] = {
    "Dataplane V2": (network(datapathProvider="ADVANCED_DATAPATH"), ("gke-dataplane-v2", True)),
    "Dataplane V2, whatever is said of Calico": (
        network(datapathProvider="ADVANCED_DATAPATH")
        | {"addonsConfig": {"networkPolicyConfig": NO_ADD_ON}},
        ("gke-dataplane-v2", True),
    ),
    "Calico": (
        network(datapathProvider="LEGACY_DATAPATH")
        | {"networkPolicy": ON, "addonsConfig": {"networkPolicyConfig": ADD_ON}},
        ("calico", True),
    ),
    "Calico on the nodes alone": (
        network() | {"networkPolicy": ON, "addonsConfig": {"networkPolicyConfig": NO_ADD_ON}},
        ("calico", None),
    ),
    "Calico on the nodes, no word on the add-on": (
        network() | {"networkPolicy": ON},
        ("calico", None),
    ),
    "Calico on the control plane alone": (
        network() | {"networkPolicy": OFF, "addonsConfig": {"networkPolicyConfig": ADD_ON}},
        ("gke-dataplane-v1", False),
    ),
    "no policies, as clusters are by default": (
        network() | {"addonsConfig": {"networkPolicyConfig": NO_ADD_ON}},
        ("gke-dataplane-v1", False),
    ),
    "no policies, said for the nodes alone": (
        network() | {"networkPolicy": {}},
        ("gke-dataplane-v1", False),
    ),
    "no word on policies": (network(), ("gke-dataplane-v1", None)),
    "no word on the network": ({"networkConfig": None}, None),
    "a datapath of another day": (network(datapathProvider=9), None),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), PLUGINS.values(), ids=PLUGINS.keys())
def test_the_plugin(fields: dict[str, Any], expected: tuple[str, bool | None] | None) -> None:
    found = plugin_of(cluster(**fields))
    assert (found and (found.plugin, found.enforces)) == expected


def test_the_plugins_are_in_the_catalogue() -> None:
    known = cni_plugins().keys()
    named = {expected[0] for _, expected in PLUGINS.values() if expected}
    assert named <= known


def pool(name: str = "default-pool", **fields: Any) -> dict[str, Any]:
    return {"name": name} | fields


PRIVATE, PUBLIC = {"enablePrivateNodes": True}, {"enablePrivateNodes": False}
POOLS: dict[str, tuple[dict[str, Any], dict[str, Any], bool | None]] = {
    "its own word": (pool(networkConfig=PRIVATE), {}, False),
    "its own word, the other": (pool(networkConfig=PUBLIC), {}, True),
    "its own word outweighs the cluster's": (
        pool(networkConfig=PUBLIC),
        network(defaultEnablePrivateNodes=True) | {"privateClusterConfig": PRIVATE},
        True,
    ),
    "the cluster's default": (pool(), network(defaultEnablePrivateNodes=True), False),
    "the cluster's default, public": (pool(), network(defaultEnablePrivateNodes=False), True),
    "the older word": (pool(), {"privateClusterConfig": PRIVATE}, False),
    "the older word, public": (pool(), {"privateClusterConfig": {}}, True),
    "no word": (pool(), {}, None),
}  # fmt: skip


@pytest.mark.parametrize(("of_pool", "fields", "expected"), POOLS.values(), ids=POOLS.keys())
def test_whether_nodes_have_public_addresses(
    of_pool: dict[str, Any], fields: dict[str, Any], expected: bool | None
) -> None:
    found = pools_of(cluster(**fields, nodePools=[of_pool]))
    assert found is not None
    assert [(item.name, item.has_public_addresses) for item in found] == [
        ("default-pool", expected)
    ]
    assert bool(found[0].evidence) is (expected is not None)


def test_pools_that_autopilot_does_not_show_are_not_known() -> None:
    assert pools_of(cluster(autopilot={"enabled": True})) is None
    assert pools_of(cluster()) == ()


def test_settings_as_the_api_writes_them() -> None:
    found = cluster(
        releaseChannel={"channel": "STABLE"},
        addonsConfig={"kubernetesDashboard": {"disabled": False}, "httpLoadBalancing": {}},
        workloadIdentityConfig={"workloadPool": "shop.svc.id.goog"},
        legacyAbac={"enabled": True},
        anonymousAuthenticationConfig={"mode": "LIMITED"},
        rbacBindingConfig={"enableInsecureBindingSystemUnauthenticated": False},
        currentMasterVersion="1.33.4-gke.1",
    )
    told = {fact.field: fact.value for fact in settings_of(found)}
    assert told == {
        "status": "RUNNING",
        "currentMasterVersion": "1.33.4-gke.1",
        "releaseChannel.channel": "STABLE",
        "addonsConfig.kubernetesDashboard.disabled": "false",
        "addonsConfig.httpLoadBalancing.disabled": "false",
        "legacyAbac.enabled": "true",
        "anonymousAuthenticationConfig.mode": "LIMITED",
        "rbacBindingConfig.enableInsecureBindingSystemUnauthenticated": "false",
        "workloadIdentityConfig.workloadPool": "shop.svc.id.goog",
        "networkConfig.enableIntraNodeVisibility": "false",
    }


def test_a_password_is_told_to_be_there_and_not_shown() -> None:
    told = settings_of(cluster(masterAuth={"username": "admin", "password": PLANTED}))
    assert ("masterAuth.username", "set") in [(fact.field, fact.value) for fact in told]
    assert PLANTED not in repr(told)
    assert "admin" not in repr(told)
