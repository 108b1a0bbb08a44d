"""Assigning a value over a span of one key's timeline. Pure interval arithmetic.

A timeline is the spans at which a key has a value, in order and not overlapping. Assigning carves
the span out of what was there, joins neighbours that hold the same value, and leaves the rest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

import msgspec
from msgspec import Struct

from auditor.model.history import Assignment, Changes, CloseReason, FactKey, FactValue


class Span(Struct, frozen=True):
    """A value that holds from `start` to `end`, which is None while it holds on."""

    value: FactValue
    start: int
    end: int | None = None
    not_before: int | None = None
    """The last look at which it did not hold; None where there was none."""
    reason: CloseReason | None = None
    """Why it stopped; None while it holds on."""
    id: int | None = None
    """Its row, where it is stored."""

    @property
    def stop(self) -> float:
        """Give its end as a number."""
        return inf if self.end is None else self.end


class Rewrite(Struct, frozen=True):
    """What an assignment does to a timeline."""

    superseded: tuple[Span, ...]
    added: tuple[Span, ...]


def assign(  # noqa: PLR0913 - an assignment and the looks around it
    timeline: Iterable[Span],
    value: FactValue | None,
    start: int,
    end: int | None,
    *,
    looked_before: int | None,
    reason: CloseReason,
) -> Rewrite:
    """Let a value (or nothing) hold over a span.

    `looked_before` is the look before `start`, at which the value did not hold yet. `reason` says
    why what held before stopped.
    """
    stop = inf if end is None else end
    touching = [span for span in timeline if span.start <= stop and span.stop >= start]
    inside = [span for span in touching if span.start < stop and span.stop > start]
    if len(inside) == 1 and inside[0].value == value:
        only = inside[0]
        if only.start <= start and only.stop >= stop:
            return Rewrite((), ())
    superseded = list(inside)
    added: list[Span] = []
    new = None
    if value is not None:
        ending = None if end is None else CloseReason.FIXED
        new = Span(value, start, end, looked_before, ending)
    for span in inside:
        if span.start < start:
            added.append(msgspec.structs.replace(span, end=start, reason=reason, id=None))
        if span.stop > stop:
            added.append(msgspec.structs.replace(span, start=end, not_before=start, id=None))
    if new is not None:
        new, superseded, added = _joined(new, touching, superseded, added)
        added.append(new)
    return Rewrite(tuple(superseded), tuple(sorted(added, key=lambda span: span.start)))


def _joined(
    new: Span, touching: list[Span], superseded: list[Span], added: list[Span]
) -> tuple[Span, list[Span], list[Span]]:
    """Join a new span with neighbours that hold the same value."""
    neighbours = [span for span in touching if span not in superseded] + added
    for span in neighbours:
        if span.value != new.value:
            continue
        if span.end == new.start:
            new = msgspec.structs.replace(new, start=span.start, not_before=span.not_before)
        elif new.end is not None and span.start == new.end:
            new = msgspec.structs.replace(new, end=span.end, reason=span.reason)
        else:
            continue
        if span in added:
            added = [kept for kept in added if kept is not span]
        else:
            superseded = [*superseded, span]
    return new, superseded, added


KeyedSpans = list[tuple[FactKey, Span]]


def rewrite(
    changes: Changes,
    timelines: Mapping[FactKey, Sequence[Span]],
    at: int,
    next_look: int | None,
    looked_before: int | None,
) -> tuple[KeyedSpans, KeyedSpans]:
    """Apply what a look says to the timelines, up to the next look; later ones stand.

    Gives the spans to add and the stored ones that they supersede.
    """
    added: KeyedSpans = []
    superseded: KeyedSpans = []
    for item in changes.assignments:
        key = (item.kind, item.key)
        before = timelines.get(key, ())
        now = list(before)
        for value, start, end in _steps(item, at, next_look):
            step = assign(now, value, start, end, looked_before=looked_before, reason=item.reason)
            now = [span for span in now if span not in step.superseded] + list(step.added)
        added += [(key, span) for span in now if span.id is None]
        superseded += [(key, span) for span in before if span not in now]
    return added, superseded


def _steps(
    item: Assignment, at: int, next_look: int | None
) -> Iterator[tuple[FactValue | None, int, int | None]]:
    """Give what an assignment says of which span: past its own end, that nothing holds."""
    ends = [end for end in (next_look, item.until) if end is not None]
    end = min(ends, default=None)
    yield item.value, at, end
    if end is not None and end != next_look:
        yield None, end, next_look
