"""From the SDK's errors to one line that says what was refused, why, and what would mend it.

Only the first line of what Azure answers is kept, cut: traces and correlation ids stand below it.
"""

import re

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from msgspec import ValidationError

from connectors.shortfalls import CallError

_DENIED = frozenset({"AccessDenied", "AuthorizationFailed", "Forbidden"})
_GONE = frozenset({"NotFound", "ResourceGroupNotFound", "ResourceNotFound"})
_IS_DISABLED = "the subscription is disabled"
_IS_UNKNOWN = "no subscription of this id, or the identity has no role in it"
_SUBSCRIPTION = {
    "DisabledSubscription": _IS_DISABLED,
    "InvalidSubscriptionId": _IS_UNKNOWN,
    "ReadOnlyDisabledSubscription": _IS_DISABLED,
    "SubscriptionNotFound": _IS_UNKNOWN,
}
UNREGISTERED = "MissingSubscriptionRegistration"
_LONGEST = 260

_ACTION = re.compile(r"perform action '([\w./*-]+)' over scope '([^']+)'")
"""What AuthorizationFailed says of the action and of where it is missing."""
_ENTRA = re.compile(r"AADSTS(\d+)[^\r\n]*")
_EXPIRED_LOGIN = frozenset(
    {"50076", "50078", "50079", "50132", "50173", "70043", "70044", "700082", "700084"}
)
"""A person has to log in again: a refresh token that ended, a second factor, a new password
(Microsoft identity platform, authentication and authorization error codes)."""
_ENTRA_ADVICE = {
    "7000215": "the secret is not that of the application: write its value, not its id",
    "7000222": "the application's secret has expired: az ad app credential reset makes a new one",
    "700016": "the tenant does not know the application: look at tenant and client_id",
    "90002": "there is no such tenant: look at tenant",
    "700027": "the certificate is not one of the application's",
    "700024": "the proof is not valid at this time: look at this machine's clock",
    "700213": "the application does not trust this token: look at its federated credentials",
    "70021": "the application does not trust this token: look at its federated credentials",
}


def refused(error: Exception, permission: str) -> CallError:
    """Say why a call failed; `permission` is the action that it needs."""
    if isinstance(error, CallError):
        return error
    if isinstance(error, HttpResponseError) and error.status_code:
        return _answered(error, permission)
    what = type(error).__name__
    if isinstance(error, TimeoutError):
        return CallError(f"{permission}: Azure did not answer in time")
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        what = "Azure cannot be reached"
    elif isinstance(error, ValidationError):
        what = "the answer is not what Azure documents"
    return CallError(f"{permission}: {what}", first_line(str(error)))


def _answered(error: HttpResponseError, permission: str) -> CallError:
    code, said = _code_of(error)
    status = error.status_code
    wait = _header(error, "Retry-After")
    if status == 429:
        advice = "lower requests_per_second or look less often"
        asked = f"it asks to wait {wait} s; " if wait.isdigit() else ""
        return CallError(f"{permission} is throttled", f"{asked}{advice}")
    if code in _SUBSCRIPTION:
        return CallError(_SUBSCRIPTION[code], _cut(said))
    if code in _DENIED or status == 403:
        found = _ACTION.search(said)
        if found:
            return CallError(f"{found[1]} is denied", f"over {found[2]}")
        return CallError(f"{permission} is denied", _cut(said) or code)
    what = code or str(status)
    if status == 401:
        what = "Azure does not take the token; is the subscription of another tenant?"
    elif status is not None and status >= 500:
        what = f"Azure answers {status} {code}".rstrip()
    is_gone = status == 404 and (code in _GONE or not code)
    return CallError(f"{permission}: {what}", _cut(said) or code, is_gone=is_gone)


def _code_of(error: HttpResponseError) -> tuple[str, str]:
    """Give the code of ARM's error format and the first line of its sentence."""
    told = error.error
    if told is not None and told.code:
        return str(told.code), str(told.message or "").strip().partition("\n")[0]
    return "", str(error.reason or "")


def _header(error: HttpResponseError, name: str) -> str:
    headers = getattr(error.response, "headers", None) or {}
    return str(headers.get(name, ""))


def login_refused(error: Exception, *, may_run_az: bool) -> CallError:
    """Say why no token was given."""
    text = str(error)
    found = _ENTRA.search(text)
    said = first_line(found[0]) if found else ""
    code = found[1] if found else ""
    if code in _ENTRA_ADVICE:
        return CallError(_ENTRA_ADVICE[code], said)
    if code in _EXPIRED_LOGIN or (may_run_az and "az login" in text):
        return CallError("the login of the Azure CLI is missing or has expired: run az login", said)
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return CallError("Microsoft Entra ID cannot be reached", first_line(text))
    if isinstance(error, ClientAuthenticationError) and said:
        return CallError("Microsoft Entra ID refuses the login", said)
    advice = "run az login" if may_run_az else "name tenant, client_id and a proof"
    kind = f"no usable Azure credentials, {advice}, or run where a managed identity is attached"
    return CallError(kind, _last_attempt(text))


def _last_attempt(text: str) -> str:
    """Give the last credential's own words, where several were tried."""
    tried = [line for line in text.splitlines() if line.startswith("\t")]
    return first_line(tried[-1] if tried else text)


def first_line(text: str) -> str:
    """Give the first line of a text, cut."""
    return _cut(text.strip().splitlines()[0].strip() if text.strip() else "")


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
