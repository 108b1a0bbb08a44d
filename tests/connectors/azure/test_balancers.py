"""Load balancers, gateways, networks and nodes around a cluster, through Resource Graph."""

from typing import Any

import pytest

from auditor.model.addresses import AddressSet
from auditor.model.cloud import CloudBalancer, CloudFacts, Listener
from auditor.model.ports import Protocol
from tests.connectors.azure.conftest import List
from tests.connectors.azure.fake import FakeAzure, subscription_id

ONE = subscription_id(1)
NODES = f"/subscriptions/{ONE}/resourceGroups/MC_Shop_a_westeurope/providers"
NETWORK = f"{NODES}/Microsoft.Network/virtualNetworks/aks-vnet"
SUBNET = f"{NETWORK}/subnets/aks-subnet"
GATEWAY_SUBNET = f"{NETWORK}/subnets/gateways"
GROUP = f"{NODES}/Microsoft.Network/networkSecurityGroups/aks-nsg"
HUB = f"/subscriptions/{ONE}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub"
ADDRESS = f"{NODES}/Microsoft.Network/publicIPAddresses/front"
BALANCER = f"{NODES}/Microsoft.Network/loadBalancers/kubernetes"
GATEWAY = f"{NODES}/Microsoft.Network/applicationGateways/web"


def security_rule(priority: int, source: str, destination: str, ports: str) -> dict[str, Any]:
    return {
        "name": f"r{priority}",
        "properties": {
            "priority": priority, "access": "Allow", "direction": "Inbound", "protocol": "Tcp",
            "sourceAddressPrefix": source, "sourcePortRange": "*",
            "destinationAddressPrefix": destination, "destinationPortRange": ports,
        },
    }  # fmt: skip


def balancing(name: str, frontend: str, port: int, protocol: str = "Tcp") -> dict[str, Any]:
    told = {
        "frontendIPConfiguration": {"id": f"{BALANCER}/frontendIPConfigurations/{frontend}"},
        "protocol": protocol, "frontendPort": port, "backendPort": port, "enableFloatingIP": True,
    }  # fmt: skip
    return {"name": name, "properties": told}


def row(kind: str, key: str, **properties: Any) -> dict[str, Any]:
    name = key.rpartition("/")[2]
    held = {"id": key, "name": name, "type": kind, "properties": properties}
    return held | ({"sku": {"name": "Standard"}} if "balancer" in kind else {})


def frontend(name: str, **told: Any) -> dict[str, Any]:
    return {"id": f"{BALANCER}/frontendIPConfigurations/{name}", "name": name, "properties": told}


def surroundings() -> dict[str, dict[str, Any]]:
    network = row(
        "microsoft.network/virtualnetworks", NETWORK,
        subnets=[
            {"id": SUBNET, "properties": {
                "addressPrefix": "10.0.0.0/16", "networkSecurityGroup": {"id": GROUP.upper()}}},
            {"id": GATEWAY_SUBNET, "properties": {"addressPrefix": "10.1.0.0/24"}},
        ],
        virtualNetworkPeerings=[
            {"properties": {
                "peeringState": "Connected", "remoteVirtualNetwork": {"id": HUB}}},
            {"properties": {
                "peeringState": "Disconnected", "remoteVirtualNetwork": {"id": "/old"}}},
        ],
    )  # fmt: skip
    address = row(
        "microsoft.network/publicipaddresses", ADDRESS,
        ipAddress="203.0.113.10", dnsSettings={"fqdn": "Front.westeurope.cloudapp.azure.com"},
    )  # fmt: skip
    balancer = row(
        "microsoft.network/loadbalancers", BALANCER,
        frontendIPConfigurations=[
            frontend("outbound", publicIPAddress={"id": f"{ADDRESS}-out"}),
            frontend("front", publicIPAddress={"id": ADDRESS}),
            frontend("inside", privateIPAddress="10.0.0.9", subnet={"id": SUBNET}),
        ],
        loadBalancingRules=[
            balancing("web", "front", 443), balancing("dns", "front", 53, "Udp"),
            balancing("db", "inside", 5432),
        ],
    )  # fmt: skip
    security = row(
        "microsoft.network/networksecuritygroups", GROUP,
        securityRules=[
            security_rule(500, "198.51.100.0/24", "203.0.113.10", "443"),
            security_rule(501, "10.0.0.0/8", "*", "5432"),
        ],
        defaultSecurityRules=[],
    )  # fmt: skip
    nodes = {
        "id": f"{NODES}/Microsoft.Compute/virtualMachineScaleSets/aks-system-vmss",
        "type": "microsoft.compute/virtualmachinescalesets",
        "interfaces": [{"properties": {"ipConfigurations": [
            {"properties": {"subnet": {"id": SUBNET}}}]}}],
    }  # fmt: skip
    return {
        "network": network, "address": address, "balancer": balancer, "security": security,
        "nodes": nodes,
    }  # fmt: skip


def facts_with(azure: FakeAzure, listed: List, rows: dict[str, dict[str, Any]]) -> CloudFacts:
    azure.add(ONE, "a")
    azure.resources = list(rows.values())
    clusters, _ = listed()
    facts = clusters[f"aks/{ONE}/shop/a"].cloud
    assert facts is not None
    return facts


def by_name(facts: CloudFacts) -> dict[str, CloudBalancer]:
    assert facts.balancers is not None
    return {item.name: item for item in facts.balancers}


def test_each_frontend_is_a_load_balancer_of_its_own(azure: FakeAzure, listed: List) -> None:
    found = by_name(facts_with(azure, listed, surroundings()))
    front = found["kubernetes/front"]
    assert front.is_internet_facing
    assert front.addresses == ("203.0.113.10",)
    assert front.hostname == "front.westeurope.cloudapp.azure.com"
    assert front.kind == "standard"
    assert front.listeners == (
        Listener(port=53, protocol=Protocol.UDP),
        Listener(port=443, protocol=Protocol.TCP),
    )
    outbound = found["kubernetes/outbound"]
    assert (outbound.is_internet_facing, outbound.listeners) == (True, ())
    assert outbound.addresses == ()


def test_the_nodes_security_group_tells_who_may_dial_a_frontend(
    azure: FakeAzure, listed: List
) -> None:
    found = by_name(facts_with(azure, listed, surroundings()))
    front = found["kubernetes/front"]
    assert front.doubt is None
    assert front.firewall is not None
    (only,) = front.firewall
    assert (only.name, only.sources) == ("aks-nsg", ("198.51.100.0/24",))
    assert (only.first_port, only.last_port, only.protocol) == (443, 443, Protocol.TCP)
    inside = found["kubernetes/inside"]
    assert not inside.is_internet_facing
    assert inside.firewall is not None
    assert inside.firewall[0].sources == ("10.0.0.0/8",)


def test_both_groups_have_to_let_a_connection_through(azure: FakeAzure, listed: List) -> None:
    rows = surroundings()
    own = f"{NODES}/Microsoft.Network/networkSecurityGroups/nic-nsg"
    rules = [security_rule(100, "198.51.100.0/25", "*", "443")]
    rows["own"] = row("microsoft.network/networksecuritygroups", own, securityRules=rules)
    rows["nodes"]["interfaces"][0]["properties"]["networkSecurityGroup"] = {"id": own}
    front = by_name(facts_with(azure, listed, rows))["kubernetes/front"]
    assert front.firewall is not None
    assert [rule.sources for rule in front.firewall] == [("198.51.100.0/25",)]


def test_one_pool_that_lets_it_through_is_enough(azure: FakeAzure, listed: List) -> None:
    rows = surroundings()
    other = f"{NODES}/Microsoft.Network/networkSecurityGroups/open-nsg"
    rules = [security_rule(100, "*", "*", "443")]
    rows["other"] = row("microsoft.network/networksecuritygroups", other, securityRules=rules)
    subnet = {
        "id": f"{NETWORK}/subnets/edge",
        "properties": {"addressPrefix": "10.9.0.0/24", "networkSecurityGroup": {"id": other}},
    }
    rows["network"]["properties"]["subnets"].append(subnet)
    rows["edge"] = rows["nodes"] | {
        "id": f"{rows['nodes']['id']}-edge",
        "interfaces": [
            {"properties": {"ipConfigurations": [{"properties": {"subnet": {"id": subnet["id"]}}}]}}
        ],
    }
    front = by_name(facts_with(azure, listed, rows))["kubernetes/front"]
    assert front.firewall is not None
    assert AddressSet.of(front.firewall[0].sources) == AddressSet.of(["0.0.0.0/0"])


@pytest.mark.parametrize(
    ("hidden", "doubt"),
    [
        ("nodes", "the nodes' network interfaces were not read"),
        ("security", "the network security group aks-nsg was not read"),
        ("network", "was not read"),
    ],
)
def test_what_does_not_show_is_a_doubt(
    azure: FakeAzure, listed: List, hidden: str, doubt: str
) -> None:
    rows = surroundings()
    del rows[hidden]
    front = by_name(facts_with(azure, listed, rows))["kubernetes/front"]
    assert front.doubt is not None
    assert doubt in front.doubt.lower()


@pytest.mark.parametrize(
    "told",
    [
        {"agentPoolProfiles": [{"name": "system"}, {"name": "hidden"}]},
        {"agentPoolProfiles": [{"name": "system", "type": "VirtualMachines"}]},
        {"nodeProvisioningProfile": {"mode": "Auto"}},
    ],
)
def test_nodes_of_no_scale_set_are_a_doubt(
    azure: FakeAzure, listed: List, told: dict[str, Any]
) -> None:
    azure.add(ONE, "a", **told)
    azure.resources = list(surroundings().values())
    facts = listed()[0][f"aks/{ONE}/shop/a"].cloud
    assert facts is not None
    front = by_name(facts)["kubernetes/front"]
    assert front.doubt == "the network interfaces of some nodes were not read"
    assert front.firewall is not None
    assert [rule.sources for rule in front.firewall] == [("198.51.100.0/24",)]


def test_an_internal_load_balancer_of_others_in_the_network(azure: FakeAzure, listed: List) -> None:
    rows = surroundings()
    key = f"{HUB.rpartition('/providers/')[0]}/providers/Microsoft.Network/loadBalancers/other"
    rows["other"] = row(
        "microsoft.network/loadbalancers", key,
        frontendIPConfigurations=[
            frontend("in", privateIPAddress="10.0.0.7", subnet={"id": SUBNET}),
            frontend("elsewhere", privateIPAddress="10.7.0.7", subnet={"id": f"{HUB}/subnets/x"}),
        ],
    )  # fmt: skip
    found = by_name(facts_with(azure, listed, rows))
    assert found["other/in"].doubt is not None
    assert "other/elsewhere" not in found


def test_nodes_without_any_group_are_a_doubt(azure: FakeAzure, listed: List) -> None:
    rows = surroundings()
    del rows["network"]["properties"]["subnets"][0]["properties"]["networkSecurityGroup"]
    front = by_name(facts_with(azure, listed, rows))["kubernetes/front"]
    assert front.doubt is not None
    assert "no network security group" in front.doubt


def test_a_frontend_that_passes_every_port_on(azure: FakeAzure, listed: List) -> None:
    rows = surroundings()
    rules = rows["balancer"]["properties"]["loadBalancingRules"]
    rules.append(balancing("ha", "inside", 0, "All"))
    inside = by_name(facts_with(azure, listed, rows))["kubernetes/inside"]
    assert inside.listeners is None
    assert inside.doubt is not None
    assert "every port" in inside.doubt


def test_a_load_balancer_that_does_not_show_is_not_taken_to_be_absent(
    azure: FakeAzure, listed: List
) -> None:
    azure.add(ONE, "a")
    clusters, gaps = listed()
    facts = clusters[f"aks/{ONE}/shop/a"].cloud
    assert facts is not None
    assert facts.balancers is None
    assert facts.peers is None
    (gap,) = gaps
    assert not gap.hides_clusters
    assert "Microsoft.Network/loadBalancers/read" in gap.reason


def test_networks_and_their_peers(azure: FakeAzure, listed: List) -> None:
    facts = facts_with(azure, listed, surroundings())
    assert facts.networks == (NETWORK.lower(), SUBNET.lower())
    assert facts.peers == (HUB.lower(),)


def test_subnets_of_pools_are_networks_too(azure: FakeAzure, listed: List) -> None:
    subnet = f"{HUB}/subnets/Pods"
    azure.add(ONE, "a", agentPoolProfiles=[{"name": "p", "podSubnetID": subnet}])
    facts = listed()[0][f"aks/{ONE}/shop/a"].cloud
    assert facts is not None
    assert facts.networks == (HUB.lower(), subnet.lower())
    # The network itself does not show: with whom it is peered is not known.
    assert facts.peers is None


def test_an_application_gateway_in_the_network(azure: FakeAzure, listed: List) -> None:
    rows = surroundings()
    front = f"{GATEWAY}/frontendIPConfigurations/public"
    port = f"{GATEWAY}/frontendPorts/https"
    rows["gateway"] = row(
        "microsoft.network/applicationgateways", GATEWAY,
        gatewayIPConfigurations=[{"id": "/g", "properties": {"subnet": {"id": GATEWAY_SUBNET}}}],
        frontendIPConfigurations=[
            {"id": front, "name": "public", "properties": {"publicIPAddress": {"id": ADDRESS}}}],
        frontendPorts=[{"id": port, "properties": {"port": 8443}}],
        httpListeners=[{"properties": {
            "frontendIPConfiguration": {"id": front}, "frontendPort": {"id": port}}}],
    )  # fmt: skip
    found = by_name(facts_with(azure, listed, rows))["web/public"]
    assert (found.kind, found.is_internet_facing) == ("application-gateway", True)
    assert found.addresses == ("203.0.113.10",)
    assert found.listeners == (Listener(port=8443, protocol=Protocol.TCP),)
    # No group stands before its subnet, and that was read.
    assert (found.firewall, found.doubt) == (None, None)
