"""Reading objects by name: settings of system components, one request each, and never a list.

A list would bring every ConfigMap of the cluster, whatever is in them. Only the API itself may say
that an object is not there; any other answer leaves it unread.
"""

from collections.abc import Iterable
from typing import Any

from auditor.collector.api.client import ApiClient
from auditor.collector.api.errors import ApiError, NotBeforeError, StatusError
from auditor.collector.api.listing import Listed
from auditor.kube.decoding import DecodeError, ObjectDecoder
from auditor.kube.resources import Resource
from auditor.model.reading import Coverage, ReadState

_FORBIDDEN = 403


class NamedReader:
    """Reads objects of one server by their names."""

    def __init__(self, client: ApiClient, decoder: ObjectDecoder) -> None:
        """Keep what every request needs."""
        self._client = client
        self._decoder = decoder

    async def read(self, resource: Resource, path: str, names: Iterable[str]) -> Listed:
        """Read some objects, each `namespace/name`; what goes wrong is told by the coverage."""
        found: list[object] = []
        troubles: list[_Trouble] = []
        not_before = None
        for name in names:
            try:
                item = await self._one(resource, path, name)
            except (ApiError, DecodeError) as error:
                troubles.append((name, error))
                if isinstance(error, NotBeforeError):
                    not_before = error.seconds
                    break
            else:
                found += [item] if item is not None else []
        if not troubles:
            return Listed(tuple(found), Coverage(resource.name, ReadState.COMPLETE, len(found)))
        coverage = Coverage(resource.name, _state(troubles, found), len(found), _said(troubles))
        return Listed(tuple(found), coverage, not_before=not_before)

    async def _one(self, resource: Resource, path: str, full_name: str) -> Any | None:
        """Read one object; None where the API says that it is not there.

        Raises:
            ApiError: there is no usable answer.
            DecodeError: the answer is not such an object.
        """
        namespace, _, name = full_name.partition("/")
        root, _, plural = path.rpartition("/")
        try:
            answer = await self._client.get(f"{root}/namespaces/{namespace}/{plural}/{name}")
        except StatusError as error:
            if error.missing == name:
                return None
            raise
        item = self._decoder.decode(resource, answer.body)
        if (item.metadata.namespace, item.metadata.name) != (namespace, name):
            raise DecodeError("the answer is another object")
        return item


_Trouble = tuple[str, ApiError | DecodeError]


def _state(troubles: list[_Trouble], found: list[object]) -> ReadState:
    if found:
        return ReadState.PARTIAL
    refused = all(
        isinstance(error, StatusError) and error.status == _FORBIDDEN for _, error in troubles
    )
    return ReadState.FORBIDDEN if refused else ReadState.FAILED


def _said(troubles: list[_Trouble]) -> str:
    name, error = troubles[0]
    more = f", and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    return f"{name}: {error}{more}"
