"""What a second state of a cluster adds to a first, and what it takes away.

Both are judged as one cluster under one configuration, so that what is alike has one id.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from auditor.analysis.reachability.connections import Peer
from auditor.audit.reaching import Answered, Reached
from auditor.model.addresses import AddressSet
from auditor.model.audience import Audience
from auditor.model.audit import Audit
from auditor.model.exposure import Exposure
from auditor.model.finding import Finding
from auditor.model.ports import PortSet
from auditor.model.verdict import ACCEPTED, Verdict

_LISTED = frozenset({Verdict.FAIL.value, Verdict.UNKNOWN.value, ACCEPTED})
"""Verdicts that a difference speaks of."""


class State(Struct, frozen=True):
    """One state: what was judged of it, and who can talk to whom in it."""

    audit: Audit
    reached: Reached


class Difference(Struct, frozen=True):
    """What the second state has and the first has not, or the other way round."""

    exposures: tuple[Exposure, ...]
    """Beyond the cluster; one whose audience or verdict has changed is on both sides."""
    connections: tuple[Answered, ...]
    """With the ports alone that the other side lacks."""
    findings: tuple[Finding, ...]
    """Failures, accepted or not, and unknown ones; one whose verdict has changed is on both."""


def difference(first: State, second: State) -> tuple[Difference, Difference]:
    """Give what the second state adds, and what it removes."""
    return _beyond(second, first), _beyond(first, second)


def _beyond(state: State, other: State) -> Difference:
    known = {_exposure_key(item) for item in other.audit.exposures}
    exposures = tuple(
        item
        for item in state.audit.exposures
        if item.audience not in {Audience.CLUSTER, Audience.NONE}
        and _exposure_key(item) not in known
    )
    judged = {(item.id, item.shown_verdict) for item in other.audit.findings}
    findings = tuple(
        item
        for item in state.audit.findings
        if item.shown_verdict in _LISTED and (item.id, item.shown_verdict) not in judged
    )
    connections = tuple(_more(state.reached.connections, other.reached.connections))
    return Difference(exposures, connections, findings)


def _exposure_key(item: Exposure) -> tuple[str, str, str, tuple[str, ...]]:
    return item.id, item.audience.value, item.verdict.value, item.sources


def _more(found: Iterable[Answered], others: Iterable[Answered]) -> Iterator[Answered]:
    """Give connections with what none of the others lets through."""
    known: dict[tuple[str, str], list[Answered]] = defaultdict(list)
    for item in others:
        known[_ends(item)].append(item)
    for item in found:
        left = [item]
        for other in known.get(_ends(item), ()):
            left = [part for one in left for part in _without(one, other)]
        yield from left


def _ends(item: Answered) -> tuple[str, str]:
    """Name both ends; outside addresses have one name, since ranges are cut as rules need it."""
    return _end(item.source), _end(item.destination)


def _end(peer: Peer) -> str:
    return "" if isinstance(peer, AddressSet) else str(peer)


def _without(item: Answered, other: Answered) -> Iterator[Answered]:
    """Take what another connection lets through away from one, address by address."""
    ports, maybe = item.ports - other.ports, item.maybe - other.maybe - other.ports
    mine = next(
        (end for end in (item.source, item.destination) if isinstance(end, AddressSet)), None
    )
    theirs = next(
        (end for end in (other.source, other.destination) if isinstance(end, AddressSet)), None
    )
    if mine is None or theirs is None:
        if ports or maybe:
            yield replace(item, ports=ports, maybe=maybe)
        return
    yield from _of_addresses(item, mine - theirs, item.ports, item.maybe)
    yield from _of_addresses(item, mine & theirs, ports, maybe)


def _of_addresses(
    item: Answered, addresses: AddressSet, ports: PortSet, maybe: PortSet
) -> Iterator[Answered]:
    if not addresses or not (ports or maybe):
        return
    if isinstance(item.source, AddressSet):
        yield replace(item, source=addresses, ports=ports, maybe=maybe)
    else:
        yield replace(item, destination=addresses, ports=ports, maybe=maybe)
