"""From the SDK's errors to one line that says what was refused, why, and what would mend it.

Only the first line of what AWS answers is kept: below it stand signed headers, session tokens among
them.
"""

from botocore import exceptions as boto
from msgspec import ValidationError

from connectors.shortfalls import CallError

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedAccess",
        "UnauthorizedOperation",
    }
)
_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SKEWED = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
_INVALID = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_GONE = frozenset({"NoSuchEntity", "NotFoundException", "ResourceNotFoundException"})
_EXPIRED_SIGNATURE = ("signature expired", "signature not yet current", "not yet valid")
_LONGEST = 260

_NO_SESSION = (boto.SSOError, boto.TokenRetrievalError)
_NO_CREDENTIALS = (
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
)
_NOT_REACHED = (boto.ConnectionError, boto.HTTPClientError)


def refused(error: Exception, permission: str, profile: str | None = None) -> CallError:
    """Say why a call failed; `permission` is the IAM action that it needs."""
    said = _first_line(str(error))
    if isinstance(error, boto.ClientError):
        return _answered(error, permission)
    if isinstance(error, boto.ProfileNotFound):
        return CallError("see ~/.aws/config", said)
    if isinstance(error, _NO_SESSION):
        named = f" --profile {profile}" if profile else ""
        return CallError(f"the SSO session has ended, run aws sso login{named}", said)
    if isinstance(error, _NO_CREDENTIALS):
        advice = "name a profile, set AWS_PROFILE, or run where a role is attached"
        return CallError(f"no usable AWS credentials, {advice}", said)
    what = type(error).__name__
    if isinstance(error, _NOT_REACHED):
        what = "AWS cannot be reached"
    elif isinstance(error, ValidationError):
        what = "the answer is not what AWS documents"
    return CallError(f"{permission}: {what}", said)


def _answered(error: boto.ClientError, permission: str) -> CallError:
    if error.operation_name == "AssumeRole" and "AssumeRole" not in permission:
        # A client renews its credentials on its way to what was asked.
        permission = "sts:AssumeRole"
    answer = error.response.get("Error", {})
    code, said = str(answer.get("Code", "")), _first_line(str(answer.get("Message", "")))
    if code in _DENIED:
        return CallError(f"{permission} is denied", said)
    if code in _THROTTLED:
        retries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
        advice = "lower requests_per_second or look less often"
        return CallError(f"{permission} is throttled", f"after {retries} retries; {advice}")
    if code in _SKEWED or any(text in said.lower() for text in _EXPIRED_SIGNATURE):
        return CallError(f"{permission}: the clock of this machine is wrong", said or code)
    if code in _INVALID:
        why = "they have expired, or the region is not enabled for the account"
        return CallError(f"{permission}: AWS does not take the credentials, {why}", said or code)
    is_gone = code in _GONE or code.endswith(".NotFound")
    return CallError(f"{permission}: {code}", said, is_gone=is_gone)


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    # EC2 adds a blob that only sts:DecodeAuthorizationMessage can read.
    line = line.partition("Encoded authorization failure message")[0].strip()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
