"""Controls of standards and threat lists, and which findings speak against them.

A control names the topics that it asks for, and a check the topics that it judges. Where that would
say too much, the control names its checks. Frameworks change their numbering and ours does not:
which check backs which control is worked out here and stored nowhere.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from enum import StrEnum
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from auditor.catalogue.loading import CatalogueError, load_data


class Topic(StrEnum):
    """What a finding is about, in the words in which frameworks speak of it."""

    SEG_INGRESS = "seg-ingress"
    """No policy, or a weak one, on what may reach a workload."""
    SEG_EGRESS = "seg-egress"
    """The same for what a workload may reach."""
    CNI = "cni"
    """The network plugin does not enforce policies."""
    API_EXPOSURE = "api-exposure"
    """The API server answers to whom it should not."""
    LB_EXPOSURE = "lb-exposure"
    """Doors of Services and routes: load balancers, Ingresses, node ports, external addresses."""
    NODE_EXPOSURE = "node-exposure"
    """Addresses and ports of nodes."""
    HOST_ACCESS = "host-access"
    """Host namespaces, host ports and host paths of pods."""
    METADATA = "metadata"
    """The cloud's metadata services can be reached."""
    MESH_MTLS = "mesh-mtls"
    """Traffic inside the cluster is not, or not always, under mutual TLS."""
    DASHBOARD = "dashboard"
    """Interfaces from which people run things."""
    HYGIENE = "hygiene"
    """Order: owners, boundaries between tenants, documented ports, and an audit that saw it all."""


class Provider(StrEnum):
    """Whose managed clusters a framework is made for."""

    EKS = "eks"
    GKE = "gke"
    AKS = "aks"


class FrameworkControl(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One control: its id and short title, never its text."""

    id: str
    title: str
    topics: tuple[Topic, ...] = ()
    checks: tuple[str, ...] | None = None
    """The only checks that back it, in place of its topics."""
    confirmed: bool | None = None
    """Whether id and title were seen in the source; None in the file is what the framework is."""
    version: str | None = None
    """None in the file is that of the framework."""
    source: str | None = None

    def is_backed_by(self, slug: str, topics: Collection[Topic]) -> bool:
        """Whether a finding of a check speaks against it."""
        if self.checks is not None:
            return slug in self.checks
        return not set(self.topics).isdisjoint(topics)


class Framework(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A standard, benchmark or threat list, with those of its controls that networks concern."""

    id: str
    name: str
    version: str | None = None
    ids_need_version: bool = False
    """Whether an id means something else in another version."""
    provider: Provider | None = None
    """None where it speaks of any cluster."""
    source: str
    confirmed: bool
    controls: tuple[FrameworkControl, ...]

    @property
    def title(self) -> str:
        """Its name and version, and whose clusters it is for."""
        title = f"{self.name} {self.version}" if self.version else self.name
        return f"{title}, for {self.provider.upper()} clusters" if self.provider else title

    def written(self, control: FrameworkControl) -> str:
        """Write a control's id as it may stand in front of people: `5.2.5`, `K05:2025`."""
        return f"{control.id}:{self.version}" if self.ids_need_version else control.id


class Backed(Struct, frozen=True):
    """A control that some check backs, with the framework that it belongs to."""

    framework: Framework
    control: FrameworkControl

    @property
    def written_id(self) -> str:
        """The id as it may stand in front of people."""
        return self.framework.written(self.control)

    @property
    def reference(self) -> str:
        """The id as findings name it: `owasp-k8s-2025/K05`."""
        return f"{self.framework.id}/{self.control.id}"

    @property
    def is_confirmed(self) -> bool:
        """Whether id and title were seen in the source."""
        return self.control.confirmed is True

    @property
    def remark(self) -> str:
        """What a reader must know beside id and title, in brackets; mostly nothing."""
        remarks = []
        if self.control.version != self.framework.version:
            remarks.append(f"version {self.control.version}")
        if not self.is_confirmed:
            remarks.append("not confirmed")
        return f"({', '.join(remarks)})" if remarks else ""


class Frameworks(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: int
    frameworks: tuple[Framework, ...]


@cache
def frameworks() -> tuple[Framework, ...]:
    """Give the known frameworks; every control says whether it is confirmed, and its version.

    Raises:
        CatalogueError: an id stands twice or is none, or a framework lacks the version it needs.
    """
    loaded = load_data("frameworks.yaml", Frameworks).frameworks
    for reason in _broken(loaded):
        raise CatalogueError(f"frameworks.yaml: {reason}")
    return tuple(_with_inherited(framework) for framework in loaded)


def backed_controls(
    slug: str, topics: Collection[Topic], named: Collection[str] = ()
) -> tuple[Backed, ...]:
    """Give the controls that a check backs: by its slug or topics, and those that it names itself.

    Args:
        slug: the check.
        topics: what it judges.
        named: references such as `owasp-k8s-2025/K05`.
    """
    every = (Backed(framework, item) for framework in frameworks() for item in framework.controls)
    return tuple(
        backed
        for backed in every
        if backed.control.is_backed_by(slug, topics) or backed.reference in named
    )


def _with_inherited(framework: Framework) -> Framework:
    controls = (
        replace(
            control,
            confirmed=framework.confirmed if control.confirmed is None else control.confirmed,
            version=control.version or framework.version,
        )
        for control in framework.controls
    )
    return replace(framework, controls=tuple(controls))


_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _broken(loaded: tuple[Framework, ...]) -> Iterator[str]:
    for name, times in Counter(framework.id for framework in loaded).items():
        if times > 1:
            yield f"{name}: the id stands twice"
        if not _ID.fullmatch(name):
            yield f"{name}: an id is lower-case words joined by dashes"
    for framework in loaded:
        if framework.ids_need_version and not framework.version:
            yield f"{framework.id}: its ids need a version, and it has none"
        # Numbers move between versions: one id may stand once for each.
        controls = Counter((control.id, control.version) for control in framework.controls)
        for (name, _), times in controls.items():
            if times > 1:
                yield f"{framework.id}: {name}: the id stands twice"
