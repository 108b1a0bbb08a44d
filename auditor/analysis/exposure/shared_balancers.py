"""Which load balancers serve whom: the doors that share one, and the segments behind them.

A route is served by what stands before it: the Service of the controller or Gateway that passes
requests on, or an address that a cloud gave. Services of type LoadBalancer that publish one address
share it too. What merely brings packets to a controller serves the tenants of its routes, and not
whoever runs the controller.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from msgspec import Struct

from auditor.analysis.exposure.door import Door
from auditor.analysis.segments.assignment import SegmentMap
from auditor.analysis.segments.sharing import Dimension, Sharing, meetings
from auditor.model.exposure import ROUTED, Via
from auditor.model.identity import ObjectRef
from auditor.model.segment import Segment

_BALANCED = ROUTED | {Via.LOAD_BALANCER}


class _Served(Struct, frozen=True):
    """A door with the tenants' namespaces that it serves, and what serves it."""

    door: Door
    namespaces: tuple[str, ...]
    places: tuple[str, ...]


def share_of_balancers(
    doors: Iterable[Door], segments: SegmentMap, dimension: Dimension
) -> tuple[Sharing, tuple[str, ...]]:
    """Tell which values one load balancer serves.

    Gives also the doors whose load balancer cannot be told, where others are served as well.
    """
    own = segments.tenant_namespaces()
    served = tuple(_served(doors, own))
    present: dict[str, dict[str, str]] = defaultdict(dict)
    homes: dict[str, set[str]] = defaultdict(set)
    for item in served:
        for place, name in product(item.places, item.namespaces):
            homes[place].add(name)
            for value in dimension.values_of(own[name]):
                present[place].setdefault(value, str(item.door.subject))
    told = {name: dimension.values_of(own[name]) for item in served for name in item.namespaces}
    values = {value for found in told.values() for value in found}
    untold = {
        name for names in homes.values() if len(names) > 1 for name in names if not told[name]
    }
    alone = len(values) < 2 and (all(told.values()) or len(told) < 2)
    unplaced = dict.fromkeys(str(item.door.subject) for item in served if not item.places)
    sharing = Sharing(meetings(present), tuple(sorted(values)), tuple(sorted(untold)))
    return sharing, () if alone else tuple(unplaced)


def _served(doors: Iterable[Door], own: Mapping[str, Segment]) -> Iterator[_Served]:
    serving = [door for door in doors if door.entry.via in _BALANCED and not _is_refused(door)]
    fronts = {front.subject for door in serving for front in door.fronts}
    for door in serving:
        namespaces = tuple(name for name in _namespaces(door) if name in own)
        if namespaces and door.subject not in fronts:
            yield _Served(door, namespaces, tuple(_places(door)))


def _is_refused(door: Door) -> bool:
    return any(item is not None and item.is_sure for item in (door.refusal, door.backends.refusal))


def _namespaces(door: Door) -> Iterator[str]:
    """Name the namespaces that a door serves: its own object's, and those of the pods behind it."""
    objects: tuple[ObjectRef, ...] = (door.entry.object, *door.workloads())
    yield from dict.fromkeys(item.namespace for item in objects if item.namespace)


def _places(door: Door) -> Iterator[str]:
    """Name what serves a door; nothing where that cannot be told."""
    if door.fronts:
        yield from dict.fromkeys(str(front.subject) for front in door.fronts)
    elif door.entry.addresses:
        yield from (f"Address/{address}" for address in door.entry.addresses)
    elif door.entry.via is Via.LOAD_BALANCER:
        yield str(door.subject)
