"""What an identity may ask about itself."""

from typing import Any

import msgspec
from aiohttp import web

from auditor.simulator.identities import Access, Identity
from auditor.simulator.statuses import bad_request, json_answer


def review_answer(identity: Identity, kind: str, body: bytes) -> web.Response | None:
    """Answer a SelfSubject review; None for any other kind: nothing else is ever created."""
    answers = {
        "SelfSubjectAccessReview": _access_review,
        "SelfSubjectRulesReview": _rules_review,
        "SelfSubjectReview": _subject_review,
    }
    if kind not in answers:
        return None
    try:
        asked = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        return bad_request(f"the review cannot be read: {error}")
    return json_answer(answers[kind](identity, asked), 201)


def _access_review(identity: Identity, asked: dict[str, Any]) -> dict[str, Any]:
    spec = asked.get("spec") or {}
    if attributes := spec.get("resourceAttributes"):
        access = Access(
            attributes.get("verb", ""),
            attributes.get("group", ""),
            attributes.get("resource", ""),
            attributes.get("subresource", ""),
            attributes.get("name"),
        )
        allowed = identity.may(access)
    else:
        paths = spec.get("nonResourceAttributes") or {}
        allowed = identity.may_path(paths.get("verb", ""), paths.get("path", ""))
    return {
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": spec,
        "status": {"allowed": allowed},
    }


def _rules_review(identity: Identity, _: dict[str, Any]) -> dict[str, Any]:
    rules = identity.all_rules()
    return {
        "kind": "SelfSubjectRulesReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": {},
        "status": {
            "resourceRules": [dict(rule) for rule in rules if "resources" in rule],
            "nonResourceRules": [dict(rule) for rule in rules if "nonResourceURLs" in rule],
            "incomplete": False,
        },
    }


def _subject_review(identity: Identity, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
        "status": {"userInfo": identity.user_info()},
    }
