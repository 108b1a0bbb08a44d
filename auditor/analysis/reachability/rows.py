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
    return _rows(reachability, others=None, is_source=False)


def rows_from(reachability: Reachability, others: int | None = None) -> Iterator[Row]:
    """Tell for every class of pods whom of some others, or of all, it may talk to."""
    return _rows(reachability, others=others, is_source=True)


def crossing(reachability: Reachability, sources: int, destinations: int) -> Answer:
    """Tell which of some sources may talk to any of some destinations, such as one tenant's pods.

    The answer gives, by port set, sources that have these ports at some destination: one that
    reaches two of them on different ports is there twice.
    """
    least: dict[int, int] = {}
    most: dict[int, int] = {}
    for row in _rows(reachability, others=sources, is_source=False, among=destinations):
        for found, held in ((least, row.answer.least), (most, row.answer.most)):
            for ports, others in held.items():
                found[ports] = found.get(ports, 0) | others
    return Answer(least, most)


def _rows(
    reachability: Reachability, *, others: int | None, is_source: bool, among: int | None = None
) -> Iterator[Row]:
    entities = reachability.entities
    reachability.network_policies.index()
    alike: dict[Hashable, list[int]] = {}
    asked = entities.living if among is None else entities.living & among
    for number in entities.numbers(asked):
        fixed = entities.bit(number)
        seen: list[Hashable] = []
        for direction in Direction:
            view = reachability.view(direction, fixed, is_source=is_source)
            seen += [layer.outlook(view) for layer in reachability.layers]
        named = () if is_source else entities.classes[number].named
        alike.setdefault((named, *seen), []).append(number)
    ask = reachability.destinations_of if is_source else reachability.sources_of
    for numbers in alike.values():
        yield Row(tuple(numbers), ask(entities.bit(numbers[0]), others))
