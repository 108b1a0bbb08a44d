"""Runtime sockets and metadata services."""

from auditor.catalogue.host_services import host_services
from auditor.model.addresses import normal_address


def test_sockets_of_every_runtime_of_the_catalogue_are_known() -> None:
    runtimes = {socket.runtime for socket in host_services().runtime_sockets}
    assert {"Docker", "containerd", "CRI-O", "cri-dockerd", "Podman", "BuildKit"} <= runtimes


def test_sockets_are_written_below_run() -> None:
    assert all(socket.path.startswith("/run/") for socket in host_services().runtime_sockets)


def test_the_metadata_address_of_every_cloud_is_known() -> None:
    addresses = {item.address for item in host_services().metadata_endpoints}
    assert {"169.254.169.254", "fd00:ec2::254", "169.254.170.2", "168.63.129.16"} <= addresses
    assert [item for item in addresses if normal_address(item) is None] == [
        "metadata.google.internal"
    ]
