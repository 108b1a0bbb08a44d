"""Which clusters sit in one network, or in networks that are joined, and who lives there.

Everything is told by the ids that clouds give to their networks; that two clusters use the same
range of addresses means nothing. Peered networks exchange packets directly, and only with each
other. Through a hub (a transit gateway) they may, as its route tables say, which nobody reads here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product

from msgspec import Struct

from auditor.analysis.segments.sharing import Dimension, Pair
from auditor.settings.configuration import Configuration


class Member(Struct, frozen=True, kw_only=True):
    """A cluster of the fleet, as far as it matters to its neighbours."""

    cluster_id: str
    tenants: tuple[str, ...] = ()
    risk_levels: tuple[str, ...] = ()
    networks: tuple[str, ...] | None = None
    """Ids of the networks it sits in; None where nobody told."""
    peers: tuple[str, ...] | None = None
    """Ids of the networks these are peered with; None where that was not read."""
    hubs: tuple[str, ...] | None = None
    """Ids of what joins them with networks that are not peered; None where that was not read."""

    def values(self, dimension: Dimension) -> tuple[str, ...]:
        """Give who lives there."""
        return self.tenants if dimension is Dimension.TENANT else self.risk_levels


class Fleet(Struct, frozen=True):
    """The clusters that are taken together, under one configuration."""

    members: tuple[Member, ...]
    configuration: Configuration


class Junction(Struct, frozen=True, kw_only=True):
    """A place where clusters meet."""

    network: str
    inside: tuple[Member, ...]
    """Those that sit in it."""
    peered: tuple[Member, ...] = ()
    """Those whose own network is peered with it."""
    is_hub: bool = False
    """Whether it joins networks as route tables say, and nobody sits in it."""

    @property
    def members(self) -> tuple[Member, ...]:
        """All that meet there."""
        return (*self.inside, *self.peered)

    def pairs(self, dimension: Dimension) -> Mapping[Pair, tuple[Member, Member]]:
        """Give the values that meet there, with a cluster of each; no cluster meets itself."""
        here, all_values = _holders(self.inside, dimension), _holders(self.members, dimension)
        found: dict[Pair, tuple[Member, Member]] = {}
        for one, other in product(sorted(here), sorted(all_values)):
            pair = (one, other) if one < other else (other, one)
            if one == other or pair in found:
                continue
            for mine, theirs in product(here[one], all_values[other]):
                if mine is not theirs:
                    found[pair] = (mine, theirs) if pair == (one, other) else (theirs, mine)
                    break
        return found


def junctions(members: tuple[Member, ...]) -> Iterator[Junction]:
    """Give the places where clusters meet, the widest first.

    A network in which only those meet that have met in another one already, as in a subnet of it,
    is left out.
    """
    sitting, hubs = _by(members, "networks"), _by(members, "hubs")
    places = {name: place for place, name in enumerate(sitting)}
    peered = _peerings(members)
    given: list[tuple[frozenset[str], frozenset[str]]] = []
    for network in sorted(sitting, key=lambda name: (-len(sitting[name]), places[name])):
        inside = tuple(sitting[network])
        # Each peering joins two networks; what it joins is said of the first of them.
        others = sorted(name for name in peered[network] if name > network)
        beside = dict.fromkeys(one for name in others for one in sitting.get(name, ()))
        outside = tuple(member for member in beside if member not in inside)
        found = Junction(network=network, inside=inside, peered=outside)
        ids, all_ids = _ids(inside), _ids(found.members)
        if len(all_ids) < 2 or any(ids <= own and all_ids <= every for own, every in given):
            continue
        given.append((ids, all_ids))
        yield found
    for hub in sorted(hubs):
        if len(hubs[hub]) > 1:
            yield Junction(network=hub, inside=tuple(hubs[hub]), is_hub=True)


def _by(members: tuple[Member, ...], field: str) -> dict[str, list[Member]]:
    """Give the clusters by the ids that a field of theirs names, in the order in which they do."""
    found: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        for name in dict.fromkeys(getattr(member, field) or ()):
            found[name].append(member)
    return found


def _peerings(members: tuple[Member, ...]) -> dict[str, set[str]]:
    """Give the networks that each is peered with; one side that tells it is enough."""
    found: dict[str, set[str]] = defaultdict(set)
    for member in members:
        for mine, theirs in product(member.networks or (), member.peers or ()):
            found[mine].add(theirs)
            found[theirs].add(mine)
    return found


def _ids(members: tuple[Member, ...]) -> frozenset[str]:
    return frozenset(member.cluster_id for member in members)


def _holders(members: tuple[Member, ...], dimension: Dimension) -> dict[str, list[Member]]:
    """Give the clusters of each value; two are enough to find one that differs from another."""
    found: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        for value in member.values(dimension):
            if len(found[value]) < 2:
                found[value].append(member)
    return found
