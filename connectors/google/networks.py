"""VPC networks: their names, and which others they are joined with."""

from urllib.parse import quote

from connectors.google.calling import Caller
from connectors.google.shapes import Network

_ACTIVE = "ACTIVE"


def relative_name(url: str | None) -> str:
    """Give a resource's name without the address of the API: `projects/P/global/networks/N`."""
    _, found, rest = (url or "").partition("projects/")
    return found + rest


def project_of(name: str) -> str:
    """Give the project in a relative name; empty where there is none."""
    parts = relative_name(name).split("/")
    return parts[1] if len(parts) > 1 else ""


async def peers_of(caller: Caller, network: str) -> tuple[str, ...]:
    """Give the networks that one is peered with.

    A Shared VPC lies in another project than its clusters, and the right is needed there.

    Raises:
        CallError: they cannot be read.
    """
    answer = await caller.get(
        f"{caller.places.compute}/{quote(network, safe='/:')}",
        Network,
        "compute.networks.get",
        f"projects/{project_of(network)}",
        fields="peerings(network,state)",
    )
    peers = {
        relative_name(peering.network)
        for peering in answer.peerings
        if peering.network and peering.state in {None, _ACTIVE}
    }
    return tuple(sorted(peers))
