"""The segmentation matrix: every tenant against every other, and every risk level."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import permutations, product

from msgspec import Struct

from auditor.analysis.reachability.connections import Owners
from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.explaining import ports_text
from auditor.analysis.segmentation.crossings import Crossings, Group, Seen
from auditor.analysis.segments.assignment import SegmentMap
from auditor.analysis.segments.sharing import Dimension
from auditor.model.identity import ObjectRef
from auditor.model.segmentation import Border, Example, Separation

Value = str | None
"""A tenant or a risk level; None stands for the namespaces whose own cannot be told."""


class Pair(Struct, frozen=True):
    """A class of pods that may talk to another, as bits."""

    source: int
    destination: int


class Crossing(Struct):
    """What was found between two values so far: the first pair that shows each thing."""

    open: Pair | None = None
    maybe_open: Pair | None = None
    through: Pair | None = None
    maybe_through: Pair | None = None
    is_followed: bool = True
    """Whether all that could show something was asked."""
    shared: str | None = None
    """A namespace whose workloads are of both: which of them is whose cannot be told."""

    def note(self, seen: Seen, sources: int, destination: int) -> None:
        """Take what was seen of some sources."""
        if not seen.maybe_through & sources:
            return
        for field in ("open", "maybe_open", "through", "maybe_through"):
            if getattr(self, field) is None and (held := getattr(seen, field) & sources):
                setattr(self, field, Pair(held & -held, destination))

    def state(self) -> tuple[Separation, Pair | None]:
        """Tell the state, and what shows it."""
        if self.open:
            return Separation.OPEN, self.open
        if self.maybe_open or self.shared or not self.is_followed:
            return Separation.UNKNOWN, self.maybe_open or self.through or self.maybe_through
        if self.through:
            return Separation.BY_RULE, self.through
        if self.maybe_through:
            return Separation.UNKNOWN, self.maybe_through
        return Separation.SEPARATED, None


class Cell(Struct, frozen=True):
    """A border, and the classes that show its state; None where nothing is let through."""

    border: Border
    pair: Pair | None


class Doubts(Struct, frozen=True, kw_only=True):
    """What keeps the matrix from being sure; each says why, or is None."""

    of_all: str | None = None
    of_closed: str | None = None
    """Of what nothing is let through without a rule: something more may be there."""
    of_open: str | None = None
    """Of what is let through for want of a rule: rules may be kept elsewhere."""
    of_plugin: str = "it depends on the network plugin"
    """Of what only the plugin decides."""

    def of(self, state: Separation, crossing: Crossing) -> str | None:
        """Say why a state is not known; None where it is."""
        if self.of_all is not None:
            return self.of_all
        if state is Separation.OPEN:
            return self.of_open
        if crossing.shared:
            return f"the workloads of namespace {crossing.shared} are of both"
        if not crossing.is_followed:
            return "the cluster has more unlike pods and ports than are followed"
        return self.of_plugin if state is Separation.UNKNOWN else self.of_closed


class _Layout(Struct, frozen=True):
    """Where the values of a dimension are."""

    masks: Mapping[Value, int]
    """The classes of each value, in the order of values; the untold last."""
    values_of: Mapping[str, tuple[Value, ...]]
    """By namespace."""


class Matrices:
    """Works out the matrices of one cluster."""

    def __init__(self, reachability: Reachability, segments: SegmentMap, owners: Owners) -> None:
        """Bind the engine to the segments of the namespaces of its pods."""
        self._reachability = reachability
        self._entities = reachability.entities
        self._segments = segments.tenant_namespaces()
        self._owners = owners
        self._homes = self._classes_of_namespaces()
        among = 0
        for mask in self._homes.values():
            among |= mask
        self._crossings = Crossings(reachability, among)

    def crossings(self, dimension: Dimension) -> Mapping[tuple[Value, Value], Crossing]:
        """Give what is let through between any two values, each way, in the order of values.

        Namespaces of no value that is told stand together, and cross among themselves. What stays
        within one namespace crosses nothing; one that is of two values keeps these from being
        told apart.
        """
        layout = self._laid_out(dimension)
        untold = sum(values == (None,) for values in layout.values_of.values())
        found = {
            pair: Crossing()
            for pair in product(layout.masks, layout.masks)
            if pair[0] != pair[1] or (pair[0] is None and untold > 1)
        }
        for home, values in layout.values_of.items():
            for pair in permutations(values, 2):
                found[pair].shared = found[pair].shared or home
        for group in self._crossings.groups:
            self._follow(group, layout, found)
        return found

    def _follow(
        self, group: Group, layout: _Layout, found: Mapping[tuple[Value, Value], Crossing]
    ) -> None:
        """Ask who may talk to a group, unless all that it could show was shown."""
        wanted = [
            (crossing, layout.masks[there] & ~self._homes[home], number)
            for home, number in self._one_a_namespace(group)
            for here, there in product(layout.values_of[home], layout.masks)
            if (crossing := found.get((there, here))) is not None and crossing.open is None
        ]
        seen = self._crossings.seen(group) if wanted else None
        for crossing, sources, number in wanted:
            if seen is None:
                crossing.is_followed = False
            else:
                crossing.note(seen, sources, self._entities.bit(number))

    def _one_a_namespace(self, group: Group) -> Iterator[tuple[str, int]]:
        """Give one class of each namespace of a group: the others have the same crossings."""
        found: dict[str, int] = {}
        for number in group.classes:
            found.setdefault(self._entities.classes[number].namespace, number)
        yield from found.items()

    def _classes_of_namespaces(self) -> dict[str, int]:
        """Give the classes with a pod of each namespace that is not the system's."""
        found: dict[str, list[int]] = defaultdict(list)
        for number in self._entities.numbers(self._entities.living):
            home = self._entities.classes[number].namespace
            if home in self._segments:
                found[home].append(number)
        return {home: self._entities.mask(numbers) for home, numbers in found.items()}

    def _laid_out(self, dimension: Dimension) -> _Layout:
        masks: dict[Value, int] = {}
        values_of: dict[str, tuple[Value, ...]] = {}
        for home, mask in self._homes.items():
            values_of[home] = dimension.values_of(self._segments[home]) or (None,)
            for value in values_of[home]:
                masks[value] = masks.get(value, 0) | mask
        ordered = sorted(masks, key=lambda value: (value is None, value or ""))
        return _Layout({value: masks[value] for value in ordered}, values_of)

    def cells(
        self, dimension: Dimension, doubts: Doubts, allowed: Collection[frozenset[Value]] = ()
    ) -> Iterator[Cell]:
        """Write the matrix of a dimension, without its diagonal; `allowed` pairs are marked.

        What crosses to or from a namespace whose value cannot be told may cross nothing.
        """
        untold = f"the {dimension.value} of some namespaces cannot be told"
        for (source, destination), crossing in self.crossings(dimension).items():
            state, pair = crossing.state()
            reason = doubts.of(state, crossing)
            if None in {source, destination} and state is not Separation.SEPARATED:
                reason = reason or untold
            border = Border(
                dimension=dimension.value,
                source=source,
                destination=destination,
                state=Separation.UNKNOWN if reason else state,
                allowed=frozenset((source, destination)) in allowed,
                example=self._example(pair) if pair else None,
                reason=reason,
            )
            yield Cell(border, pair)

    def _example(self, pair: Pair) -> Example:
        sure, most = self._reachability.between(pair.source, pair.destination)
        return Example(
            self._owner(pair.source),
            self._owner(pair.destination),
            ports_text(sure or most),
        )

    def _owner(self, bit: int) -> ObjectRef:
        number = self._entities.number_at(bit)
        assert number is not None  # noqa: S101 - crossings are between classes alone
        return self._owners.workloads[number][0]
