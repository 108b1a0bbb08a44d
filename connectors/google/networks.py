"""VPC networks: their names, and which others they are joined with."""

import asyncio
from collections.abc import Iterable
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


async def peers_of(caller: Caller, networks: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Give, for each network, those that it is peered with.

    A Shared VPC lies in another project than its clusters, and the right is needed there.

    Raises:
        CallError: they cannot be read.
    """
    wanted = sorted(set(networks))
    answers = await asyncio.gather(*(_network(caller, name) for name in wanted))
    return {
        name: tuple(
            sorted(
                relative_name(peering.network)
                for peering in answer.peerings
                if peering.network and peering.state in {None, _ACTIVE}
            )
        )
        for name, answer in zip(wanted, answers, strict=True)
    }


async def _network(caller: Caller, name: str) -> Network:
    return await caller.get(
        f"{caller.places.compute}/{quote(name, safe='/:')}",
        Network,
        "compute.networks.get",
        f"projects/{project_of(name)}",
        fields="peerings(network,state)",
    )
