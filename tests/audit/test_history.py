"""reconcile() and the timelines, in memory: any history equals an oracle that keeps everything."""

from collections import defaultdict
from datetime import date
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.audit.reconcile import reconcile
from auditor.audit.timeline import Span, assign, rewrite
from auditor.model.audit import Mesh, Platform
from auditor.model.history import CloseReason, FactKey, FactKind, FactValue, Known
from auditor.model.verdict import ACCEPTED, Verdict
from tests.store.looks import NEEDS, RESOURCES, Look, Oracle, audit_of, day

KEYS = [(check, name) for check in NEEDS for name in ("front", "back")]


class MemoryHistory:
    """What the store does with reconcile and rewrite, on dictionaries."""

    def __init__(self) -> None:
        self._timelines: dict[FactKey, list[Span]] = defaultdict(list)
        self._looks: list[Look] = []
        self._ids = 0

    def arrive(self, look: Look) -> None:
        past = [item for item in self._looks if item.at <= look.at]
        later = [item.at for item in self._looks if item.at > look.at]
        before = past[-1] if past else None
        known = Known(
            values=self._values(look.at),
            incarnation=before.incarnation if before else None,
            rules_version=before.rules if before else None,
        )
        changes = reconcile(known, audit_of(look))
        following = min(later, default=None)
        added, superseded = rewrite(
            changes, self._timelines, look.at, following, before.at if before else None
        )
        for key, span in superseded:
            self._timelines[key].remove(span)
        for key, span in added:
            self._ids += 1
            self._timelines[key].append(msgspec.structs.replace(span, id=self._ids))
        for spans in self._timelines.values():
            spans.sort(key=lambda span: span.start)
            for one, other in pairwise(spans):
                assert one.stop <= other.start
                assert one.stop < other.start or one.value != other.value
        self._looks.append(look)
        self._looks.sort(key=lambda item: item.at)

    def _values(self, moment: int) -> dict[FactKey, FactValue]:
        return {
            key: span.value
            for key, spans in self._timelines.items()
            for span in spans
            if span.start <= moment < span.stop
        }

    def answer(self, moment: int) -> dict[str, object] | None:
        if not any(look.at <= moment for look in self._looks):
            return None
        values = self._values(moment)
        verdicts = {}
        for (kind, key), value in values.items():
            if kind is not FactKind.VERDICT:
                continue
            states = [
                values[FactKind.COVERAGE, need].state
                for need in msgspec.json.decode(value.detail)["needs"]
            ]
            confirmed = set(states) == {"complete"}
            shown = value.state
            if shown == "pass" and not confirmed:
                shown = "unknown"
            if shown == "fail" and (FactKind.ACCEPTANCE, key) in values:
                shown = ACCEPTED
            verdicts[key] = (shown, value.state, confirmed)
        tenants = {
            key: msgspec.json.decode(value.detail)["tenants"][0]
            for (kind, key), value in values.items()
            if kind is FactKind.TENANCY
        }
        return {"verdicts": verdicts, "tenants": tenants}


LOOKS = st.lists(
    st.builds(
        Look,
        at=st.integers(0, 12).map(day),
        found=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(Verdict), max_size=4),
        incomplete=st.frozensets(st.sampled_from(RESOURCES), max_size=2),
        checks=st.sampled_from([frozenset(NEEDS), frozenset(NEEDS), frozenset(["check-of-pods"])]),
        incarnation=st.sampled_from(["one", "one", "one", "two", None]),
        tenants=st.dictionaries(st.sampled_from(["web", "data"]), st.sampled_from("ab")),
        accepted=st.dictionaries(
            st.sampled_from(KEYS), st.integers(1, 14).map(lambda n: date(2026, 3, n))
        ),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=300, deadline=None)
@given(LOOKS)
def test_any_history_in_any_order_of_arrival_equals_the_oracle(looks: list[Look]) -> None:
    oracle, history = Oracle(), MemoryHistory()
    for look in looks:
        oracle.arrive(look)
        history.arrive(look)
    instants = {look.at + step for look in looks for step in (-1, 0, 1)}
    for instant in sorted(instants | {day(number) for number in range(16)}):
        assert history.answer(instant) == oracle.answer(instant), instant


VALUES = st.sampled_from([None, FactValue("a", "{}"), FactValue("b", "{}")])
STEPS = st.lists(st.tuples(VALUES, st.integers(0, 12), st.none() | st.integers(1, 6)), max_size=12)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_assigning_spans_equals_assigning_every_instant(
    steps: list[tuple[FactValue | None, int, int | None]],
) -> None:
    naive: list[FactValue | None] = [None] * 40
    timeline: list[Span] = []
    for value, start, length in steps:
        end = None if length is None else start + length
        done = assign(timeline, value, start, end, looked_before=None, reason=CloseReason.CHANGED)
        timeline = [span for span in timeline if span not in done.superseded] + list(done.added)
        naive[start : 40 if end is None else end] = [value] * ((40 if end is None else end) - start)
    for instant, expected in enumerate(naive):
        holding = [span.value for span in timeline if span.start <= instant < span.stop]
        assert holding == ([] if expected is None else [expected])


def test_a_mesh_ends_only_when_every_pod_was_read() -> None:
    seen = Platform(meshes=(Mesh("istio", "unknown", ("here",)),))
    first = msgspec.structs.replace(audit_of(Look(at=day(0), found={})), platform=seen)
    changes = reconcile(Known(values={}, incarnation=None, rules_version=None), first)
    values = {(item.kind, item.key): item.value for item in changes.assignments if item.value}
    key = (FactKind.PLATFORM, "mesh/istio")
    assert values[key].state == "unknown"
    known = Known(values=values, incarnation="one", rules_version=first.rules_version)
    for incomplete, ends in ((frozenset({"pods"}), False), (frozenset[str](), True)):
        later = audit_of(Look(at=day(1), found={}, incomplete=incomplete))
        ended = {(item.kind, item.key) for item in reconcile(known, later).assignments}
        assert (key in ended) is ends
