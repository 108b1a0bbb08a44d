"""A door: where packets enter, who may send them, and which backends they are sent to."""

from collections.abc import Iterable

from msgspec import Struct

from auditor.analysis.exposure.plain_http import PlainAnswer
from auditor.kube.network import Service
from auditor.kube.pods import Pod
from auditor.model.addresses import ALL_ADDRESSES, AddressSet
from auditor.model.audience import Audience
from auditor.model.exposure import ROUTED, Entry, Hop
from auditor.model.identity import ObjectRef
from auditor.model.intervals import Intervals
from auditor.model.verdict import Confidence


class Backend(Struct, frozen=True):
    """What a door sends to: pods of one workload on one port, or an address outside of them."""

    workload: ObjectRef | None
    port: int | None
    pods: tuple[Pod, ...] = ()
    hops: tuple[Hop, ...] = ()
    addresses: tuple[str, ...] = ()
    """Where it is no pod."""


class Refusal(Struct, frozen=True):
    """Why a door passes nothing on to what it names."""

    reason: str
    is_sure: bool = True
    """Whether it refuses for sure; else what would tell was not read."""


class Backends(Struct, frozen=True):
    """All that a Service port sends to, and whether that is all there is."""

    found: tuple[Backend, ...]
    is_dangling: bool = False
    """Nothing answers, and everything that would tell otherwise was read."""
    reason: str | None = None
    """Why nothing was found although something may answer."""
    refusal: Refusal | None = None
    """Why nothing is sent to what is named, where something may well answer there."""


class Door(Struct, frozen=True, kw_only=True):
    """One way in, before it is followed to each backend."""

    entry: Entry
    subject: ObjectRef
    """What one edits to close it."""
    audience: Audience
    sources: tuple[str, ...]
    """Admitted sources as CIDRs; empty where they are not known."""
    confidence: Confidence
    hops: tuple[Hop, ...]
    """Why it is open, and to whom."""
    backends: Backends
    reason: str | None = None
    """Why the audience is unknown, or may be wider than it seems."""
    plain: PlainAnswer | None = None
    """What becomes of plain HTTP, where it is a route."""
    service: Service | None = None
    unallocated_port: str | None = None
    """The Service port, where the port to dial is not allocated yet."""
    service_port: int | None = None
    """The port of the Service that leads on from it."""
    refusal: Refusal | None = None
    """Why nothing is passed on, where that is so or may be."""
    fronts: "tuple[Door, ...]" = ()
    """The doors through which packets come to what passes them on."""
    comes_from: tuple[Pod, ...] = ()
    """The pods from which packets come at the last hop, where something inside passes them on."""
    admits: AddressSet | None = None
    """Whom the route itself admits, where it has a list; `sources` are cut down to it already."""
    bound_address: str | None = None
    """The one address of the node that it listens on, where it is bound to one."""

    def workloads(self) -> tuple[ObjectRef, ...]:
        """Name the workloads behind it."""
        return tuple(backend.workload for backend in self.backends.found if backend.workload)

    def for_whom(self) -> str:
        """Say who can dial it, for a sentence."""
        return _FOR_WHOM[self.audience]

    def label(self) -> str:
        """Say which port it is, for a sentence."""
        if self.entry.port is None and self.entry.via in ROUTED:
            return f"a {self.entry.protocol} port that is not known"
        if self.entry.port is None:
            return f"a {self.entry.protocol} port still to be allocated"
        return f"{self.entry.port}/{self.entry.protocol}"


def everyone_dialling(addresses: Iterable[str]) -> tuple[str, ...]:
    """Give everyone who can dial some addresses: all addresses of their families, as CIDRs."""
    dialled = AddressSet.of(addresses)
    return AddressSet(
        ALL_ADDRESSES.ipv4 if dialled.ipv4 else Intervals(),
        ALL_ADDRESSES.ipv6 if dialled.ipv6 else Intervals(),
    ).cidrs()


_FOR_WHOM = {
    Audience.INTERNET: "for the internet",
    Audience.ALLOW_LISTED: "for named public ranges",
    Audience.PRIVATE_NETWORK: "for the private network",
    Audience.CLUSTER: "for the cluster",
    Audience.NONE: "for the node itself only",
    Audience.UNKNOWN: "and who can dial it cannot be told",
}
