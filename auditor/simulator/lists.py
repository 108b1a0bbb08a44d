"""Lists: what a request may ask for, and the page that answers it."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from auditor.simulator.kinds import Kind
from auditor.simulator.negotiation import Form
from auditor.simulator.objects import Objects, Page, TokenExpiredError, Wanted
from auditor.simulator.selectors import SelectorError, keep_by
from auditor.simulator.shelf import StateForgottenError, Stored
from auditor.simulator.statuses import (
    EXPIRED_CONTINUE,
    Answer,
    bad_request,
    json_answer,
    status_answer,
    version_too_large,
    version_too_old,
)
from auditor.simulator.tokens import TokenMalformedError

_EXACT = "Exact"
_PARTIAL = b'"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",'


class _Metadata(Struct):
    """An object's metadata as it was written."""

    metadata: msgspec.Raw


class _RefusedError(Exception):
    """The list is refused with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def answer_list(  # noqa: PLR0913 - what makes a list
    objects: Objects,
    kind: Kind,
    namespace: str | None,
    query: Mapping[str, str],
    form: Form,
    *,
    page_limit: int | None,
) -> Answer:
    """Answer a list."""
    try:
        wanted = _wanted(query, namespace, objects.version, page_limit)
        page = objects.page(kind, wanted)
    except _RefusedError as refused:
        return refused.answer
    except (SelectorError, TokenMalformedError) as error:
        return bad_request(str(error))
    except TokenExpiredError as error:
        return status_answer(410, EXPIRED_CONTINUE, token=error.fresh_token)
    except StateForgottenError:
        return version_too_old()
    write = _write_metadata if form is Form.METADATA else _write_whole
    return msgspec.structs.replace(json_answer(write(kind, page)), next_token=page.token)


def metadata_only(item: Stored) -> bytes:
    """Give an object as PartialObjectMetadata."""
    return b"{" + _PARTIAL + _metadata_field(item) + b"}"


def _wanted(
    query: Mapping[str, str], namespace: str | None, current: int, page_limit: int | None
) -> Wanted:
    """Read the options of a list.

    Raises:
        _RefusedError: they contradict each other, or name a version of the future.
        SelectorError: a selector cannot be read.
    """
    keep = keep_by(query.get("labelSelector", ""), query.get("fieldSelector", ""))
    limit = max(_number(query.get("limit", "")) or 0, 0)
    given, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    token = query.get("continue", "")
    _check_match(given, match, token)
    version = _number(given)
    if token and version:
        message = "specifying resource version is not allowed when using continue"
        raise _RefusedError(bad_request(message))
    if version is not None and version > current:
        raise _RefusedError(version_too_large(version, current))
    # Without a match a paged list of a version is of exactly that version (a legacy).
    is_exact = match == _EXACT or bool(version and limit and not match)
    if given == "0":
        # It is answered from the watch cache, which gives the whole list at once.
        limit = 0
    if page_limit is not None and limit:
        limit = min(limit, page_limit)
    return Wanted(namespace, limit, token, version if is_exact else None, keep)


def _number(text: str) -> int | None:
    """Read a number of the query.

    Raises:
        _RefusedError: it is none.
    """
    if not text:
        return None
    try:
        return int(text)
    except ValueError as error:
        message = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise _RefusedError(bad_request(message)) from error


def _check_match(given: str, match: str, token: str) -> None:
    """Check `resourceVersionMatch`.

    Raises:
        _RefusedError: it does not go with the rest.
    """
    if not match:
        return
    if not given:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
    elif token:
        why = "resourceVersionMatch is forbidden when continue is provided"
    elif (match, given) == (_EXACT, "0"):
        why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
    elif match in (_EXACT, "NotOlderThan"):
        return
    else:
        why = f'"{match}" is not supported'
    name = "resourceVersionMatch"
    cause = {"reason": "FieldValueForbidden", "message": f"Forbidden: {why}", "field": name}
    details = {"group": "meta.k8s.io", "kind": "ListOptions", "causes": [cause]}
    message = f'ListOptions.meta.k8s.io "" is invalid: {name}: Forbidden: {why}'
    raise _RefusedError(status_answer(422, message, details=details))


def _write_whole(kind: Kind, page: Page) -> bytes:
    """Write a list; only custom resources name the kind of each item."""
    opening = b"{"
    if kind.is_custom:
        own = {"apiVersion": kind.api_version, "kind": kind.name}
        opening = msgspec.json.encode(own)[:-1] + b","
    rests = [item.rest for item in page.items]
    return _joined(f"{kind.name}List", kind.api_version, page, opening, rests)


def _write_metadata(kind: Kind, page: Page) -> bytes:
    del kind
    rests = [_metadata_field(item) + b"}" for item in page.items]
    opening = b"{" + _PARTIAL
    return _joined("PartialObjectMetadataList", "meta.k8s.io/v1", page, opening, rests)


def _metadata_field(item: Stored) -> bytes:
    raw = msgspec.json.decode(b"{" + item.rest, type=_Metadata).metadata
    return b'"metadata":' + bytes(raw)


def _joined(
    list_kind: str, api_version: str, page: Page, opening: bytes, rests: list[bytes]
) -> bytes:
    metadata: dict[str, str | int] = {"resourceVersion": str(page.version)}
    if page.token:
        metadata["continue"] = page.token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    head = msgspec.json.encode({"kind": list_kind, "apiVersion": api_version, "metadata": metadata})
    items = opening + (b"," + opening).join(rests) if rests else b""
    return b"".join((head[:-1], b',"items":[', items, b"]}"))
