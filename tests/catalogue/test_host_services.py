"""Runtime sockets and metadata services."""

from auditor.catalogue.host_services import control_ports, host_services
from auditor.catalogue.software import software
from auditor.model.addresses import normal_address
from auditor.model.ports import Protocol


def test_sockets_of_every_runtime_of_the_catalogue_are_known() -> None:
    runtimes = {socket.runtime for socket in host_services().runtime_sockets}
    assert {"Docker", "containerd", "CRI-O", "cri-dockerd", "Podman", "BuildKit"} <= runtimes


def test_sockets_are_written_below_run() -> None:
    assert all(socket.path.startswith("/run/") for socket in host_services().runtime_sockets)


def test_the_metadata_address_of_every_cloud_is_known() -> None:
    addresses = {item.address for item in host_services().metadata_endpoints}
    assert {"169.254.169.254", "fd00:ec2::254", "169.254.170.2", "168.63.129.16"} <= addresses
    assert sorted(item for item in addresses if normal_address(item) is None) == [
        "metadata.google.internal",
        "metadata.tencentyun.com",
    ]


def test_ranges_of_ports_are_in_order_and_none_is_written_twice() -> None:
    ports = host_services().node_ports
    assert all(1 <= item.first <= item.last <= 65535 for item in ports)
    written = [(item.protocol, item.first, item.last) for item in ports]
    assert len(set(written)) == len(written)


def test_the_ports_of_the_control_plane_are_known() -> None:
    known = {port: item.controls for (protocol, port), item in control_ports().items()}
    assert {protocol for protocol, _ in control_ports()} == {Protocol.TCP}
    assert (known[2379], known[10250], known[10257]) == (
        "etcd",
        "kubelet",
        "kube-controller-manager",
    )
    assert 6443 not in known, "the API server is a check of its own"


def test_software_behind_a_control_port_is_in_the_catalogue() -> None:
    named = {name for item in host_services().node_ports for name in item.software}
    assert named <= software().keys()
