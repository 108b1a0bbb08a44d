"""The result of an audit: one value that every report, store and page shows."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from auditor.model.exposure import Exposure
from auditor.model.finding import Finding
from auditor.model.reading import Coverage, ReadProblem
from auditor.model.segmentation import Border


class ClusterState(StrEnum):
    """How an audit of a cluster ended."""

    AUDITED = "audited"
    PARTIAL = "partial"
    UNREACHABLE = "unreachable"
    DECOMMISSIONED = "decommissioned"
    """It is there no more: its connector listed every cluster, and not this one. Only stored."""


class Enforces(StrEnum):
    """In which directions the cluster's CNI enforces network policies."""

    FULL = "full"
    INGRESS = "ingress"
    EGRESS = "egress"
    NONE = "none"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Cni(Struct, frozen=True):
    """What plugs in the network, and whether it enforces policies."""

    name: str | None = None
    version: str | None = None
    policy_engine: str | None = None
    enforces: Enforces = Enforces.UNKNOWN
    assumed: bool = False
    evidence: tuple[str, ...] = ()


class Mesh(Struct, frozen=True):
    """A service mesh and its mutual TLS."""

    name: str
    mtls: str
    evidence: tuple[str, ...] = ()


class Distribution(Struct, frozen=True):
    """Whose Kubernetes it is, and in which cloud; None where that cannot be told."""

    name: str | None = None
    cloud: str | None = None
    evidence: tuple[str, ...] = ()


class Platform(Struct, frozen=True):
    """What the cluster runs on."""

    kubernetes: str | None = None
    cni: Cni = Cni()
    meshes: tuple[Mesh, ...] = ()
    distribution: Distribution = Distribution()


class AgreementUse(Struct, frozen=True):
    """How many findings each exception and declaration of the configuration matched."""

    exceptions: tuple[int, ...] = ()
    declarations: tuple[int, ...] = ()

    def __add__(self, other: "AgreementUse") -> "AgreementUse":
        """Add the matches of two audits under one configuration."""
        return AgreementUse(
            tuple(map(sum, zip(self.exceptions, other.exceptions, strict=True))),
            tuple(map(sum, zip(self.declarations, other.declarations, strict=True))),
        )


class AgreementMatch(Struct, frozen=True):
    """One exception or declaration as it was written, and how many findings it matched."""

    kind: str
    """`exception` or `declaration`."""
    content: str
    """Canonical JSON of the entry: another wording is another agreement."""
    matched: int


class CheckRun(Struct, frozen=True):
    """A check that an audit ran, and the resources without which it can say nothing of health."""

    slug: str
    needs: tuple[str, ...]
    found_by: tuple[str, ...] = ()
    """Resources of which each object may be a subject, or a way to one: while one of them could not
    be read, a finding that is not mentioned may be there all the same."""


class NamespaceSegment(Struct, frozen=True):
    """Tenants and risk level of a namespace at the moment of an audit."""

    namespace: str
    tenants: tuple[str, ...]
    risk_level: str | None


class Audit(Struct, frozen=True, kw_only=True):
    """One cluster at one moment: what was read, what is exposed, what each check says."""

    cluster_id: str
    name: str
    provider: str
    account: str | None
    location: str | None
    at: datetime
    """When the state was observed, in UTC."""
    incarnation: str | None
    """kube-system's uid, where it was read: another one is another cluster."""
    state: ClusterState
    tenants: tuple[str, ...]
    risk_levels: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    problems: tuple[ReadProblem, ...]
    platform: Platform
    exposures: tuple[Exposure, ...]
    findings: tuple[Finding, ...]
    """All of them, `pass` and `not_applicable` included, ordered by check, subject and port."""
    agreement_use: AgreementUse
    agreements: tuple[AgreementMatch, ...]
    """What was in force for this cluster: those whose cluster glob matches and that run on."""
    checks: tuple[CheckRun, ...]
    """The checks that ran, ordered by slug; one that is off is not among them."""
    segments: tuple[NamespaceSegment, ...]
    """Of every namespace that was seen, in order."""
    segmentation: tuple[Border, ...] = ()
    """Between which tenants, and which risk levels, packets pass; both ways, in order."""
    networks: tuple[str, ...] | None = None
    """Ids of the networks that it sits in, as its cloud tells; None where it does not."""
    peers: tuple[str, ...] | None = None
    """Ids of the networks that these are peered with; None where that was not read."""
    hubs: tuple[str, ...] | None = None
    """Ids of what joins these with others as routes say; None where that was not read."""
    rules_version: str
    """Changes with the version of the auditor and with the checks' settings."""
    catalogue_version: str


class FleetAudit(Struct, frozen=True, kw_only=True):
    """Several clusters under one configuration at one moment."""

    at: datetime
    audits: tuple[Audit, ...]
    """Ordered by cluster id."""
    fleet_findings: tuple[Finding, ...]
    segmentation: tuple[Border, ...] = ()
    """Of all clusters together: the worst state of each border, with an example of it."""
    duplicates: tuple[tuple[str, ...], ...] = ()
    """Ids of clusters with one incarnation: one cluster under several names. Never merged."""
    agreement_use: AgreementUse
    verdicts: Mapping[str, int] = field(default_factory=dict)
    """How many findings have each shown verdict, zeros included."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """How many open `fail` findings have each severity, zeros included."""
