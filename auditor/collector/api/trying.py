"""Whether an API server lets us in, and which rights an audit would lack: nothing is listed."""

import asyncio

from msgspec import Struct

from auditor.collector.api.client import ApiClient
from auditor.collector.api.errors import ApiError
from auditor.collector.api.rights import ask_right
from auditor.kube.resources import RESOURCES
from auditor.kube.rights import Right
from auditor.model.cluster import Api
from auditor.model.connection import HeldRight
from auditor.settings.limits import ApiLimits


class Tried(Struct, frozen=True):
    """How it went."""

    problem: str | None = None
    """Why the cluster could not be read at all."""
    missing: tuple[str, ...] = ()
    """Resources that we may not list, as `plural.group`."""


async def try_api(access: Api, limits: ApiLimits) -> Tried:
    """Ask for the version and for our own rights. Whatever goes wrong is told, not raised."""
    try:
        async with asyncio.timeout(limits.cluster_seconds), ApiClient(access, limits) as client:
            await client.get("/version")
            return await _rights(client)
    except ApiError as error:
        return Tried(str(error))
    except TimeoutError:
        return Tried(f"it did not answer within {limits.cluster_seconds:.0f} seconds")


async def _rights(client: ApiClient) -> Tried:
    needed = [Right("list", item.group, item.plural) for item in RESOURCES if not item.is_named]
    answers = await asyncio.gather(*(ask_right(client, right) for right in needed))
    for answer in answers:
        if not isinstance(answer, HeldRight):
            return Tried(answer)
    held = {
        answer.resource for answer in answers if isinstance(answer, HeldRight) and answer.allowed
    }
    return Tried(missing=tuple(right.name for right in needed if right.name not in held))
