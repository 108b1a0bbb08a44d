"""What the policies ask of pods and addresses: nothing else can make a difference between two."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.analysis.reachability.profile import Known
from auditor.analysis.reachability.selections import AnyOf, Block, Pods, Selection
from auditor.model.addresses import AddressSet


class Demands(Struct, frozen=True):
    """What must be known of every pod, and where the address space must be cut."""

    keys: tuple[str, ...] = ()
    """Label keys that some selector of pods names, in order."""
    port_names: frozenset[str] = frozenset()
    blocks: frozenset[AddressSet] = frozenset()
    asks_for_pod_addresses: bool = False
    """Whether a block may speak of pods."""

    def covers(self, other: "Demands") -> bool:
        """Whether what was laid out for these demands serves others too."""
        return (
            set(other.keys) <= set(self.keys)
            and other.port_names <= self.port_names
            and other.blocks <= self.blocks
            and other.asks_for_pod_addresses <= self.asks_for_pod_addresses
        )


def demands_of(
    selections: Iterable[Selection], port_names: Iterable[str], more: Iterable[AddressSet]
) -> Demands:
    """Gather what selections, named ports and further addresses ask for."""
    parts = list(parts_of(selections))
    blocks = frozenset([part.addresses for part in parts if isinstance(part, Block)] + list(more))
    keys = {key for part in parts if isinstance(part, Pods) for key in part.pods.named_keys()}
    return Demands(
        tuple(sorted(keys)),
        frozenset(port_names),
        blocks,
        any(isinstance(part, Block) and part.pods is not Known.NO for part in parts),
    )


def parts_of(selections: Iterable[Selection]) -> Iterator[Selection]:
    """Give the simple selections that others are made of."""
    for selection in set(selections):
        if isinstance(selection, AnyOf):
            yield from parts_of(selection.parts)
        else:
            yield selection
