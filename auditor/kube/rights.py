"""Rights that an auditor must not hold: with them it is the way in that it should report.

The list follows the threats of reading too much (Secrets, logs), of reaching into workloads (exec,
attach, port forwarding, and the node and pod proxies, whose GET runs code), of becoming somebody
else (impersonation, tokens, escalation), and of writing at all.
"""

from msgspec import Struct


class Right(Struct, frozen=True):
    """One question to a SelfSubjectAccessReview (authorization.k8s.io/v1), over all namespaces."""

    verb: str
    group: str
    resource: str
    subresource: str = ""

    @property
    def name(self) -> str:
        """Write the resource as `plural.group/subresource`."""
        group = f".{self.group}" if self.group else ""
        subresource = f"/{self.subresource}" if self.subresource else ""
        return f"{self.resource}{group}{subresource}"


_RBAC = "rbac.authorization.k8s.io"

FORBIDDEN_RIGHTS = (
    Right("get", "", "secrets"),
    Right("list", "", "secrets"),
    Right("get", "", "pods", "log"),
    Right("get", "", "nodes", "proxy"),
    Right("get", "", "pods", "proxy"),
    Right("get", "", "services", "proxy"),
    Right("get", "", "pods", "exec"),
    Right("create", "", "pods", "exec"),
    Right("create", "", "pods", "attach"),
    Right("create", "", "pods", "portforward"),
    Right("patch", "", "pods", "ephemeralcontainers"),
    Right("create", "", "serviceaccounts", "token"),
    Right("impersonate", "", "users"),
    Right("impersonate", "", "groups"),
    Right("impersonate", "", "serviceaccounts"),
    Right("bind", _RBAC, "clusterroles"),
    Right("escalate", _RBAC, "clusterroles"),
    Right("create", _RBAC, "clusterrolebindings"),
    Right("create", "", "pods"),
    Right("delete", "", "pods"),
    Right("update", "", "configmaps"),
    Right("patch", "", "nodes"),
    Right("patch", "", "services"),
    Right("delete", "", "namespaces"),
    Right("create", "apps", "deployments"),
    Right("patch", "apps", "daemonsets"),
    Right("delete", "networking.k8s.io", "networkpolicies"),
    Right("create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
)
"""A fixed list: a right that is not asked for is not told."""
