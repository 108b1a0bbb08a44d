"""An exposure: a door, who can reach it, what answers behind it, and the path between.

Exposure is a path, not a setting: each hop names the object, the field and the value that a
person can check with kubectl.
"""

from enum import StrEnum

from msgspec import Struct

from auditor.model.audience import Audience
from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol
from auditor.model.verdict import Confidence


class Hop(Struct, frozen=True):
    """One step of evidence: the object, the field and the value that decided."""

    hop: str
    """The object, as `Kind/namespace/name`."""
    field: str
    value: str
    note: str = ""


class Via(StrEnum):
    """What kind of door it is (`docs/contract.md`, Exposures)."""

    LOAD_BALANCER = "LoadBalancer"
    NODE_PORT = "NodePort"
    HOST_PORT = "hostPort"
    HOST_NETWORK = "hostNetwork"
    EXTERNAL_IPS = "externalIPs"
    INGRESS = "Ingress"
    """A route of an Ingress controller: Ingress, OpenShift Route, Traefik's and Contour's."""
    GATEWAY = "Gateway"
    """A route of a Gateway: of the Gateway API, or a VirtualService of Istio."""
    ENDPOINT = "endpoint"
    """An address that is dialled as it is: a pod's, or the API server's."""


HOST_PORTS = frozenset({Via.HOST_PORT, Via.HOST_NETWORK})
"""Ports that a pod opens on its node."""

ROUTED = frozenset({Via.INGRESS, Via.GATEWAY})
"""Doors at which something reads requests and passes them on."""


class ExposureVerdict(StrEnum):
    """Whether the path reaches the software behind the door."""

    EXPOSED = "exposed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Entry(Struct, frozen=True):
    """The door: the object, and where a client dials it."""

    object: ObjectRef
    via: Via
    port: int | None
    """The port that a client dials there; None where it is not known yet."""
    protocol: Protocol
    addresses: tuple[str, ...] = ()
    """Where a client dials, sorted; empty where the source does not tell."""
    host: str | None = None
    path: str | None = None


class Target(Struct, frozen=True):
    """What answers behind the door."""

    workload: ObjectRef | None
    """None where nothing answers."""
    port: int | None


class Exposure(Struct, frozen=True):
    """One way in: a door, its audience, and the way to one target."""

    id: str
    audience: Audience
    sources: tuple[str, ...]
    """Admitted sources as CIDRs; empty where they are not known."""
    entry: Entry
    target: Target
    verdict: ExposureVerdict
    confidence: Confidence
    path: tuple[Hop, ...]
    reason: str | None = None
    """Why the verdict is unknown or blocked."""
    recognised: tuple[str, ...] = ()
    """Catalogue ids of the software that the workload was recognised as."""
