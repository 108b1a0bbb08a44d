"""Identities: what makes an object, a workload and a finding the same one next time.

Nothing volatile is part of an identity: no uid, count, time, severity or text (`docs/contract.md`,
Subjects and ids). A pod's name changes with every rollout, so workloads are named by their owner.
"""

from msgspec import Struct

from auditor.model.canonical import digest

FINGERPRINT_VERSION = 1
"""First element of every fingerprint's input; a new scheme gets a new number."""


class ObjectRef(Struct, frozen=True):
    """A Kubernetes object, or the cluster itself, by kind, namespace and name."""

    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        """Write it as `Kind/namespace/name`, or `Kind/name` where there is no namespace."""
        if self.namespace is None:
            return f"{self.kind}/{self.name}"
        return f"{self.kind}/{self.namespace}/{self.name}"

    def __lt__(self, other: "ObjectRef") -> bool:
        """Order by kind, namespace (none first) and name."""
        return self.sort_key() < other.sort_key()

    def sort_key(self) -> tuple[str, str, str]:
        """Give a key that orders references of all kinds, cluster-wide ones first."""
        return (self.kind, self.namespace or "", self.name)


CLUSTER_KIND = "Cluster"


FLEET_KIND = "Fleet"


def fleet_subject() -> ObjectRef:
    """Name all clusters together as a subject."""
    return ObjectRef(FLEET_KIND, None, "fleet")


def cluster_subject(cluster_id: str) -> ObjectRef:
    """Name the cluster itself as a subject."""
    return ObjectRef(CLUSTER_KIND, None, cluster_id)


def fingerprint(  # noqa: PLR0913 - the parts of the identity that docs/contract.md fixes
    cluster_id: str,
    check: str,
    subject: ObjectRef,
    *,
    protocol: str | None = None,
    port: int | None = None,
    discriminator: str | None = None,
) -> str:
    """Give a finding's stable id: 32 hex digits that survive restarts, releases and re-reads.

    Source: `docs/contract.md`, Subjects and ids.
    """
    return digest(
        [
            FINGERPRINT_VERSION,
            cluster_id,
            check,
            subject.kind,
            subject.namespace,
            subject.name,
            protocol,
            port,
            discriminator,
        ]
    )[:32]
