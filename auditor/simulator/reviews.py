"""What an identity may ask about itself."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from auditor.simulator.identities import Access, Identity
from auditor.simulator.statuses import Answer, bad_request, json_answer


class _Resource(Struct):
    verb: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""


class _Path(Struct):
    verb: str = ""
    path: str = ""


class _Asked(Struct, rename="camel"):
    resource_attributes: _Resource | None = None
    non_resource_attributes: _Path | None = None
    namespace: str = ""


class _Review(Struct):
    spec: _Asked = field(default_factory=_Asked)


class _Spec(Struct):
    spec: dict[str, Any] = field(default_factory=dict)


def review_answer(identity: Identity, kind: str, body: bytes) -> Answer | None:
    """Answer a SelfSubject review; None for any other kind: nothing else is ever created."""
    answers = {
        "SelfSubjectAccessReview": _access_review,
        "SelfSubjectRulesReview": _rules_review,
        "SelfSubjectReview": _subject_review,
    }
    if kind not in answers:
        return None
    try:
        asked = msgspec.json.decode(body, type=_Review).spec
        given = msgspec.json.decode(body, type=_Spec).spec
    except msgspec.DecodeError as error:
        return bad_request(f"the review cannot be read: {error}")
    if kind == "SelfSubjectRulesReview" and not asked.namespace:
        return bad_request("no namespace on request")
    group = "authentication.k8s.io" if kind == "SelfSubjectReview" else "authorization.k8s.io"
    head = {"kind": kind, "apiVersion": f"{group}/v1"}
    return json_answer(head | answers[kind](identity, asked, given), 201)


def _access_review(identity: Identity, asked: _Asked, given: dict[str, Any]) -> dict[str, Any]:
    wanted, path = asked.resource_attributes, asked.non_resource_attributes
    allowed = False
    if wanted is not None:
        access = Access(
            wanted.verb, wanted.group, wanted.resource, wanted.subresource, wanted.name or None
        )
        allowed = identity.may(access)
    elif path is not None:
        allowed = identity.may_path(path.verb, path.path)
    return {"metadata": {}, "spec": given, "status": {"allowed": allowed}}


def _rules_review(identity: Identity, _: _Asked, __: dict[str, Any]) -> dict[str, Any]:
    rules = identity.all_rules()
    status = {
        "resourceRules": [dict(rule) for rule in rules if "resources" in rule],
        "nonResourceRules": [dict(rule) for rule in rules if "nonResourceURLs" in rule],
        "incomplete": False,
    }
    # A real server does not repeat the namespace that it was asked about.
    return {"metadata": {}, "spec": {}, "status": status}


def _subject_review(identity: Identity, _: _Asked, __: dict[str, Any]) -> dict[str, Any]:
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "metadata": {"creationTimestamp": made},
        "status": {"userInfo": identity.user_info()},
    }
