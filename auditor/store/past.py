"""What the store answers of the past: a cluster, its findings and its exposures at a moment."""

from collections.abc import Mapping

from msgspec import Struct

from auditor.model.identity import ObjectRef


class PastFinding(Struct, frozen=True, kw_only=True):
    """A finding as it stood at a moment."""

    id: str
    check: str
    family: str
    verdict: str
    """As shown: masked by coverage, `accepted` where an agreement was in force."""
    raw_verdict: str
    confirmed: bool
    """Whether everything that its check needs could be read at that moment."""
    severity: str | None
    severity_reason: str | None
    subject: ObjectRef
    port: int | None
    protocol: str | None
    discriminator: str | None
    summary: str
    reason: str | None
    evidence: tuple[tuple[str, str, str, str], ...]
    controls: tuple[str, ...]
    since: str
    """The first look at which it held, RFC 3339."""
    not_before: str | None
    """The last look at which it did not hold; None where there was none."""
    until: str | None
    """When it stopped; None while it holds on."""
    ended: str | None
    """Why it stopped."""


class PastTenancy(Struct, frozen=True):
    """Tenants and risk level of a namespace at a moment."""

    namespace: str
    tenants: tuple[str, ...]
    risk_level: str | None


class PastCni(Struct, frozen=True, kw_only=True):
    """What plugged in the network at a moment, and whether it enforced policies."""

    name: str | None
    version: str | None
    policy_engine: str | None
    enforces: str
    assumed: bool
    evidence: tuple[str, ...]


class PastEntry(Struct, frozen=True, kw_only=True):
    """The door of a past exposure; fields as in `docs/contract.md`, Exposures."""

    object: ObjectRef
    via: str
    port: int | None
    protocol: str
    addresses: tuple[str, ...]
    host: str | None
    path: str | None


class PastTarget(Struct, frozen=True):
    """What answered behind a past exposure's door."""

    workload: ObjectRef | None
    port: int | None


class PastExposure(Struct, frozen=True, kw_only=True):
    """A way in as it stood at a moment."""

    id: str
    audience: str
    sources: tuple[str, ...]
    entry: PastEntry
    target: PastTarget
    verdict: str
    confirmed: bool
    """Whether all that doors are read from could be read at that moment."""
    confidence: str
    reason: str | None
    recognised: tuple[str, ...]
    path: tuple[tuple[str, str, str, str], ...]
    since: str
    until: str | None


class PastCrossing(Struct, frozen=True, kw_only=True):
    """Two workloads that showed the state of a border."""

    source: ObjectRef
    destination: ObjectRef
    ports: str


class PastBorder(Struct, frozen=True, kw_only=True):
    """Whether packets passed from one tenant or risk level to another at a moment."""

    dimension: str
    source: str | None
    """None stands for the namespaces whose segment could not be told."""
    destination: str | None
    state: str
    """As it was known: `separated` and `by-rule` are `unknown` where they are not confirmed."""
    confirmed: bool
    """Whether all that it rests on could be read at that moment."""
    allowed: bool
    example: PastCrossing | None
    reason: str | None
    since: str
    until: str | None


class PastCluster(Struct, frozen=True, kw_only=True):
    """A cluster at a moment, as far as is known."""

    cluster: str
    origin: str
    asked_at: str
    observed_at: str
    """The look that the answer rests on: the last one until that moment."""
    next_look_at: str | None
    """The look after it: what happened between the two is not known."""
    state: str
    """How that look ended: `audited`, `partial` or `unreachable`."""
    read_at: str | None
    """The last look until that moment at which anything could be read; None if none could."""
    incarnation: str | None
    kubernetes: str | None
    cni: PastCni | None
    coverage: Mapping[str, str]
    tenancy: tuple[PastTenancy, ...]
    segmentation: tuple[PastBorder, ...]
    exposures: tuple[PastExposure, ...]
    findings: tuple[PastFinding, ...]
    not_applicable: Mapping[str, int]
    """Of each family, how many subjects that look found a check not to apply to."""
