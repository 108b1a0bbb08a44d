"""Azure Resource Graph: one query over many subscriptions.

It knows a change a while after it was made, and leaves out without a word what the identity may not
read: what it does not show is not known, never absent.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar, cast

from aiolimiter import AsyncLimiter
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions
from msgspec import Struct

from connectors.azure.calling import Arm, read
from connectors.shortfalls import CallError

PERMISSION = "Microsoft.ResourceGraph/resources"
"""The operation, for messages: it needs no action but to read what it shows."""

_PAGE = 1000
_SUBSCRIPTIONS_AT_ONCE = 300
"""Of one query; the Azure CLI takes a thousand."""
_QUERIES, _SECONDS = 12, 5.0
"""The quota is 15 queries in 5 seconds (Azure Resource Graph, Guidance for throttled requests);
some are left to whoever shares the identity."""
_LONGEST_WAIT_SECONDS = 15.0
_REQUEST_REFUSED = ": BadRequest"
"""How the refusal of a query that covers too much ends."""
_PAGES = 1000
"""After so many it is not a listing any more."""

Shape = TypeVar("Shape")


class _Page(Struct, frozen=True):
    rows: list[Any]
    total: int
    is_truncated: bool
    next: str | None
    wait_seconds: float


class Answer(Struct, frozen=True):
    """The rows of a query, and why there may be more."""

    rows: tuple[Any, ...]
    shortfall: CallError | None = None


class Graph:
    """Asks Resource Graph."""

    def __init__(self, arm: Arm) -> None:
        """Ask through a door that stays open as long as this is used."""
        self._arm = arm
        self._client = arm.graph_client()
        self._pace = AsyncLimiter(_QUERIES, _SECONDS)
        self._free_at = 0.0
        """When the quota is there again, by the clock of the loop."""

    async def rows(self, query: str, shape: type[Shape], subscriptions: Sequence[str]) -> Answer:
        """Give the rows of a query over subscriptions; it has to be sorted by id.

        Raises:
            CallError: it cannot be answered.
        """
        found: list[Shape] = []
        shortfall = None
        for start in range(0, len(subscriptions), _SUBSCRIPTIONS_AT_ONCE):
            scope = {"subscriptions": list(subscriptions[start : start + _SUBSCRIPTIONS_AT_ONCE])}
            answer = await self._pages(query, shape, scope)
            found += answer.rows
            shortfall = shortfall or answer.shortfall
        return Answer(tuple(found), shortfall)

    async def rows_of_all(
        self, query: str, shape: type[Shape], management_group: str | None
    ) -> Answer:
        """Give the rows over a management group, or over all that the identity sees.

        Where there are more subscriptions than one query may cover, part of them is better than
        none, and is told.

        Raises:
            CallError: it cannot be answered.
        """
        scope = {"management_groups": [management_group]} if management_group else {}
        try:
            return await self._pages(query, shape, scope)
        except CallError as error:
            if not error.kind.endswith(_REQUEST_REFUSED):
                raise
            answer = await self._pages(query, shape, scope, is_partial_fine=True)
            return Answer(answer.rows, CallError("only part of the subscriptions was searched"))

    async def _pages(
        self,
        query: str,
        shape: type[Shape],
        scope: dict[str, Any],
        *,
        is_partial_fine: bool = False,
    ) -> Answer:
        found: list[Shape] = []
        token: str | None = None
        for _ in range(_PAGES):
            options = QueryRequestOptions(top=_PAGE, skip_token=token, result_format="objectArray")
            if is_partial_fine:
                options.allow_partial_scopes = True
            request = QueryRequest(query=query, options=options, **scope)
            page = await self._page(request)
            found += read(page.rows, list[shape], PERMISSION)  # type: ignore[valid-type]
            if page.next is None:
                return Answer(tuple(found), _shortfall(page, len(found)))
            if page.next == token:
                break
            token = page.next
        raise CallError(f"{PERMISSION}: its pages do not end")

    async def _page(self, request: QueryRequest) -> _Page:
        def asking() -> Awaitable[_Page]:
            # The SDK's own signature does not follow what `cls` makes of an answer.
            return cast("Awaitable[_Page]", self._client.resources(request, cls=_page))

        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._free_at - loop.time())
        page = await self._arm.ask(self._pace, asking, PERMISSION)
        if page.wait_seconds:
            # The quota is one for all queries of the identity.
            self._free_at = loop.time() + page.wait_seconds
        return page


def _shortfall(last: _Page, found: int) -> CallError | None:
    if last.is_truncated or found < last.total:
        return CallError(
            f"{PERMISSION}: the answer is cut short",
            f"{found} of {last.total} rows, and no token for the others",
        )
    return None


def _page(response: Any, answer: Any, _: Any) -> _Page:
    """Take what is needed of an answer, its quota among it.

    `x-ms-user-quota-resets-after` is `hh:mm:ss` (as above, Guidance for throttled requests).
    """
    headers = response.http_response.headers
    wait = 0.0
    if headers.get("x-ms-user-quota-remaining") == "0":
        wait = _seconds(headers.get("x-ms-user-quota-resets-after", ""))
    return _Page(
        rows=answer.data,
        total=answer.total_records or 0,
        is_truncated=str(answer.result_truncated).lower().endswith("true"),
        next=answer.skip_token or None,
        wait_seconds=min(wait, _LONGEST_WAIT_SECONDS),
    )


def _seconds(text: str) -> float:
    try:
        hours, minutes, seconds = (float(part) for part in text.split(":"))
    except ValueError:
        return 1.0
    return hours * 3600 + minutes * 60 + seconds
