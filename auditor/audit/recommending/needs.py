"""What must stay possible: the connections that a proposal may not cut."""

from collections.abc import Iterable

from msgspec import Struct

from auditor.model.identity import ObjectRef
from auditor.model.ports import Protocol

EVERYBODY = "everybody"
"""Whoever comes from outside of the pods: clients that nobody can name, and nodes with the pods on
their network. A rule for them has to admit everybody."""

Source = ObjectRef | tuple[str, ...] | str
"""A workload, outside addresses as CIDRs, or `EVERYBODY`."""
Destination = ObjectRef | tuple[str, ...]
"""A workload, or addresses as CIDRs."""


class Need(Struct, frozen=True):
    """A connection that a proposal must leave."""

    source: Source
    destination: Destination
    port: int
    protocol: Protocol
    why: str

    def ends(self) -> tuple[object, ...]:
        """Give what it is a connection of, whatever implies it."""
        return self.source, self.destination, self.port, self.protocol


class Needs(Struct, frozen=True):
    """What the objects of a cluster imply."""

    found: tuple[Need, ...]
    outside: tuple[tuple[ObjectRef, str], ...]
    """Workloads, and the hosts outside that their settings name: no NetworkPolicy can name one."""
    assumed: tuple[str, ...]
    """What was taken for granted, in sentences."""


def without_repetition(needs: Iterable[Need]) -> tuple[Need, ...]:
    """Give each connection once, with the first reason, in order."""
    first: dict[tuple[object, ...], Need] = {}
    for need in needs:
        first.setdefault(need.ends(), need)
    return tuple(sorted(first.values(), key=_order))


def _order(need: Need) -> tuple[str, ...]:
    return str(need.destination), str(need.source), f"{need.port:05}", need.protocol.value
