"""Error answers as a real API server writes them (meta/v1 Status)."""

from typing import Any

import msgspec
from aiohttp import web

NO_CACHE = {"Cache-Control": "no-cache, private"}
_NO_SNIFF = {"X-Content-Type-Options": "nosniff"}

EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


def json_answer(
    body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Answer with JSON."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    answer = web.Response(status=status, body=encoded, headers=NO_CACHE | (headers or {}))
    answer.content_type = "application/json"
    return answer


def status_answer(  # noqa: PLR0913 - a Status has these fields
    code: int,
    reason: str,
    message: str,
    *,
    details: dict[str, Any] | None = None,
    token: str = "",
    headers: dict[str, str] | None = None,
) -> web.Response:
    """Answer with a Status; `details` None leaves them out, as a real server does for some."""
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {"continue": token} if token else {},
        "status": "Failure",
        "message": message,
        "reason": reason,
    }
    if details is not None:
        body["details"] = details
    return json_answer(body | {"code": code}, code, headers)


def unauthorized() -> web.Response:
    """Answer a request whose credentials are wrong."""
    return status_answer(401, "Unauthorized", "Unauthorized")


def forbidden(  # noqa: PLR0913, PLR0917 - the message names these
    user: str, verb: str, group: str, resource: str, namespace: str | None, name: str | None = None
) -> web.Response:
    """Answer a request that the identity has no right to."""
    full = f"{resource}.{group}" if group else resource
    named = f'{full} "{name}"' if name else full
    scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = (
        f'{named} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group '
        f'"{group}" {scope}'
    )
    details: dict[str, Any] = ({"name": name} if name else {}) | ({"group": group} if group else {})
    return status_answer(
        403, "Forbidden", message, details=details | {"kind": resource}, headers=_NO_SNIFF
    )


def forbidden_path(user: str, verb: str, path: str) -> web.Response:
    """Answer a request for a path that is no resource and that the identity has no right to."""
    message = f'forbidden: User "{user}" cannot {verb} path "{path}"'
    return status_answer(403, "Forbidden", message, details={}, headers=_NO_SNIFF)


def no_such_group() -> web.Response:
    """Answer for an API group that is not served."""
    return web.Response(
        status=404,
        text="404 page not found\n",
        content_type="text/plain",
        charset="utf-8",
        headers=NO_CACHE | _NO_SNIFF,
    )


def no_such_resource() -> web.Response:
    """Answer for a resource that its group does not have."""
    message = "the server could not find the requested resource"
    return status_answer(404, "NotFound", message, details={})


def no_such_object(group: str, resource: str, name: str) -> web.Response:
    """Answer for an object that is not there."""
    full = f"{resource}.{group}" if group else resource
    details = {"name": name} | ({"group": group} if group else {}) | {"kind": resource}
    return status_answer(404, "NotFound", f'{full} "{name}" not found', details=details)


def no_such_method() -> web.Response:
    """Answer a method that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return status_answer(405, "MethodNotAllowed", message, details={})


def not_acceptable() -> web.Response:
    """Answer a request that accepts nothing that we can write."""
    message = (
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
        "application/vnd.kubernetes.protobuf;stream=watch"
    )
    return status_answer(406, "NotAcceptable", message, details={})


def bad_request(message: str) -> web.Response:
    """Answer a request that cannot be understood."""
    return status_answer(400, "BadRequest", message)


def version_too_large(asked: int, current: int) -> web.Response:
    """Answer a request for a resource version of the future."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return status_answer(504, "Timeout", message, details=details, headers={"Retry-After": "1"})


def version_too_old() -> web.Response:
    """Answer a request for the exact state of a version that was compacted."""
    message = "The resourceVersion for the provided list is too old."
    return status_answer(410, "Expired", message)
