"""What a check is: its identity, what it needs to read, and the function that judges.

A check sees only what was read. It yields a judgement for each subject that it can speak of and
says `unknown` itself where an input that only some subjects need is missing. What the whole check
needs stands in `needs`: the audit turns `pass` and `not_applicable` into `unknown` while one of
those is incomplete, so that no check can forget to.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.analysis.segments.networks import Fleet
from auditor.catalogue.frameworks import Topic
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Severity, Verdict


class Family(StrEnum):
    """Families of the check catalogue (`docs/checks/README.md`)."""

    CONTROL_PLANE = "control_plane"
    MANAGEMENT = "management"
    EXPOSURE = "exposure"
    LEGACY = "legacy"
    HOST = "host"
    SEGMENTATION = "segmentation"
    TENANCY = "tenancy"
    CNI = "cni"
    MESH = "mesh"
    PORTS = "ports"
    COVERAGE = "coverage"


class Control(StrEnum):
    """Controls of the OWASP texts that the catalogue comes from, always with their year."""

    DOCKER_D03 = "owasp-docker/D03"
    """Docker Top 10 (2019) D03: Network Segmentation and Firewalling."""
    K8S_2022_K07 = "owasp-k8s-2022/K07"
    """Kubernetes Top Ten 2022 K07: Missing Network Segmentation Controls."""
    K8S_2025_K05 = "owasp-k8s-2025/K05"
    """Kubernetes Top Ten 2025 K05: Missing Network Segmentation Controls."""
    K8S_2025_K06 = "owasp-k8s-2025/K06"
    """Kubernetes Top Ten 2025 K06: Overly Exposed Kubernetes Components."""
    K8S_2025_K08 = "owasp-k8s-2025/K08"
    """Kubernetes Top Ten 2025 K08: Cluster To Cloud Lateral Movement."""


SEGMENTATION_CONTROLS = (Control.DOCKER_D03, Control.K8S_2022_K07, Control.K8S_2025_K05)
EXPOSED_COMPONENT_CONTROLS = (Control.DOCKER_D03, Control.K8S_2025_K06)


class Judgement(Struct, frozen=True, kw_only=True):
    """What a check says of one subject."""

    subject: ObjectRef
    verdict: Verdict
    summary: str
    evidence: tuple[Hop, ...] = ()
    port: int | None = None
    protocol: Protocol | None = None
    discriminator: str | None = None
    """What tells two findings of one check on one subject and port apart; the page names it."""
    reason: str | None = None
    """Why the verdict is unknown."""
    severity: Severity | None = None
    """Where the row has more than one default: the one for this subject."""
    workloads: tuple[ObjectRef, ...] = ()
    """Of the *ports* family: the workloads behind it, each of which a declaration must speak of."""
    declaration: int | None = None
    """Of the *ports* family, where the check decides: which declaration covers it."""
    clusters: tuple[str, ...] = ()
    """Ids of the clusters that it speaks of, where a check judges the fleet."""


def of_the_fleet(_: Facts, __: Any) -> Iterable[Judgement]:
    """Judge nothing: the check speaks of the fleet alone."""
    return ()


class NoParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The check has no parameters."""


class Check(Struct, frozen=True, kw_only=True):
    """One row of the catalogue."""

    slug: str
    """The id: it names what is wrong and never changes once released."""
    family: Family
    severity: Severity
    title: str
    remediation: str
    """One to three sentences."""
    needs: frozenset[str]
    """Resources without which no subject can `pass`."""
    subjects_from: frozenset[str]
    """Resources that list the subjects; missing ones leave subjects nobody has seen."""
    may_come_from: frozenset[str] = frozenset()
    """Kinds of added APIs that list subjects too. A source that does not provide some of them (a
    folder of manifests) is taken to hold none of these; one that provides none at all, and nothing
    else that lists subjects, says nothing."""
    reads: frozenset[str] = frozenset()
    """Resources that some subjects need, or that sharpen severity and audience."""
    judge: Callable[[Facts, Any], Iterable[Judgement]]
    judge_fleet: Callable[[Fleet, Any], Iterable[Judgement]] | None = None
    """Judges all clusters together; such a check has nothing to say of one of them."""
    controls: tuple[Control, ...]
    """What findings name, for good; all other frameworks follow from `topics`."""
    topics: tuple[Topic, ...]
    """What it judges, in the words in which frameworks speak of it; at least one."""
    parameters: type[Struct] = NoParameters
    nothing_to_judge: str
    """What is said of the cluster where there is no subject."""

    @property
    def module(self) -> str:
        """Name the module whose docstring is the check's documentation."""
        return (self.judge_fleet or self.judge).__module__
