"""Listing one resource whole: all pages of one consistent list, or nothing of it."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from auditor.collector.api.client import ApiClient
from auditor.collector.api.errors import ApiError, BadAnswerError, NotBeforeError, StatusError
from auditor.kube.decoding import DecodeError, ObjectDecoder, TypeMeta, decode_type, object_name
from auditor.kube.resources import Resource
from auditor.model.reading import Coverage, ReadProblem, ReadState
from auditor.settings.limits import ApiLimits

_FORBIDDEN, _GONE = 403, 410
_NAMED_PROBLEMS = 10
"""Broken objects of one resource that are named one by one; the rest are counted."""

Progress = Callable[[str], None]


class Listed(Struct, frozen=True):
    """What came of listing a resource."""

    objects: tuple[Any, ...]
    coverage: Coverage
    problems: tuple[ReadProblem, ...] = ()
    not_before: float | None = None
    """Seconds for which the server asked to be left alone."""


class _Expired(Exception):  # noqa: N818 - a turn of events, not an error of ours
    """The `continue` token expired: what was listed so far is no consistent list."""


class ResourceLister:
    """Lists resources of one server."""

    def __init__(
        self, client: ApiClient, decoder: ObjectDecoder, limits: ApiLimits, progress: Progress
    ) -> None:
        """Keep what every list needs; `progress` is told how far a long list is."""
        self._client = client
        self._decoder = decoder
        self._limits = limits
        self._progress = progress

    async def list(self, resource: Resource, path: str) -> Listed:
        """List a resource; what goes wrong is told by the coverage, never raised."""
        try:
            return await self._whole_list(resource, path)
        except StatusError as error:
            state = ReadState.FORBIDDEN if error.status == _FORBIDDEN else ReadState.FAILED
            return Listed((), Coverage(resource.name, state, 0, str(error)))
        except NotBeforeError as error:
            failed = Coverage(resource.name, ReadState.FAILED, 0, str(error))
            return Listed((), failed, not_before=error.seconds)
        except (ApiError, DecodeError) as error:
            return Listed((), Coverage(resource.name, ReadState.FAILED, 0, str(error)))

    async def _whole_list(self, resource: Resource, path: str) -> Listed:
        for _ in range(self._limits.restarts + 1):
            try:
                return await self._generation(resource, path)
            except _Expired:
                continue
        times = self._limits.restarts + 1
        raise BadAnswerError(f"the list expired {times} times before it was whole (HTTP 410)")

    async def _generation(self, resource: Resource, path: str) -> Listed:
        """Read all pages of one list.

        Raises:
            _Expired: the server forgot the list before its end.
            ApiError: a page has no usable answer.
            DecodeError: a page is no list.
        """
        found: dict[tuple[str | None, str], Any] = {}
        problems: list[ReadProblem] = []
        token, broken = "", 0
        for number in range(self._limits.max_pages):
            page = await self._page(path, token)
            for item in _items(page, resource):
                try:
                    decoded = self._decoder.decode(resource, item)
                except DecodeError as error:
                    broken += 1
                    if broken <= _NAMED_PROBLEMS:
                        problems.append(_problem(resource, object_name(item), str(error)))
                    continue
                found[decoded.metadata.namespace, decoded.metadata.name] = decoded
            token = page.metadata.continue_token
            if not token:
                return _listed(resource, found, problems, broken)
            self._progress(f"{resource.plural}: {len(found):,} in {number + 1} pages")
        raise BadAnswerError(f"the list goes on after {self._limits.max_pages:,} pages")

    async def _page(self, path: str, token: str) -> TypeMeta:
        query = {"limit": str(self._limits.page_size)} | ({"continue": token} if token else {})
        try:
            answer = await self._client.get(path, query)
        except StatusError as error:
            if error.status == _GONE and token:
                raise _Expired from error
            raise
        if "json" not in answer.content_type:
            kind = answer.content_type.partition(";")[0] or "nothing said"
            raise BadAnswerError(f"the answer is no JSON ({kind}): is this an API server?")
        return decode_type(answer.body)


def _items(page: TypeMeta, resource: Resource) -> tuple[Any, ...]:
    """Give the items of a page.

    Raises:
        BadAnswerError: it is another sort of answer, or a list without items.
    """
    if page.kind != f"{resource.kind}List":
        raise BadAnswerError(f"the answer is a {page.kind or 'document without kind'}, no list")
    if page.items is None:
        # A server writes `[]` for none: without it nothing was said of the objects.
        raise BadAnswerError("the answer is a list without items")
    return page.items


def _listed(
    resource: Resource, found: dict[Any, Any], problems: list[ReadProblem], broken: int
) -> Listed:
    if not broken:
        complete = Coverage(resource.name, ReadState.COMPLETE, len(found))
        return Listed(tuple(found.values()), complete)
    if broken > _NAMED_PROBLEMS:
        rest = f"{broken - _NAMED_PROBLEMS:,} more {resource.plural} cannot be read"
        problems.append(ReadProblem(resource.name, rest))
    detail = f"{broken:,} objects cannot be read, the first: {problems[0].message}"
    partial = Coverage(resource.name, ReadState.PARTIAL, len(found), detail)
    return Listed(tuple(found.values()), partial, tuple(problems))


def _problem(resource: Resource, name: str, message: str) -> ReadProblem:
    return ReadProblem(resource.name, f"{resource.kind} {name} cannot be read: {message}")
