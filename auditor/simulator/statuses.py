"""Answers, and the refusals as a real API server writes them (meta/v1 Status)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

NO_CACHE = {"Cache-Control": "no-cache, private"}
NO_SNIFF = {"X-Content-Type-Options": "nosniff"}

EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
"""Of the API's conventions (meta/v1 StatusReason)."""


class Answer(Struct, frozen=True):
    """What a server says to one request; the body is not compressed yet."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    next_token: str = ""
    """The token of a list's next page: by it the pages are counted."""


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with JSON; bytes are taken as they are."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    own = NO_CACHE | {"Content-Type": "application/json"}
    return Answer(status, own | dict(headers or {}), encoded)


def text_answer(text: str, status: int = 200) -> Answer:
    """Answer with plain text, as health endpoints and unknown paths do."""
    headers = NO_CACHE | {"Content-Type": "text/plain; charset=utf-8"} | NO_SNIFF
    return Answer(status, headers, text.encode())


def status_answer(
    code: int,
    message: str,
    *,
    details: Mapping[str, Any] | None = None,
    token: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Answer with a Status; `details` None leaves them out, as a real server does for some."""
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {"continue": token} if token else {},
        "status": "Failure",
        "message": message,
    }
    if code in _REASONS:
        body["reason"] = _REASONS[code]
    if details is not None:
        body["details"] = details
    return json_answer(body | {"code": code}, code, headers)


def unauthorized() -> Answer:
    """Answer a request whose credentials are wrong."""
    return status_answer(401, "Unauthorized")


def forbidden(  # noqa: PLR0913, PLR0917 - the message names these
    user: str,
    verb: str,
    group: str,
    resource: str,
    subresource: str,
    namespace: str | None,
    name: str | None,
) -> Answer:
    """Answer a request that the identity has no right to."""
    full = f"{resource}.{group}" if group else resource
    named = f'{full} "{name}"' if name else full
    asked = f"{resource}/{subresource}" if subresource else resource
    scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = (
        f'{named} is forbidden: User "{user}" cannot {verb} resource "{asked}" in API group '
        f'"{group}" {scope}'
    )
    details = _object_details(group, resource, name)
    return status_answer(403, message, details=details, headers=NO_SNIFF)


def forbidden_path(user: str, verb: str, path: str) -> Answer:
    """Answer a request for a path that is no resource and that the identity has no right to."""
    message = f'forbidden: User "{user}" cannot {verb} path "{path}"'
    return status_answer(403, message, details={}, headers=NO_SNIFF)


def no_such_path() -> Answer:
    """Answer for a path, an API group or a version that is not served."""
    return text_answer("404 page not found\n", 404)


def group_unavailable() -> Answer:
    """Answer for a group whose own server does not answer the one in front of it."""
    return text_answer("service unavailable\n", 503)


def no_such_resource() -> Answer:
    """Answer for a resource that its group does not have."""
    return status_answer(404, "the server could not find the requested resource", details={})


def no_such_object(group: str, resource: str, name: str) -> Answer:
    """Answer for an object that is not there."""
    full = f"{resource}.{group}" if group else resource
    details = _object_details(group, resource, name)
    return status_answer(404, f'{full} "{name}" not found', details=details)


def no_such_method() -> Answer:
    """Answer a method that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return status_answer(405, message, details={})


def not_acceptable() -> Answer:
    """Answer a request that accepts nothing that we can write."""
    message = (
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
        "application/vnd.kubernetes.protobuf;stream=watch"
    )
    return status_answer(406, message, details={})


def bad_request(message: str) -> Answer:
    """Answer a request that cannot be understood."""
    return status_answer(400, message)


def version_too_large(asked: int, current: int) -> Answer:
    """Answer a request for a resource version of the future."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return status_answer(504, message, details=details, headers={"Retry-After": "1"})


def version_too_old() -> Answer:
    """Answer a request for the exact state of a version that was compacted."""
    return status_answer(410, "The resourceVersion for the provided list is too old.")


def _object_details(group: str, resource: str, name: str | None) -> dict[str, str]:
    """Name an object as `details` does, leaving out what is empty."""
    named = {"name": name or "", "group": group, "kind": resource}
    return {field: value for field, value in named.items() if value}
