"""What people agreed to: expected exposures (declarations) and accepted findings (exceptions).

Both match by globs. A glob is matched whole and case-sensitively; `*` matches any text, `/` too.
"""

from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct

from auditor.model.audience import Audience
from auditor.model.globs import escaped
from auditor.model.ports import Protocol

LONGEST_EXCEPTION = timedelta(days=366)
"""An exception expires within a year (`docs/contract.md`, Files people write), a leap one too."""


_WIDTHS = (
    Audience.NONE,
    Audience.CLUSTER,
    Audience.PRIVATE_NETWORK,
    Audience.ALLOW_LISTED,
    Audience.INTERNET,
)
"""Audiences that can be told, the narrowest first."""


class Declaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An expected exposure: it answers the *ports* family and nothing else.

    `namespace` and `workload` (`Kind/namespace/name`) are globs, `cluster` too.
    """

    cluster: str = "*"
    namespace: str = "*"
    workload: str = "*"
    port: Annotated[int, Meta(ge=1, le=65535)]
    protocol: Protocol = Protocol.TCP
    audience: Audience
    sources: tuple[str, ...] = ()
    owner: str
    reason: str
    expires: date | None = None

    def is_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and self.expires < today

    @property
    def width(self) -> int:
        """Order declarations by audience, the narrowest first."""
        return _WIDTHS.index(self.audience) if self.audience in _WIDTHS else len(_WIDTHS)

    @property
    def breadth(self) -> tuple[int, int, int]:
        """Order declarations, the narrowest first: by audience, by globs, by sources."""
        globs = (self.cluster, self.namespace, self.workload)
        stars = sum(not set("*?[").isdisjoint(glob) for glob in globs)
        return self.width, stars, 0 if self.sources else 1

    def admits(self, audience: Audience) -> bool:
        """Whether a door with this audience is no wider than what was declared.

        An audience that is not known may be wider, so nothing admits it.
        """
        widths = (audience, self.audience)
        return all(width in _WIDTHS for width in widths) and (
            _WIDTHS.index(audience) <= _WIDTHS.index(self.audience)
        )

    def speaks_of(self, cluster: str) -> bool:
        """Whether exposures of this cluster may be expected by it."""
        return fnmatchcase(cluster, self.cluster)

    def names(self, cluster: str) -> bool:
        """Whether it speaks of this cluster and of no other."""
        return self.cluster in {cluster, escaped(cluster)}

    def covers(
        self, cluster: str, namespace: str, workload: str, port: int, protocol: Protocol
    ) -> bool:
        """Whether it speaks of this port of this workload."""
        return (
            self.port == port
            and self.protocol is protocol
            and fnmatchcase(cluster, self.cluster)
            and fnmatchcase(namespace, self.namespace)
            and fnmatchcase(workload, self.workload)
        )


class RiskException(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An accepted finding: who accepts which findings, why, and until when.

    `cluster`, `namespace` and `name` are globs over the finding's cluster and subject. A subject
    without a namespace is matched by `*` only.
    """

    check: str
    cluster: str
    namespace: str = "*"
    name: str = "*"
    reason: str
    approved_by: str
    ticket: str | None = None
    expires: date

    def is_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires < today

    def speaks_of(self, cluster: str) -> bool:
        """Whether findings of this cluster may be accepted by it."""
        return fnmatchcase(cluster, self.cluster)

    def covers(self, check: str, cluster: str, namespace: str | None, name: str) -> bool:
        """Whether a finding of this check on this subject is accepted by it."""
        return (
            self.check == check
            and fnmatchcase(cluster, self.cluster)
            and fnmatchcase(namespace or "", self.namespace)
            and fnmatchcase(name, self.name)
        )
