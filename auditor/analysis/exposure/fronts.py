"""What stands before the software that passes requests on, and who can dial it.

Where the software's own pods are the way in, every door that leads to them counts, and the widest
decides. An address that was published tells more only where none of these doors has it.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from auditor.analysis.exposure.door import Door, everyone_dialling
from auditor.analysis.exposure.serving import Site
from auditor.analysis.exposure.surroundings import Surroundings
from auditor.catalogue.ingress_controllers import IngressController
from auditor.kube.pods import Pod
from auditor.model.addresses import AddressSet, normal_address
from auditor.model.audience import WIDEST_FIRST, AddressSpace, Audience
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Confidence


class Front(Struct, frozen=True, kw_only=True):
    """Who can dial what stands before a route, by whatever the route itself says."""

    audience: Audience
    confidence: Confidence
    hops: tuple[Hop, ...] = ()
    addresses: tuple[str, ...] = ()
    reason: str | None = None
    ports: frozenset[int] = frozenset()
    """Those that can be dialled; none where they are not known."""
    sources: tuple[str, ...] = ()
    doors: tuple[Door, ...] = ()
    """Those of a Service or a node that it is made of."""
    pods: tuple[Pod, ...] = ()
    """Those that pass requests on."""

    def port(self, wanted: int) -> int:
        """Give the port to dial: the wanted one, where the front has it or its ports are not known.

        A front that has others, as node ports are, is dialled at the lowest of these.
        """
        return wanted if not self.ports or wanted in self.ports else min(self.ports)


def not_known(reason: str, *hops: Hop, addresses: tuple[str, ...] = ()) -> Front:
    """Say that nobody can tell who dials it."""
    return Front(
        audience=Audience.UNKNOWN,
        confidence=Confidence.LOW,
        hops=hops,
        addresses=addresses,
        reason=reason,
    )


def behind_doors(
    doors: tuple[Door, ...], published: Iterable[str] = (), pods: tuple[Pod, ...] = ()
) -> Front | None:
    """Take the widest of the doors that lead to the software; None where none does.

    Where it is installed twice, the published address tells which of the two serves a route.
    """
    if not doors:
        return None
    names = set(published)
    mine: set[ObjectRef] = set()
    for door in doors:
        if names & set(door.entry.addresses):
            mine.update(door.workloads())
    own = tuple(door for door in doors if mine & set(door.workloads())) or doors
    widest = min(own, key=lambda door: WIDEST_FIRST.index(door.audience))
    alike = [door for door in own if door.audience is widest.audience]
    sources = AddressSet()
    for door in alike:
        sources |= AddressSet.of(door.sources)
    led = (hop for backend in widest.backends.found[:1] for hop in backend.hops)
    return Front(
        audience=widest.audience,
        confidence=widest.confidence,
        hops=(*widest.hops, *led),
        addresses=tuple(sorted({address for door in alike for address in door.entry.addresses})),
        reason=widest.reason,
        ports=frozenset(door.entry.port for door in alike if door.entry.port),
        sources=sources.cidrs() if all(door.sources for door in alike) else (),
        doors=own,
        pods=pods,
    )


def by_cloud(names: tuple[str, ...], site: Site, ports: Iterable[int]) -> Front | None:
    """Take the word of the cloud on what was published; None where it knows nothing of it."""
    told = site.balancers.tell(names, ports)
    if told is None:
        return None
    return Front(
        audience=told.audience,
        confidence=told.confidence,
        hops=told.hops,
        addresses=names,
        reason=told.reason,
        ports=site.balancers.listeners(names),
        sources=told.sources,
    )


def by_address(names: tuple[str, ...], space: AddressSpace, where: str, field: str) -> Front | None:
    """Read who can dial it off the addresses that were published; None where there is none."""
    addresses = [address for name in names if (address := normal_address(name))]
    if not addresses:
        return None
    public = [address for address in addresses if space.is_public(address)]
    note = "an internet address" if public else "a private address"
    return Front(
        audience=Audience.INTERNET if public else Audience.PRIVATE_NETWORK,
        confidence=Confidence.HIGH,
        hops=(Hop(where, field, ", ".join(public or addresses), note),),
        addresses=names,
        sources=everyone_dialling(public),
    )


def wider(published: Front | None, own: Front | None) -> Front | None:
    """Take what was published, where it shows a way that none of the software's doors is."""
    if published is None or own is None:
        return own or published
    is_another = not set(published.addresses) <= set(own.addresses)
    ranks = [WIDEST_FIRST.index(item.audience) for item in (published, own)]
    if is_another and ranks[0] < ranks[1]:
        return published
    return own


def controller_front(
    controller: IngressController,
    around: Surroundings,
    published: Front | None = None,
    names: Iterable[str] = (),
) -> Front:
    """Tell who can dial a controller whose own pods are the way in."""
    doors, pods = around.doors_of_controller(controller), around.pods_of_controller(controller)
    own = behind_doors(doors, names, pods)
    found = wider(published, own)
    if found is not None:
        return replace(found, pods=pods)
    reason = f"no door leads to a pod of {controller.id}"
    if not around.site.pods_are_known:
        reason = f"the pods of {controller.id} were not read"
    return replace(not_known(reason), pods=pods)
