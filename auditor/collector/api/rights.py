"""What the auditor itself may do in a cluster: asked of the server, one right after the other."""

import asyncio

import msgspec
from msgspec import Struct

from auditor.collector.api.client import ApiClient
from auditor.collector.api.errors import ApiError, BadAnswerError
from auditor.kube.rights import FORBIDDEN_RIGHTS, Right
from auditor.model.connection import HeldRight

_ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_SUBJECT_REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class Rights(Struct, frozen=True):
    """What was learnt of our own rights."""

    identity: str | None
    held: tuple[HeldRight, ...]
    problem: str | None


class _ResourceAttributes(Struct, frozen=True, omit_defaults=True):
    verb: str
    group: str
    resource: str
    subresource: str = ""


class _AccessSpec(Struct, frozen=True, rename="camel"):
    resource_attributes: _ResourceAttributes


class _AccessReview(Struct, frozen=True, rename="camel"):
    """The question of a SelfSubjectAccessReview (authorization.k8s.io/v1)."""

    spec: _AccessSpec
    api_version: str = "authorization.k8s.io/v1"
    kind: str = "SelfSubjectAccessReview"


class _AccessStatus(Struct, frozen=True):
    allowed: bool


class _AccessAnswer(Struct, frozen=True):
    status: _AccessStatus


class _SubjectReview(Struct, frozen=True, rename="camel"):
    api_version: str = "authentication.k8s.io/v1"
    kind: str = "SelfSubjectReview"


class _User(Struct, frozen=True):
    username: str = ""


class _SubjectStatus(Struct, frozen=True, rename="camel"):
    user_info: _User = _User()


class _SubjectAnswer(Struct, frozen=True):
    status: _SubjectStatus = _SubjectStatus()


async def ask_rights(client: ApiClient) -> Rights:
    """Ask for every right that an auditor must not hold; what goes wrong is told, not raised."""
    answers = await asyncio.gather(*(ask_right(client, right) for right in FORBIDDEN_RIGHTS))
    held = tuple(answer for answer in answers if isinstance(answer, HeldRight))
    problems = [answer for answer in answers if isinstance(answer, str)]
    return Rights(await _identity(client), held, problems[0] if problems else None)


async def ask_right(client: ApiClient, right: Right) -> HeldRight | str:
    """Ask whether we hold a right; text says why that is not known."""
    attributes = _ResourceAttributes(right.verb, right.group, right.resource, right.subresource)
    try:
        answer = await client.review(_ACCESS_REVIEWS, _AccessReview(_AccessSpec(attributes)))
        said = msgspec.json.decode(answer.body, type=_AccessAnswer)
    except (ApiError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"whether we may {right.verb} {right.name} is not known: {error}"
    return HeldRight(right.verb, right.name, said.status.allowed)


async def _identity(client: ApiClient) -> str | None:
    """Ask who we are; servers before Kubernetes 1.28 cannot say."""
    try:
        answer = await client.review(_SUBJECT_REVIEWS, _SubjectReview())
        said = msgspec.json.decode(answer.body, type=_SubjectAnswer)
    except (ApiError, BadAnswerError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return said.status.user_info.username or None
