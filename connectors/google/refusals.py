"""From what Google answers to one line that says what was refused, why, and what would mend it.

gRPC and HTTP refuse in the same words (AIP-193, Errors): a canonical code, a message, and details
of which `ErrorInfo.reason` is meant for machines. Only the first line of a message is kept, without
whatever is long enough to be a token.
"""

import re
from collections.abc import Mapping
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.auth import exceptions as auth
from google.rpc.error_details_pb2 import RetryInfo
from msgspec import Struct, field

from connectors.shortfalls import CallError

PASSING = frozenset(
    {"ABORTED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}
)
"""Codes that may pass by themselves: everything that is asked here only reads."""

LOGIN = "gcloud auth application-default login"

_DISABLED = frozenset({"SERVICE_DISABLED", "accessNotConfigured"})
_THROTTLED = frozenset({"RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded"})
_PERIMETER = frozenset({"SECURITY_POLICY_VIOLATED", "VPC_SERVICE_CONTROLS"})
_QUOTA_PROJECT = "USER_PROJECT_DENIED"
_BY_HTTP_CODE = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 502: "UNAVAILABLE",
    503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip

_LONGEST = 260
_LIKE_A_TOKEN = re.compile(r"[A-Za-z0-9_+=-]{48,}")
"""Longer than any name of Google Cloud, and no longer than the parts of its tokens."""

_LOGIN_ENDED = ("invalid_grant", "reauth", "expired", "revoked")


class Refusal(Struct, frozen=True, kw_only=True):
    """What Google answered in place of what was asked, whichever way it was asked."""

    code: str
    """The canonical code, such as `PERMISSION_DENIED`."""
    message: str
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: float | None = None
    """How long to wait before it is asked again, where Google says it."""

    @property
    def is_passing(self) -> bool:
        """Whether asking again may help."""
        return self.code in PASSING or self.reason in _THROTTLED


def by_grpc(error: GoogleAPICallError) -> Refusal:
    """Read an error of the SDK."""
    waits = (
        detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9
        for detail in error.details
        if isinstance(detail, RetryInfo)
    )
    code = error.grpc_status_code.name if error.grpc_status_code else _by_http(error.code or 0)
    return Refusal(
        code=code,
        message=error.message or "",
        reason=error.reason or "",
        metadata=dict(error.metadata or {}),
        wait_seconds=max(waits, default=None),
    )


class _Item(Struct):
    reason: str = ""


class _Error(Struct):
    message: str = ""
    status: str = ""
    details: list[dict[str, Any]] = field(default_factory=list)
    errors: list[_Item] = field(default_factory=list)


class ErrorBody(Struct):
    """What an HTTP API answers in place of what was asked."""

    error: _Error = field(default_factory=_Error)


def by_http(status: int, body: ErrorBody, retry_after: str | None) -> Refusal:
    """Read an answer of an HTTP API; `retry_after` is the header of that name."""
    error = body.error
    details = {str(item.get("@type", "")).rpartition(".")[2]: item for item in error.details}
    info = details.get("ErrorInfo", {})
    metadata = info.get("metadata")
    waits = [retry_after, str(details.get("RetryInfo", {}).get("retryDelay", "")).rstrip("s")]
    return Refusal(
        code=error.status or _by_http(status),
        message=error.message or f"HTTP {status}",
        # The older APIs know `errors` alone.
        reason=str(info.get("reason") or (error.errors[0].reason if error.errors else "")),
        metadata={str(key): str(value) for key, value in metadata.items()}
        if isinstance(metadata, dict)
        else {},
        wait_seconds=max((_seconds(wait) for wait in waits if wait), default=0.0) or None,
    )


def _by_http(status: int) -> str:
    return _BY_HTTP_CODE.get(status, "UNKNOWN")


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def refused(refusal: Refusal, permission: str, where: str) -> CallError:
    """Say why a call failed that needs a permission on a project, folder or organisation."""
    said, what = first_line(refusal.message), f"{permission} on {where}"
    code, reason, kind = refusal.code, refusal.reason, _kind_of(where)
    if reason in _DISABLED:
        return _disabled(refusal, where)
    causes = (
        (
            reason in _PERIMETER or "prohibited by organization's policy" in said,
            f"{what} is kept out by VPC Service Controls: let the auditor into the perimeter",
        ),
        (
            reason == _QUOTA_PROJECT,
            "the credentials may not use their quota project: serviceusage.services.use on it",
        ),
        (
            reason in _THROTTLED or code == "RESOURCE_EXHAUSTED",
            f"{what} is throttled: lower requests_per_second or look less often",
        ),
        (code == "PERMISSION_DENIED", f"{what} is denied, or there is no such {kind}"),
        (
            code == "UNAUTHENTICATED",
            f"Google does not take the credentials: {LOGIN}, or a valid key",
        ),
        (code == "NOT_FOUND", f"{what}: there is no such {kind}, or nothing of the name in it"),
        (
            code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"},
            f"{permission}: Google cannot be reached, or does not answer",
        ),
    )
    cause = next((text for holds, text in causes if holds), f"{what}: {code}")
    return CallError(cause, said, is_gone=code == "NOT_FOUND")


def _disabled(refusal: Refusal, where: str) -> CallError:
    service = refusal.metadata.get("service", "the API")
    # What is named is the project that the call counts for; it may be that of the credentials.
    consumer = refusal.metadata.get("consumer", where).rpartition("/")[2]
    advice = f"gcloud services enable {service} --project={consumer}"
    return CallError(f"{service} is not enabled in the project {consumer}", advice)


def _kind_of(where: str) -> str:
    return {"organizations": "organisation", "folders": "folder"}.get(
        where.partition("/")[0], "project"
    )


def no_token(error: Exception) -> CallError:
    """Say why no access token can be had.

    Behind the first argument of these errors stands what the token endpoint answered.
    """
    said = first_line(str(error.args[0]) if error.args else "")
    if said.startswith("{"):
        said = ""
    if isinstance(error, auth.TransportError | TimeoutError):
        return CallError("the endpoint that gives tokens cannot be reached", said)
    if "impersonat" in said.lower():
        advice = (
            "iam.serviceAccounts.getAccessToken on the service account, and its API, are needed"
        )
        return CallError(f"the service account cannot be impersonated: {advice}", said)
    if any(word in said.lower() for word in _LOGIN_ENDED):
        return CallError(f"the credentials have expired or were revoked: {LOGIN}", said)
    return CallError(f"no usable Google credentials: {LOGIN}, or name a credentials_file", said)


def first_line(text: str) -> str:
    """Cut what a cloud says to what may be shown."""
    line = text.strip().splitlines()[0].strip() if text.strip() else ""
    line = _LIKE_A_TOKEN.sub("…", line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
