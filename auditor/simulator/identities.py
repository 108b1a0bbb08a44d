"""Who asks, and what RBAC lets them do (rbac.authorization.k8s.io, the authorizer's rules)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

Rule = Mapping[str, Sequence[str]]

ANONYMOUS = "system:anonymous"
_AUTHENTICATED = "system:authenticated"
_UNAUTHENTICATED = "system:unauthenticated"
_MASTERS = "system:masters"

_PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY_PATHS = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
)

BASIC_RULES: tuple[Rule, ...] = (
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {
        "verbs": ["create"],
        "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
    },
    {"verbs": ["get"], "nonResourceURLs": ["/.well-known", "/.well-known/*"]},
    {"verbs": ["get"], "nonResourceURLs": list(_PUBLIC_PATHS)},
    {"verbs": ["get"], "nonResourceURLs": list(_DISCOVERY_PATHS)},
)
"""What the built-in roles give to whoever is authenticated, as recorded."""

_EVERYTHING: tuple[Rule, ...] = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)


class Access(Struct, frozen=True):
    """One thing somebody wants to do."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    name: str | None = None


class Identity(Struct, frozen=True):
    """Somebody, with the rules that are bound to them in the whole cluster."""

    name: str
    groups: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    """As in the `rules` of a ClusterRole."""

    @classmethod
    def administrator(cls, name: str = "administrator") -> "Identity":
        """Give somebody who may do everything."""
        return cls(name, (_MASTERS,))

    @classmethod
    def anonymous(cls) -> "Identity":
        """Give somebody who showed no credentials."""
        paths = list(_PUBLIC_PATHS)
        return cls(ANONYMOUS, (), ({"verbs": ["get"], "nonResourceURLs": paths},))

    @property
    def is_anonymous(self) -> bool:
        """Whether no credentials were shown."""
        return self.name == ANONYMOUS

    def all_rules(self) -> tuple[Rule, ...]:
        """Give the rules with those that everybody has who is authenticated.

        Members of system:masters may do everything, whatever the rules say.
        """
        everything = _EVERYTHING if _MASTERS in self.groups else ()
        basic = () if self.is_anonymous else BASIC_RULES
        return (*self.rules, *basic, *everything)

    def may(self, access: Access) -> bool:
        """Whether a rule allows it."""
        return any(_allows(rule, access) for rule in self.all_rules())

    def may_path(self, verb: str, path: str) -> bool:
        """Whether a rule allows a path that is no resource."""
        return any(
            _holds(rule.get("verbs", ()), verb)
            and any(_matches_path(pattern, path) for pattern in rule.get("nonResourceURLs", ()))
            for rule in self.all_rules()
        )

    def user_info(self) -> dict[str, Any]:
        """Give what a SelfSubjectReview tells."""
        if self.is_anonymous:
            return {"username": self.name, "groups": [*self.groups, _UNAUTHENTICATED]}
        groups = [*self.groups, _AUTHENTICATED]
        return {"username": self.name, "uid": f"{self.name}-uid", "groups": groups}


def _allows(rule: Rule, access: Access) -> bool:
    names = rule.get("resourceNames", ())
    return (
        _holds(rule.get("verbs", ()), access.verb)
        and _holds(rule.get("apiGroups", ()), access.group)
        and any(_matches_resource(name, access) for name in rule.get("resources", ()))
        and (not names or access.name in names)
    )


def _holds(values: Iterable[str], wanted: str) -> bool:
    return any(value in ("*", wanted) for value in values)


def _matches_resource(pattern: str, access: Access) -> bool:
    """Match as the RBAC authorizer: `*` is all, `*/sub` that subresource of any resource."""
    if not access.subresource:
        return pattern in ("*", access.resource)
    exact = f"{access.resource}/{access.subresource}"
    return pattern in ("*", exact, f"*/{access.subresource}")


def _matches_path(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))
