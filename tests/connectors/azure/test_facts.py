"""What AKS's own fields say: the endpoint, the pools, the plugin, the settings."""

from typing import Any

import msgspec
import pytest

from auditor.analysis.exposure.api_server import api_server_doors
from auditor.catalogue.cni_plugins import cni_plugins
from auditor.kube.inventory import Inventory
from auditor.model.audience import AddressSpace, Audience
from auditor.model.cloud import CloudFacts
from auditor.model.cluster import Cluster, NoAccess
from connectors.azure import aks
from connectors.azure.shapes import AksCluster
from tests.connectors.azure.fake import managed_cluster, subscription_id

ONE = subscription_id(1)
OUTBOUND = f"/subscriptions/{ONE}/resourceGroups/MC/providers/Microsoft.Network/publicIPAddresses/o"
ADDRESSES: dict[str, str | None] = {OUTBOUND.lower(): "203.0.113.9"}


def cluster(**properties: Any) -> AksCluster:
    return msgspec.convert(managed_cluster(ONE, "a", **properties), AksCluster)


def access(**fields: Any) -> dict[str, Any]:
    return {"apiServerAccessProfile": fields}


def audience_of(held: AksCluster) -> Audience | None:
    facts = CloudFacts(read_at="", endpoint=aks.endpoint_of(held, ADDRESSES))
    seen = Cluster(id="a", name="a", provider="aks", cloud=facts, access=NoAccess(""))
    doors = list(api_server_doors(seen, Inventory(coverage={}), AddressSpace()))
    return doors[0].audience if doors else None


@pytest.mark.parametrize(
    ("properties", "audience"),
    [
        ({}, Audience.INTERNET),
        (access(enablePrivateCluster=False), Audience.INTERNET),
        (access(enablePrivateCluster=False, authorizedIPRanges=[]), Audience.INTERNET),
        (access(authorizedIPRanges=["0.0.0.0/0"]), Audience.INTERNET),
        (access(authorizedIPRanges=["0.0.0.0/1", "128.0.0.0/1"]), Audience.INTERNET),
        (access(authorizedIPRanges=["198.51.100.0/24"]), Audience.ALLOW_LISTED),
        (access(enablePrivateCluster=False, authorizedIPRanges=["0.0.0.0/32"]), Audience.NONE),
        (access(authorizedIPRanges=["0.0.0.0/32"], enableVnetIntegration=True),
         Audience.PRIVATE_NETWORK),
        (access(enablePrivateCluster=True), Audience.PRIVATE_NETWORK),
        (access(enablePrivateCluster=True, enablePrivateClusterPublicFQDN=True),
         Audience.PRIVATE_NETWORK),
        ({"privateFQDN": "a.privatelink", "fqdn": None}, Audience.PRIVATE_NETWORK),
        # The reference says that it closes the endpoint, its users that it does not.
        ({"publicNetworkAccess": "Disabled"}, Audience.UNKNOWN),
        ({"publicNetworkAccess": "Disabled", **access(enablePrivateCluster=True)},
         Audience.PRIVATE_NETWORK),
        ({"publicNetworkAccess": "Enabled"}, Audience.INTERNET),
        ({"privateFQDN": "a.privatelink", **access(enablePrivateCluster=False)},
         Audience.INTERNET),
        # Nothing tells, so nothing is said.
        ({"fqdn": None}, None),
        ({"privateFQDN": "a.privatelink"}, None),
    ],
)  # fmt: skip
def test_who_may_dial_the_api_server(properties: dict[str, Any], audience: Audience | None) -> None:
    assert audience_of(cluster(**properties)) is audience


def test_the_clusters_own_outbound_addresses_are_admitted_beside_a_list() -> None:
    profile = {"loadBalancerProfile": {"effectiveOutboundIPs": [{"id": OUTBOUND}]}}
    held = cluster(**access(authorizedIPRanges=["0.0.0.0/32"]), networkProfile=profile)
    endpoint = aks.endpoint_of(held, ADDRESSES)
    assert endpoint is not None
    assert endpoint.allowed == ("203.0.113.9",)
    assert any("own outbound addresses" in fact.value for fact in endpoint.evidence)
    hidden = aks.endpoint_of(held, None)
    assert hidden is not None
    assert hidden.allowed == ()


def test_absence_is_told_as_absence() -> None:
    endpoint = aks.endpoint_of(cluster(), None)
    assert endpoint is not None
    assert endpoint.is_private is None
    told = {fact.field: fact.value for fact in endpoint.evidence}
    assert told["apiServerAccessProfile.authorizedIPRanges"] == "not set, which is everyone"
    assert "apiServerAccessProfile.enablePrivateCluster" not in told


def test_pools_tell_whether_nodes_get_public_addresses() -> None:
    pools = [
        {"name": "system"},
        {"name": "edge", "enableNodePublicIP": True, "nodePublicIPPrefixID": "/p",
         "networkProfile": {"allowedHostPorts": [
             {"portStart": 80, "portEnd": 90, "protocol": "TCP"}]}},
    ]  # fmt: skip
    system, edge = aks.pools_of(cluster(agentPoolProfiles=pools)) or ()
    assert (system.name, system.has_public_addresses) == ("system", False)
    assert system.evidence[0].value == "not set, and false is the default"
    assert (edge.name, edge.has_public_addresses) == ("edge", True)
    assert [fact.value for fact in edge.evidence] == ["true", "/p", "80-90/TCP"]
    assert aks.pools_of(cluster(agentPoolProfiles=None)) is None


@pytest.mark.parametrize(
    ("network", "plugin", "enforces"),
    [
        ({"networkPlugin": "azure", "networkPolicy": "azure"}, "azure-npm", True),
        ({"networkPlugin": "azure", "networkPolicy": "calico"}, "calico", True),
        ({"networkPlugin": "kubenet", "networkPolicy": "calico"}, "calico", True),
        ({"networkPlugin": "azure", "networkPolicy": "cilium", "networkDataplane": "cilium"},
         "cilium", True),
        ({"networkPlugin": "azure", "networkPolicy": "none"}, "azure-cni", False),
        ({"networkPlugin": "azure"}, "azure-cni", False),
        ({"networkPlugin": "kubenet"}, "kubenet", False),
        ({"networkPlugin": "azure", "networkPolicy": "of-tomorrow"}, "azure-cni", None),
        ({"networkPlugin": "azure", "networkDataplane": "cilium"}, "cilium", None),
    ],
)  # fmt: skip
def test_which_engine_enforces_policies(
    network: dict[str, str], plugin: str, enforces: bool | None
) -> None:
    found = aks.plugin_of(cluster(networkProfile=network))
    assert found is not None
    assert (found.plugin, found.enforces) == (plugin, enforces)


@pytest.mark.parametrize("network", [None, {}, {"networkPlugin": "none", "networkPolicy": "none"}])
def test_a_plugin_that_aks_did_not_install_is_not_told(network: dict[str, str] | None) -> None:
    assert aks.plugin_of(cluster(networkProfile=network)) is None


def test_the_plugins_are_those_of_the_catalogue() -> None:
    catalogued = cni_plugins()
    policies = {None: False, "azure": True, "calico": True, "cilium": True}
    for policy, enforces in policies.items():
        network = {"networkPlugin": "azure", "networkPolicy": policy}
        found = aks.plugin_of(cluster(networkProfile=network))
        assert found is not None
        assert (catalogued[found.plugin].enforces == "full") is enforces


def test_settings_that_a_person_wants_to_see() -> None:
    held = cluster(
        disableLocalAccounts=False,
        enableRBAC=True,
        addonProfiles={"kubeDashboard": {"enabled": True}, "other": None},
        **access(disableRunCommand=False),
    )
    told = {fact.field: fact.value for fact in aks.settings_of(held)}
    assert told["disableLocalAccounts"] == "false"
    assert told["apiServerAccessProfile.disableRunCommand"] == "false"
    assert told["aadProfile.enableAzureRBAC"] == "true"
    assert told["addonProfiles.kubeDashboard.enabled"] == "true"
    assert told["sku.tier"] == "Standard"
    assert "publicNetworkAccess" not in told
