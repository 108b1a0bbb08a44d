"""All pairs, by class: whoever is looked at alike gets one row, and nothing is asked per pair."""

from collections.abc import Hashable, Iterator

from msgspec import Struct

from auditor.analysis.reachability.engine import Answer, Reachability
from auditor.analysis.reachability.standing import Direction


class Row(Struct, frozen=True):
    """Classes that all others see alike, and what is let through."""

    classes: tuple[int, ...]
    answer: Answer


def rows_to(reachability: Reachability) -> Iterator[Row]:
    """Tell for every class of pods who may talk to it, outside addresses among them."""
    return _rows(reachability, reachability.entities.living, others=None, is_source=False)


def rows_from(reachability: Reachability, others: int | None = None) -> Iterator[Row]:
    """Tell for every class of pods whom of some others, or of all, it may talk to."""
    return _rows(reachability, reachability.entities.living, others=others, is_source=True)


def rows_among(reachability: Reachability, classes: int) -> Iterator[Row]:
    """Tell for each of some classes which of them may talk to it."""
    return _rows(reachability, classes, others=classes, is_source=False)


def _rows(
    reachability: Reachability, among: int, *, others: int | None, is_source: bool
) -> Iterator[Row]:
    ask = reachability.destinations_of if is_source else reachability.sources_of
    for numbers in alike(reachability, among, is_source=is_source):
        yield Row(numbers, ask(reachability.entities.bit(numbers[0]), others))


def alike(reachability: Reachability, among: int, *, is_source: bool) -> Iterator[tuple[int, ...]]:
    """Group some classes: those that get the same answers as a source, or as a destination."""
    reachability.network_policies.index()
    return _grouped(reachability, among, tuple(Direction), is_source=is_source)


def alike_alone(
    reachability: Reachability, among: int, direction: Direction
) -> Iterator[tuple[int, ...]]:
    """Group some classes: those to which the same policies speak in one direction."""
    is_source = direction is Direction.EGRESS
    return _grouped(reachability, among, (direction,), is_source=is_source)


def _grouped(
    reachability: Reachability, among: int, directions: tuple[Direction, ...], *, is_source: bool
) -> Iterator[tuple[int, ...]]:
    entities = reachability.entities
    found: dict[Hashable, list[int]] = {}
    for number in entities.numbers(among):
        fixed = entities.bit(number)
        seen: list[Hashable] = []
        for direction in directions:
            view = reachability.view(direction, fixed, is_source=is_source)
            seen += [layer.outlook(view) for layer in reachability.layers]
        named = () if is_source else entities.classes[number].named
        found.setdefault((named, *seen), []).append(number)
    yield from map(tuple, found.values())
